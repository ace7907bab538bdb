"""A filter worked out for every kind of event, and what is remembered of each part."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from router.core.check.kinds import ANY_EVENT, Kind
from router.core.check.outcome import Outcome
from router.core.check.paths import Node
from router.core.check.reading import read
from router.core.check.remark import Remark
from router.core.check.spans import Span, spans_of
from router.core.check.values import Values
from router.core.filter import Filter
from router.core.filter.unparse import text_of
from router.errors import Level

#: Characters of a part that are shown.
_LONGEST = 80
#: Parts of which it counts only whether they hold.
LOGIC = ("and_expression", "or_expression", "not_expression")
#: Parts of which only the first looks at the event; the others look at what it has found.
_INSIDE = frozenset(
    {
        "subexpression",
        "index_expression",
        "projection",
        "filter_projection",
        "value_projection",
        "flatten",
        "pipe",
    }
)


class Reached(NamedTuple):
    """A part as a kind of event gets there: what the event may be by then, and what the part comes to."""

    kind: Kind
    scope: Values
    outcome: Outcome


class Part(NamedTuple):
    """A part that looks at the event itself, and what it is a part of, the nearest first."""

    node: Node
    holders: tuple[Node, ...]

    @property
    def holder(self) -> Node | None:
        return self.holders[0] if self.holders else None

    def guarded(self) -> Iterator[Node]:
        """What is looked at only where this part holds: the other sides of ``&&`` behind it."""
        inner = self.node
        for holder in self.holders:
            if holder["type"] != "and_expression":
                return
            if inner is holder["children"][0]:
                yield holder["children"][1]
            inner = holder

    def guards(self) -> Iterator[Node]:
        """What must hold for this part to be looked at: the other sides of ``&&`` before it."""
        inner = self.node
        for holder in self.holders:
            if holder["type"] == "and_expression" and inner is holder["children"][1]:
                yield from _conjuncts(holder["children"][0])
            inner = holder


class Study:
    """A filter, the kinds of event that it may meet, and what each part comes to for each."""

    def __init__(self, expression: Filter, kinds: Sequence[Kind]) -> None:
        self.expression = expression
        self.text = expression.text
        self.ast = expression.ast
        self.kinds = kinds
        self._reached: dict[int, list[Reached]] = {}
        self.whole = [Reached(kind, kind.root, self._read(kind)) for kind in kinds]

    def _read(self, kind: Kind) -> Outcome:
        def watch(node: Node, scope: Values, outcome: Outcome) -> None:
            reached.setdefault(id(node), []).append(Reached(kind, scope, outcome))

        reached = self._reached
        return read(self.ast, kind.root, watch)

    @property
    def is_about_any(self) -> bool:
        """Whether nobody knows what the events hold."""
        return ANY_EVENT in self.kinds

    @cached_property
    def parts(self) -> list[Part]:
        """All parts that look at the event itself, from the outside in, as written."""
        return list(_parts(self.ast, ()))

    def reached(self, node: Node) -> list[Reached]:
        """What the part comes to for each kind of event that gets there."""
        return self._reached.get(id(node), [])

    def types(self, node: Node) -> frozenset[str] | None:
        """The types of what it finds for those that get there; None where it may be anything."""
        found = [one.outcome.values for one in self.reached(node)]
        if any(values.is_open for values in found):
            return None
        return frozenset(name for values in found for name in values.types)

    @cached_property
    def _spans(self) -> dict[int, Span]:
        return spans_of(self.text, self.ast)

    def span(self, node: Node) -> Span:
        """Where the part stands in the text."""
        return self._spans[id(node)]

    def written(self, node: Node) -> str:
        """The part as it stands in the text, on one line, shortened."""
        start, end = self.span(node)
        return _on_one_line(self.text[start:end], _LONGEST)

    def remark(
        self, code: str, level: Level, node: Node, message: str, fix: str | None = None, advice: str = ""
    ) -> Remark:
        """A remark about the part. Words of the filter in it cannot break a line or a terminal."""
        return Remark(code, level, *self.span(node), _on_one_line(message), fix, _on_one_line(advice))


def _on_one_line(text: str, most: int = _LONGEST * 6) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(line.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _parts(node: Node, holders: tuple[Node, ...]) -> Iterator[Part]:
    yield Part(node, holders)
    if node["type"] in ("expref", "slice"):
        return
    children: Iterable[Node] = node["children"]
    for child in list(children)[:1] if node["type"] in _INSIDE else children:
        yield from _parts(child, (node, *holders))


def _conjuncts(node: Node) -> Iterator[Node]:
    if node["type"] != "and_expression":
        yield node
        return
    for child in node["children"]:
        yield from _conjuncts(child)


def plainly(node: Node) -> str:
    """The part as a filter would write it."""
    return text_of(node)

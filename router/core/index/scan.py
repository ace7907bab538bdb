"""Many filters asked at once: a generated function with a loop for each shape.

What has no literals in it is the same for all filters of a shape, and is found once, before the loop; the
fields are shared by all shapes. For ``length(JobName) > `3` `` and its like::

    def make(rows1):
        def scan(data, found):
            fields = data if data.__class__ is dict else mapping(data)
            f1 = fields.get('JobName')
            try:
                v2 = (len(f1) if (f1.__class__ is str or …) else call('length', [f1]))
            except Exception:
                for at, p0 in rows1:
                    …  # as below, with length(JobName) written out: it raises for each filter that gets there
            else:
                for at, p0 in rows1:
                    try:
                        if (v2 > p0 if v2.__class__ is int else gt(v2, p0)):
                            found.append(at)
                    except Exception:
                        found.append(at)
        return scan

``found`` gets the filters that hold or fail.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from textwrap import indent
from typing import Any

from router.core.filter import Filter
from router.core.filter.compiled.program import WRITERS, Shape
from router.core.filter.compiled.runtime import NAMES
from router.core.filter.compiled.scope import Code, Program, Scope
from router.core.filter.shape import Node
from router.core.index.clues import never_raises

#: Adds the positions of filters that hold for the data, or fail on it.
Scan = Callable[[Mapping[str, Any], list[int]], None]

#: One filter's position, those of several, or a scan over them where they are many.
Bucket = int | tuple[int, ...] | Scan


def take(bucket: Bucket, data: Mapping[str, Any], found: list[int]) -> None:
    """Adds the bucket's filters to those found."""
    if isinstance(bucket, int):
        found.append(bucket)
    elif isinstance(bucket, tuple):
        found += bucket
    else:
        bucket(data, found)


def make_scan(filters: Iterable[tuple[int, Filter]]) -> Scan:
    """A scan over filters, each with its position."""
    rows: dict[Shape, list[tuple[Any, ...]]] = defaultdict(list)
    loose: list[tuple[int, Any]] = []
    for at, sought in filters:
        if sought.shape.bounded and _fits(sought.shape):
            rows[sought.shape].append((at, *sought.literals))
        else:
            loose.append((at, sought.truth))
    return _maker(tuple(rows))(tuple(loose), *map(tuple, rows.values()))


@dataclass
class _RowScope(Scope):
    """A scope that finds what has no literals before the loop.

    Args:
        steady: code that raises nothing, by the name of its value; shared by all shapes.
        brittle: code that may raise; None: it stays where it stands.
    """

    steady: dict[str, str] = field(default_factory=dict[str, str])
    brittle: dict[str, str] | None = None
    apart: bool = False

    def value(self, node: Node, current: str) -> Code:
        kept = self._kept(node, current)
        if kept is None:
            return super().value(node, current)
        apart, self.apart = self.apart, True
        code = super().value(node, current)
        self.apart = apart
        return Code(self._named(kept, code.text), code.plain)

    def _kept(self, node: Node, current: str) -> dict[str, str] | None:
        """Where the value of the node is kept, or nowhere."""
        if current != "data" or node.type in ("current", "identity", "expref") or _has_literals(node):
            return None
        if node.type == "field":
            return self.steady
        if self.apart:
            return None
        return self.steady if never_raises(node) else self.brittle

    def _named(self, kept: dict[str, str], text: str) -> str:
        if text not in kept:
            kept[text] = self.program.name("v")
        return kept[text]


def _has_literals(node: Node) -> bool:
    return node.type in ("literal", "literal_list") or any(map(_has_literals, node.children))


@lru_cache(maxsize=4096)
def _fits(shape: Shape) -> bool:
    """Whether it can stand in a loop: parts that are functions of their own would not see its literals."""
    program = Program(WRITERS)
    _RowScope(program).truth(shape.node, "data")
    return not program.functions


@lru_cache(maxsize=256)
def _maker(shapes: tuple[Shape, ...]) -> Callable[..., Scan]:
    names: dict[str, Any] = dict(NAMES)
    exec(compile(_source(shapes), "<scan>", "exec"), names)  # noqa: S102  written by us; literals are arguments
    return names["make"]


def _source(shapes: tuple[Shape, ...]) -> str:
    program, steady = Program(WRITERS), dict[str, str]()
    sections = [_section(program, steady, shape, f"rows{at}") for at, shape in enumerate(shapes)]
    body = [
        "fields = data if data.__class__ is dict else mapping(data)",
        *_assigned(steady),
        *sections,
        _loop("at, truth", "loose", "truth(data)"),
    ]
    parameters = ", ".join(["loose", *(f"rows{at}" for at in range(len(shapes)))])
    scan = "def scan(data, found):\n" + indent("\n".join(body), "    ")
    return f"def make({parameters}):\n{indent(scan, '    ')}\n    return scan\n"


def _section(program: Program, steady: dict[str, str], shape: Shape, rows: str) -> str:
    """The loop over the filters of one shape, and what is found before it."""
    brittle: dict[str, str] = {}
    row = ", ".join(["at", *(f"p{at}" for at in range(shape.holes))]) + ","
    loop = _loop(row, rows, _RowScope(program, steady=steady, brittle=brittle).truth(shape.node, "data"))
    if not brittle:
        return loop
    written_out = _loop(row, rows, _RowScope(program, steady=steady).truth(shape.node, "data"))
    before = indent("\n".join(_assigned(brittle)), "    ")
    failed, passed = indent(written_out, "    "), indent(loop, "    ")
    return f"try:\n{before}\nexcept Exception:\n{failed}\nelse:\n{passed}"


def _loop(row: str, rows: str, condition: str) -> str:
    return f"""for {row} in {rows}:
    try:
        if {condition}:
            found.append(at)
    except Exception:
        found.append(at)"""


def _assigned(kept: dict[str, str]) -> list[str]:
    return [f"{name} = {text}" for text, name in kept.items()]

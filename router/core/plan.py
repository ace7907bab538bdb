"""What a change of rules would have done: the tellings of one configuration against those of another."""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any, NamedTuple, cast

from router.core.delivery import SECOND
from router.core.filter import Filter
from router.core.message import Message
from router.core.telling import Telling
from router.errors import RouterError

_DAY = 86_400 * SECOND
_HOUR = 3_600 * SECOND

#: What a condition of ``plan --fail-if`` may name.
NAMES = ("added", "removed", "moved", "changed", "kept", "before", "after", "per_day")
_EXAMPLE = "Such as 'removed > 0 || per_day > 50'"
_NUMBER = re.compile(r"(?<![\w`.])(\d+(?:\.\d+)?)(?![\w`.])")


class Move(NamedTuple):
    """The same news of a group, before and after.

    Moved: of its rule at another time or on another channel, or by another rule. Changed: at the same
    place, with another text.
    """

    old: Telling
    new: Telling


class Row(NamedTuple):
    """Numbers of tellings under one name; moved ones count under their new name."""

    name: str
    before: int
    after: int
    added: int
    removed: int
    moved: int
    changed: int

    @property
    def differs(self) -> int:
        """How many tellings are not as they were."""
        return self.added + self.removed + self.moved + self.changed


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference, each list in the order of time.

    Args:
        since: the beginning, microseconds UTC; ``until`` the end.
        kept: how many are told alike: time, channel, rule, reason and group, and the text.
        changed: those that are told alike with another text, or as another severity.
    """

    since: int
    until: int
    kept: int
    added: tuple[Telling, ...]
    removed: tuple[Telling, ...]
    moved: tuple[Move, ...]
    changed: tuple[Move, ...]
    old: tuple[Telling, ...]
    new: tuple[Telling, ...]

    @property
    def numbers(self) -> dict[str, float]:
        """:data:`NAMES` with their values; ``per_day`` is what the new configuration tells in a day."""
        days = (self.until - self.since) / _DAY
        per_day = round(len(self.new) / days, 3) if days else 0.0
        counts = (self.added, self.removed, self.moved, self.changed)
        sizes = [*map(len, counts), self.kept, len(self.old), len(self.new)]
        return dict(zip(NAMES, [*sizes, per_day], strict=True))

    def by_rule(self) -> list[Row]:
        """A row for each rule, the most changed first."""
        return sorted(self._rows(lambda one: one.rule), key=_least_changed_last)

    def by_channel(self) -> list[Row]:
        """A row for each channel, the most changed first."""
        return sorted(self._rows(lambda one: one.channel), key=_least_changed_last)

    def by_hour(self) -> list[tuple[int, Row]]:
        """A row for each hour in which something differs, with its beginning, microseconds UTC."""
        rows = self._rows(lambda one: str(one.at // _HOUR * _HOUR))
        return sorted((int(row.name), row) for row in rows if row.differs)

    def _rows(self, name_of: Callable[[Telling], str]) -> Iterator[Row]:
        moved, changed = ([move.new for move in some] for some in (self.moved, self.changed))
        counts = [
            Counter(name_of(one) for one in some)
            for some in (self.old, self.new, self.added, self.removed, moved, changed)
        ]
        for name in dict.fromkeys(name for count in counts for name in count):
            yield Row(name, *(count[name] for count in counts))


def compare(old: Sequence[Telling], new: Sequence[Telling], since: int, until: int) -> Plan:
    """The plan; both are in the order of time."""
    alike, removed, added = _pairs(list(old), list(new), _whole)
    changed = tuple(pair for pair in alike if _text(pair.old) != _text(pair.new))
    moved: list[Move] = []
    for news in (_of_one_rule, _of_one_moment):
        some, removed, added = _pairs(removed, added, news)
        moved += some
    moved.sort(key=lambda move: move.old.at)
    kept = len(alike) - len(changed)
    return Plan(
        since, until, kept, tuple(added), tuple(removed), tuple(moved), changed, tuple(old), tuple(new)
    )


def _whole(one: Telling) -> tuple[object, ...]:
    return (one.at, one.channel, one.rule, one.reason, one.group)


def _text(one: Telling) -> tuple[object, ...]:
    message = one.message
    return (message.severity, message.title, message.body, message.html)


def difference(change: Move) -> list[str]:
    """The lines of the text that went, each after ``-``, and those that came, after ``+``."""
    old, new = (_lines(one.message) for one in change)
    if old == new:
        old, new = (one.message.html.splitlines() for one in change)
    # Two lines of names first, and one before each place.
    return [line for line in [*unified_diff(old, new, n=0, lineterm="")][2:] if not line.startswith("@")]


def _lines(message: Message) -> list[str]:
    return [f"severity: {message.severity}", message.title, *message.body.splitlines()]


def _of_one_rule(one: Telling) -> tuple[object, ...]:
    return (one.group, one.reason, one.rule)


def _of_one_moment(one: Telling) -> tuple[object, ...]:
    return (one.group, one.reason, one.at)


def _pairs(
    gone: list[Telling], come: list[Telling], news: Callable[[Telling], tuple[object, ...]]
) -> tuple[list[Move], list[Telling], list[Telling]]:
    """Those of equal news, in the order of time; and what is left of both."""
    waiting: defaultdict[tuple[object, ...], deque[Telling]] = defaultdict(deque)
    for one in come:
        waiting[news(one)].append(one)
    moved: list[Move] = []
    left: list[Telling] = []
    for one in gone:
        if waiting[news(one)]:
            moved.append(Move(one, waiting[news(one)].popleft()))
        else:
            left.append(one)
    taken = {id(move.new) for move in moved}
    return moved, left, [one for one in come if id(one) not in taken]


def _least_changed_last(row: Row) -> tuple[int, str]:
    return (-row.differs, row.name)


class Condition:
    """When a plan is refused: JMESPath over :data:`NAMES`, in which a number needs no backticks.

    Raises:
        RouterError: ``usage``: it is no filter, or names something else.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._filter = Filter(_NUMBER.sub(r"`\1`", text))
        except RouterError as error:
            raise RouterError("usage", f"--fail-if {text!r}: {error.message}", _EXAMPLE) from error
        unknown = sorted(set(_fields(self._filter.ast)) - set(NAMES))
        if unknown:
            known = f"The numbers are {', '.join(NAMES)}"
            raise RouterError("usage", f"--fail-if {text!r}: no number is named {unknown[0]}", known)

    def holds(self, plan: Plan) -> bool:
        """Whether the plan is refused.

        Raises:
            RouterError: ``usage``: it fails on numbers.
        """
        judged = self._filter.judge(plan.numbers)
        if judged.error:
            raise RouterError("usage", f"--fail-if {self.text!r}: {judged.error}", _EXAMPLE)
        return judged.held


def _fields(node: Mapping[str, Any]) -> Iterator[str]:
    if node["type"] == "field":
        yield node["value"]
    for child in node.get("children", ()):
        if isinstance(child, dict):
            yield from _fields(cast("dict[str, Any]", child))

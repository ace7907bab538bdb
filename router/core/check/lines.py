"""Sets of numbers, or of texts: some alone, or all within bounds but a few.

Python's order of texts is by code point, so the texts with one prefix are a range like any other.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

_NONE: frozenset[Any] = frozenset()


class End(NamedTuple):
    """A bound, and whether it belongs to the set itself."""

    value: Any
    within: bool = True


class Line(NamedTuple):
    """A set of numbers or of texts.

    Args:
        only: these alone; None for all but ``without``, from ``low`` to ``high``.
    """

    only: frozenset[Any] | None = _NONE
    without: frozenset[Any] = _NONE
    low: End | None = None
    high: End | None = None

    def __bool__(self) -> bool:
        return self.only is None or bool(self.only)

    def has(self, value: Any) -> bool:
        """Whether the value is in the set."""
        if self.only is not None:
            return value in self.only
        return value not in self.without and self._is_above(value) and self._is_below(value)

    def _is_above(self, value: Any) -> bool:
        return self.low is None or value > self.low.value or (self.low.within and value == self.low.value)

    def _is_below(self, value: Any) -> bool:
        return self.high is None or value < self.high.value or (self.high.within and value == self.high.value)

    def joined(self, other: "Line") -> "Line":
        """Everything that is in either, and perhaps more."""
        if not other or self == other:
            return self
        if not self:
            return other
        if self.only is not None and other.only is not None:
            return Line(self.only | other.only)
        gaps = [gap for gap in self.without if not other.has(gap)]
        gaps += [gap for gap in other.without if not self.has(gap)]
        return Line(None, frozenset(gaps), _lowest(self, other), _highest(self, other))

    def met(self, other: "Line") -> "Line":
        """What is in both."""
        if self.only is not None:
            return Line(frozenset(filter(other.has, self.only)))
        if other.only is not None:
            return Line(frozenset(filter(self.has, other.only)))
        low, high = _higher(self.low, other.low), _lower(self.high, other.high)
        if low and high and _is_past(low, high):
            return NOTHING
        return Line(None, self.without | other.without, low, high)

    def but(self, value: Any) -> "Line":
        """All but one value."""
        if self.only is not None:
            return Line(self.only - {value})
        return self._replace(without=self.without | {value})

    @property
    def first(self) -> End | None:
        """The lower end; None where there is none."""
        return self.low if self.only is None else End(min(self.only))

    @property
    def last(self) -> End | None:
        """The upper end; None where there is none."""
        return self.high if self.only is None else End(max(self.only))


NOTHING = Line()
ANY = Line(None)


def just(*values: Any) -> Line:
    """These values alone."""
    return Line(frozenset(values))


def starting_with(prefix: str) -> Line:
    """The texts with a prefix."""
    stem = prefix.rstrip(chr(0x10FFFF))
    end = End(stem[:-1] + chr(ord(stem[-1]) + 1), within=False) if stem else None
    return Line(None, _NONE, End(prefix), end)


def below(line: Line, *, equal: bool) -> Line:
    """What is less than something in the line, or ``equal`` to it."""
    last = line.last
    return Line(None, high=End(last.value, equal and last.within) if last else None)


def above(line: Line, *, equal: bool) -> Line:
    """What is greater than something in the line, or ``equal`` to it."""
    first = line.first
    return Line(None, low=End(first.value, equal and first.within) if first else None)


def always_less(left: Line, right: Line, *, equal: bool) -> bool:
    """Whether everything in the left line is less than everything in the right, or ``equal`` to it."""
    last, first = left.last, right.first
    if last is None or first is None:
        return False
    return last.value < first.value or (
        last.value == first.value and (equal or not (last.within and first.within))
    )


#: Whether a comparison always holds between two lines. One that never holds is another that always does.
ALWAYS: dict[str, Callable[[Line, Line], bool]] = {
    "lt": lambda left, right: always_less(left, right, equal=False),
    "lte": lambda left, right: always_less(left, right, equal=True),
    "gt": lambda left, right: always_less(right, left, equal=False),
    "gte": lambda left, right: always_less(right, left, equal=True),
}
OPPOSITE = {"lt": "gte", "lte": "gt", "gt": "lte", "gte": "lt"}


def _is_past(low: End, high: End) -> bool:
    return low.value > high.value or (low.value == high.value and not (low.within and high.within))


def _lowest(one: Line, other: Line) -> End | None:
    first, second = one.first, other.first
    return (
        None if first is None or second is None else min(first, second, key=lambda end: (end[0], not end[1]))
    )


def _highest(one: Line, other: Line) -> End | None:
    first, second = one.last, other.last
    return None if first is None or second is None else max(first, second)


def _higher(one: End | None, other: End | None) -> End | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda end: (end[0], not end[1]))


def _lower(one: End | None, other: End | None) -> End | None:
    if one is None or other is None:
        return one or other
    return min(one, other)

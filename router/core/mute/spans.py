"""Spans of time in which something held, and how long they last together."""

from collections.abc import Callable, Iterable, Iterator

#: From a moment to before another, microseconds UTC.
Span = tuple[int, int]


def spans(
    holds: Callable[[int], bool], next_change: Callable[[int], int | None], begin: int, end: int
) -> Iterator[Span]:
    """When something that changes at known moments held between two moments, in order."""
    while begin < end:
        change = next_change(begin)
        until = end if change is None else min(change, end)
        if holds(begin):
            yield begin, until
        begin = until


def lasted(found: Iterable[Span], begin: int, end: int) -> int:
    """How long any of them lasted between two moments; what two have in common counts once."""
    total = 0
    for first, last in sorted(found):
        first, last = max(first, begin), min(last, end)
        if first < last:
            total += last - first
            begin = last
    return total

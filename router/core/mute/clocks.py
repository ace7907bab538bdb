"""What the clocks of a place show, and when: twice where they are put back, never where they skip it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from router.core.delivery import SECOND
from router.core.times import at, micros

DAY = 24 * 3600 * SECOND


def offset(place: ZoneInfo, moment: int) -> timedelta | None:
    """How far the clocks of a place are ahead of UTC at a moment, in microseconds UTC."""
    return at(moment).astimezone(place).utcoffset()


def moments_of(shown: datetime, place: ZoneInfo) -> tuple[int, ...]:
    """The moments at which clocks show a time: one, two, or none."""
    first, second = _both(shown, place)
    if first == second:
        return (first,)
    return (first, second) if first < second else ()


def moment_of(shown: datetime, place: ZoneInfo) -> int:
    """The first moment at which clocks show a time; where they skip it, the moment at which they do."""
    first, second = _both(shown, place)
    return first if first <= second else clock_change(place, second - SECOND, first)


def clock_changes(place: ZoneInfo, begin: int, end: int) -> Iterator[int]:
    """When the clocks of a place are changed: after ``begin``, up to ``end``."""
    for moment in range(begin, end, DAY):
        after = min(moment + DAY, end)
        if offset(place, moment) != offset(place, after):
            yield clock_change(place, moment, after)


def clock_change(place: ZoneInfo, before: int, after: int) -> int:
    """The moment between these two at which clocks are changed; it is a whole second."""
    earlier = offset(place, before)
    while after - before > SECOND:
        middle = (before + after) // 2
        if offset(place, middle) == earlier:
            before = middle
        else:
            after = middle
    return after // SECOND * SECOND


def _both(shown: datetime, place: ZoneInfo) -> tuple[int, int]:
    """With the offset before a change of the clocks, and with the one after it."""
    there = shown.replace(tzinfo=place)
    return micros(there), micros(there.replace(fold=1))

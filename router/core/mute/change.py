"""When a time interval begins or ends next: to the second, over every change of the clocks.

Every moment at which the answer could change is collected, and each of them asked.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time, timedelta

from router.core.mute.clocks import DAY, clock_changes, moments_of
from router.core.mute.interval import TimeInterval, active_at
from router.core.times import zone

#: How far it looks: beyond, there is no next change. Every four years have a 29th of February.
HORIZON = 5 * 366 * DAY
#: Looked through at a time.
_WINDOW = 7 * DAY
_ONE_DAY = timedelta(days=1)


def next_change(intervals: Sequence[TimeInterval], moment: int) -> int | None:
    """The first moment after this one at which :func:`active_at` says something else.

    Args:
        moment: microseconds UTC, as is the result.

    Returns:
        None if nothing changes within five years.
    """
    return next_other(intervals, moment, lambda one: active_at(intervals, one))


def next_other(intervals: Sequence[TimeInterval], moment: int, answer: Callable[[int], object]) -> int | None:
    """The same for any answer that depends on nothing but whether a moment lies in these intervals."""
    now = answer(moment)
    for begin in range(moment, moment + HORIZON, _WINDOW):
        edges = {edge for one in intervals for edge in _edges(one, begin)}
        for edge in sorted(edge for edge in edges if begin < edge <= begin + _WINDOW):
            if answer(edge) != now:
                return edge
    return None


def _edges(interval: TimeInterval, begin: int) -> Iterator[int]:
    """Every moment of a window at which the answer may change, and some around it."""
    place = zone(interval.location)
    first, last = (interval.clock(one).date() for one in (begin, begin + _WINDOW))
    days = [first + _ONE_DAY * number for number in range(-1, (last - first).days + 2)]
    if not any(interval.has_date(day) for day in days):
        return
    yield from clock_changes(place, begin, begin + _WINDOW)
    minutes = {0, *(minute for span in interval.times for minute in (span.start, span.end % 1440))}
    for day in days:
        if interval.has_date(day) or interval.has_date(day - _ONE_DAY):
            for minute in minutes:
                yield from moments_of(datetime.combine(day, time(minute // 60, minute % 60)), place)

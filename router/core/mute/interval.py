"""Time intervals: whether a moment lies in one. The meaning is Alertmanager's.

https://prometheus.io/docs/alerting/latest/configuration/#time_interval
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from router.core.times import at, zone


@dataclass(frozen=True, slots=True)
class Span:
    """Whole numbers from the first to the last, both included.

    Days of the week count from Sunday, 0; months and days of a month from 1. A negative day of a month
    counts from its end: -1 is the last.
    """

    first: int
    last: int

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last


@dataclass(frozen=True, slots=True)
class ClockSpan:
    """A part of a day, in minutes on the clock since midnight; the end, at most 1440, is outside."""

    start: int
    end: int

    def __contains__(self, minute: int) -> bool:
        return self.start <= minute < self.end


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """Moments on the clocks and calendars of a place: all of what is given must hold.

    Args:
        times: nothing given, here and below, means any.
        location: the name of a time zone.
    """

    times: tuple[ClockSpan, ...] = ()
    weekdays: tuple[Span, ...] = ()
    days_of_month: tuple[Span, ...] = ()
    months: tuple[Span, ...] = ()
    years: tuple[Span, ...] = ()
    location: str = "UTC"

    def holds_at(self, moment: int) -> bool:
        """Whether a moment, in microseconds UTC, lies in it."""
        there = self.clock(moment)
        return self.has_time(there) and self.has_date(there)

    def clock(self, moment: int) -> datetime:
        """What clock and calendar show there."""
        return at(moment).astimezone(zone(self.location))

    def has_time(self, there: datetime) -> bool:
        """Whether a time of day lies in it, on a day that does."""
        return _any(self.times, there.hour * 60 + there.minute)

    def has_date(self, day: date) -> bool:
        """Whether a part of a day, or all of it, lies in it."""
        return (
            _any(self.years, day.year)
            and _any(self.months, day.month)
            and _any(self.weekdays, day.isoweekday() % 7)
            and (not self.days_of_month or any(_has_day(days, day) for days in self.days_of_month))
        )


def active_at(intervals: Iterable[TimeInterval], moment: int) -> bool:
    """Whether a moment, in microseconds UTC, lies in one of them."""
    return any(one.holds_at(moment) for one in intervals)


def day_of_month(number: int, length: int) -> int:
    """A day counted from the first of a month of so many days; below 1 or beyond them, the month has none."""
    return number if number > 0 else length + 1 + number


def _any(spans: tuple[Span, ...] | tuple[ClockSpan, ...], number: int) -> bool:
    return not spans or any(number in span for span in spans)


def _has_day(days: Span, day: date) -> bool:
    """A range that reaches over an end of the month ends there; none of it is in another month."""
    length = monthrange(day.year, day.month)[1]
    return day_of_month(days.first, length) <= day.day <= day_of_month(days.last, length)

"""When a time interval begins or ends next."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.core.mute.change import HORIZON, next_change
from router.core.mute.clocks import DAY
from router.core.mute.interval import ClockSpan, Span, TimeInterval, active_at
from tests.core.mute.test_interval import OFFICE, moment

MINUTE = 60_000_000
HOUR = 60 * MINUTE
#: Days on which clocks were put forward or back somewhere: by an hour, by half of one, over midnight
#: back into the day before, from midnight on, by a whole day; and days on which nothing happens.
STRANGE_DAYS = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("America/Sao_Paulo", "2018-02-18"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("Africa/Cairo", "2026-04-24"),
    ("Pacific/Apia", "2011-12-31"),
    ("Asia/Shanghai", "2026-12-31"),
    ("Asia/Kathmandu", "2028-02-29"),
    ("UTC", "2026-02-28"),
]


def spans(least: int, greatest: int) -> st.SearchStrategy[tuple[Span, ...]]:
    """None, one or two ranges."""
    number = st.integers(least, greatest)
    span = st.tuples(number, number).map(lambda pair: Span(min(pair), max(pair)))
    return st.lists(span, max_size=2).map(tuple)


def clock_spans() -> st.SearchStrategy[tuple[ClockSpan, ...]]:
    """Any; and more often those around the hours at which clocks are changed."""
    minute = st.one_of(st.integers(0, 1440), st.integers(0, 8).map(lambda half: half * 30))
    span = st.tuples(minute, minute).filter(lambda pair: pair[0] != pair[1])
    return st.lists(span.map(lambda pair: ClockSpan(min(pair), max(pair))), max_size=2).map(tuple)


INTERVALS = st.builds(
    TimeInterval,
    times=clock_spans(),
    weekdays=spans(0, 6),
    days_of_month=spans(1, 31),
    months=st.just(()),
    years=st.just(()),
    location=st.sampled_from([zone for zone, _ in STRANGE_DAYS]),
)


def by_looking(intervals: Sequence[TimeInterval], start: int, minutes: int) -> int | None:
    """The same by asking every minute."""
    now = active_at(intervals, start)
    first = start // MINUTE + 1
    every = (minute * MINUTE for minute in range(first, first + minutes))
    return next((minute for minute in every if active_at(intervals, minute) != now), None)


@settings(deadline=None)
@given(
    intervals=st.lists(INTERVALS, min_size=1, max_size=2),
    day=st.sampled_from(STRANGE_DAYS),
    before=st.integers(0, DAY),
)
@example([TimeInterval((ClockSpan(120, 150),), location="Europe/Berlin")], ("", "2026-03-29"), 8 * HOUR)
@example([TimeInterval((ClockSpan(150, 180),), location="Europe/Berlin")], ("", "2026-10-25"), 5 * HOUR + 1)
@example([TimeInterval((ClockSpan(150, 180),), location="Europe/Berlin")], ("", "2026-10-25"), 5 * HOUR - 1)
@example([TimeInterval((ClockSpan(0, 60),), location="America/Sao_Paulo")], ("", "2018-11-04"), 12 * HOUR)
@example([TimeInterval(weekdays=(Span(6, 6),), location="America/Sao_Paulo")], ("", "2018-02-18"), 4 * HOUR)
def test_it_is_what_looking_at_every_minute_finds(
    intervals: list[TimeInterval], day: tuple[str, str], before: int
) -> None:
    """However clocks are changed, the next change is exactly the first minute that differs."""
    start = moment(f"{day[1]}T06:00:00Z") - before
    looked, found = by_looking(intervals, start, 40 * 60), next_change(intervals, start)
    assert found == looked if looked is not None else found is None or found > start + 40 * 60 * MINUTE


@pytest.mark.parametrize(
    ("interval", "start", "expected"),
    [
        (OFFICE, "2026-11-20T18:00:00+08:00", "2026-11-23T09:00:00+08:00"),
        (OFFICE, "2026-11-23T09:00:00+08:00", "2026-11-23T18:00:00+08:00"),
        (
            TimeInterval(days_of_month=(Span(29, 29),), months=(Span(2, 2),)),
            "2024-03-01T00:00:00Z",
            "2028-02-29",
        ),
        (TimeInterval(days_of_month=(Span(-1, -1),)), "2026-02-01T00:00:00Z", "2026-02-28"),
        (TimeInterval(days_of_month=(Span(31, 31),)), "2026-01-31T12:00:00Z", "2026-02-01"),
        (TimeInterval(days_of_month=(Span(31, 31),)), "2026-02-01T00:00:00Z", "2026-03-31"),
        (TimeInterval(years=(Span(2030, 2031),)), "2026-11-23T12:00:00Z", "2030-01-01"),
        (TimeInterval(months=(Span(12, 12),)), "2026-12-01T00:00:00Z", "2027-01-01"),
    ],
)
def test_the_next_change_far_away(interval: TimeInterval, start: str, expected: str) -> None:
    """Weekends, leap days, ends of months, years."""
    wanted = moment(expected if "T" in expected else f"{expected}T00:00:00Z")
    assert next_change([interval], moment(start)) == wanted


@pytest.mark.parametrize(
    "intervals",
    [
        [],
        [TimeInterval()],
        [TimeInterval((ClockSpan(0, 1440),), location="Europe/Berlin")],
        [TimeInterval((ClockSpan(0, 720),)), TimeInterval((ClockSpan(720, 1440),))],
        [TimeInterval(years=(Span(2020, 2025),))],
        [TimeInterval(days_of_month=(Span(30, 30),), months=(Span(2, 2),))],
    ],
)
def test_what_never_changes(intervals: list[TimeInterval]) -> None:
    """Always, for ever past, no day at all, and two halves that make a whole."""
    assert next_change(intervals, moment("2026-11-23T12:00:00Z")) is None


def test_it_looks_five_years_ahead() -> None:
    """A change that far away is found, a later one is none."""
    start = moment("2026-01-01T00:00:00Z")
    assert next_change([TimeInterval(years=(Span(2031, 2031),))], start) == moment("2031-01-01T00:00:00Z")
    assert moment("2032-01-01T00:00:00Z") - start > HORIZON
    assert next_change([TimeInterval(years=(Span(2032, 2032),))], start) is None

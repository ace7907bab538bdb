"""Which moments lie in a time interval: Alertmanager's meaning."""

from dataclasses import replace
from datetime import datetime

import pytest

from router.core.mute.interval import ClockSpan, Span, TimeInterval, active_at, day_of_month
from router.core.times import micros

OFFICE = TimeInterval((ClockSpan(9 * 60, 18 * 60),), (Span(1, 5),), location="Asia/Shanghai")


def moment(iso: str) -> int:
    """Microseconds UTC of a time with its offset."""
    return micros(datetime.fromisoformat(iso))


@pytest.mark.parametrize(
    ("iso", "expected"),
    [
        ("2026-11-23T09:00:00+08:00", True),
        ("2026-11-23T08:59:59.999999+08:00", False),
        ("2026-11-23T17:59:59.999999+08:00", True),
        ("2026-11-23T18:00:00+08:00", False),
        ("2026-11-27T12:00:00+08:00", True),
        ("2026-11-28T12:00:00+08:00", False),
        ("2026-11-29T12:00:00+08:00", False),
        ("2026-11-23T01:00:00Z", True),
        ("2026-11-23T12:00:00Z", False),
    ],
)
def test_office_hours_are_those_of_their_place(iso: str, expected: bool) -> None:
    """The first minute is in, the last one is the one before the end, and the day is the day there."""
    assert active_at([OFFICE], moment(iso)) is expected


@pytest.mark.parametrize(
    ("days", "date", "expected"),
    [
        (Span(1, 5), "2026-02-05", True),
        (Span(1, 5), "2026-02-06", False),
        (Span(-3, -1), "2026-02-25", False),
        (Span(-3, -1), "2026-02-26", True),
        (Span(-3, -1), "2028-02-29", True),
        (Span(-3, -1), "2028-02-26", False),
        (Span(29, 31), "2026-02-28", False),
        (Span(29, 31), "2026-03-01", False),
        (Span(25, 31), "2026-02-28", True),
        (Span(31, 31), "2026-04-30", False),
        (Span(-31, -31), "2026-03-01", True),
        (Span(-31, -31), "2026-04-01", False),
        (Span(-31, -30), "2026-04-01", True),
        (Span(1, -1), "2026-04-17", True),
        (Span(15, -10), "2026-02-18", True),
        (Span(15, -10), "2026-02-20", False),
    ],
)
def test_days_of_a_month_end_with_their_month(days: Span, date: str, expected: bool) -> None:
    """Days from the end, in short months and leap years; what a month does not have is in no other month."""
    assert TimeInterval(days_of_month=(days,)).holds_at(moment(f"{date}T12:00:00Z")) is expected


def test_every_month_of_31_days_has_its_31st() -> None:
    """Also in March and October, when the clocks are changed and the month is no whole number of 24 hours."""
    last = TimeInterval(days_of_month=(Span(-1, -1),), location="Europe/Berlin")
    assert [last.holds_at(moment(f"2026-{month}-31T12:00:00Z")) for month in ("03", "10")] == [True, True]
    assert [last.holds_at(moment(f"2026-{month}-30T12:00:00Z")) for month in ("03", "10")] == [False, False]


def test_all_that_is_given_must_hold() -> None:
    """Each part alone can say no; what is not given may be any."""
    whole = TimeInterval(
        times=(ClockSpan(60, 120), ClockSpan(1380, 1440)),
        weekdays=(Span(0, 0), Span(6, 6)),
        days_of_month=(Span(1, 7), Span(22, 22)),
        months=(Span(11, 12),),
        years=(Span(2026, 2027),),
    )
    sunday = moment("2026-11-22T23:59:59Z")
    assert whole.holds_at(sunday)
    assert not replace(whole, times=(ClockSpan(0, 1439),)).holds_at(sunday)
    assert not replace(whole, weekdays=(Span(1, 6),)).holds_at(sunday)
    assert not replace(whole, days_of_month=(Span(1, 21),)).holds_at(sunday)
    assert not replace(whole, months=(Span(1, 10),)).holds_at(sunday)
    assert not replace(whole, years=(Span(2027, 2099),)).holds_at(sunday)
    assert TimeInterval().holds_at(sunday)


def test_one_of_several_is_enough_and_none_is_never() -> None:
    """A name stands for a list of intervals."""
    night = TimeInterval((ClockSpan(0, 360),))
    assert active_at([OFFICE, night], moment("2026-11-22T03:00:00Z"))
    assert not active_at([OFFICE, night], moment("2026-11-22T07:00:00Z"))
    assert not active_at([], moment("2026-11-22T03:00:00Z"))


def test_a_time_that_clocks_show_twice_is_in_twice() -> None:
    """02:30 on the night when summer time ends; and never on the night when it begins."""
    half = TimeInterval((ClockSpan(150, 151),), location="Europe/Berlin")
    twice = [moment("2026-10-25T00:30:00Z"), moment("2026-10-25T01:30:00Z")]
    assert [half.holds_at(one) for one in twice] == [True, True]
    begin = moment("2026-03-28T23:00:00Z")
    assert not any(half.holds_at(begin + minute * 60_000_000) for minute in range(23 * 60))


def test_days_are_counted_from_either_end() -> None:
    """The 28th is the last day of a month of 28."""
    assert [day_of_month(number, 28) for number in (1, 28, 31, -1, -28, -31)] == [1, 28, 31, 28, 1, -2]

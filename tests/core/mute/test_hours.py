"""When a rule may tell."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.mute.clocks import DAY
from router.core.mute.hours import Hours, hours_of
from router.core.mute.interval import ClockSpan, Span, TimeInterval
from router.core.rule import Rule
from tests.core.mute.test_change import INTERVALS, MINUTE
from tests.core.mute.test_interval import OFFICE, moment

LUNCH = TimeInterval((ClockSpan(12 * 60, 13 * 60),), location="Asia/Shanghai")
OUTSIDE = "outside its time interval office-hours"
NAMED = {"office-hours": (OFFICE,), "lunch": (LUNCH,), "december": (TimeInterval(months=(Span(12, 12),)),)}


def hours(mute: tuple[str, ...], active: tuple[str, ...]) -> Hours:
    """The hours of a rule that names these."""
    rule = Rule("a", None, mute_time_intervals=mute, active_time_intervals=active)
    return hours_of(rule, NAMED)


@pytest.mark.parametrize(
    ("mute", "active", "time", "closed_by", "changes"),
    [
        ((), (), "10:00", "", None),
        (("lunch",), (), "11:59", "", "12:00"),
        (("lunch",), (), "12:00", "in the time interval lunch", "13:00"),
        (("december", "lunch"), (), "12:59", "in the time interval lunch", "13:00"),
        ((), ("office-hours",), "08:00", OUTSIDE, "09:00"),
        ((), ("office-hours",), "09:00", "", "18:00"),
        (
            (),
            ("office-hours", "december"),
            "08:00",
            "outside its time interval office-hours or december",
            "09:00",
        ),
        ((), ("office-hours", "lunch"), "12:00", "", "18:00"),
        (("lunch",), ("office-hours",), "09:00", "", "12:00"),
        (("lunch",), ("office-hours",), "12:00", "in the time interval lunch", "13:00"),
        (("lunch",), ("lunch",), "12:00", "in the time interval lunch", None),
        (("gone",), ("gone",), "12:00", "", None),
    ],
)
def test_it_tells_in_no_mute_interval_and_in_an_active_one(
    mute: tuple[str, ...], active: tuple[str, ...], time: str, closed_by: str, changes: str | None
) -> None:
    """On a Monday in Shanghai: what closes a rule, and when that changes; muting wins."""
    monday = "2026-11-23T{}:00+08:00"
    found = hours(mute, active)
    assert found.closed_by(moment(monday.format(time))) == closed_by
    expected = moment(monday.format(changes)) if changes else None
    assert found.next_change(moment(monday.format(time))) == expected


@settings(deadline=None)
@given(mute=st.lists(INTERVALS, max_size=1), active=st.lists(INTERVALS, max_size=1), day=st.integers(0, 365))
def test_the_next_change_is_the_first_minute_that_differs(
    mute: list[TimeInterval], active: list[TimeInterval], day: int
) -> None:
    """Of both kinds together, found by looking at every minute of half a day."""
    hours = Hours(
        {"m": tuple(mute)} if mute else {},
        {"a": tuple(active)} if active else {},
    )
    start = moment("2026-01-01T00:00:00Z") + day * DAY
    now = hours.closed_by(start) == ""
    every = range(start + MINUTE, start + DAY // 2, MINUTE)
    looked = next((one for one in every if (hours.closed_by(one) == "") != now), None)
    found = hours.next_change(start)
    assert found == looked if looked is not None else found is None or found >= start + DAY // 2

"""Ticks of cron schedules, over changes of the clocks."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.core.mute.clocks import DAY
from router.core.mute.tick import (
    Schedule,
    check_schedule,
    due_at,
    last_tick,
    next_judgement,
    next_tick,
    ripe_tick,
)
from router.core.times import at, iso, zone
from tests.core.mute.test_change import HOUR, MINUTE, STRANGE_DAYS
from tests.core.mute.test_interval import moment

NIGHTLY = Schedule("0 3 * * *", "Asia/Shanghai", 30 * MINUTE)


def ticks(schedule: Schedule, begin: int, end: int) -> list[int]:
    """All ticks after ``begin``, up to ``end``."""
    found: list[int] = []
    tick = next_tick(schedule, begin)
    while tick is not None and tick <= end:
        found.append(tick)
        tick = next_tick(schedule, tick)
    return found


def test_the_ticks_of_a_night() -> None:
    """The next is after the moment, the last at or before it; the place's clock counts."""
    three = moment("2026-11-23T03:00:00+08:00")
    assert (
        next_tick(NIGHTLY, three - 1) == three == last_tick(NIGHTLY, three) == last_tick(NIGHTLY, three + 1)
    )
    assert next_tick(NIGHTLY, three) == three + DAY
    assert last_tick(NIGHTLY, three - 1) == three - DAY


def test_a_tick_is_judged_after_its_grace_and_without_one_at_the_next() -> None:
    """Thirty minutes later; else a day later."""
    three = moment("2026-11-23T03:00:00+08:00")
    assert due_at(NIGHTLY, three) == three + 30 * MINUTE
    assert due_at(Schedule(NIGHTLY.every, NIGHTLY.location), three) == three + DAY


@pytest.mark.parametrize(
    ("schedule", "begin", "end", "expected"),
    [
        # Berlin skips 02:00 to 03:00 on 29 March and shows it twice on 25 October.
        (Schedule("30 2 * * *", "Europe/Berlin"), "2026-03-28", "2026-03-30", ["28T01:30", "29T01:00"]),
        (Schedule("15,30 2 * * *", "Europe/Berlin"), "2026-03-29", "2026-03-30", ["29T01:00"]),
        (Schedule("30 2 * * *", "Europe/Berlin"), "2026-10-25", "2026-10-26", ["25T00:30"]),
        (Schedule("*/30 2 * * *", "Europe/Berlin"), "2026-03-29", "2026-03-30", ["30T00:00"]),
        (
            Schedule("*/30 2 * * *", "Europe/Berlin"),
            "2026-10-24T22:00",
            "2026-10-25T22:00",
            ["25T00:00", "25T00:30", "25T01:00", "25T01:30"],
        ),
        # Lord Howe skips half an hour on 4 October: 02:00 to 02:30.
        (
            Schedule("*/20 2-3 * * *", "Australia/Lord_Howe"),
            "2026-10-03T12:00",
            "2026-10-04T12:00",
            ["03T15:40", "03T16:00", "03T16:20", "03T16:40"],
        ),
        (Schedule("0 2 * * *", "Australia/Lord_Howe"), "2026-10-03T12:00", "2026-10-04T12:00", ["03T15:30"]),
        # Cairo has no midnight on 24 April.
        (Schedule("0 0 * * *", "Africa/Cairo"), "2026-04-23", "2026-04-25", ["23T22:00", "24T21:00"]),
        # Samoa had no 30 December 2011.
        (
            Schedule("0 3 * * *", "Pacific/Apia"),
            "2011-12-29",
            "2011-12-31",
            ["29T13:00", "30T10:00", "30T13:00"],
        ),
        (Schedule("0 0 29 2 *"), "2024-03-01", "2028-03-01", ["29T00:00"]),
        (Schedule("0 12 L * *"), "2026-02-01", "2026-03-01", ["28T12:00"]),
        (Schedule("0 12 * * 7"), "2026-11-22", "2026-11-29", ["22T12:00"]),
    ],
)
def test_ticks_where_clocks_are_changed(
    schedule: Schedule, begin: str, end: str, expected: list[str]
) -> None:
    """A fixed time comes once, also where it is skipped or shown twice; stars follow the clock."""
    first, last = (moment(one + ("T00:00Z" if "T" not in one else "Z")) for one in (begin, end))
    assert [iso(tick)[8:16] for tick in ticks(schedule, first, last)] == expected


FIELD = st.sampled_from(["0", "30", "*/7", "*", "5-50/15"])
HOURS = st.sampled_from(["0", "1", "2", "3", "*", "*/2", "0-4", "23"])
SCHEDULES = st.builds(
    Schedule,
    st.tuples(FIELD, HOURS, st.sampled_from(["* * *", "*/2 * *", "29 * 0"])).map(" ".join),
    st.sampled_from([zone for zone, _ in STRANGE_DAYS]),
)


@settings(deadline=None)
@given(schedule=SCHEDULES, day=st.sampled_from(STRANGE_DAYS), into=st.integers(0, DAY))
@example(Schedule("30 2 * * *", "Europe/Berlin"), ("", "2026-10-25"), DAY // 2 - 4 * HOUR)
@example(Schedule("*/20 * * * *", "Europe/Berlin"), ("", "2026-10-25"), DAY // 2 + 75 * MINUTE)
def test_next_and_last_go_the_same_way(schedule: Schedule, day: tuple[str, str], into: int) -> None:
    """From any moment, also between both showings of an hour: the last tick and the next are neighbours."""
    start = moment(f"{day[1]}T00:00:00Z") - DAY // 2 + into
    tick, before = next_tick(schedule, start), last_tick(schedule, start)
    assert tick is not None
    assert before is not None
    assert before <= start < tick
    assert last_tick(schedule, tick - 1) == before
    assert next_tick(schedule, before) == tick


def names(field: str, number: int, greatest: int) -> bool:
    """Whether a field of cron of the forms above names a number."""
    span, _, step = field.partition("/")
    first, _, last = span.partition("-") if span != "*" else ("0", "", str(greatest))
    return int(first) <= number <= int(last or first) and (number - int(first)) % int(step or "1") == 0


def clock(schedule: Schedule, one: int) -> datetime:
    """What the clocks of its place show."""
    return at(one).astimezone(zone(schedule.location))


@settings(deadline=None)
@given(schedule=SCHEDULES, day=st.sampled_from(STRANGE_DAYS), grace=st.sampled_from([0, 1, HOUR, 30 * HOUR]))
def test_a_tick_is_ripe_when_it_is_due(schedule: Schedule, day: tuple[str, str], grace: int) -> None:
    """At the next judgement exactly, another tick is ripe, the one that is due then."""
    waiting = replace(schedule, grace=grace)
    now = moment(f"{day[1]}T01:00:00Z")
    judged = next_judgement(waiting, now)
    assert judged is not None
    before, after = ripe_tick(waiting, judged - 1), ripe_tick(waiting, judged)
    assert before is not None
    assert after is not None
    assert before == ripe_tick(waiting, now)
    assert now < judged == due_at(waiting, after)
    assert next_tick(waiting, before) == after


@settings(deadline=None, max_examples=40)
@given(minute=FIELD, hour=HOURS, strange=st.sampled_from(STRANGE_DAYS))
@example("*/5", "3", ("Australia/Lord_Howe", "2026-10-04"))
def test_a_star_follows_the_clock(minute: str, hour: str, strange: tuple[str, str]) -> None:
    """Each minute that shows what the fields say is a tick, of a fixed time the first; so is its skipping."""
    schedule = Schedule(f"{minute} {hour} * * *", strange[0])
    begin = moment(f"{strange[1]}T06:00:00Z") - DAY
    end = begin + DAY + DAY // 2
    shown = {one: clock(schedule, one) for one in range(begin + MINUTE, end + 1, MINUTE)}
    named = [
        one for one, there in shown.items() if names(minute, there.minute, 59) and names(hour, there.hour, 23)
    ]
    found = ticks(schedule, begin, end)
    if "*" in (minute[0], hour[0]):
        assert found == named
    else:
        assert [one for one in found if one in named] == [one for one in named if shown[one].fold == 0]
        skipped = [one for one in found if one not in named]
        assert all(
            clock(schedule, one).utcoffset() != clock(schedule, one - 1).utcoffset() for one in skipped
        )


@pytest.mark.parametrize(
    "every", ["0 3 * * *", "*/5 * * * MON-FRI", "0 0 1 jan *", "0 9 * * MON#1", "0 0 LW * *"]
)
def test_what_is_a_schedule(every: str) -> None:
    """Cron's forms, and cronsim's for the last and the n-th day."""
    check_schedule(every)


@pytest.mark.parametrize(
    ("every", "message"),
    [
        ("nightly", "expected five fields"),
        ("0 0 3 * * *", "expected five fields"),
        ("60 3 * * *", "there is no such minute: 60 3 * * *"),
        ("0 24 * * *", "there is no such hour: "),
        ("0 3 32 * *", "there is no such day-of-month: "),
        ("0 3 30 2 *", "there is no such day-of-month: "),
        ("0 3 * 13 *", "there is no such month: "),
        ("0 3 * * 8", "there is no such day-of-week: "),
        ("0 3 * * 5-1", "there is no such day-of-week: "),
        ("*/0 3 * * *", "there is no such minute: "),
        ("@ @ @ @ @", "there is no such minute: "),
        ("0 3 * * 1L/2", "there is no such day-of-week: "),
        ("0 0 */20 * 1L", "this never comes: "),
        ("9" * 5000 + " 3 * * *", "this is no schedule"),
    ],
)
def test_what_is_no_schedule(every: str, message: str) -> None:
    """The field that is wrong is named; what can never come is wrong too."""
    with pytest.raises(ValueError, match="^" + message.replace("*", r"\*")):
        check_schedule(every)


def test_a_leap_day_is_far_away() -> None:
    """29 February on a Monday."""
    schedule = Schedule("0 0 * 2 MON#5")
    assert next_tick(schedule, moment("2020-01-01T00:00:00Z")) == moment("2044-02-29T00:00:00Z")
    assert last_tick(schedule, moment("2020-01-01T00:00:00Z")) == moment("2016-02-29T00:00:00Z")

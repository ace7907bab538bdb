"""Silences: what they mute, and when."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.alert import opened
from router.core.event import Event
from router.core.filter import Filter
from router.core.key import place_of
from router.core.mute.clocks import DAY
from router.core.mute.interval import ClockSpan, TimeInterval
from router.core.mute.silence import (
    Silence,
    SilenceState,
    alert_document,
    expired,
    in_force,
    made,
    mutes,
    next_change,
    silenced_by,
    silent,
    state,
)
from router.core.rule import Match, Rule, Severity
from router.errors import RouterError
from tests.core.mute.test_change import HOUR, INTERVALS, MINUTE
from tests.core.mute.test_interval import moment

START = moment("2026-11-23T12:00:00Z")
MATCHER = Filter("rule == 'job-failed'")
SILENCE = Silence("s-1", MATCHER, START, START + 2 * HOUR, "kim", "moving", START - HOUR)


def document(**data: Any) -> dict[str, Any]:
    """The document of an alert about this event."""
    event = Event("e-1", "batch", START, {"JobId": "job-1", **data}, START)
    rule = Rule("job-failed", None, severity=Severity.CRITICAL, labels={"team": "render"})
    return alert_document(opened(Match(rule, event), place_of(rule, event), "p", START), event)


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ("rule == 'job-failed'", True),
        ("rule == 'other'", False),
        ("severity == 'critical'", True),
        ("labels.team == 'render'", True),
        ("key[0]", True),
        ("JobId == 'job-1'", True),
        ("event.JobId == 'job-1' && event.source == 'batch' && event.id == 'e-1'", True),
        ("event.time == '2026-11-23T12:00:00.000000Z' || event.time == '2026-11-23T12:00:00Z'", True),
        ("Missing", False),
        ("starts_with(Missing, 'x')", False),
    ],
)
def test_a_matcher_sees_the_alert_and_its_event(matcher: str, expected: bool) -> None:
    """By name; one that fails mutes nothing."""
    assert mutes(replace(SILENCE, matcher=Filter(matcher)), document(), START) is expected


@pytest.mark.parametrize("name", ["rule", "severity", "labels", "key", "event"])
def test_an_event_cannot_pass_for_another_alert(name: str) -> None:
    """A field of the event that is named like one of ours is hidden by ours, and found under event."""
    found = document(**{name: "forged"})
    assert found[name] == document()[name] or name == "event"
    assert found["event"][name] == "forged"


def test_an_alert_without_an_event_has_a_document() -> None:
    """Nothing came: that is what absent is about."""
    rule, event = Rule("nightly", None), Event("e", "batch", START, {}, START)
    alert = opened(Match(rule, event), place_of(rule, event), "p", START)
    found = alert_document(alert, None)
    assert (found["rule"], found["event"]) == ("nightly", {})
    assert not mutes(replace(SILENCE, matcher=Filter("JobId")), found, START)


def test_a_silence_lasts_from_its_start_to_before_its_end() -> None:
    """The states at its edges, and whether it mutes."""
    moments = [START - 1, START, START + 2 * HOUR - 1, START + 2 * HOUR]
    assert [state(SILENCE, one) for one in moments] == ["pending", "active", "active", "expired"]
    assert [mutes(SILENCE, document(), one) for one in moments] == [False, True, True, False]


def test_a_person_ends_a_silence() -> None:
    """At once, and only once; one that has not begun never begins, and one that is over stays as it was."""
    early = expired(SILENCE, START + HOUR)
    assert (state(early, START + HOUR), in_force(early, START + HOUR)) == (SilenceState.EXPIRED, False)
    assert in_force(early, START + HOUR - 1)
    assert expired(early, START + HOUR + 1) == early
    assert not in_force(expired(SILENCE, START - HOUR), START)
    assert expired(SILENCE, START + 2 * HOUR) == SILENCE


def test_a_recurring_silence_mutes_only_in_its_interval() -> None:
    """It stays active in between."""
    nightly = replace(SILENCE, interval=(TimeInterval((ClockSpan(13 * 60, 14 * 60),)),))
    assert (state(nightly, START), in_force(nightly, START)) == (SilenceState.ACTIVE, False)
    assert in_force(nightly, START + HOUR)


@pytest.mark.parametrize("interval", [(), (TimeInterval((ClockSpan(12 * 60 + 30, 13 * 60 + 10),)),)])
@pytest.mark.parametrize("made_at", [-1, 20])
@pytest.mark.parametrize("expired_at", [None, 75])
def test_a_silence_was_silent_while_it_was_in_force(
    interval: tuple[TimeInterval, ...], made_at: int, expired_at: int | None
) -> None:
    """Not before it was made, nor after a person ended it, nor outside its interval."""
    until = None if expired_at is None else START + expired_at * MINUTE
    one = replace(SILENCE, created_at=START + made_at * MINUTE, interval=interval, expired_at=until)
    begin, end = START - 5 * MINUTE, START + 100 * MINUTE
    found = list(silent(one, begin, end))
    for now in range(begin, end, MINUTE):
        is_silent = any(first <= now < last for first, last in found)
        assert is_silent is (in_force(one, now) and now >= one.created_at)


def test_of_several_the_longest_is_named() -> None:
    """So that the reason on record changes as seldom as it can."""
    longer = replace(SILENCE, id="s-0", ends_at=START + 3 * HOUR)
    other = replace(SILENCE, id="s-2", matcher=Filter("rule == 'other'"), ends_at=START + 9 * HOUR)
    assert silenced_by([SILENCE, longer, other], document(), START) == longer
    assert silenced_by([longer, SILENCE], document(), START + 3 * HOUR) is None


@pytest.mark.parametrize(
    ("starts", "ends", "author", "comment", "message"),
    [
        (0, 0, "kim", "why", "ends after it starts"),
        (-2, -1, "kim", "why", "in the future"),
        (0, 6 * 365 * 24, "kim", "why", "within five years"),
        (0, 1, " ", "why", "has an author"),
        (0, 1, "kim", "", "has a comment"),
    ],
)
def test_a_silence_that_is_refused(starts: int, ends: int, author: str, comment: str, message: str) -> None:
    """One that mutes nothing, and one that nobody answers for."""
    with pytest.raises(RouterError, match=message):
        made(MATCHER, START + starts * HOUR, START + ends * HOUR, author, comment, START)


def test_a_new_silence() -> None:
    """It may have begun already; its id is its own."""
    first = made(MATCHER, START - HOUR, START + HOUR, "kim", "why", START)
    assert (state(first, START), first.created_at) == (SilenceState.ACTIVE, START)
    assert first.id != made(MATCHER, START - HOUR, START + HOUR, "kim", "why", START + 1).id


@st.composite
def some_silence(draw: st.DrawFn) -> Silence:
    """One that lasts up to ten hours, may recur, and may have been ended by a person at any time."""
    start = START + draw(st.integers(-600, 600)) * MINUTE
    end = start + draw(st.integers(1, 600)) * MINUTE
    cut = draw(st.none() | st.integers(-600, 600).map(lambda minute: START + minute * MINUTE))
    interval = tuple(draw(st.lists(INTERVALS, max_size=1)))
    return Silence("s", MATCHER, start, end, "kim", "moving", START - DAY, interval, cut)


@settings(deadline=None)
@given(silences=st.lists(some_silence(), max_size=3), now=st.integers(-600, 600))
def test_the_next_change_is_the_first_minute_at_which_one_differs(silences: list[Silence], now: int) -> None:
    """Beginning, ending, ended by a person, recurring: found by looking at every minute."""
    at_first = START + now * MINUTE
    answers = [in_force(silence, at_first) for silence in silences]
    every = range(at_first, at_first + 2000 * MINUTE, MINUTE)
    looked = next((one for one in every if [in_force(silence, one) for silence in silences] != answers), None)
    assert next_change(silences, at_first) == looked

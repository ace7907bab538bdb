"""Alerts: their states, and what events, times and people make of them."""

from dataclasses import replace
from typing import Any

import pytest

from router.core import alert as alerts
from router.core.alert import HIDDEN, Alert, AlertState, Seat, Step
from router.core.event import Event
from router.core.filter import Filter
from router.core.key import Key, placed
from router.core.rule import CLOSE_AFTER, Count, Escalation, Expect, Match, Rule

EXPECT = Expect(Filter("Event == 'OnJobFinished'"), 100)


def rule(**keys: Any) -> Rule:
    """A rule that matches everything."""
    return Rule("r", None, to=("oncall",), **keys)


def event(at: int, received_at: int | None = None) -> Event:
    """An event of job j that was published at that time."""
    return Event(f"e-{at}", "hook", at, {"JobId": "j"}, at if received_at is None else received_at)


def opened(of: Rule, at: int = 1000, now: int | None = None) -> Alert:
    """The alert that an event of that time opens."""
    return alerts.opened(
        Match(of, event(at)), placed(of, event(at), Key(("JobId",), ("j",))), "p", at if now is None else now
    )


def test_without_a_condition_it_fires_at_once() -> None:
    """Nothing to wait for."""
    alert = opened(rule())
    assert (alert.state, alert.fired_at, alert.due_at) == (AlertState.FIRING, 1000, 1000 + CLOSE_AFTER)


@pytest.mark.parametrize("waits", [{"hold": 100}, {"expect": EXPECT}])
def test_hold_and_expect_run_by_the_events_time(waits: dict[str, Any]) -> None:
    """The deadline counts from when the event was published, not from its receipt."""
    alert = opened(rule(**waits), at=1000, now=1050)
    assert (alert.state, alert.due_at) == (AlertState.PENDING, 1100)
    assert alerts.step_of(alert, rule(**waits), 1099) is None
    assert alerts.step_of(alert, rule(**waits), 1100) is Step.FIRE


@pytest.mark.parametrize("waits", [{"hold": 100}, {"expect": EXPECT}])
def test_a_second_match_does_not_start_the_clock_again(waits: dict[str, Any]) -> None:
    """It is counted; the deadline stands."""
    again = alerts.matched(opened(rule(**waits)), rule(**waits), event(1050), 1050)
    assert (again.count, again.due_at) == (2, 1100)


def test_a_first_match_after_its_hold_has_run_out_is_due_at_once() -> None:
    """It arrived late: its time is past."""
    alert = opened(rule(hold=100), at=1000, now=5000)
    assert alerts.step_of(alert, rule(hold=100), 5000) is Step.FIRE


@pytest.mark.parametrize(
    ("times", "fires"),
    [((0, 50, 99), True), ((0, 50, 100), False), ((99, 0, 50), True), ((0, 50, 100, 149), True)],
)
def test_the_window_of_count_slides(times: tuple[int, ...], fires: bool) -> None:
    """Its start is outside it, its end inside; the order of receipt does not matter."""
    counting = rule(count=Count(3, 100))
    alert = opened(counting, at=times[0])
    for time in times[1:]:
        alert = alerts.matched(alert, counting, event(time), 200)
    assert (alert.state is AlertState.FIRING) is fires


def test_a_count_that_is_not_reached_heals_when_its_window_has_passed() -> None:
    """Nobody is told, and counting starts at zero."""
    counting = rule(count=Count(3, 100))
    assert alerts.step_of(opened(counting), counting, 1100) is Step.HEAL


def test_a_reload_that_takes_count_away_leaves_nothing_that_waits_for_ever() -> None:
    """The next match does what a first one would; without one it heals."""
    counting, plain, holding = rule(count=Count(3, 100)), rule(), rule(hold=50)
    assert alerts.matched(opened(counting), plain, event(1010), 1010).state is AlertState.FIRING
    assert alerts.matched(opened(counting), holding, event(1010), 1010).due_at == 1060
    assert alerts.timed(opened(counting), plain).due_at == 1000 + CLOSE_AFTER
    assert alerts.step_of(opened(counting), plain, 1000 + CLOSE_AFTER) is Step.HEAL


def test_count_closes_after_its_window() -> None:
    """The default of close_after is ``within``."""
    assert rule(count=Count(3, 100)).close_after == 100
    assert rule(count=Count(3, 100), closes_after=7).close_after == 7


def test_close_after_runs_from_the_last_receipt_or_the_moment_of_firing() -> None:
    """Whichever is later, by the router's clock."""
    closing = rule(closes_after=500)
    late = alerts.fired(opened(rule(hold=100, closes_after=500)), closing, 3000)
    assert late.due_at == 3500
    assert alerts.matched(late, closing, event(3100), 3100).due_at == 3600


def test_an_older_match_is_counted_and_changes_no_time() -> None:
    """The newest event stays the newest."""
    alert = alerts.matched(opened(rule()), rule(), event(900, received_at=1200), 1200)
    assert (alert.count, alert.event_id, alert.event_at, alert.received_at) == (2, "e-1000", 1000, 1200)


def test_at_equal_times_the_later_received_wins() -> None:
    """It becomes the newest event."""
    second = Event("e-other", "hook", 1000, {"JobId": "j"}, 1001)
    assert alerts.matched(opened(rule()), rule(), second, 1001).event_id == "e-other"


def test_what_had_fired_is_resolved_and_what_waited_is_healed() -> None:
    """The two ends of an alert."""
    assert alerts.ended(opened(rule()), 2000, "x").state is AlertState.RESOLVED
    healed = alerts.ended(opened(rule(hold=100)), 2000, "x")
    assert (healed.state, healed.due_at, healed.end_reason) == (AlertState.HEALED, None, "x")


def test_an_acknowledgement_covers_matches_for_an_hour_where_the_rule_never_repeats() -> None:
    """Within it the next match stays acknowledged, after it fires again."""
    seen = alerts.acknowledged(opened(rule()), rule(), 2000, "me")
    until = 2000 + alerts.ACKNOWLEDGED_FOR
    assert alerts.matched(seen, rule(), event(until - 1), until - 1).state is AlertState.ACKNOWLEDGED
    again = alerts.matched(seen, rule(), event(until), until)
    assert (again.state, again.acknowledged_by, again.escalates_from) == (AlertState.FIRING, "", until)


def test_an_acknowledgement_covers_matches_for_repeat_interval() -> None:
    """Where the rule repeats."""
    assert (
        alerts.acknowledged(opened(rule()), rule(repeat_interval=60), 2000, "me").acknowledged_until == 2060
    )


def test_escalation_counts_from_the_moment_of_firing() -> None:
    """Each step; an acknowledged alert does not escalate."""
    steps = rule(escalate=(Escalation(100, ("duty",)), Escalation(300, ("boss",))))
    alert = opened(steps)
    assert alerts.step_of(alert, steps, 1099) is None
    assert alerts.step_of(alert, steps, 1100) is Step.ESCALATE
    assert alerts.escalated(alert, steps).due_at == 1300
    assert alerts.acknowledged(alert, steps, 1050, "me").due_at == 1000 + CLOSE_AFTER


def test_the_time_in_which_it_was_muted_does_not_count_for_escalation() -> None:
    """Muted from 1040 until 1500: of the 100 until the first step 60 are left. Muted from the start: all."""
    steps = rule(escalate=(Escalation(100, ("duty",)),))
    held = alerts.muted(opened(steps), steps, "silenced by x", 1500, since=1040)
    assert alerts.step_of(held, steps, 1500) is Step.RECHECK
    again = alerts.muted(held, steps, "silenced by y", 1600, since=1500)
    assert [alerts.unmuted(one, steps, 1600).due_at for one in (held, again)] == [1660, 1660]
    before = alerts.muted(opened(steps), steps, "silenced by x", 1500, since=900)
    assert alerts.unmuted(before, steps, 1500).due_at == 1600


def test_what_fires_again_while_muted_escalates_from_the_end_of_the_mute() -> None:
    """Its escalation starts anew."""
    steps = rule(escalate=(Escalation(100, ("duty",)),))
    held = alerts.fired(alerts.muted(opened(steps), steps, "silenced by x", 1500, since=1050), steps, 1200)
    assert alerts.unmuted(held, steps, 1500).due_at == 1600


def test_what_is_held_back_is_not_closed_before_it_could_be_told() -> None:
    """close_after does not run while a silence or an interval holds it; it does for what was told."""
    closing = rule(closes_after=100)
    held = alerts.muted(opened(closing), closing, "silenced by x", 9000, since=1000)
    assert alerts.step_of(held, closing, 8999) is None
    assert alerts.step_of(held, closing, 9000) is Step.RECHECK
    told = replace(held, seats=(Seat("g", since=0, held=True),))
    assert alerts.step_of(told, closing, 1100) is Step.CLOSE
    hidden = replace(held, seats=(Seat("g", since=HIDDEN, held=True),))
    assert alerts.step_of(hidden, closing, 8999) is None


def test_a_match_in_shadow_stays_in_shadow() -> None:
    """It fires and says on record why it is not told."""
    alert = opened(rule(mode="shadow"))
    assert (alert.state, alert.muted_by, alert.shadow) == (AlertState.FIRING, "shadow", True)

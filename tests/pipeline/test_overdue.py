"""What is not delivered in time is told on the fallback too."""

from collections.abc import Callable

import pytest

from router.core.delivery import SECOND, Outcome, State, Verdict
from router.core.policy import make_policy
from tests.pipeline.conftest import MakePipeline, Pipeline, plan, rule
from tests.pipeline.test_second_look import acknowledged, silenced

EVENT = {"Event": "OnJobFailed", "JobId": "job-1"}
DOWN = Verdict(Outcome.UNREACHABLE, "no route")


def failing(make: MakePipeline, attempts: int = 99, after: int = 120) -> Pipeline:
    """A pipeline whose first channel is down for so many attempts, with one message that waits."""
    patient = plan("oncall", fallback="backup", fallback_after={"warning": after * SECOND})
    pipeline = make(rule(), channels=(patient, plan("backup")))
    pipeline.channels["oncall/1"].script = [DOWN] * attempts
    pipeline.take(EVENT)
    pipeline.run()
    return pipeline


def test_the_fallback_is_told_once_of_what_is_late(make: MakePipeline) -> None:
    """Not before its time; then once, while the channel itself is tried on."""
    pipeline = failing(make)
    pipeline.clock.move(119)
    assert pipeline.maintain.tell_overdue() == 0
    pipeline.clock.move(1)
    assert pipeline.maintain.tell_overdue() == 1
    pipeline.run()
    [late], [told] = pipeline.deliveries(channel="oncall"), pipeline.deliveries(channel="backup")
    assert (late.state, told.state, told.fallback_of) == (State.WAITING, State.SENT, late.id)
    pipeline.clock.move(3600)
    assert pipeline.maintain.tell_overdue() == 0


def test_what_is_given_up_after_it_was_late_is_not_told_again(make: MakePipeline) -> None:
    """The fallback has heard of it."""
    pipeline = failing(make)
    pipeline.clock.move(120)
    pipeline.maintain.tell_overdue()
    pipeline.run()
    pipeline.channels["oncall/1"].script = [Verdict(Outcome.REFUSED, "token revoked", 401)]
    pipeline.clock.move(3600)
    pipeline.run()
    [dead] = pipeline.deliveries(channel="oncall")
    assert dead.state is State.DEAD
    assert len(pipeline.deliveries(channel="backup")) == len(pipeline.channels["backup/1"].sent) == 1


def test_what_was_delivered_in_time_is_not_late(make: MakePipeline) -> None:
    """Whatever it took."""
    pipeline = failing(make, attempts=1)
    pipeline.clock.move(100)
    pipeline.run()
    pipeline.clock.move(100)
    assert pipeline.maintain.tell_overdue() == 0
    assert pipeline.deliveries(channel="backup") == []


def test_other_severities_have_times_of_their_own(make: MakePipeline) -> None:
    """A severity without a time is late for nobody."""
    patient = plan("oncall", fallback="backup", fallback_after={"critical": 0})
    pipeline = make(rule(), channels=(patient, plan("backup")))
    pipeline.channels["oncall/1"].script = [DOWN] * 9
    pipeline.take(EVENT)
    pipeline.run()
    pipeline.clock.move(24 * 3600 - 1)
    assert pipeline.maintain.tell_overdue() == 0


def test_a_fallback_that_left_the_configuration_is_not_told(make: MakePipeline) -> None:
    """What is late then waits for its channel alone."""
    pipeline = failing(make)
    pipeline.policy = make_policy([rule()], {"oncall": plan("oncall")}, "without")
    pipeline.clock.move(120)
    assert pipeline.maintain.tell_overdue() == 0


@pytest.mark.parametrize("seen", [acknowledged, silenced])
def test_what_somebody_has_seen_before_it_was_late_is_not_told(
    make: MakePipeline, seen: Callable[[Pipeline], object]
) -> None:
    """The fallback is not woken for what was acknowledged or silenced while the channel was down."""
    pipeline = failing(make)
    pipeline.clock.move(119)
    seen(pipeline)
    pipeline.clock.move(1)
    assert pipeline.maintain.tell_overdue() == 0
    assert pipeline.deliveries(channel="backup") == []


def test_what_was_silenced_before_its_first_attempt_is_told_once(make: MakePipeline) -> None:
    """The message is still to be sent: that its fallback is not told begins nothing anew."""
    patient = plan("oncall", fallback="backup", fallback_after={"warning": 120 * SECOND})
    pipeline = make(rule(), channels=(patient, plan("backup")))
    pipeline.take(EVENT)
    pipeline.dispatch.step()
    pipeline.clock.move(119)
    silenced(pipeline, lasts=10)
    pipeline.clock.move(1)
    assert pipeline.maintain.tell_overdue() == 0
    pipeline.clock.move(3600)
    pipeline.run()
    assert len(pipeline.channels["oncall/1"].sent) == 1
    assert pipeline.deliveries(channel="backup") == []

"""A drill goes the whole way, is told as one, and must be accepted in time."""

import pytest

from router.config.settings import Drill as Keys
from router.core import drill
from router.core.delivery import SECOND, Outcome, Verdict
from router.core.policy import make_policy
from router.pipeline.drill import Drill
from router.pipeline.explain import explain
from router.pipeline.tongue import Tongue
from tests.logs import logged
from tests.pipeline.conftest import MakePipeline, Pipeline, plan, rule

KEYS = Keys.model_validate({"channel": "drills", "every": "1h", "within": "2m"})
FAILED = Verdict(Outcome.UNREACHABLE, "nobody there")


class Drilled:
    """A pipeline with drills, stepped by hand; a rule of its own takes every event."""

    def __init__(self, make: MakePipeline) -> None:
        self.pipeline: Pipeline = make(rule("everything"), channels=(plan("oncall"), plan("drills")))
        policy = self.pipeline.policy
        self.pipeline.policy = make_policy(
            policy.rules, policy.channels, policy.text, drills=[drill.rule_for("drills", KEYS.within)]
        )
        self.keys: Keys | None = KEYS
        one = self.pipeline
        self.drill = Drill(one.store, lambda: self.keys, one.ingest.submit, one.clock, one.metrics)

    def after(self, seconds: int) -> str:
        """What stands so many seconds later, when all that was due is done."""
        self.pipeline.clock.at += seconds * SECOND
        self.drill.step()
        self.pipeline.ingest.step()
        self.pipeline.run()
        self.drill.step()
        return self.drill.problem

    @property
    def told(self) -> list[str]:
        """Titles that the channel for drills was sent."""
        return [message.title for message, _ in self.pipeline.channels["drills/1"].sent]

    def metric(self, name: str) -> float | None:
        """A gauge's value; None where it has none."""
        return self.pipeline.metrics.registry.get_sample_value(name, {"channel": "drills"})


@pytest.fixture
def drilled(make: MakePipeline) -> Drilled:
    """See :class:`Drilled`."""
    return Drilled(make)


def test_a_drill_is_told_as_one_and_to_nobody_else(drilled: Drilled) -> None:
    """At the start and at the interval, each by itself; a rule that takes every event does not see it."""
    assert drilled.after(0) == ""
    assert drilled.after(3599) == ""
    assert drilled.told == ["Drill of alert-router: nothing is wrong"]
    assert drilled.after(1) == ""
    assert len(drilled.told) == 2
    assert drilled.pipeline.channels["oncall/1"].sent == []
    assert drilled.metric("alert_router_drill_last_successful") == 1


def test_one_that_is_not_accepted_in_time_is_a_failure_until_one_is(drilled: Drilled) -> None:
    """Said once, with how far it came; a late acceptance does not undo it, the next drill does."""
    channel = drilled.pipeline.channels["drills/1"]
    channel.script = [FAILED] * 20
    with logged() as names:
        assert drilled.after(0) == drilled.after(119) == ""
        problem = drilled.after(2)
        assert "not accepted by drills within 120 s: drills/1 is waiting" in problem
        assert drilled.metric("alert_router_drill_last_successful") == 0
        channel.script.clear()
        assert drilled.after(2000) == problem
        assert drilled.after(1500) == ""
    assert [one for one in names if one.startswith("drill.")] == ["drill.failed", "drill.recovered"]


def test_a_reload_begins_anew_and_one_without_drills_forgets(drilled: Drilled) -> None:
    """What another channel did is not told of this one."""
    drilled.pipeline.channels["drills/1"].script = [FAILED] * 3
    drilled.after(0)
    assert drilled.after(121)
    drilled.keys = None
    assert drilled.after(1) == ""
    assert drilled.metric("alert_router_drill_last_successful") is None


def test_an_event_that_is_not_taken_is_a_failure(drilled: Drilled) -> None:
    """The store or the intake may be what is cut."""
    drilled.pipeline.ingest.close()
    drilled.after(0)
    assert "its event was not taken: the router is stopping" in drilled.after(121)


def test_explain_says_whose_it_is(drilled: Drilled) -> None:
    """A drill on record is told by its own rule, and no rule of a file is asked."""
    drilled.after(0)
    [record] = drilled.pipeline.store.read(lambda unit: unit.events())
    said = explain(record.event, drilled.pipeline.policy, Tongue(), drilled.pipeline.clock.now())
    assert [(one.rule, one.verdict) for one in said.rules] == [
        (drill.NAME, "matched"),
        ("everything", "not judged"),
    ]
    assert "a drill is due" in said.rules[0].reason
    assert [one.target for one in said.told] == ["drills/1"]

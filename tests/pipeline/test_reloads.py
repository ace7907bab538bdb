"""A reload: times and mutes of an open alert are those of the rule in force."""

import pytest

from router.core.delivery import SECOND
from router.core.filter import Filter
from router.core.policy import make_policy
from router.core.rule import Count, Escalation, Inhibition, Rule
from tests.pipeline.conftest import MakePipeline, Pipeline, plan
from tests.pipeline.test_alerts import at, failed, instance, job, reasons, take

CHANNELS = (plan("oncall"), plan("duty"))
BY = (Inhibition("jobs", (Filter("JobId"),)),)
JOBS = failed("jobs", "Event == 'OnJobFailed'", to=("duty",), closes_after=100 * SECOND)


def reload(pipeline: Pipeline, *rules: Rule) -> None:
    """Puts other rules in force, as the router does."""
    pipeline.policy = make_policy(rules, pipeline.policy.channels, repr(rules))
    policy, now = pipeline.policy, pipeline.clock.now()
    pipeline.store.write(lambda unit: unit.keep_policy(policy.hash, policy.text, now))
    while pipeline.advance.retire():
        pass
    pipeline.advance.review()
    pipeline.run()


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (failed(escalate=(Escalation(900 * SECOND, ("duty",)),)), "first, escalation"),
        (failed(repeat_interval=900 * SECOND), "first, repeat"),
        (failed(), "first"),
    ],
    ids=["escalate", "repeat_interval", "neither"],
)
def test_new_times_hold_for_what_is_open(make: MakePipeline, new: Rule, told: str) -> None:
    """Nothing comes after the reload that would touch the alert: it is told at the new time all the same."""
    pipeline = make(failed(), channels=CHANNELS)
    take(pipeline, 0, instance())
    reload(pipeline, new)
    for seconds in (899, 900):
        at(pipeline, seconds)
    assert ", ".join(reasons(pipeline) + reasons(pipeline, "duty/1")) == told


def test_what_nothing_inhibits_any_more_is_told_at_the_reload(make: MakePipeline) -> None:
    """The other rule's alert still fires, but the rule does not mind it now."""
    pipeline = make(failed(inhibited_by=BY), JOBS, channels=CHANNELS)
    take(pipeline, 0, job("OnJobFailed"), instance())
    assert reasons(pipeline) == []
    reload(pipeline, failed(), JOBS)
    assert reasons(pipeline) == ["first"]


def test_what_is_inhibited_waits_for_a_match_though_a_reload_comes(make: MakePipeline) -> None:
    """The inhibitor has ended; a reload of something else does not tell it."""
    pipeline = make(failed(inhibited_by=BY), JOBS, channels=CHANNELS)
    take(pipeline, 0, job("OnJobFailed"), instance())
    at(pipeline, 200)
    reload(pipeline, failed(inhibited_by=BY, labels={"team": "night"}), JOBS)
    assert reasons(pipeline) == []
    take(pipeline, 300, instance())
    assert reasons(pipeline) == ["first"]


def test_what_waited_for_a_count_that_is_gone_is_told_with_its_next_match(make: MakePipeline) -> None:
    """It is not left waiting for ever."""
    pipeline = make(failed(count=Count(3, 600 * SECOND), key=(Filter("JobId"),)))
    take(pipeline, 0, instance())
    reload(pipeline, failed(key=(Filter("JobId"),)))
    take(pipeline, 10, instance())
    assert reasons(pipeline) == ["first"]

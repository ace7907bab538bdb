"""What a provider calls the first message of a group is kept, and handed to the next."""

import pytest

from router.core.delivery import Outcome, Thread, Verdict
from router.core.filter import Filter
from router.core.rule import Rule
from tests.pipeline.conftest import MakePipeline, Pipeline, plan, rule
from tests.pipeline.test_digests import jobs, of_kind, robot

FIRST = Verdict(Outcome.ACCEPTED, "ok", 200, reference="C1 1.2")


def resolving() -> Rule:
    return rule(when="Event == 'OnJobFailed'", resolve_when=Filter("Event == 'OnJobFinished'"))


def threads(pipeline: Pipeline) -> list[Thread | None]:
    return [delivery.thread for _, delivery in pipeline.channels["oncall/1"].sent]


def told_twice(pipeline: Pipeline) -> None:
    """A job fails, and then all is well."""
    for event in ("OnJobFailed", "OnJobFinished"):
        pipeline.take({"Event": event, "JobId": "job-1", "JobName": "nightly"})
        pipeline.run()
        pipeline.clock.move(120)
        pipeline.run()


@pytest.mark.parametrize("kind", ["slack", "telegram", "email"])
def test_the_next_of_a_group_stands_below_its_first(make: MakePipeline, kind: str) -> None:
    """The sender is told its name and what it said; another group begins anew."""
    pipeline = of_kind(make(resolving(), channels=(robot(kind=kind),)), kind)
    pipeline.channels["oncall/1"].script = [FIRST]
    told_twice(pipeline)
    (message, _), *_ = pipeline.channels["oncall/1"].sent
    assert threads(pipeline) == [None, Thread("C1 1.2", message.to_json())]
    pipeline.take({"Event": "OnJobFailed", "JobId": "job-2", "JobName": "other"})
    pipeline.run()
    assert threads(pipeline)[2:] == [None]


def test_a_kind_without_threads_is_told_nothing(make: MakePipeline) -> None:
    """A webhook's later messages stand alone."""
    pipeline = make(resolving(), channels=(plan("oncall"),))
    pipeline.channels["oncall/1"].script = [FIRST]
    told_twice(pipeline)
    assert threads(pipeline) == [None, None]


def test_nothing_stands_below_a_digest(make: MakePipeline) -> None:
    """It is of many groups: only what was told alone has a name that others stand below."""
    pipeline = of_kind(make(resolving(), channels=(robot(kind="slack"),)), "slack")
    pipeline.channels["oncall/1"].script = [FIRST] * 30
    jobs(pipeline, 1)
    pipeline.send()
    [alone] = pipeline.deliveries()
    jobs(pipeline, 100, begin=1)
    pipeline.send()
    assert [one for one in pipeline.deliveries(limit=200) if "as a digest" in one.reason]
    assert [one.id for one in pipeline.deliveries(limit=200) if one.reference] == [alone.id]

"""The rate of a target holds over restarts and replicas, and what is critical has room."""

import threading

import pytest

from router.core.delivery import SECOND, Outcome, Verdict
from router.core.policy import Target
from router.core.rule import Severity
from router.ports import Store
from tests.pipeline.conftest import MakePipeline, Pipeline, plan, rule, wait_until

RATE = (20, 60 * SECOND)
DOWN = Verdict(Outcome.UNREACHABLE, "connection refused")
ROBOT = plan("oncall", rate=RATE)


def jobs(pipeline: Pipeline, number: int, begin: int = 0) -> None:
    """So many groups of their own are written to the outbox."""
    for job in range(begin, begin + number):
        pipeline.take({"Event": "OnJobFailed", "JobId": f"job-{job}"})
    while pipeline.dispatch.step():
        pass


def again(pipeline: Pipeline, store: Store) -> Pipeline:
    """Another process on the same store, at the same time."""
    return Pipeline(store, pipeline.policy, pipeline.clock)


def sent(*pipelines: Pipeline) -> int:
    """How many messages all of them have sent."""
    return sum(len(one.channels["oncall/1"].sent) for one in pipelines)


def test_a_restart_does_not_fill_the_bucket(make: MakePipeline, store: Store) -> None:
    """20 a minute: nine at once, and after a restart none before its time."""
    first = make(rule(), channels=(ROBOT,))
    jobs(first, 12)
    first.send()
    assert sent(first) == 9
    second = again(first, store)
    second.send()
    assert sent(second) == 0
    first.clock.move(6.1)
    second.send()
    assert sent(second) == 1
    second.deliver.use({})


def test_replicas_share_a_bucket(make: MakePipeline, store: Store) -> None:
    """Two that send in turns for a minute send no more than one would."""
    first = make(rule(), channels=(ROBOT,))
    jobs(first, 60)
    second = again(first, store)
    for _ in range(60):
        first.send()
        second.send()
        first.clock.move(1)
    assert sent(first, second) == 9 + 9
    second.deliver.use({})


def test_a_breaker_outlives_its_process_and_is_shared(make: MakePipeline, store: Store) -> None:
    """What one has found to fail the other leaves alone; one of them sends the probe, and both go on."""
    first = make(rule(), channels=(plan("oncall"),))
    first.channels["oncall/1"].script = [DOWN] * 5
    first.channels["oncall/1"].concurrency = 1
    first.use_channels()
    jobs(first, 9)
    first.send()
    second = again(first, store)
    second.send()
    assert sent(second) == 0
    assert second.deliver.left_alone() == {"oncall/1": "connection refused"}
    first.clock.move(6)
    second.deliver.wake(frozenset({"oncall/1"}))
    assert second.deliver.step() == 1
    first.deliver.wake(frozenset({"oncall/1"}))
    assert first.deliver.step() == 0
    second.settle()
    first.send()
    assert sent(first, second) > 6
    assert first.deliver.left_alone() == {}
    second.deliver.use({})


def test_a_probe_whose_sender_is_gone_is_followed_by_another_at_once(
    make: MakePipeline, store: Store
) -> None:
    """Killed while it asked a target that was left alone: the next process asks as soon as it starts."""
    first = make(rule(), channels=(plan("oncall"),))
    oncall = first.channels["oncall/1"]
    oncall.script, oncall.concurrency = [DOWN] * 5, 1
    first.use_channels()
    jobs(first, 9)
    first.send()
    first.clock.move(6)
    oncall.hold = threading.Event()
    first.deliver.wake(frozenset({"oncall/1"}))
    try:
        assert first.deliver.step() == 1
        second = again(first, store)
        assert second.deliver.step() == 0
        assert second.maintain.rescue_others("next") == 1
        second.send()
        assert sent(second) == 9
    finally:
        oncall.hold.set()
    second.deliver.use({})


def test_another_address_begins_anew(make: MakePipeline) -> None:
    """A pause that the old address asked for does not hold the new one up."""
    pipeline = make(rule(), channels=(plan("oncall"),))
    later = pipeline.clock.now() + 3600 * SECOND
    pipeline.channels["oncall/1"].script = [Verdict(Outcome.THROTTLED, "later", 429, later)]
    pipeline.channels["oncall/1"].concurrency = 1
    jobs(pipeline, 2)
    pipeline.send()
    assert sent(pipeline) == 1
    channels = {"oncall/1": (pipeline.channels["oncall/1"], pipeline.policy.channels["oncall"])}
    pipeline.deliver.use(channels)
    pipeline.send()
    assert sent(pipeline) == 1
    pipeline.deliver.use(channels, moved=["oncall/1"])
    pipeline.send()
    assert sent(pipeline) == 2


def test_critical_waits_behind_no_backlog(make: MakePipeline) -> None:
    """With the burst of others used up and a hundred of them waiting, what is critical goes out at once."""
    pipeline = make(
        rule(when="JobId != 'worst'"),
        rule("worst", when="JobId == 'worst'", severity=Severity.CRITICAL),
        channels=(ROBOT,),
    )
    jobs(pipeline, 100)
    pipeline.send()
    before = sent(pipeline)
    pipeline.take({"Event": "OnJobFailed", "JobId": "worst"})
    pipeline.run()
    assert sent(pipeline) == before + 1
    assert pipeline.channels["oncall/1"].sent[-1][1].severity == "critical"


def test_a_place_is_kept_for_critical(make: MakePipeline) -> None:
    """While all places hang with others, one more takes what is critical."""
    pipeline = make(
        rule(when="JobId != 'worst'"),
        rule("worst", when="JobId == 'worst'", severity=Severity.CRITICAL),
    )
    oncall = pipeline.channels["oncall/1"]
    oncall.hold = threading.Event()
    try:
        jobs(pipeline, 9)
        pipeline.deliver.step()
        pipeline.take({"Event": "OnJobFailed", "JobId": "worst"})
        pipeline.dispatch.step()
        assert pipeline.deliver.step() == 1
        wait_until(lambda: len(oncall.sent) == 5)
        assert [one.severity for _, one in oncall.sent].count("critical") == 1
        pipeline.deliver.wake(frozenset({"oncall/1"}))
        assert pipeline.deliver.step() == 0
    finally:
        oncall.hold.set()
    pipeline.settle()
    pipeline.send()
    assert len(oncall.sent) == 10


def test_a_provider_that_names_its_limit_has_it(make: MakePipeline) -> None:
    """A target's own rate holds where its channel has none."""
    own = plan("oncall")
    target = Target("oncall/1", "dingtalk", RATE)
    assert (own.rate_of(target), plan("told", rate=(5, 1)).rate_of(target)) == (RATE, (5, 1))


def test_a_target_is_looked_at_when_its_rate_lets_one_through(make: MakePipeline) -> None:
    """Neither before, which would be a loop without end, nor long after."""
    pipeline = make(rule(), channels=(ROBOT,))
    jobs(pipeline, 12)
    pipeline.send()
    again = pipeline.deliver.again["oncall/1"] - pipeline.clock.now()
    assert again == pytest.approx(6 * SECOND, abs=10)


def test_what_waits_behind_another_of_its_group_is_no_reason_to_look(make: MakePipeline) -> None:
    """It is due, but cannot be claimed: the loop sleeps until the first of them may be tried again."""
    pipeline = make(rule(group_by=None, group_interval=SECOND), channels=(ROBOT,))
    clock = pipeline.clock
    # Its back-off may be next to nothing.
    pipeline.channels["oncall/1"].script = [DOWN] * 9
    for instance in range(2):
        pipeline.take({"Event": "OnInstanceFailed", "JobId": "job-1", "Instance": instance})
        pipeline.run()
        clock.move(0.01)
    [first, *_] = pipeline.deliveries()
    pipeline.send()
    assert pipeline.deliver.again["oncall/1"] >= min(first.due_at, clock.now() + 1)

"""A target that fails is left alone, and found again soon after it heals."""

import pytest

from router.core.delivery import SECOND, Outcome, Patience, State, Verdict
from router.core.message import Message
from router.pipeline.digesting import Sending
from router.pipeline.lane import Lane
from tests.logs import logged
from tests.pipeline.conftest import MakePipeline, Pipeline, plan, rule

DOWN = Verdict(Outcome.UNREACHABLE, "connection refused")
HOUR = 3600


def jobs(pipeline: Pipeline, number: int, begin: int = 0) -> None:
    """So many groups of their own."""
    for job in range(begin, begin + number):
        pipeline.take({"Event": "OnJobFailed", "JobId": f"job-{job}"})
    while pipeline.dispatch.step():
        pass


def run_for(pipeline: Pipeline, seconds: int, every: int = 5) -> None:
    """The loops of so much time."""
    for _ in range(0, seconds, every):
        pipeline.clock.move(every)
        pipeline.deliver.wake(frozenset(pipeline.channels))
        while pipeline.send():
            pass


def gauges(pipeline: Pipeline) -> list[float | None]:
    """Whether the target is left alone, and whether it is broken."""
    read, of = pipeline.metrics.registry.get_sample_value, {"target": "oncall/1"}
    return [read("alert_router_target_open", of), read("alert_router_target_broken", of)]


def test_an_outage_costs_a_probe_a_minute(make: MakePipeline) -> None:
    """200 messages wait an hour: the target is asked some seventy times; healed, all arrive within 2 min."""
    pipeline = make(rule(), channels=(plan("oncall"), plan("other")))
    oncall, other = pipeline.channels["oncall/1"], pipeline.channels["other/1"]
    oncall.script = [DOWN] * 10_000
    jobs(pipeline, 200)
    run_for(pipeline, HOUR)
    assert 60 <= len(oncall.sent) <= 80
    assert pipeline.deliver.left_alone() == {"oncall/1": "connection refused"}
    assert not other.sent
    oncall.script = []
    healed = len(oncall.sent)
    run_for(pipeline, 120)
    arrived = {delivery.id for _, delivery in oncall.sent[healed:]}
    assert len(arrived) == len(oncall.sent) - healed == 200
    assert pipeline.deliver.left_alone() == {}


def test_no_other_target_waits(make: MakePipeline) -> None:
    """While one target of a channel is left alone, the other one gets everything at once."""
    pipeline = make(rule(), channels=(plan("oncall", targets=2),))
    pipeline.channels["oncall/1"].script = [DOWN] * 1000
    jobs(pipeline, 20)
    run_for(pipeline, 60)
    jobs(pipeline, 5, begin=20)
    while pipeline.send():
        pass
    assert len(pipeline.channels["oncall/2"].sent) == 25


def test_a_probe_that_is_given_back_keeps_no_other_from_being_sent(
    make: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was claimed when the router was stopped, and not begun: the next one sends a probe at once."""
    pipeline = make(rule())
    oncall = pipeline.channels["oncall/1"]
    oncall.script = [DOWN] * 5
    jobs(pipeline, 5)
    pipeline.send()
    assert pipeline.deliver.left_alone()
    pipeline.clock.move(6)
    taken: list[Sending] = []

    def take(_lane: Lane, sending: Sending) -> None:
        taken.append(sending)

    def take_back(_lane: Lane) -> list[Sending]:
        return taken

    monkeypatch.setattr(Lane, "take", take)
    monkeypatch.setattr(Lane, "take_back", take_back)
    pipeline.deliver.wake(frozenset(pipeline.channels))
    assert pipeline.deliver.step() == 1
    pipeline.deliver.stop_claiming()
    pipeline.settle()
    monkeypatch.undo()
    after = Pipeline(pipeline.store, pipeline.policy, pipeline.clock, owner="next")
    after.send()  # it learns that the target is left alone
    after.send()
    after.deliver.use({})
    assert len(after.channels["oncall/1"].sent) == 5


def test_a_provider_that_throttles_is_left_in_peace(make: MakePipeline) -> None:
    """One 429 with a time: no other message goes to that target before it, then all do."""
    pipeline = make(rule(), channels=(plan("oncall"),))
    channel = pipeline.channels["oncall/1"]
    channel.concurrency = 1
    channel.script = [Verdict(Outcome.THROTTLED, "later", 429, pipeline.clock.now() + 120 * SECOND)]
    jobs(pipeline, 10)
    run_for(pipeline, 110)
    assert len(channel.sent) == 1
    run_for(pipeline, 20)
    assert len(channel.sent) == 11


def test_what_is_too_old_is_given_up_without_an_attempt_of_its_own(make: MakePipeline) -> None:
    """While only probes are sent, what grows too old ends, and the fallback is told; the young wait."""
    channels = (
        plan("oncall", patience=Patience(give_up_after=HOUR * SECOND), fallback="team"),
        plan("team"),
    )
    pipeline = make(rule(), channels=channels)
    pipeline.channels["oncall/1"].script = [DOWN] * 10_000
    jobs(pipeline, 90)
    run_for(pipeline, HOUR - 400, every=20)
    run_for(pipeline, 800, every=800)
    assert not [one for one in pipeline.deliveries(channel="oncall") if one.state is State.DEAD][1:]
    jobs(pipeline, 3, begin=90)
    while pipeline.maintain.give_up(pipeline.deliver.left_alone()):
        pass
    of = pipeline.deliveries(channel="oncall")
    dead = [one for one in of if one.state is State.DEAD]
    assert (len(dead), len(of)) == (90, 93)
    assert {one.reason for one in dead} == {"given up after 1 h: connection refused"}
    assert pipeline.maintain.give_up(pipeline.deliver.left_alone()) == 0
    while pipeline.dispatch.step() or pipeline.send():
        pass
    assert pipeline.deliveries(channel="team")
    ended = {"channel": "oncall", "state": "dead"}
    assert pipeline.metrics.registry.get_sample_value("alert_router_deliveries_ended_total", ended) == 90


def test_a_group_is_told_once_after_an_outage(make: MakePipeline) -> None:
    """Of an hour's digests of one group, never tried, the newest comes, with the content of all."""
    pipeline = make(rule(group_by=None, group_interval=300 * SECOND))
    pipeline.channels["oncall/1"].script = [DOWN] * 10_000
    jobs(pipeline, 20)
    run_for(pipeline, 60)
    assert pipeline.deliver.left_alone()
    for failure in range(10):
        pipeline.take({"Event": "OnInstanceFailed", "JobId": "job-0", "Instance": failure, "ExitCode": 1})
        for _ in range(12):
            run_for(pipeline, 30)
            pipeline.maintain.take_over(pipeline.deliver.left_alone())
            while pipeline.dispatch.step():
                pass
    pipeline.channels["oncall/1"].script = []
    before = len(pipeline.channels["oncall/1"].sent)
    run_for(pipeline, 120)
    arrived = [one for _, one in pipeline.channels["oncall/1"].sent[before:]]
    of_job_0 = [one for one in arrived if '"job-0"' in one.content]
    assert len(arrived) == 20
    assert [Message.from_json(one.content).data["group"]["count"] for one in of_job_0] == [11]


def test_nothing_is_given_up_where_attempts_are_made(make: MakePipeline) -> None:
    """After a long standstill of our own, what is old gets its attempt."""
    pipeline = make(rule(), channels=(plan("oncall", patience=Patience(give_up_after=HOUR * SECOND)),))
    jobs(pipeline, 3)
    pipeline.clock.move(2 * HOUR)
    assert pipeline.maintain.give_up(pipeline.deliver.left_alone()) == 0
    run_for(pipeline, 5)
    assert {one.state for one in pipeline.deliveries()} == {State.SENT}


def test_standing_is_seen(make: MakePipeline) -> None:
    """Left alone, broken and recovered: in the metrics, and each once in the log."""
    pipeline = make(rule(), channels=(plan("oncall"),))
    channel = pipeline.channels["oncall/1"]
    channel.concurrency = 1
    channel.script = [DOWN] * 5
    with logged() as said:
        jobs(pipeline, 9)
        pipeline.send()
        assert gauges(pipeline) == [1, 0]
        channel.script = [Verdict(Outcome.REFUSED, "token revoked", 401, broken=True)] * 9
        run_for(pipeline, 60)
        assert gauges(pipeline) == [0, 1]
        jobs(pipeline, 1, begin=9)
        pipeline.send()
        assert gauges(pipeline) == [0, 0]
    assert [said.count(f"target.{word}") for word in ("left_alone", "broken", "recovered")] == [1, 1, 1]

"""Claims, sends, outcomes, and what an earlier process left behind."""

import threading
from typing import Any

import pytest

from router.core.delivery import SECOND, Outcome, State, Verdict
from router.core.filter import Filter
from router.errors import RouterError
from router.failpoints import FailpointError, arm
from router.pipeline.deliver import LEASE
from tests.pipeline.conftest import IMPATIENT, MakePipeline, Pipeline, plan, rule

EVENT = {"Event": "OnJobFailed", "JobId": "job-1"}


def due(make: MakePipeline, **keys: Any) -> Pipeline:
    """A pipeline with one delivery in the outbox."""
    pipeline = make(rule(), channels=(plan("oncall", **keys),))
    pipeline.take(EVENT)
    pipeline.dispatch.step()
    return pipeline


def test_throttled_waits_then_is_sent_once(make: MakePipeline) -> None:
    """A provider that said when to come back is not asked before, and then accepts."""
    pipeline = due(make)
    channel = pipeline.channels["oncall/1"]
    channel.script = [Verdict(Outcome.THROTTLED, "later", 429, retry_at=pipeline.clock.now() + 60 * SECOND)]
    pipeline.send()
    pipeline.clock.move(59)
    pipeline.send()
    assert len(channel.sent) == 1
    pipeline.clock.move(2)
    pipeline.send()
    [delivery] = pipeline.deliveries()
    assert (delivery.state, delivery.attempts, len(channel.sent)) == (State.SENT, 2, 2)
    attempts = pipeline.store.read(lambda unit: unit.attempts([delivery.id]))
    assert [attempt.verdict.outcome for attempt in attempts] == [Outcome.THROTTLED, Outcome.ACCEPTED]


def test_a_refusal_tells_the_fallback(make: MakePipeline) -> None:
    """What one channel refused for good, the fallback is told, with its own text."""
    channels = (plan("oncall", fallback="backup"), plan("backup"))
    pipeline = make(rule(), channels=channels)
    pipeline.channels["oncall/1"].script = [Verdict(Outcome.REFUSED, "token revoked", 401, broken=True)]
    pipeline.take(EVENT)
    pipeline.run()
    [dead], [told] = pipeline.deliveries(channel="oncall"), pipeline.deliveries(channel="backup")
    assert (dead.state, told.state, told.channel) == (State.DEAD, State.SENT, "backup")
    assert told.fallback_of == dead.id


def test_a_repeat_after_an_unknown_outcome_knows_that_it_is_one(make: MakePipeline) -> None:
    """The second attempt is told that the first may have arrived; a second unknown is the end."""
    pipeline = due(make)
    channel = pipeline.channels["oncall/1"]
    channel.script = [Verdict(Outcome.UNKNOWN, "no answer"), Verdict(Outcome.UNKNOWN, "no answer")]
    pipeline.send()
    pipeline.clock.move(3600)
    pipeline.send()
    pipeline.clock.move(3600)
    pipeline.send()
    assert [delivery.may_repeat for _, delivery in channel.sent] == [False, True]
    assert pipeline.deliveries()[0].state is State.DEAD


def test_nothing_is_sent_without_a_committed_claim(make: MakePipeline) -> None:
    """While the store cannot commit claims, nothing goes out, however often the loop tries."""
    pipeline = due(make)
    arm("deliver.claimed=raise")
    try:
        for _ in range(10):
            pipeline.deliver.wake(frozenset({"oncall/1"}))
            with pytest.raises(FailpointError):
                pipeline.deliver.step()
    finally:
        arm("")
    assert pipeline.channels["oncall/1"].sent == []
    pipeline.send()
    assert len(pipeline.channels["oncall/1"].sent) == 1


def test_an_outcome_that_cannot_be_written_is_kept_and_not_sent_again(make: MakePipeline) -> None:
    """A store that fails after the send: the outcome is written later, the message goes out once."""
    pipeline = due(make)
    arm("deliver.settled=raise")
    try:
        pipeline.deliver.wake(frozenset({"oncall/1"}))
        pipeline.deliver.step()
        pipeline.deliver.wait_done(5)
        with pytest.raises(FailpointError):
            pipeline.deliver.settle()
        pipeline.clock.move(LEASE / SECOND + 1)
        assert pipeline.maintain.rescue() == 0
    finally:
        arm("")
    pipeline.send()
    pipeline.settle()
    assert len(pipeline.channels["oncall/1"].sent) == 1
    assert pipeline.deliveries()[0].state is State.SENT


def test_a_claim_outlasts_the_slowest_send(make: MakePipeline) -> None:
    """A channel may take minutes for a send: nobody else gives its claim back meanwhile."""
    pipeline = due(make, timeout=300 * SECOND)
    channel = pipeline.channels["oncall/1"]
    channel.hold = threading.Event()
    try:
        pipeline.deliver.wake(frozenset({"oncall/1"}))
        pipeline.deliver.step()
        [claimed] = pipeline.deliveries()
        assert (claimed.lease_until or 0) > pipeline.clock.now() + 300 * SECOND
        ends = pipeline.clock.now() + 301 * SECOND
        assert pipeline.store.read(lambda unit: unit.expired_claims(ends, 10)) == []
    finally:
        channel.hold.set()
    pipeline.settle()


def test_a_claim_whose_sender_is_gone_is_given_back_marked(make: MakePipeline) -> None:
    """An earlier process claimed and died: at the start its claim counts as one that may have arrived."""
    pipeline = due(make)
    token = "dead-process:1"
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: unit.claim_deliveries(now, {"oncall/1": 10}, token, now + LEASE))
    assert pipeline.maintain.rescue() == 0
    assert pipeline.maintain.rescue_others("me") == 1
    pipeline.send()
    [(_, sent)] = pipeline.channels["oncall/1"].sent
    assert sent.may_repeat


def test_a_machine_without_threads_loses_nothing(make: MakePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that no thread can send counts as unreachable, and goes out when there are threads again."""
    pipeline = due(make)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        pipeline.deliver.wake(frozenset({"oncall/1"}))
        assert pipeline.deliver.step() == 1
    pipeline.deliver.settle()
    [waiting] = pipeline.deliveries()
    assert (waiting.state, waiting.unknown) == (State.WAITING, 0)
    pipeline.clock.move(10)
    pipeline.send()
    assert pipeline.deliveries()[0].state is State.SENT


def test_a_late_owner_changes_nothing(make: MakePipeline) -> None:
    """An owner whose claim was given back cannot write its outcome over the next owner's."""
    pipeline = due(make)
    now = pipeline.clock.now()
    [claimed] = pipeline.store.write(
        lambda unit: unit.claim_deliveries(now, {"oncall/1": 1}, "late:1", now + LEASE)
    )
    pipeline.clock.move(LEASE / SECOND + 1)
    assert pipeline.maintain.rescue() == 1
    now = pipeline.clock.now()
    [next_claim] = pipeline.store.write(
        lambda unit: unit.claim_deliveries(now, {"oncall/1": 1}, "next:1", now + LEASE)
    )
    written = pipeline.store.write(lambda unit: unit.settle_deliveries([claimed], ["late:1"]))
    assert written == []
    assert pipeline.deliveries() == [next_claim]


def test_who_stood_still_until_its_claim_ran_out_sends_nothing(make: MakePipeline) -> None:
    """Stopped between the claim and the send, it leaves the message to whoever has it by now."""
    pipeline = due(make)
    times = iter([pipeline.clock.now()])
    pipeline.clock.move(LEASE / SECOND)
    later = pipeline.clock.at
    pipeline.clock.now = lambda: next(times, later)
    pipeline.deliver.wake(frozenset({"oncall/1"}))
    assert pipeline.deliver.step() == 1
    pipeline.settle()
    assert pipeline.channels["oncall/1"].sent == []
    [waiting] = pipeline.deliveries()
    assert (waiting.state, waiting.attempts, waiting.unknown) == (State.PENDING, 0, 0)


def test_the_rate_holds_and_nothing_is_dropped(make: MakePipeline) -> None:
    """At 4 a minute, five messages go out as two (one more is for what is critical), then one every 30 s."""
    pipeline = make(rule(), channels=(plan("oncall", rate=(4, 60 * SECOND)),))
    for number in range(5):
        pipeline.take({**EVENT, "JobId": f"job-{number}"})
    counts: list[int] = []
    for _ in range(5):
        pipeline.run()
        counts.append(len(pipeline.channels["oncall/1"].sent))
        pipeline.clock.move(30.001)
    assert counts == [2, 3, 4, 5, 5]


def test_a_target_that_left_the_configuration_ends_as_a_dead_letter(make: MakePipeline) -> None:
    """What was written for it does not wait for ever: it is dead, with the reason."""
    pipeline = due(make)
    pipeline.policy = make(rule(to=("other",)), channels=(plan("other"),)).policy
    assert pipeline.maintain.bury_strays() == 1
    [delivery] = pipeline.deliveries()
    assert delivery.state is State.DEAD
    assert "not in the configuration" in delivery.reason
    ended = {"channel": "oncall", "state": "dead"}
    assert pipeline.metrics.registry.get_sample_value("alert_router_deliveries_ended_total", ended) == 1


def test_a_dead_letter_may_be_retried_by_a_person(make: MakePipeline) -> None:
    """Retried, it is due again and arrives."""
    pipeline = due(make, patience=IMPATIENT)
    channel = pipeline.channels["oncall/1"]
    channel.script = [Verdict(Outcome.REFUSED, "no such room", 404)]
    pipeline.send()
    [dead] = pipeline.deliveries(state="dead")
    now = pipeline.clock.now()
    assert pipeline.store.write(lambda unit: unit.retry_deliveries([dead.id], now, "ann")) == [dead.id]
    pipeline.send()
    assert pipeline.deliveries()[0].state is State.SENT


def test_a_dead_letter_that_may_have_arrived_still_says_so_when_it_is_retried(make: MakePipeline) -> None:
    """A person's retry does not wipe out the doubt: the message is marked, and has one attempt more."""
    pipeline = due(make)
    channel = pipeline.channels["oncall/1"]
    channel.script = [Verdict(Outcome.UNKNOWN, "no answer") for _ in range(3)]
    for _ in range(2):
        pipeline.send()
        pipeline.clock.move(3600)
    [dead] = pipeline.deliveries(state="dead")
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: unit.retry_deliveries([dead.id], now, "ann"))
    pipeline.send()
    assert [delivery.may_repeat for _, delivery in channel.sent] == [False, True, True]
    assert pipeline.deliveries()[0].state is State.DEAD


def test_where_nothing_waits_the_end_of_an_attempt_asks_the_store_for_nothing(make: MakePipeline) -> None:
    """All that was due is sent and settled: nobody looks for more before something is written."""
    pipeline = due(make)
    assert pipeline.deliver.step() == 1
    pipeline.settle()
    writes = pipeline.store.writes
    assert (pipeline.deliver.step(), pipeline.store.writes) == (0, writes)
    # It answers well: the next one is written as claimed.
    pipeline.take(EVENT | {"JobId": "job-2"})
    pipeline.dispatch.step()
    pipeline.settle()
    writes = pipeline.store.writes
    assert (pipeline.deliver.step(), pipeline.store.writes) == (0, writes)
    assert [one.state for one in pipeline.deliveries()] == [State.SENT, State.SENT]


def test_what_waits_for_a_place_goes_as_soon_as_there_is_one(make: MakePipeline) -> None:
    """Each end of an attempt is followed by a look, though nobody says again that something waits."""
    pipeline = make(rule())
    pipeline.channels["oncall/1"].concurrency = 1
    pipeline.use_channels()
    pipeline.take(*(EVENT | {"JobId": f"job-{number}"} for number in range(3)))
    pipeline.dispatch.step()
    claimed: list[int] = []
    while count := pipeline.deliver.step():
        claimed.append(count)
        assert pipeline.deliver.step() == 0
        pipeline.settle()
    assert sum(claimed) == 3
    assert {one.state for one in pipeline.deliveries()} == {State.SENT}


def test_what_waits_behind_an_earlier_message_of_its_group_goes_after_it(make: MakePipeline) -> None:
    """It was looked for in vain while the first was on its way."""
    pipeline = make(rule(group_by=(Filter("JobId"),)))
    held = pipeline.channels["oncall/1"].hold = threading.Event()
    failed = {"Event": "OnInstanceFailed", "JobId": "job-1", "Task": "t"}
    pipeline.take(failed | {"InstanceId": "1"})
    pipeline.dispatch.step()
    assert pipeline.deliver.step() == 1
    pipeline.clock.move(301)
    pipeline.take(failed | {"InstanceId": "2"})
    assert pipeline.dispatch.step() == 1
    assert pipeline.deliver.step() == 0
    held.set()
    pipeline.settle()
    assert pipeline.deliver.step() == 1


def test_store_errors_name_what_to_do() -> None:
    """A RouterError reads as a sentence with its remedy."""
    error = RouterError("store-unavailable", "the disk is full", "Free space")
    assert str(error) == "the disk is full. Free space"

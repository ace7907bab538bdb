"""A lane: what is claimed ahead of its threads, in which order it goes out, and when it is given back."""

import threading
from dataclasses import replace

import pytest

from router.core.delivery import SECOND, Delivery, Outcome, State, Verdict
from router.pipeline.digesting import Sending
from router.pipeline.lane import MOST_AHEAD, Lane
from tests.pipeline.conftest import MakePipeline, Pipeline, ScriptedChannel, plan, rule, wait_until
from tests.storage.making import delivery


def _lane(sent: list[str], hold: threading.Event | None = None, rate: tuple[int, int] | None = None) -> Lane:
    def send(lane: Lane, sending: Sending) -> None:
        if hold:
            hold.wait(60)
        sent.append(sending.first.id)
        lane.settled(1)

    return Lane("oncall/1", ScriptedChannel(concurrency=1), plan("oncall", rate=rate), send)


def _sending(name: str, severity: str = "warning") -> Sending:
    return Sending((replace(delivery(name), severity=severity),))


def test_more_is_claimed_of_a_target_the_faster_it_answers() -> None:
    """Nothing ahead at first; then what it takes in a quarter of a second, within a bound."""
    lane = _lane([])
    assert lane.place().free == 1
    lane.learn(Outcome.ACCEPTED, 25_000)
    assert lane.place().free == 1 + 10
    for _ in range(100):
        lane.learn(Outcome.ACCEPTED, 1)
    assert lane.place().free == 1 + MOST_AHEAD


@pytest.mark.parametrize("outcome", [Outcome.UNREACHABLE, Outcome.THROTTLED, Outcome.UNKNOWN])
def test_nothing_is_claimed_ahead_of_a_target_that_has_just_failed(outcome: Outcome) -> None:
    """One failure, and it has to show again that it answers."""
    lane = _lane([])
    lane.learn(Outcome.ACCEPTED, 1000)
    lane.learn(outcome, 1000)
    assert lane.place().free == 1


def test_nothing_is_claimed_ahead_of_a_target_with_a_rate() -> None:
    """Its tokens are taken when it is claimed: a message must not wait for a place as well."""
    lane = _lane([], rate=(20, 60 * SECOND))
    lane.learn(Outcome.ACCEPTED, 1000)
    assert lane.place().free == 1


def test_no_more_is_begun_than_may_be_in_doubt_after_a_kill() -> None:
    """Of a target that takes one at once, one in hand and one not on record; then one for each settled."""
    begun: list[str] = []
    lane = Lane(
        "oncall/1",
        ScriptedChannel(concurrency=1),
        plan("oncall"),
        lambda _, sending: begun.append(sending.first.id),
    )
    for number in range(5):
        lane.take(_sending(f"{number}"))
    wait_until(lambda: lane.is_full and lane.in_flight == 3)
    assert begun == ["0", "1"]
    lane.settled(1)
    wait_until(lambda: lane.in_flight == 2)
    assert begun == ["0", "1", "2"]
    lane.settled(3)
    wait_until(lambda: lane.in_flight == 0)
    lane.close()


def test_what_is_critical_goes_out_before_what_waits() -> None:
    """It came last, and is sent next."""
    sent: list[str] = []
    hold = threading.Event()
    lane = _lane(sent, hold)
    for name in ("first", "second", "third"):
        lane.take(_sending(name))
    lane.take(_sending("worst", "critical"))
    hold.set()
    wait_until(lambda: not lane.in_flight, 60)
    # A thread had the first in hand, unless it had not begun yet.
    assert [name for name in sent if name != "first"] == ["worst", "second", "third"]


def test_what_would_wait_for_long_is_given_back() -> None:
    """A target that has become slow keeps what its threads have in hand, and nothing more."""
    hold = threading.Event()
    lane = _lane([], hold)
    for number in range(20):
        lane.take(_sending(f"d-{number}"))
    assert lane.learn(Outcome.ACCEPTED, SECOND // 10) == []
    given_back = lane.learn(Outcome.ACCEPTED, 60 * SECOND)
    assert len(given_back) in (19, 20)
    assert lane.in_flight == 20 - len(given_back)
    hold.set()


def _many(make: MakePipeline, number: int) -> tuple[Pipeline, ScriptedChannel]:
    """A target that takes one message at once, and that many that are due."""
    pipeline = make(rule(key=()), channels=(plan("oncall"),))
    channel = pipeline.channels["oncall/1"] = ScriptedChannel(concurrency=1)
    pipeline.use_channels()
    pipeline.take(*[{"Event": "OnJobFailed", "JobId": f"job-{job}"} for job in range(number)])
    while pipeline.dispatch.step():
        pass
    return pipeline, channel


def _states(deliveries: list[Delivery]) -> list[tuple[State, int]]:
    return [(one.state, one.attempts) for one in deliveries]


def test_what_was_claimed_ahead_of_a_failure_is_as_if_it_had_not_been_claimed(make: MakePipeline) -> None:
    """The second of twenty finds the target down: the others keep their state and have no attempt."""
    pipeline, channel = _many(make, 20)
    channel.script = [Verdict(Outcome.ACCEPTED, "ok", 200), Verdict(Outcome.UNREACHABLE, "down")]
    pipeline.deliver.wake(frozenset({"oncall/1"}))
    assert pipeline.deliver.step() == 1
    pipeline.settle()
    channel.hold = threading.Event()
    assert pipeline.deliver.step() == 19
    channel.hold.set()
    pipeline.settle()
    assert len(channel.sent) == 2
    deliveries = pipeline.deliveries()
    states = _states(deliveries)
    assert states.count((State.SENT, 1)) == 1
    assert states.count((State.WAITING, 1)) == 1
    assert states.count((State.PENDING, 0)) == 18
    attempts = pipeline.store.read(lambda unit: unit.attempts([one.id for one in deliveries]))
    assert len(attempts) == 2


def test_a_router_that_stops_gives_back_what_it_has_not_begun(make: MakePipeline) -> None:
    """After a stop only what was in a thread's hand was sent; the others are as they were."""
    pipeline, channel = _many(make, 20)
    pipeline.deliver.wake(frozenset({"oncall/1"}))
    assert pipeline.deliver.step() == 1
    pipeline.settle()
    channel.hold = threading.Event()
    assert pipeline.deliver.step() == 19
    wait_until(lambda: len(channel.sent) == 2, 60)
    pipeline.deliver.stop_claiming()
    channel.hold.set()
    pipeline.settle()
    assert _states(pipeline.deliveries()).count((State.PENDING, 0)) == 18

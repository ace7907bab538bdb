"""What ends: several in one transaction, and when an end looks for more."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from router.core.delivery import Delivery, Outcome, State, Verdict
from router.core.message import Message
from router.pipeline import deliver
from router.ports import Unit
from tests.pipeline.conftest import START, MakePipeline, Pipeline, ScriptedChannel, plan, rule
from tests.storage import making


def delivery(name: str, at: int = START, **changed: Any) -> Delivery:
    """One to the target, that can be sent."""
    return making.delivery(name, at=at, content=Message("title", "body").to_json(), **changed)


def _put(pipeline: Pipeline, *deliveries: Delivery) -> None:
    pipeline.store.write(lambda unit: unit.add_deliveries(deliveries))


def _claim(pipeline: Pipeline) -> int:
    pipeline.deliver.wake(frozenset({"oncall/1"}))
    return pipeline.deliver.step()


@pytest.fixture
def pipeline(make: MakePipeline) -> Pipeline:
    """A target that takes sixteen at once."""
    made = make(rule(), channels=(plan("oncall"),))
    made.channels["oncall/1"] = ScriptedChannel(concurrency=16)
    made.use_channels()
    return made


def test_where_nothing_more_was_due_an_end_asks_the_store_for_nothing(pipeline: Pipeline) -> None:
    """The claim took all there was: the end of it makes nothing due, and nobody looks."""
    _put(pipeline, delivery("a"), delivery("b"))
    assert _claim(pipeline) == 2
    pipeline.settle()
    writes = pipeline.store.writes
    assert pipeline.deliver.step() == 0
    assert pipeline.store.writes == writes


def test_an_end_lets_through_what_waited_behind_it(pipeline: Pipeline) -> None:
    """Two of one group: the second was due, and goes out when the first has ended, without a word."""
    _put(pipeline, delivery("a", group_id="one"), delivery("b", at=START + 1, group_id="one"))
    pipeline.clock.move(1)
    assert _claim(pipeline) == 1
    pipeline.settle()
    assert pipeline.deliver.step() == 1
    pipeline.settle()


def test_an_end_is_looked_to_that_is_written_while_a_claim_is(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim finds that one waits for another, which ends before the claim is in hand: it goes out next."""
    channel = pipeline.channels["oncall/1"]
    channel.hold = threading.Event()
    _put(pipeline, delivery("a", group_id="one"))
    assert _claim(pipeline) == 1
    _put(pipeline, delivery("b", at=START + 1, group_id="one"))
    pipeline.clock.move(1)
    write = pipeline.store.write

    def settled_meanwhile(work: Callable[[Unit], Any]) -> Any:
        done = write(work)
        monkeypatch.setattr(pipeline.store, "write", write)
        assert channel.hold
        channel.hold.set()
        pipeline.settle()
        return done

    monkeypatch.setattr(pipeline.store, "write", settled_meanwhile)
    assert _claim(pipeline) == 0
    assert pipeline.deliver.step() == 1
    pipeline.settle()


def test_what_is_tried_again_is_looked_for(pipeline: Pipeline) -> None:
    """Nothing more was due; the attempt failed, and when its pause is over it is claimed again."""
    pipeline.channels["oncall/1"].script = [Verdict(Outcome.UNREACHABLE, "down", 503)]
    _put(pipeline, delivery("a"))
    assert _claim(pipeline) == 1
    pipeline.settle()
    assert pipeline.deliver.step() == 0
    [again] = pipeline.deliveries()
    assert again.state is State.WAITING
    assert pipeline.deliver.again == {"oncall/1": again.due_at}


def test_ends_are_gathered_until_they_are_many(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first waits for seven others, and the eight of them not for the ninth."""
    monkeypatch.setattr(deliver, "GATHERED_FOR", 3600.0)
    channel = _gated(pipeline, deliver.MOST_GATHERED + 1)
    channel.end(1)
    pipeline.deliver.wait_done(60)
    with ThreadPoolExecutor() as beside:
        settled = beside.submit(pipeline.deliver.settle_gathered)
        channel.end(deliver.MOST_GATHERED - 1)
        assert settled.result(60) == deliver.MOST_GATHERED
    channel.end(1)
    pipeline.settle()


def test_the_last_waits_for_nothing(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that was in hand has ended: it is settled at once."""
    monkeypatch.setattr(deliver, "GATHERED_FOR", 3600.0)
    _gated(pipeline, 1).end(1)
    pipeline.deliver.wait_done(60)
    assert pipeline.deliver.settle_gathered() == 1


def test_what_has_ended_does_not_wait_for_long(pipeline: Pipeline) -> None:
    """One has ended and another takes its time: the first is settled all the same."""
    channel = _gated(pipeline, 2)
    channel.end(1)
    pipeline.deliver.wait_done(60)
    assert pipeline.deliver.settle_gathered() == 1
    channel.end(1)
    pipeline.settle()


def _gated(pipeline: Pipeline, number: int) -> "_Gated":
    """A target that has so many in hand."""
    channel = pipeline.channels["oncall/1"] = _Gated()
    pipeline.use_channels()
    _put(pipeline, *(delivery(f"d-{n}") for n in range(number)))
    assert _claim(pipeline) == number
    return channel


class _Gated(ScriptedChannel):
    """Each send ends when it is told to."""

    def __init__(self) -> None:
        super().__init__(concurrency=16)
        self._gate = threading.Semaphore(0)

    def send(self, message: Message, delivery: Delivery) -> Verdict:
        self._gate.acquire()
        return super().send(message, delivery)

    def end(self, number: int) -> None:
        """Lets so many end."""
        self._gate.release(number)

"""The queue source: the real SDK, the real stand-in, and a pipeline that does as it is told."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import pytest
from mns.account import Account
from mns.queue import Message, Queue, QueueMeta

from router.core.event import Envelope
from router.errors import RouterError
from router.mns.application import KEYS, StandIn
from router.mns.faults import Switch
from router.mns_sdk import Access
from router.ports import Receipt
from router.sources.mns_consumer import QueueSettings
from router.sources.mns_queue import MnsQueueSource
from router.telemetry import Metrics
from tests.mns.conftest import Counts, account, admin, counts, queue, shared_stand_in, stand_in

__all__ = ["account", "admin", "counts", "queue", "shared_stand_in", "stand_in"]

EMPTY = {"active": 0, "inactive": 0, "delayed": 0}


class WallClock:
    def now(self) -> int:
        return time.time_ns() // 1000


@dataclass
class Pipeline:
    """An ``Intake`` that commits at once, late, or not, as ``answer`` does."""

    answer: Callable[["Future[list[Receipt]]", Sequence[Envelope]], None]
    submitted: list[list[Envelope]] = field(default_factory=list[list[Envelope]])

    def submit(self, envelopes: Sequence[Envelope]) -> "Future[list[Receipt]]":
        future: Future[list[Receipt]] = Future()
        self.submitted.append(list(envelopes))
        self.answer(future, envelopes)
        return future

    @property
    def bodies(self) -> list[str]:
        return [envelope.body.decode() for batch in self.submitted for envelope in batch]


def commit(future: "Future[list[Receipt]]", envelopes: Sequence[Envelope]) -> None:
    future.set_result([Receipt(envelope.position, "unmatched") for envelope in envelopes])


@dataclass
class Running:
    """A source that runs in a thread; its pauses are noted, and cut short.

    It receives without waiting, so that a test ends when it is over.
    """

    source: MnsQueueSource
    pipeline: Pipeline
    metrics: Metrics
    ended: threading.Event = field(default_factory=threading.Event)
    pauses: list[float] = field(default_factory=list[float])
    longest_pause: float = 0.05
    thread: threading.Thread | None = None

    def start(self) -> None:
        self.thread = threading.Thread(target=self.source.run, args=(self.pipeline, self.stopping))
        self.thread.start()

    def stopping(self, seconds: float) -> bool:
        if seconds:
            self.pauses.append(seconds)
        return self.ended.wait(min(seconds, self.longest_pause))

    def stop(self) -> None:
        self.ended.set()
        if self.thread is not None:
            self.thread.join(60)
            assert not self.thread.is_alive()

    def gauge(self) -> float | None:
        return self.metrics.registry.get_sample_value("alert_router_source_problem", {"source": "q"})


def wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.01)


@pytest.fixture
def settings(stand_in: StandIn) -> QueueSettings:
    return QueueSettings(Access(stand_in.url, "stand-in", KEYS["stand-in"]), "jobs", consumers=1, wait=0)


Start = Callable[..., Running]
Answer = Callable[["Future[list[Receipt]]", Sequence[Envelope]], None]


@pytest.fixture
def start(settings: QueueSettings) -> Iterator[Start]:
    started: list[Running] = []

    def make(
        answer: Answer = commit,
        settings: QueueSettings = settings,
    ) -> Running:
        metrics = Metrics()
        running = Running(MnsQueueSource("q", settings, WallClock(), metrics), Pipeline(answer), metrics)
        started.append(running)
        running.start()
        return running

    yield make
    for running in started:
        running.stop()


def keep(futures: list["Future[list[Receipt]]"]) -> Answer:
    """Leaves every future open."""

    def answer(future: "Future[list[Receipt]]", _: Sequence[Envelope]) -> None:
        futures.append(future)

    return answer


def send(queue: Queue, *bodies: str) -> list[str]:
    return [queue.send_message(Message(body)).message_id for body in bodies]


def test_messages_are_handed_over_and_deleted(queue: Queue, counts: Counts, start: Start) -> None:
    """Each envelope has the body, the queue's id and time; after the commit the queue is empty."""
    ids = send(queue, '{"a": 1}', "<&ü>")
    running = start()
    wait_until(lambda: counts() == EMPTY)
    envelopes = [envelope for batch in running.pipeline.submitted for envelope in batch]
    assert [envelope.body.decode() for envelope in envelopes] == ['{"a": 1}', "<&ü>"]
    assert [envelope.position for envelope in envelopes] == ids
    assert [envelope.headers["x-mns-message-id"] for envelope in envelopes] == ids
    assert all(
        abs(int(envelope.headers["x-mns-enqueue-time"]) / 1000 - time.time()) < 60 for envelope in envelopes
    )
    assert {(envelope.source, envelope.poison) for envelope in envelopes} == {("q", "")}
    assert running.source.problem() == ""


def test_nothing_is_deleted_before_the_commit(queue: Queue, counts: Counts, start: Start) -> None:
    """While the future is open the message is hidden, not gone; once it is done, it is deleted."""
    futures: list[Future[list[Receipt]]] = []
    send(queue, "body")
    start(keep(futures))
    wait_until(lambda: futures)
    time.sleep(0.2)
    assert counts() == {"active": 0, "inactive": 1, "delayed": 0}
    futures[0].set_result([])
    wait_until(lambda: counts() == EMPTY)


def test_a_waiting_batch_is_kept_hidden(
    queue: Queue, counts: Counts, start: Start, settings: QueueSettings
) -> None:
    """With a timeout of 1 s and a commit after 2.5 s the message never comes back."""
    queue.set_attributes(QueueMeta(vis_timeout=1))
    futures: list[Future[list[Receipt]]] = []
    send(queue, "body")
    running = start(keep(futures), replace(settings, consumers=2))
    wait_until(lambda: futures)
    time.sleep(2.5)
    futures[0].set_result([])
    wait_until(lambda: counts() == EMPTY)
    assert running.pipeline.bodies == ["body"]


def test_a_store_that_is_away_keeps_the_batch(queue: Queue, counts: Counts, start: Start) -> None:
    """The same batch is submitted again, not received again, until the store is back."""
    fails = iter([True, True, False])

    def answer(future: "Future[list[Receipt]]", envelopes: Sequence[Envelope]) -> None:
        if next(fails):
            future.set_exception(RouterError("store-unavailable", "the disk is full"))
        else:
            commit(future, envelopes)

    send(queue, "body")
    running = start(answer)
    wait_until(lambda: counts() == EMPTY)
    assert running.pipeline.bodies == ["body"] * 3
    assert len({id(envelope) for batch in running.pipeline.submitted for envelope in batch}) == 1


def test_a_fault_nobody_expected_leaves_the_message(queue: Queue, counts: Counts, start: Start) -> None:
    """The batch is left alone, comes back after its timeout, and the loop goes on."""
    queue.set_attributes(QueueMeta(vis_timeout=1))
    fails = iter([True, False])

    def answer(future: "Future[list[Receipt]]", envelopes: Sequence[Envelope]) -> None:
        if next(fails):
            future.set_exception(ZeroDivisionError("a bug"))
        else:
            commit(future, envelopes)

    send(queue, "body")
    running = start(answer)
    wait_until(lambda: counts() == EMPTY)
    assert running.pipeline.bodies == ["body", "body"]


def test_a_message_that_comes_back_too_often_is_poison(
    queue: Queue, counts: Counts, start: Start, settings: QueueSettings
) -> None:
    """After more than max_dequeues receives the envelope says so, and the message is deleted."""
    send(queue, "body")
    for _ in range(2):
        queue.change_message_visibility(queue.receive_message(3).receipt_handle, 1)
    running = start(settings=replace(settings, max_dequeues=2))
    wait_until(lambda: counts() == EMPTY)
    ((envelope,),) = running.pipeline.submitted
    assert envelope.poison == "received 3 times, more than max_dequeues (2)"


def test_an_empty_body_does_not_hold_up_its_batch(
    stand_in: StandIn, queue: Queue, counts: Counts, start: Start
) -> None:
    """The SDK loses such a batch; the messages are taken from its error, the empty one too."""
    send(queue, "a & b", "c", "d")
    stand_in.faults.set("empty-body", Switch(times=1))
    running = start()
    wait_until(lambda: counts() == EMPTY)
    assert running.pipeline.bodies == ["", "c", "d"]


@pytest.mark.parametrize(
    ("fault", "operation"),
    [
        ("reset", "receive"),
        ("close-without-answer", "batch-delete"),
        ("html-503", "receive"),
        ("empty-500", "batch-delete"),
        ("error-without-host", "receive"),
        ("qps-limit", "receive"),
        ("close-idle", ""),
        ("expired-handle", "batch-delete"),
        ("partial-delete", ""),
        ("redirect", "receive"),
    ],
)
def test_transient_faults_never_end_the_loop(
    stand_in: StandIn, queue: Queue, counts: Counts, start: Start, fault: str, operation: str
) -> None:
    """Whatever happens three times, everything is handed over at last and the queue is empty."""
    queue.set_attributes(QueueMeta(vis_timeout=1))
    bodies = [str(number) for number in range(40)]
    send(queue, *bodies)
    stand_in.faults.set(fault, Switch(times=3, operation=operation))
    running = start()
    wait_until(lambda: counts() == EMPTY)
    assert set(running.pipeline.bodies) == set(bodies)
    assert running.source.problem() == ""


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        ("access-denied", "Allow this access key"),
        ("signature-does-not-match", "Check access_key_secret"),
        ("time-expired", "Set this machine's clock"),
    ],
)
def test_a_fault_of_configuration_is_told_and_tried_again_slowly(
    stand_in: StandIn, queue: Queue, start: Start, fault: str, remedy: str
) -> None:
    """It is in the problem with the remedy and in the gauge, is asked once a minute, and ends."""
    stand_in.faults.set(fault, Switch())
    running = start()
    wait_until(running.source.problem)
    assert f"queue jobs at {stand_in.url}: " in running.source.problem()
    assert remedy in running.source.problem()
    assert KEYS["stand-in"] not in running.source.problem()
    assert running.gauge() == 1
    wait_until(lambda: running.pauses)
    assert 48 <= running.pauses[0] <= 72
    stand_in.faults.clear()
    send(queue, "body")
    wait_until(lambda: running.pipeline.bodies == ["body"])
    assert (running.source.problem(), running.gauge()) == ("", 0)


def test_after_a_trouble_it_must_catch_up_again(stand_in: StandIn, queue: Queue, start: Start) -> None:
    """What came while the queue could not be reached is handed over first."""
    running = start()
    wait_until(running.source.caught_up)
    stand_in.faults.set("access-denied", Switch(operation="receive"))
    wait_until(lambda: not running.source.caught_up())
    send(queue, "body")
    stand_in.faults.clear()
    wait_until(running.source.caught_up)
    assert running.pipeline.bodies == ["body"]


def test_a_queue_that_is_not_there(start: Start, settings: QueueSettings) -> None:
    """The remedy names the command that makes it."""
    running = start(settings=replace(settings, queue="nowhere"))
    wait_until(running.source.problem)
    assert "make the queue with `alert-router mns setup`" in running.source.problem()


def test_an_endpoint_that_is_none(start: Start, settings: QueueSettings) -> None:
    """An address with a path is a fault of configuration, not an end of the thread."""
    access = Access("http://localhost/path:x", "id", "secret")
    running = start(settings=replace(settings, access=access))
    wait_until(running.source.problem)
    assert "is no endpoint of MNS" in running.source.problem()


def test_pauses_grow_with_jitter(stand_in: StandIn, queue: Queue, start: Start) -> None:
    """A server that is gone is asked ever less often, at most every 30 s, never in step."""
    stand_in.faults.set("reset", Switch())
    running = start()
    running.longest_pause = 0.001
    wait_until(lambda: len(running.pauses) > 12)
    pauses = running.pauses[:12]
    assert all(0.25 * 2**n <= pause <= 0.5 * 2**n for n, pause in enumerate(pauses[:6]))
    assert all(15 <= pause <= 30 for pause in pauses[7:])
    assert len(set(pauses)) == len(pauses)


def test_an_answer_that_came_too_soon_is_not_asked_for_again_at_once(
    stand_in: StandIn, queue: Queue, start: Start, settings: QueueSettings
) -> None:
    """MNS ends long polls early under load: a pause of at most a second stands between."""
    stand_in.faults.set("no-long-poll", Switch())
    running = start(settings=replace(settings, wait=5))
    wait_until(lambda: len(running.pauses) > 3)
    assert all(0.9 <= pause <= 1 for pause in running.pauses[:3])


def test_it_stops_within_its_wait(queue: Queue, start: Start, settings: QueueSettings) -> None:
    """All consumers end when their long polls do."""
    running = start(settings=replace(settings, consumers=3, wait=2))
    time.sleep(0.2)
    started = time.monotonic()
    running.stop()
    assert time.monotonic() - started < 5


def test_a_stop_leaves_what_is_not_committed(queue: Queue, counts: Counts, start: Start) -> None:
    """The message stays in the queue, hidden for a while."""
    send(queue, "body")
    running = start(keep([]))
    wait_until(lambda: running.pipeline.submitted)
    running.stop()
    assert counts() == {"active": 0, "inactive": 1, "delayed": 0}


def test_consumers_have_connections_of_their_own(
    queue: Queue, counts: Counts, start: Start, settings: QueueSettings
) -> None:
    """Four consumers share 200 messages: each comes once, none is mixed up."""
    bodies = [str(number) for number in range(200)]
    for first in range(0, 200, 16):
        queue.batch_send_message([Message(body) for body in bodies[first : first + 16]])
    running = start(settings=replace(settings, consumers=4))
    wait_until(lambda: counts() == EMPTY)
    assert sorted(running.pipeline.bodies) == sorted(bodies)


def test_over_https_there_is_a_timeout_too() -> None:
    """The SDK's own setter does nothing there; a socket without timeout would hang for ever."""
    from router.mns_sdk import open_account

    opened: Account = open_account(Access("https://localhost:1", "id", "secret"), 7.0)
    assert opened.get_client().http.conn.timeout == 7.0


def test_nobody_changes_the_locale() -> None:
    """The SDK signs a date made by strftime: an LC_TIME of another language would break it."""
    from pathlib import Path

    root = Path(__file__).parents[2] / "router"
    assert [path for path in root.rglob("*.py") if "setlocale" in path.read_text()] == []

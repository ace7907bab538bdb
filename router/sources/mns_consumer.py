"""One consumer of an MNS queue: it receives, hands over, and waits out whatever goes wrong."""

import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from router.core.event import Envelope, identity_of
from router.errors import RouterError
from router.mns_sdk import Access, Kind, Trouble, open_account, trouble_of
from router.ports import Clock, Intake
from router.sources.mns_batch import Batch, Received, received, salvaged
from router.sources.mns_handover import MOST, Handover
from router.telemetry import log

if TYPE_CHECKING:
    from mns.account import Account
    from mns.queue import Queue

BATCH = 16
_TIMEOUT_AFTER_WAIT = 10
#: Seconds that a commit under way is given at the end, if ``wait`` is shorter.
_LEAST_END = 1.0
#: An answer "nothing there" that came too soon (MNS limits long polls) is not asked for at once.
_FLOOR = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_PAUSE_FOR_A_PERSON = 60.0
#: Faults of the network are usual; they are a problem once they have lasted this long.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How a queue is consumed; the keys of an ``mns-queue`` source.

    Args:
        consumers: threads, each with a connection of its own.
        wait: seconds that a receive waits for a message; also the longest delay of a stop.
        visibility: seconds for which messages are hidden again while they wait for the commit;
            None is the queue's own timeout.
        max_dequeues: a message that was received more often is set aside.
    """

    access: Access
    queue: str
    consumers: int = 2
    wait: int = 5
    visibility: int | None = None
    max_dequeues: int = 10


class Consumer:
    """Consumes until it is told to stop. It never ends by a fault.

    Args:
        source: the source's name.
        stopping: waits for some seconds at most; true when it is time to end.
        report: is told what keeps it from receiving, or None once it receives.
        caught_up: called when the queue had nothing more, and all that came before is committed.
    """

    def __init__(
        self,
        source: str,
        settings: QueueSettings,
        clock: Clock,
        intake: Intake,
        stopping: Callable[[float], bool],
        report: Callable[[Trouble | None], None],
        caught_up: Callable[[], None],
    ) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._stopping = stopping
        self._report = report
        self._caught_up = caught_up
        self._account: Account | None = None
        self._in_hand = Handover(intake, self._queue, stopping)
        self._failures = 0
        self._failing_since = 0.0

    def run(self) -> None:
        """Receives until ``stopping`` says so, then deletes what is committed soon."""
        while not self._stopping(0):
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001  whatever the SDK raises, the loop goes on
                self._pause_after(error)
        with contextlib.suppress(Exception):
            self._in_hand.end(max(self._settings.wait, _LEAST_END))
        if self._account is not None:
            self._account.get_client().close_connection()

    def _turn(self) -> None:
        self._settle()
        messages = self._receive() if len(self._in_hand) < MOST else []
        if messages:
            envelopes = [self._envelope(message) for message in messages]
            self._in_hand.take(Batch(messages, self._settings.visibility), envelopes)
        elif self._in_hand:
            self._in_hand.wait()
        else:
            self._caught_up()

    def _settle(self) -> None:
        try:
            self._in_hand.settle()
        except Exception as error:  # noqa: BLE001  the pipeline has logged it; its messages come back
            log("router.loop_failed", "error", loop=self._source, error=repr(error))

    # receiving

    def _receive(self) -> list[Received]:
        """Up to 16 messages. It waits for the first only when there is nothing else to do."""
        patience = 0 if self._in_hand else self._settings.wait
        started = time.monotonic()
        try:
            messages = self._queue().batch_receive_message(BATCH, patience)
            found = [received(message) for message in messages]
        except Exception as error:  # noqa: BLE001  the SDK raises anything
            found = _without(error)
        self._recovered()
        early = max(patience, _FLOOR) - (time.monotonic() - started)
        if not (found or self._in_hand) and early > 0:
            self._stopping(min(_FLOOR, early))
        return found

    def _queue(self) -> "Queue":
        if self._account is None:
            timeout = self._settings.wait + _TIMEOUT_AFTER_WAIT
            self._account = open_account(self._settings.access, timeout)
        queue = self._account.get_queue(self._settings.queue)
        queue.set_encoding(False)
        return queue

    def _envelope(self, message: Received) -> Envelope:
        most = self._settings.max_dequeues
        poison = f"received {message.dequeue_count} times, more than max_dequeues ({most})"
        return Envelope(
            source=self._source,
            body=message.body.encode(),
            received_at=self._clock.now(),
            headers={"x-mns-message-id": message.id, "x-mns-enqueue-time": str(message.enqueued_at)},
            position=message.id,
            identity=identity_of("mns", message.id),
            poison=poison if message.dequeue_count > most else "",
        )

    # faults

    def _pause_after(self, error: Exception) -> None:
        if isinstance(error, RouterError):
            trouble = Trouble(Kind.CONFIGURATION, error.code, error.message, error.remedy)
        else:
            trouble = trouble_of(error)
        self._report_lasting(trouble)
        while self._in_hand and not self._stopping(0):
            self._in_hand.wait()
            self._settle()
        if trouble.kind is Kind.CONFIGURATION:
            self._stopping(_PAUSE_FOR_A_PERSON * random.uniform(0.8, 1.2))
            return
        pause = min(_FIRST_PAUSE * 2 ** min(self._failures, 10), _LONGEST_PAUSE)
        self._failures += 1
        self._stopping(pause * random.uniform(0.5, 1))

    def _report_lasting(self, trouble: Trouble) -> None:
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        if trouble.kind is Kind.CONFIGURATION or now - self._failing_since >= _PATIENCE:
            self._report(trouble)

    def _recovered(self) -> None:
        self._failures, self._failing_since = 0, 0.0
        self._report(None)


def _without(error: Exception) -> list[Received]:
    """The messages that a failed receive brought after all; raises the error when it is one."""
    trouble = trouble_of(error)
    found = salvaged(getattr(error, "message", "")) if trouble.code == "RespDataDamaged" else []
    if not found and trouble.kind is not Kind.EMPTY:
        raise error
    return found

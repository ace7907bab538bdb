"""One consumer of an MNS queue: receive, hand over, wait for the commit, delete."""

import random
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from router.core.event import Envelope, identity_of
from router.errors import RouterError
from router.mns_sdk import Access, Kind, Trouble, open_account, trouble_of
from router.ports import Clock, Intake, Receipt
from router.sources.mns_batch import Batch, Received, received, salvaged

if TYPE_CHECKING:
    from mns.account import Account
    from mns.queue import Queue

BATCH = 16
_TIMEOUT_AFTER_WAIT = 10
_DELETE_ATTEMPTS = 3
_LOOK_UP = 0.5
#: Nothing was committed, and nothing is wrong with the messages.
_COME_BACK = ("store-unavailable", "overloaded", "stopping")
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
    """

    def __init__(
        self,
        source: str,
        settings: QueueSettings,
        clock: Clock,
        intake: Intake,
        stopping: Callable[[float], bool],
        report: Callable[[Trouble | None], None],
    ) -> None:
        self._source = source
        self._settings = settings
        self._clock = clock
        self._intake = intake
        self._stopping = stopping
        self._report = report
        self._account: Account | None = None
        self._failures = 0
        self._failing_since = 0.0

    def run(self) -> None:
        """Receives until ``stopping`` says so."""
        while not self._stopping(0):
            try:
                messages = self._receive()
                if messages:
                    self._hand_over(Batch(messages, self._settings.visibility))
            except Exception as error:  # noqa: BLE001  whatever the SDK raises, the loop goes on
                self._pause_after(error)
        if self._account is not None:
            self._account.get_client().close_connection()

    # receiving

    def _receive(self) -> list[Received]:
        started = time.monotonic()
        try:
            messages = self._queue().batch_receive_message(BATCH, self._settings.wait)
            found = [received(message) for message in messages]
        except Exception as error:  # noqa: BLE001  the SDK raises anything
            found = _without(error)
        self._recovered()
        early = max(self._settings.wait, _FLOOR) - (time.monotonic() - started)
        if not found and early > 0:
            self._stopping(min(_FLOOR, early))
        return found

    def _queue(self) -> "Queue":
        if self._account is None:
            timeout = self._settings.wait + _TIMEOUT_AFTER_WAIT
            self._account = open_account(self._settings.access, timeout)
        queue = self._account.get_queue(self._settings.queue)
        queue.set_encoding(False)
        return queue

    # handing over

    def _hand_over(self, batch: Batch) -> None:
        """Submits the batch until it is committed, then deletes it; gives up only when stopping.

        The batch is kept when the store is unavailable: receiving it again and again would make
        it look like poison.
        """
        envelopes = [self._envelope(message) for message in batch.messages]
        pause = _FIRST_PAUSE
        while not self._committed(self._intake.submit(envelopes), batch):
            if self._wait_with(batch, pause * random.uniform(0.5, 1)):
                return
            pause = min(pause * 2, _LONGEST_PAUSE)
        if batch.messages:
            self._delete([message.handle for message in batch.messages])

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

    def _committed(self, future: "Future[list[Receipt]]", batch: Batch) -> bool:
        """Waits for the commit with the batch kept hidden; false when nobody takes it now.

        Raises:
            Exception: what nobody expected. The messages come back, and in the end are poison.
        """
        leave_at: float | None = None
        while not wait([future], min(batch.extension_in, _LOOK_UP)).done:
            self._keep_hidden(batch)
            if leave_at is None and self._stopping(0):
                leave_at = time.monotonic() + self._settings.wait
            if leave_at is not None and time.monotonic() > leave_at:
                return False
        try:
            future.result()
        except RouterError as error:
            if error.code not in _COME_BACK:
                raise
            return False
        return True

    def _wait_with(self, batch: Batch, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._stopping(min(left, batch.extension_in)):
                return True
            self._keep_hidden(batch)
        return self._stopping(0)

    def _keep_hidden(self, batch: Batch) -> None:
        if batch.extension_in > 0:
            return
        try:
            batch.extend(self._queue())
        except Exception as error:  # noqa: BLE001  the worst is that the messages come twice
            self._report_lasting(trouble_of(error))

    # deleting

    def _delete(self, handles: list[str]) -> None:
        """Deletes what was committed. What stays comes again, and changes nothing then."""
        for attempt in range(_DELETE_ATTEMPTS):
            # The first failure is often a connection that was closed while idle: no pause after it.
            if attempt > 1:
                self._stopping(_FIRST_PAUSE)
            try:
                self._queue().batch_delete_message(handles)
                return
            except Exception as error:  # noqa: BLE001  see above
                handles = _still_there(error, handles)
            if not handles:
                return

    # faults

    def _pause_after(self, error: Exception) -> None:
        if isinstance(error, RouterError):
            trouble = Trouble(Kind.CONFIGURATION, error.code, error.message, error.remedy)
        else:
            trouble = trouble_of(error)
        self._report_lasting(trouble)
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


def _still_there(error: Exception, handles: list[str]) -> list[str]:
    """Which messages are still to be deleted after a failed delete."""
    gone = trouble_of(error).kind is Kind.EMPTY
    failures: list[dict[str, str]] | None = getattr(error, "sub_errors", None)
    if failures is None:
        return [] if gone else handles
    named = {failure["ReceiptHandle"]: failure["ErrorCode"] for failure in failures}
    return [
        handle
        for handle in handles
        if handle in named and named[handle] not in ("MessageNotExist", "ReceiptHandleError")
    ]

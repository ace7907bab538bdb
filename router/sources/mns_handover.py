"""Batches between their receipt and their deletion: submitted, kept hidden, deleted after the commit.

Some are under way at once: while the store commits one, the next are received, and share the next
commit.
"""

import contextlib
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from router.core.event import Envelope
from router.errors import RouterError
from router.mns_sdk import Kind, trouble_of
from router.ports import Intake, Receipt
from router.sources.mns_batch import Batch

if TYPE_CHECKING:
    from mns.queue import Queue

#: Batches of one consumer that wait for their commit.
MOST = 8
_LOOK_UP = 0.5
_DELETE_ATTEMPTS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
#: Nothing was committed, and nothing is wrong with the messages.
_COME_BACK = ("store-unavailable", "overloaded", "stopping")


@dataclass
class _Handed:
    """A batch that was submitted, or is to be again.

    Args:
        future: None while it waits to be submitted again, at ``again_at``.
    """

    batch: Batch
    envelopes: Sequence[Envelope]
    future: "Future[list[Receipt]] | None"
    again_at: float = 0.0
    pause: float = _FIRST_PAUSE


class Handover:
    """What one consumer has received and not deleted.

    A batch is kept when the store is unavailable: receiving it again and again would make it look
    like poison.

    Args:
        queue: the consumer's own.
        stopping: waits for some seconds at most; true when it is time to end.
    """

    def __init__(
        self, intake: Intake, queue: "Callable[[], Queue]", stopping: Callable[[float], bool]
    ) -> None:
        self._intake = intake
        self._queue = queue
        self._stopping = stopping
        self._handed: deque[_Handed] = deque()

    def __len__(self) -> int:
        return len(self._handed)

    def take(self, batch: Batch, envelopes: Sequence[Envelope]) -> None:
        """Submits a batch that was received."""
        self._handed.append(_Handed(batch, envelopes, self._intake.submit(envelopes)))

    def settle(self) -> None:
        """Deletes what is committed by now, submits again what nobody took, keeps the rest hidden.

        Raises:
            Exception: the pipeline's fault that nobody expected. That batch is left alone: its
                messages come back, and in the end are poison.
        """
        for handed in list(self._handed):
            if handed.future is None:
                self._submit_again(handed)
            elif handed.future.done():
                self._settle_one(handed, handed.future)
            if handed.batch.extension_in == 0:
                self._keep_hidden(handed.batch)

    def wait(self) -> None:
        """Returns when the first batch may have an end, or must be kept hidden."""
        first = self._handed[0]
        soon = min([_LOOK_UP, *(handed.batch.extension_in for handed in self._handed)])
        if first.future is None:
            self._stopping(min(soon, max(0.0, first.again_at - time.monotonic())))
        else:
            wait([first.future], soon)

    def end(self, seconds: float) -> None:
        """Settles what is committed within some seconds; the rest comes again."""
        until = time.monotonic() + seconds
        while self._handed and time.monotonic() < until and self._handed[0].future is not None:
            self.wait()
            self.settle()

    def _settle_one(self, handed: _Handed, future: "Future[list[Receipt]]") -> None:
        try:
            future.result()
        except RouterError as error:
            if error.code not in _COME_BACK:
                self._handed.remove(handed)
                raise
            handed.future = None
            handed.again_at = time.monotonic() + handed.pause * random.uniform(0.5, 1)
            handed.pause = min(handed.pause * 2, _LONGEST_PAUSE)
        except BaseException:
            self._handed.remove(handed)
            raise
        else:
            self._handed.remove(handed)
            self._delete([message.handle for message in handed.batch.messages])

    def _submit_again(self, handed: _Handed) -> None:
        if time.monotonic() >= handed.again_at:
            handed.future = self._intake.submit(handed.envelopes)

    def _keep_hidden(self, batch: Batch) -> None:
        with contextlib.suppress(Exception):  # the worst is that the messages come twice
            batch.extend(self._queue())

    def _delete(self, handles: list[str]) -> None:
        """Deletes what was committed. What stays comes again, and changes nothing then."""
        for attempt in range(_DELETE_ATTEMPTS):
            # The first failure is often a connection that was closed while idle: no pause after it.
            if attempt > 1:
                self._stopping(_FIRST_PAUSE)
            if not handles:
                return
            try:
                self._queue().batch_delete_message(handles)
                return
            except Exception as error:  # noqa: BLE001  see above
                handles = _still_there(error, handles)


def _still_there(error: Exception, handles: list[str]) -> list[str]:
    """Which messages are still to be deleted after a failed delete."""
    failures: list[dict[str, str]] | None = getattr(error, "sub_errors", None)
    if failures is None:
        return [] if trouble_of(error).kind is Kind.EMPTY else handles
    named = {failure["ReceiptHandle"]: failure["ErrorCode"] for failure in failures}
    gone = ("MessageNotExist", "ReceiptHandleError")
    return [handle for handle in handles if handle in named and named[handle] not in gone]

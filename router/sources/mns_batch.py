"""Messages that were received from an MNS queue and not deleted yet."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from router.mns_sdk import Kind, trouble_of

if TYPE_CHECKING:
    from mns.queue import Message, Queue

#: A visibility timeout that nothing is known about: the default of MNS.
_USUAL_VISIBILITY = 30


@dataclass(slots=True)
class Received:
    """One message. Times are milliseconds UTC by the clock of MNS."""

    id: str
    handle: str
    body: str
    enqueued_at: int
    dequeue_count: int
    hidden_from: int
    hidden_until: int


def received(message: "Message") -> Received:
    """What the SDK decoded."""
    return Received(
        message.message_id,
        message.receipt_handle,
        message.message_body,
        message.enqueue_time,
        message.dequeue_count,
        message.first_dequeue_time,
        message.next_visible_time,
    )


def salvaged(answer: str) -> list[Received]:
    """The messages in an answer that the SDK could not decode, because one body is empty.

    The SDK raises such an answer as an error's text. Without this its messages would come back,
    and fail, together, until they are too old. Nothing is found in what is no such answer.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(answer, forbid_dtd=True)
        elements = [{child.tag.rpartition("}")[2]: child.text or "" for child in message} for message in root]
        return [_from_texts(texts) for texts in elements if texts.get("ReceiptHandle")]
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return []


def _from_texts(texts: dict[str, str]) -> Received:
    names = ("EnqueueTime", "DequeueCount", "FirstDequeueTime", "NextVisibleTime")
    numbers = [int(texts[name]) for name in names]
    return Received(texts["MessageId"], texts["ReceiptHandle"], texts.get("MessageBody", ""), *numbers)


@dataclass
class Batch:
    """Keeps messages hidden from other consumers for as long as they are worked on.

    Args:
        visibility: for how many seconds they are hidden again; None is the queue's own timeout.
    """

    messages: list[Received]
    visibility: int | None = None
    _hidden_since: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._timeout = _timeout(self.messages)

    @property
    def extension_in(self) -> float:
        """Seconds until the messages must be hidden again: half of their timeout is left by then."""
        return max(0.0, self._hidden_since + self._timeout / 2 - time.monotonic())

    def extend(self, queue: "Queue") -> None:
        """Hides the messages again; those that somebody else has by now are left to them.

        Raises:
            Exception: of the SDK, when the queue cannot be reached.
        """
        seconds = self.visibility or max(1, round(self._timeout))
        self._hidden_since = time.monotonic()
        for message in list(self.messages):
            try:
                changed = queue.change_message_visibility(message.handle, seconds)
                message.handle = changed.receipt_handle
            except Exception as error:
                if trouble_of(error).kind is not Kind.EMPTY:
                    raise
                self.messages.remove(message)
        self._timeout = float(seconds)


def _timeout(messages: Iterable[Received]) -> float:
    """How long messages are hidden, told from one that was received for the first time.

    Both moments are by the clock of MNS, so that ours does not matter.
    """
    first = [message for message in messages if message.dequeue_count == 1]
    if not first:
        return _USUAL_VISIBILITY
    return max(1.0, (first[0].hidden_until - first[0].hidden_from) / 1000)

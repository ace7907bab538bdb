"""A queue: which messages can be received, and what receiving and deleting make of them.

A message is delayed or ready or, once received, hidden until its visibility timeout is over.
Nothing here looks at a clock: every verb is handed the time, in microseconds UTC.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from router.mns.attributes import QueueAttributes
from router.mns.messages import (
    DEFAULT_PRIORITY,
    SECOND,
    Ids,
    Message,
    Properties,
    Property,
    well_formed,
)
from router.mns.refusal import RefusedError


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Where messages go that were received too often."""

    queue: str
    max_receive_count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages can be received, are hidden after a receive, or are delayed."""

    active: int = 0
    inactive: int = 0
    delayed: int = 0


@dataclass
class Queue:
    """One queue and its messages by sequence number, oldest first."""

    name: str
    ids: Ids
    attributes: QueueAttributes = field(default_factory=QueueAttributes)
    created_at: int = 0
    modified_at: int = 0
    dead_letters: DeadLetters | None = None
    messages: dict[int, Message] = field(default_factory=dict[int, Message])
    changed: set[int] = field(default_factory=set[int])
    """Sequence numbers of messages that changed since somebody last emptied this."""

    def __post_init__(self) -> None:
        self._ready: list[tuple[int, int, int]] = []  # priority, sequence, version
        self._later: list[tuple[int, int, int]] = []  # visible at, sequence, version
        self._handles: dict[str, int] = {}
        self._next = 1
        for message in list(self.messages.values()):
            self._place(message)

    # sending

    def send(
        self,
        now: int,
        body: str,
        *,
        delay_seconds: int | None = None,
        priority: int = DEFAULT_PRIORITY,
        properties: Properties | None = None,
        message_id: str = "",
    ) -> Message:
        """Adds a message. One that is delayed has a receipt handle from the start."""
        delay = self.attributes.delay_seconds if delay_seconds is None else delay_seconds
        message = Message(
            sequence=self._next,
            id=message_id or self.ids.message(now),
            body=body,
            enqueued_at=now,
            visible_at=now + delay * SECOND,
            priority=priority,
            handle=self.ids.handle() if delay else "",
            properties=properties or Properties(),
        )
        self._place(message)
        return message

    def take_in(self, message: Message) -> None:
        """Adds a message that another queue gave up, with its age and its history."""
        message.sequence = self._next
        message.handle, message.dequeue_count, message.first_received_at = "", 0, None
        self._place(message)

    def repeat(self, message: Message, now: int) -> None:
        """Adds the same message once more: delivery is at least once."""
        self._place(replace(message, sequence=self._next, visible_at=now, handle="", version=0))

    # receiving

    def receive(self, now: int, count: int, *, behind: int = 0) -> tuple[list[Message], list[Message]]:
        """Hides up to ``count`` messages and gives each a new receipt handle.

        Args:
            behind: this many messages that would come first are left for later: out of order.

        Returns:
            The messages received, and those that were received too often and left the queue.
        """
        self._advance(now)
        waiting = self._pop(count + behind)
        skipped = waiting[: len(waiting) - count] if len(waiting) > count else []
        taken: list[Message] = []
        given_up: list[Message] = []
        for message in waiting[len(skipped) :]:
            if self.dead_letters and message.dequeue_count >= self.dead_letters.max_receive_count:
                given_up.append(self._given_up(message))
            else:
                taken.append(self._received(message, now))
        for message in skipped:
            heapq.heappush(self._ready, (message.priority, message.sequence, message.version))
        return taken, given_up

    def peek(self, now: int, count: int) -> list[Message]:
        """Up to ``count`` messages that could be received; nothing changes."""
        self._advance(now)
        found = self._pop(count)
        for message in found:
            heapq.heappush(self._ready, (message.priority, message.sequence, message.version))
        return found

    def next_change(self) -> int | None:
        """When the next hidden or delayed message can be received, or None."""
        self._drop_outdated(self._later)
        return self._later[0][0] if self._later else None

    # after receiving

    def delete(self, now: int, handle: str) -> None:
        """Deletes the message of a handle; see :meth:`_named` for what it raises."""
        self._forget(self._named(now, handle))

    def change_visibility(self, now: int, handle: str, seconds: int) -> Message:
        """Hides a received message until ``seconds`` from now, under a new handle."""
        message = self._named(now, handle)
        self._hide(message, now + seconds * SECOND)
        return message

    def expire(self, now: int, handle: str) -> None:
        """Ends a handle before its time: the message can be received again."""
        message = self._named(now, handle)
        self._handles.pop(message.handle, None)
        message.handle, message.visible_at = "", now
        self._place(message)

    # all of it

    def counts(self, now: int) -> Counts:
        """How many messages are in which state."""
        self._advance(now)
        later = [
            self.messages[sequence]
            for _, sequence, version in self._later
            if sequence in self.messages and self.messages[sequence].version == version
        ]
        delayed = sum(1 for message in later if message.first_received_at is None)
        return Counts(len(self.messages) - len(later), len(later) - delayed, delayed)

    def _place(self, message: Message) -> None:
        message.version += 1
        self.messages[message.sequence] = message
        self.changed.add(message.sequence)
        self._next = max(self._next, message.sequence + 1)
        if message.handle:
            self._handles[message.handle] = message.sequence
        heapq.heappush(self._later, (message.visible_at, message.sequence, message.version))

    def _advance(self, now: int) -> None:
        for message in list(self._expired(now)):
            self._forget(message)
        while self._later and self._later[0][0] <= now:
            _, sequence, version = heapq.heappop(self._later)
            message = self.messages.get(sequence)
            if message is not None and message.version == version:
                heapq.heappush(self._ready, (message.priority, sequence, version))

    def _expired(self, now: int) -> Iterator[Message]:
        oldest = now - self.attributes.message_retention_period * SECOND
        for message in self.messages.values():
            if message.enqueued_at > oldest:
                return
            yield message

    def _pop(self, count: int) -> list[Message]:
        found: list[Message] = []
        while len(found) < count:
            self._drop_outdated(self._ready)
            if not self._ready:
                break
            found.append(self.messages[heapq.heappop(self._ready)[1]])
        return found

    def _drop_outdated(self, notes: list[tuple[int, int, int]]) -> None:
        while notes:
            _, sequence, version = notes[0]
            message = self.messages.get(sequence)
            if message is not None and message.version == version:
                return
            heapq.heappop(notes)

    def _received(self, message: Message, now: int) -> Message:
        message.dequeue_count += 1
        if message.first_received_at is None:
            message.first_received_at = now
        self._hide(message, now + self.attributes.visibility_timeout * SECOND)
        return message

    def _hide(self, message: Message, until: int) -> None:
        self._handles.pop(message.handle, None)
        message.handle, message.visible_at = self.ids.handle(), until
        self._place(message)

    def _given_up(self, message: Message) -> Message:
        self._forget(message)
        system = (
            Property("DLQMessageType", "1", "STRING"),
            Property("DLQSourceArn", f"acs:mns:stand-in:stand-in:queues/{self.name}", "STRING"),
            Property("DLQOriginMessageId", message.id, "STRING"),
        )
        return replace(message, properties=replace(message.properties, system=system), version=0)

    def _forget(self, message: Message) -> None:
        del self.messages[message.sequence]
        self._handles.pop(message.handle, None)
        self.changed.add(message.sequence)

    def _named(self, now: int, handle: str) -> Message:
        """The message of a handle that is still valid.

        Raises:
            RefusedError: ``ReceiptHandleError`` for a text that never was a handle, ``MessageNotExist``
                for one that is used, superseded or too old.
        """
        if not well_formed(handle):
            raise RefusedError("ReceiptHandleError", "the receipt handle is not valid")
        message = self.messages.get(self._handles.get(handle, 0))
        if message is None or message.visible_at <= now:
            raise RefusedError("MessageNotExist", "the receipt handle is used, superseded or has expired")
        return message

"""The operations on queues and their messages."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from xml.etree.ElementTree import Element

from router.mns import wire
from router.mns.attributes import RANGES, number
from router.mns.call import Answer, Call, Operation, page
from router.mns.faults import Faults
from router.mns.messages import (
    DEFAULT_PRIORITY,
    LEAST_PRIORITY,
    MOST_IN_BATCH,
    SECOND,
    Message,
)
from router.mns.queues import Queue
from router.mns.refusal import RefusedError
from router.mns.state import State

_MOST_LEFT_BEHIND = 32


class QueueCalls:
    """Answers them from the state, with the faults that concern messages."""

    def __init__(self, state: State, faults: Faults) -> None:
        self._state = state
        self._faults = faults

    def operations(self) -> dict[str, Operation]:
        """What is answered here, by the operation's name."""
        return {
            "create-queue": self.create_queue,
            "set-queue": self.set_queue,
            "get-queue": self.get_queue,
            "delete-queue": self.delete_queue,
            "list-queues": self.list_queues,
            "send": self.send,
            "receive": self.receive,
            "peek": self.peek,
            "delete": self.delete,
            "batch-delete": self.batch_delete,
            "change-visibility": self.change_visibility,
        }

    # queues

    def create_queue(self, call: Call) -> Answer:
        name = call.names["queue"]
        made = self._state.create_queue(name, wire.texts(wire.parse(call.body, "Queue")), call.now)
        return Answer(201 if made else 204, headers={"Location": call.url(f"queues/{name}")})

    def set_queue(self, call: Call) -> Answer:
        texts = wire.texts(wire.parse(call.body, "Queue"))
        self._state.set_queue(call.names["queue"], texts, call.now)
        return Answer()

    def get_queue(self, call: Call) -> Answer:
        queue = self._queue(call)
        return Answer(200, wire.document("Queue", list(described(queue, call.now).items())))

    def delete_queue(self, call: Call) -> Answer:
        self._state.delete_queue(call.names["queue"])
        return Answer()

    def list_queues(self, call: Call) -> Answer:
        names, marker = page(list(self._state.queues), call.headers)
        meta = call.headers.get("x-mns-with-meta") == "true"
        items = [
            {"QueueURL": call.url(f"queues/{name}")}
            | (described(self._state.queues[name], call.now) if meta else {})
            for name in names
        ]
        return Answer(200, wire.listing("Queue", items, marker))

    # messages

    def send(self, call: Call) -> Answer:
        queue = self._queue(call)
        if b"<Messages" in call.body[:200]:
            return self._send_batch(queue, call)
        message = self._sent(queue, wire.parse(call.body, "Message"), call.now)
        return Answer(201, wire.document("Message", _receipt(message)))

    def receive(self, call: Call) -> Answer:
        """One receive without waiting; the refusal ``MessageNotExist`` when there is nothing."""
        queue = self._queue(call)
        single, count = _count(call)
        behind = _MOST_LEFT_BEHIND if self._faults.hit("out-of-order") else 0
        messages, given_up = queue.receive(call.now, count, behind=behind)
        for message in given_up:
            self._give_up(queue, message)
        if not messages:
            raise RefusedError("MessageNotExist", "there is no message in the queue")
        for message in messages:
            if self._faults.hit("duplicate-delivery"):
                queue.repeat(message, call.now)
        shown = messages if single else self._disturbed(messages)
        return _messages(single, [wire.received(message) for message in shown])

    def peek(self, call: Call) -> Answer:
        single, count = _count(call)
        messages = self._queue(call).peek(call.now, count)
        if not messages:
            raise RefusedError("MessageNotExist", "there is no message in the queue")
        return _messages(single, [wire.peeked(message) for message in messages])

    def delete(self, call: Call) -> Answer:
        queue, handle = self._queue(call), _handle(call)
        if self._faults.hit("expired-handle", call.operation):
            queue.expire(call.now, handle)
        queue.delete(call.now, handle)
        return Answer()

    def batch_delete(self, call: Call) -> Answer:
        queue = self._queue(call)
        if not call.body:
            raise RefusedError("MissingReceiptHandle", "there is no receipt handle")
        handles = [handle.text or "" for handle in wire.parse(call.body, "ReceiptHandles")]
        if not 1 <= len(handles) <= MOST_IN_BATCH:
            raise RefusedError("InvalidArgument", f"a batch has 1 to {MOST_IN_BATCH} receipt handles")
        self._expire_some(queue, handles, call)
        failures: list[wire.Part] = []
        for handle in handles:
            try:
                queue.delete(call.now, handle)
            except RefusedError as refusal:
                failures.append(_failure(refusal, handle))
        return Answer(404, wire.document("Errors", failures)) if failures else Answer()

    def change_visibility(self, call: Call) -> Answer:
        queue, handle = self._queue(call), _handle(call)
        if "visibilitytimeout" not in call.query:
            raise RefusedError("MissingVisibilityTimeout", "there is no visibility timeout")
        seconds = number("VisibilityTimeout", call.query["visibilitytimeout"], 1, 43200)
        if self._faults.hit("expired-handle", call.operation):
            queue.expire(call.now, handle)
        message = queue.change_visibility(call.now, handle, seconds)
        parts = [
            ("ReceiptHandle", message.handle),
            ("NextVisibleTime", str(message.visible_at // 1000)),
        ]
        return Answer(200, wire.document("ChangeVisibility", parts))

    # inside

    def _queue(self, call: Call) -> Queue:
        return self._state.queue(call.names["queue"])

    def _send_batch(self, queue: Queue, call: Call) -> Answer:
        elements = list(wire.parse(call.body, "Messages"))
        if not 1 <= len(elements) <= MOST_IN_BATCH:
            raise RefusedError("InvalidArgument", f"a batch has 1 to {MOST_IN_BATCH} messages")
        parts: list[wire.Part] = []
        failed = False
        for element in elements:
            try:
                parts.append(("Message", _receipt(self._sent(queue, element, call.now))[:2]))
            except RefusedError as refusal:
                failed = True
                parts.append(("Message", [("ErrorCode", refusal.code), ("ErrorMessage", refusal.message)]))
        return Answer(500 if failed else 201, wire.document("Messages", parts))

    def _sent(self, queue: Queue, element: Element, now: int) -> Message:
        texts = wire.texts(element)
        body = texts.get("MessageBody", "")
        checked_size(body, queue.attributes.maximum_message_size)
        delay = texts.get("DelaySeconds")
        return queue.send(
            now,
            body,
            delay_seconds=None
            if delay is None
            else number("DelaySeconds", delay, *RANGES["DelaySeconds"][1:]),
            priority=number("Priority", texts.get("Priority", str(DEFAULT_PRIORITY)), 1, LEAST_PRIORITY),
            properties=wire.properties(element),
        )

    def _give_up(self, queue: Queue, message: Message) -> None:
        target = self._state.queues.get(queue.dead_letters.queue) if queue.dead_letters else None
        if target is not None:
            target.take_in(message)

    def _disturbed(self, messages: Sequence[Message]) -> list[Message]:
        shown = list(messages)
        if self._faults.hit("empty-body"):
            shown[0] = replace(shown[0], body="")
        if self._faults.hit("mixed-base64"):
            for position, message in enumerate(shown[1::2]):
                encoded = base64.b64encode(message.body.encode()).decode()
                shown[2 * position + 1] = replace(message, body=encoded)
        return shown

    def _expire_some(self, queue: Queue, handles: Sequence[str], call: Call) -> None:
        expired = list(handles) if self._faults.hit("expired-handle", call.operation) else []
        if self._faults.hit("partial-delete"):
            expired = list(handles[1::2])
        for handle in expired:
            queue.expire(call.now, handle)


def described(queue: Queue, now: int) -> dict[str, str]:
    """A queue's attributes and counts as the wire names them. Times are seconds."""
    counts, attributes = queue.counts(now), queue.attributes
    settable = {name: str(getattr(attributes, field)) for name, (field, _, _) in RANGES.items()}
    return settable | {
        "QueueName": queue.name,
        "CreateTime": str(queue.created_at // SECOND),
        "LastModifyTime": str(queue.modified_at // SECOND),
        "LoggingEnabled": str(attributes.logging_enabled),
        "ActiveMessages": str(counts.active),
        "InactiveMessages": str(counts.inactive),
        "DelayMessages": str(counts.delayed),
    }


def checked_size(body: str, most: int) -> None:
    """Refuses a body that is empty or longer than the queue or topic takes."""
    if not 1 <= len(body.encode()) <= most:
        raise RefusedError("InvalidArgument", f"a message body has 1 to {most} bytes")


def wait_seconds(query: Mapping[str, str], queue: Queue) -> int:
    """How long a receive may wait for a message."""
    asked = query.get("waitseconds")
    if asked is None:
        return queue.attributes.polling_wait_seconds
    return number("waitseconds", asked, 0, 30)


def _count(call: Call) -> tuple[bool, int]:
    asked = call.query.get("numofmessages")
    return asked is None, 1 if asked is None else number("numOfMessages", asked, 1, MOST_IN_BATCH)


def _handle(call: Call) -> str:
    if not call.query.get("receipthandle"):
        raise RefusedError("MissingReceiptHandle", "there is no receipt handle")
    return call.query["receipthandle"]


def _receipt(message: Message) -> list[wire.Part]:
    parts: list[wire.Part] = [("MessageId", message.id), ("MessageBodyMD5", message.body_md5)]
    return [*parts, ("ReceiptHandle", message.handle)] if message.handle else parts


def _messages(single: bool, messages: Sequence[list[wire.Part]]) -> Answer:
    if single:
        return Answer(200, wire.document("Message", messages[0]))
    return Answer(200, wire.document("Messages", [("Message", message) for message in messages]))


def _failure(refusal: RefusedError, handle: str) -> wire.Part:
    named = [
        ("ErrorCode", refusal.code),
        ("ErrorMessage", refusal.message),
        ("ReceiptHandle", handle or "-"),
    ]
    return "Error", named

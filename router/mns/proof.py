"""Publishes to a topic, and proves a way: what goes in there must come out at the other end."""

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from router.mns_sdk import Kind, trouble_of

if TYPE_CHECKING:
    from mns.account import Account
    from mns.queue import Message, Queue

MARK = "AlertRouterTest"
_BATCH = 16
_PAUSES = (0.0, 0.1, 0.5, 2.0)
_WAIT = 1


def publish_mark(account: "Account", topic: str, test_id: str) -> None:
    """Publishes an event of its own name that only a rule for every event can match."""
    event = {
        "Event": MARK,
        "Category": "Test",
        "TestId": test_id,
        "Message": "made by alert-router mns setup",
    }
    publish(account, topic, json.dumps(event))


def publish(account: "Account", topic: str, text: str) -> None:
    """Publishes a message, and again after a fault that may pass.

    Raises:
        Exception: of the SDK, when it does not pass.
    """
    from mns.topic import TopicMessage

    for pause in (*_PAUSES, None):
        try:
            account.get_topic(topic).publish_message(TopicMessage(text))
            return
        except Exception as error:
            if pause is None or trouble_of(error).kind is not Kind.TRANSIENT:
                raise
            time.sleep(pause)


def wait_for(seen: Callable[[], bool], seconds: float) -> bool:
    """Looks until it is seen; false when the time is over."""
    until = time.monotonic() + seconds
    while not seen():
        if time.monotonic() > until:
            return False
        time.sleep(0.2)
    return True


def take_mark(account: "Account", queue_name: str, test_id: str, seconds: float) -> bool:
    """Receives until the marked message has come, and deletes it. Other messages are given back."""
    queue = account.get_queue(queue_name)
    queue.set_encoding(False)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for message in _received(queue):
            if test_id in message.message_body:
                queue.delete_message(message.receipt_handle)
                return True
            queue.change_message_visibility(message.receipt_handle, 1)
    return False


def _received(queue: "Queue") -> "list[Message]":
    try:
        return queue.batch_receive_message(_BATCH, _WAIT)
    except Exception as error:
        if trouble_of(error).kind is Kind.EMPTY:
            return []
        raise

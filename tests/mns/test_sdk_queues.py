"""Every call of the SDK on queues and messages, against the stand-in."""

import threading
import time

import pytest
from mns.account import Account
from mns.message_property import MessagePropertyValue
from mns.mns_exception import MNSServerException
from mns.queue import Message, Queue, QueueMeta

from router.mns.application import KEYS, StandIn
from tests.mns.conftest import Admin, Counts


def refused(error: pytest.ExceptionInfo[MNSServerException]) -> str:
    return error.value.type


def test_a_queue_is_made_once(stand_in: StandIn, account: Account) -> None:
    """The same again is fine and has the same address; other attributes are QueueAlreadyExist."""
    queue = account.get_queue("jobs")
    assert queue.create(QueueMeta(vis_timeout=45)) == f"{stand_in.url}/queues/jobs"
    assert queue.create(QueueMeta(vis_timeout=45)) == f"{stand_in.url}/queues/jobs"
    with pytest.raises(MNSServerException) as error:
        queue.create(QueueMeta(vis_timeout=46))
    assert refused(error) == "QueueAlreadyExist"


def test_attributes_are_set_and_told(queue: Queue, counts: Counts) -> None:
    """What is set is told, what is not set stays; counts and times are there."""
    queue.set_attributes(QueueMeta(vis_timeout=60, polling_wait_sec=3, logging_enabled=True))
    queue.send_message(Message("one"))
    queue.send_message(Message("two"))
    queue.send_message(Message("later", delay_seconds=100))
    queue.receive_message()
    told = queue.get_attributes()
    assert (told.visibility_timeout, told.polling_wait_seconds, told.delay_seconds) == (60, 3, 0)
    assert (told.logging_enabled, told.queue_name) == (True, "jobs")
    assert counts() == {"active": 1, "inactive": 1, "delayed": 1}
    assert abs(told.create_time - time.time()) < 60


def test_queues_are_listed_in_pages(account: Account) -> None:
    """By prefix, a page at a time, each once."""
    for name in ("a1", "a2", "a3", "b1"):
        account.get_queue(name).create(QueueMeta())
    first, marker = account.list_queue("a", 2)
    rest, end = account.list_queue("a", 2, marker)
    assert [url.rpartition("/")[2] for url in first + rest] == ["a1", "a2", "a3"]
    assert end == ""


def test_a_deleted_queue_is_gone(queue: Queue) -> None:
    """Deleting twice is fine; sending to it is QueueNotExist."""
    queue.delete()
    queue.delete()
    with pytest.raises(MNSServerException) as error:
        queue.send_message(Message("x"))
    assert refused(error) == "QueueNotExist"


def test_a_message_goes_round(queue: Queue) -> None:
    """Sent, peeked, received, hidden longer, deleted: each call tells what the SDK needs."""
    body = "Ünïcode <&>\"' tab\tand\nline ]]> 任务"
    sent = queue.send_message(Message(body, priority=3))
    peeked = queue.peek_message()
    assert (peeked.message_body, peeked.dequeue_count, peeked.priority) == (body, 0, 3)
    assert peeked.first_dequeue_time == peeked.enqueue_time
    got = queue.receive_message()
    assert (got.message_body, got.message_id, got.dequeue_count) == (body, sent.message_id, 1)
    assert got.message_body_md5 == sent.message_body_md5
    assert 29_000 <= got.next_visible_time - got.first_dequeue_time <= 30_000
    kept = queue.change_message_visibility(got.receipt_handle, 100)
    assert kept.receipt_handle != got.receipt_handle
    queue.delete_message(kept.receipt_handle)
    with pytest.raises(MNSServerException) as error:
        queue.receive_message(0)
    assert refused(error) == "MessageNotExist"


def test_batches_go_round(queue: Queue, counts: Counts) -> None:
    """Sixteen sent, peeked, received and deleted in four calls."""
    bodies = [f"body {number}" for number in range(16)]
    sent = queue.batch_send_message([Message(body) for body in bodies])
    assert [message.message_body for message in queue.batch_peek_message(16)] == bodies
    got = queue.batch_receive_message(16, 0)
    assert [message.message_id for message in got] == [message.message_id for message in sent]
    queue.batch_delete_message([message.receipt_handle for message in got])
    assert counts() == {"active": 0, "inactive": 0, "delayed": 0}


def test_a_batch_delete_tells_what_it_did_not_delete(queue: Queue, counts: Counts) -> None:
    """Handles that are used or garbage are listed with their codes; the others were deleted."""
    queue.batch_send_message([Message("a"), Message("b")])
    first, second = (message.receipt_handle for message in queue.batch_receive_message(2, 0))
    queue.delete_message(first)
    with pytest.raises(MNSServerException) as error:
        queue.batch_delete_message([first, second, "garbage"])
    failures = {failure["ReceiptHandle"]: failure["ErrorCode"] for failure in error.value.sub_errors or []}
    assert failures == {first: "MessageNotExist", "garbage": "ReceiptHandleError"}
    assert counts() == {"active": 0, "inactive": 0, "delayed": 0}


def test_a_batch_send_tells_what_it_did_not_send(queue: Queue) -> None:
    """One message of two is too large: the other is in the queue."""
    queue.set_attributes(QueueMeta(max_msg_size=1024))
    with pytest.raises(MNSServerException) as error:
        queue.batch_send_message([Message("x" * 1025), Message("fits")])
    assert refused(error) == "InvalidArgument"
    assert queue.receive_message(0).message_body == "fits"


def test_properties_travel_with_a_message(queue: Queue) -> None:
    """User properties and the group id come back with the receive."""
    message = Message("body", message_group_id="group")
    message.add_user_property("team", MessagePropertyValue.create_string("nlp & co"))
    queue.send_message(message)
    got = queue.batch_receive_message(1, 0)[0]
    assert got.message_group_id == "group"
    assert got.get_user_properties()["team"].get_string_value_by_type() == "nlp & co"


def test_a_long_poll_ends_when_a_message_comes(stand_in: StandIn, account: Account, queue: Queue) -> None:
    """The answer comes at once with the message, not at the end of the wait."""

    def send() -> None:
        other = Account(stand_in.url, "stand-in", KEYS["stand-in"])
        other.get_queue("jobs").send_message(Message("now"))
        other.get_client().close_connection()

    started = time.monotonic()
    sender = threading.Timer(0.2, send)
    sender.start()
    queue.receive_message(30)
    sender.join()
    assert time.monotonic() - started < 20


def test_a_long_poll_ends_when_a_hidden_message_is_back(queue: Queue) -> None:
    """A message whose handle was given up after one second is received by whoever waits."""
    queue.send_message(Message("body"))
    queue.change_message_visibility(queue.receive_message(0).receipt_handle, 1)
    started = time.monotonic()
    assert queue.receive_message(30).dequeue_count == 2
    assert 0.5 < time.monotonic() - started < 20


def test_an_empty_queue_answers_after_the_wait(queue: Queue) -> None:
    """MessageNotExist comes when the second that was asked for is over; PollingWaitSeconds counts too."""
    started = time.monotonic()
    with pytest.raises(MNSServerException) as error:
        queue.receive_message(1)
    assert refused(error) == "MessageNotExist"
    assert time.monotonic() - started >= 1
    queue.set_attributes(QueueMeta(polling_wait_sec=1))
    started = time.monotonic()
    with pytest.raises(MNSServerException):
        queue.receive_message()
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize(("batch", "wait"), [(17, 0), (1, 31)])
def test_too_much_at_once_is_refused(queue: Queue, batch: int, wait: int) -> None:
    """More than 16 messages or 30 seconds are InvalidArgument."""
    with pytest.raises(MNSServerException) as error:
        queue.batch_receive_message(batch, wait)
    assert refused(error) == "InvalidArgument"


def test_a_control_character_is_malformed(queue: Queue) -> None:
    """The SDK sends it as it is; the stand-in says what MNS says."""
    with pytest.raises(MNSServerException) as error:
        queue.send_message(Message("bell \a"))
    assert refused(error) == "MalformedXML"


@pytest.mark.parametrize(
    ("key_id", "secret", "code"),
    [("stranger", "x", "InvalidAccessKeyId"), ("stand-in", "wrong", "SignatureDoesNotMatch")],
)
def test_strangers_are_refused(stand_in: StandIn, key_id: str, secret: str, code: str) -> None:
    """An unknown key and a wrong secret have codes of their own."""
    account = Account(stand_in.url, key_id, secret)
    with pytest.raises(MNSServerException) as error:
        account.list_queue()
    account.get_client().close_connection()
    assert refused(error) == code


def test_messages_that_come_back_too_often_go_to_the_dead_letters(
    account: Account, queue: Queue, admin: Admin
) -> None:
    """The admin address sets the policy; the moved message tells where it came from."""
    dead = account.get_queue("dead")
    dead.create(QueueMeta())
    dead.set_encoding(False)
    status, _ = admin("PUT", "/admin/queues/jobs/dead-letters", {"queue": "dead", "max_receive_count": 1})
    assert status == 200
    sent = queue.send_message(Message("poison"))
    queue.change_message_visibility(queue.receive_message(0).receipt_handle, 1)
    with pytest.raises(MNSServerException):
        queue.receive_message(2)
    got = dead.receive_message(0)
    assert got.message_body == "poison"
    assert got.get_system_properties()["DLQOriginMessageId"].get_string_value_by_type() == sent.message_id

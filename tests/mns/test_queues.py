"""The queue as a noun: time is handed in."""

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.mns.attributes import QueueAttributes, changed, checked_name
from router.mns.messages import SECOND, Ids, Message, well_formed
from router.mns.queues import DeadLetters, Queue
from router.mns.refusal import RefusedError

NOW = 1_700_000_000 * SECOND


def make_queue(visibility_timeout: int = 30, message_retention_period: int = 345600) -> Queue:
    attributes = QueueAttributes(
        visibility_timeout=visibility_timeout, message_retention_period=message_retention_period
    )
    return Queue("jobs", Ids(random.Random(1)), attributes, NOW, NOW)


def received(queue: Queue, now: int, count: int = 16) -> list[Message]:
    return queue.receive(now, count)[0]


def test_a_received_message_is_hidden_until_its_timeout_is_over() -> None:
    """Received at 0 s with a timeout of 30 s: not there at 29 s, there again at 30 s, counted twice."""
    queue = make_queue()
    queue.send(NOW, "body")
    assert [message.body for message in received(queue, NOW)] == ["body"]
    assert received(queue, NOW + 29 * SECOND) == []
    (again,) = received(queue, NOW + 30 * SECOND)
    assert again.dequeue_count == 2
    assert again.first_received_at == NOW


def test_every_receive_makes_a_new_handle_and_ends_the_old_one() -> None:
    """Deleting with the handle of an earlier receive is refused; with the newest it works."""
    queue = make_queue()
    queue.send(NOW, "body")
    old = received(queue, NOW)[0].handle
    new = received(queue, NOW + 30 * SECOND)[0].handle
    with pytest.raises(RefusedError, match="MessageNotExist"):
        queue.delete(NOW + 31 * SECOND, old)
    queue.delete(NOW + 31 * SECOND, new)
    assert queue.messages == {}


def test_a_handle_dies_with_its_visibility() -> None:
    """After the timeout nobody can delete the message, even if nobody received it since."""
    queue = make_queue()
    queue.send(NOW, "body")
    handle = received(queue, NOW)[0].handle
    with pytest.raises(RefusedError, match="MessageNotExist"):
        queue.delete(NOW + 30 * SECOND, handle)


def test_changing_visibility_counts_from_now_under_a_new_handle() -> None:
    """At 20 s the message is hidden for 60 s more: until 80 s, under another handle."""
    queue = make_queue()
    queue.send(NOW, "body")
    old = received(queue, NOW)[0].handle
    new = queue.change_visibility(NOW + 20 * SECOND, old, 60).handle
    assert new != old
    assert received(queue, NOW + 79 * SECOND) == []
    assert len(received(queue, NOW + 80 * SECOND)) == 1


def test_what_never_was_a_handle_is_told_from_one_that_is_used() -> None:
    """Garbage is a ReceiptHandleError, as the documentation of DeleteMessage lists it."""
    queue = make_queue()
    with pytest.raises(RefusedError, match="ReceiptHandleError"):
        queue.delete(NOW, "garbage")


def test_priority_comes_first_then_age() -> None:
    """1 is the highest priority; within one the order is that of sending."""
    queue = make_queue()
    for body, priority in (("late", 16), ("first", 8), ("second", 8), ("urgent", 1)):
        queue.send(NOW, body, priority=priority)
    assert [message.body for message in received(queue, NOW)] == ["urgent", "first", "second", "late"]


def test_a_delayed_message_waits_and_can_be_deleted_meanwhile() -> None:
    """It is counted as delayed, cannot be received, and has a receipt handle from the start."""
    queue = make_queue()
    message = queue.send(NOW, "later", delay_seconds=10)
    assert queue.counts(NOW).delayed == 1
    assert received(queue, NOW + 9 * SECOND) == []
    assert queue.next_change() == NOW + 10 * SECOND
    queue.delete(NOW + 9 * SECOND, message.handle)
    assert queue.counts(NOW).delayed == 0


def test_messages_end_with_their_retention() -> None:
    """After the retention period a message is gone, received or not."""
    queue = make_queue(message_retention_period=60)
    queue.send(NOW, "old")
    queue.send(NOW + 59 * SECOND, "young")
    received(queue, NOW, 1)
    assert [message.body for message in queue.peek(NOW + 60 * SECOND, 16)] == ["young"]


def test_a_message_received_too_often_leaves_the_queue() -> None:
    """With max_receive_count 2 the third receive gives it up, naming where it came from."""
    queue = make_queue(visibility_timeout=1)
    queue.dead_letters = DeadLetters("dead", 2)
    sent = queue.send(NOW, "poison")
    for second in (0, 1):
        assert len(received(queue, NOW + second * SECOND)) == 1
    taken, given_up = queue.receive(NOW + 2 * SECOND, 16)
    assert taken == []
    assert {one.name: one.value for one in given_up[0].properties.system}["DLQOriginMessageId"] == sent.id
    dead = make_queue()
    dead.take_in(given_up[0])
    assert received(dead, NOW + 2 * SECOND)[0].dequeue_count == 1


def test_a_repeated_message_has_the_same_id_and_a_life_of_its_own() -> None:
    """Deleting the first copy leaves the second."""
    queue = make_queue()
    queue.send(NOW, "twice")
    (first,) = received(queue, NOW)
    queue.repeat(first, NOW)
    queue.delete(NOW, first.handle)
    (second,) = received(queue, NOW)
    assert second.id == first.id
    assert second.handle != first.handle


def test_left_behind_messages_come_later() -> None:
    """Out of order: of four messages the first two are left, and come with the next receive."""
    queue = make_queue()
    for body in "abcd":
        queue.send(NOW, body)
    assert [message.body for message in queue.receive(NOW, 2, behind=2)[0]] == ["c", "d"]
    assert [message.body for message in received(queue, NOW)] == ["a", "b"]


@given(
    st.lists(st.tuples(st.sampled_from(["send", "receive", "delete", "change", "wait"]), st.integers(1, 40)))
)
def test_no_message_is_lost_or_made(steps: list[tuple[str, int]]) -> None:
    """Whatever is done in whatever order: messages sent = deleted + those that can be counted."""
    queue = make_queue(visibility_timeout=10)
    now, sent, deleted = NOW, 0, 0
    handles: list[str] = []
    for verb, number in steps:
        if verb == "send":
            queue.send(now, "body", delay_seconds=number % 3, priority=number % 16 + 1)
            sent += 1
        elif verb == "receive":
            handles += [message.handle for message in queue.receive(now, number % 16 + 1)[0]]
        elif verb == "wait":
            now += number * SECOND
        elif handles:
            with contextlib.suppress(RefusedError):
                if verb == "delete":
                    queue.delete(now, handles.pop(number % len(handles)))
                    deleted += 1
                else:
                    handles.append(queue.change_visibility(now, handles.pop(), number).handle)
    counts = queue.counts(now)
    assert counts.active + counts.inactive + counts.delayed == sent - deleted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VisibilityTimeout", "0"),
        ("VisibilityTimeout", "43201"),
        ("DelaySeconds", "604801"),
        ("MaximumMessageSize", "1023"),
        ("PollingWaitSeconds", "31"),
        ("MessageRetentionPeriod", "-1"),
        ("DelaySeconds", "ten"),
    ],
)
def test_attributes_out_of_range_are_refused(name: str, value: str) -> None:
    """Each documented range is kept, and the refusal names the attribute."""
    with pytest.raises(RefusedError, match=f"InvalidArgument: {name}"):
        changed(QueueAttributes(), {name: value})


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "QueueNameLengthError"),
        ("q" * 121, "QueueNameLengthError"),
        ("-q", "InvalidQueueName"),
        ("a b", "InvalidQueueName"),
    ],
)
def test_names_are_checked(name: str, code: str) -> None:
    """1 to 120 letters, digits and hyphens, the first no hyphen."""
    with pytest.raises(RefusedError, match=code):
        checked_name("Queue", name)


def test_handles_of_both_forms_are_known() -> None:
    """Today's form and the older one with +, / and = are both ours; anything else is not."""
    plain, odd = Ids(random.Random(1)), Ids(random.Random(1), lambda: True)
    assert well_formed(plain.handle())
    assert set("+/=") <= set(odd.handle())
    assert well_formed(odd.handle())
    assert not well_formed("1-short")

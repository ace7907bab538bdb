"""Every fault switch, and what the real SDK makes of it."""

import base64
import random
import time
from typing import Any

import pytest
from mns.account import Account
from mns.mns_exception import MNSClientNetworkException, MNSExceptionBase, MNSServerException
from mns.queue import Message, Queue

from router.errors import RouterError
from router.mns.application import StandIn
from router.mns.faults import SWITCHES, Faults, Switch
from tests.mns.conftest import Admin, Counts


def test_a_share_hits_about_that_often_and_times_run_out() -> None:
    """A tenth of a thousand is about a hundred; three times are three times."""
    faults = Faults(random.Random(5))
    faults.set("reset", Switch(share=0.1))
    assert 70 <= sum(faults.hit("reset") is not None for _ in range(1000)) <= 130
    faults.set("reset", Switch(times=3))
    assert sum(faults.hit("reset") is not None for _ in range(10)) == 3
    faults.set("reset", Switch(operation="delete"))
    assert faults.hit("reset", "receive") is None
    assert faults.hit("reset", "delete") is not None


def test_an_unknown_switch_is_named() -> None:
    """The error lists those that exist."""
    with pytest.raises(RouterError, match=r"no fault is named 'rset'.*reset"):
        Faults(random.Random(1)).set("rset", Switch())


def test_switches_over_the_admin_address(admin: Admin, stand_in: StandIn) -> None:
    """On with a body, off with DELETE, a mistake is a 400 that says what is known."""
    assert admin("PUT", "/admin/faults/reset", {"share": 0.5, "times": 2, "operation": "send"})[0] == 200
    assert stand_in.faults.on["reset"] == Switch(0.5, 2, "send")
    assert admin("DELETE", "/admin/faults/reset")[1]["faults"] == {}
    assert admin("PUT", "/admin/faults/hang", {"second": 2})[0] == 400
    assert admin("PUT", "/admin/faults/nothing", {})[0] == 400
    admin("PUT", "/admin/faults/hang", {})
    assert admin("DELETE", "/admin/faults")[1]["faults"] == {}


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("close-without-answer", MNSClientNetworkException, "NetWorkException"),
        ("reset", MNSClientNetworkException, "NetWorkException"),
        ("html-503", MNSClientNetworkException, "RespDataDamaged"),
        ("empty-500", MNSClientNetworkException, "RespDataDamaged"),
        ("error-without-host", MNSClientNetworkException, "RespDataDamaged"),
        ("time-expired", MNSServerException, "TimeExpired"),
        ("signature-does-not-match", MNSServerException, "SignatureDoesNotMatch"),
        ("access-denied", MNSServerException, "AccessDenied"),
        ("qps-limit", MNSServerException, "QpsLimitExceeded"),
        ("no-long-poll", MNSServerException, "MessageNotExist"),
    ],
)
def test_what_the_sdk_says(stand_in: StandIn, queue: Queue, name: str, kind: type[Any], code: str) -> None:
    """Each switch gives the error that was seen of MNS, and at once."""
    stand_in.faults.set(name, Switch())
    started = time.monotonic()
    with pytest.raises(MNSExceptionBase) as error:
        queue.batch_receive_message(16, 0 if name == "close-without-answer" else 30)
    assert isinstance(error.value, kind)
    assert error.value.type == code
    assert time.monotonic() - started < 20


def test_a_redirect_looks_like_success(stand_in: StandIn, queue: Queue, counts: Counts) -> None:
    """The SDK takes a 302 on a delete for a deletion: the message is still there."""
    queue.send_message(Message("body"))
    handle = queue.receive_message(0).receipt_handle
    stand_in.faults.set("redirect", Switch())
    queue.delete_message(handle)
    assert counts()["inactive"] == 1


def test_a_hanging_server_meets_the_clients_timeout(
    stand_in: StandIn, account: Account, queue: Queue
) -> None:
    """The SDK gives up after its own timeout, not after the server's."""
    account.get_client().set_connection_timeout(0.3)
    stand_in.faults.set("hang", Switch(seconds=2, times=1))
    with pytest.raises(MNSClientNetworkException, match="timed out"):
        queue.receive_message(0)


def test_an_idle_connection_that_was_closed(stand_in: StandIn, queue: Queue, counts: Counts) -> None:
    """A request without a body comes through on a new connection, one with a body is a broken pipe."""
    queue.batch_send_message([Message("a"), Message("b")])
    first, second = (message.receipt_handle for message in queue.batch_receive_message(2, 0))
    stand_in.faults.set("close-idle", Switch(times=1))
    with pytest.raises(MNSServerException):
        queue.receive_message(0)
    time.sleep(0.1)
    queue.delete_message(first)
    stand_in.faults.set("close-idle", Switch(times=1))
    with pytest.raises(MNSServerException):
        queue.receive_message(0)
    time.sleep(0.1)
    with pytest.raises(MNSClientNetworkException):
        queue.batch_delete_message([second])
    queue.batch_delete_message([second])
    assert counts() == {"active": 0, "inactive": 0, "delayed": 0}


def test_a_request_without_an_answer_is_sent_twice(stand_in: StandIn, queue: Queue, counts: Counts) -> None:
    """The SDK repeats it silently: two messages are in the queue."""
    stand_in.faults.set("close-without-answer", Switch(times=1))
    queue.send_message(Message("body"))
    assert counts()["active"] == 2


def test_an_empty_body_spoils_the_batch(stand_in: StandIn, queue: Queue) -> None:
    """The SDK loses the whole batch, and shows the answer in the error."""
    queue.batch_send_message([Message("a"), Message("b")])
    stand_in.faults.set("empty-body", Switch())
    with pytest.raises(MNSClientNetworkException) as error:
        queue.batch_receive_message(16, 0)
    assert error.value.type == "RespDataDamaged"
    assert "<ReceiptHandle>" in error.value.message


def test_bodies_of_both_kinds_in_a_batch(stand_in: StandIn, queue: Queue) -> None:
    """Every second one is base64."""
    queue.batch_send_message([Message("a"), Message("b")])
    stand_in.faults.set("mixed-base64", Switch())
    bodies = [message.message_body for message in queue.batch_receive_message(16, 0)]
    assert bodies == ["a", base64.b64encode(b"b").decode()]


def test_expired_handles(stand_in: StandIn, queue: Queue, counts: Counts) -> None:
    """A delete comes too late, a batch half too late: those messages can be received again."""
    queue.batch_send_message([Message("a"), Message("b"), Message("c")])
    first, *rest = (message.receipt_handle for message in queue.batch_receive_message(3, 0))
    stand_in.faults.set("expired-handle", Switch(times=1))
    with pytest.raises(MNSServerException) as error:
        queue.delete_message(first)
    assert error.value.type == "MessageNotExist"
    stand_in.faults.set("partial-delete", Switch(times=1))
    with pytest.raises(MNSServerException) as error:
        queue.batch_delete_message(rest)
    assert [failure["ReceiptHandle"] for failure in error.value.sub_errors or []] == rest[1:]
    assert counts() == {"active": 2, "inactive": 0, "delayed": 0}


def test_odd_handles_survive_the_query(stand_in: StandIn, queue: Queue, counts: Counts) -> None:
    """A handle with +, / and = goes through the SDK's raw query unharmed."""
    stand_in.faults.set("odd-handles", Switch())
    queue.send_message(Message("body"))
    handle = queue.receive_message(0).receipt_handle
    assert set("+/=") <= set(handle)
    queue.delete_message(queue.change_message_visibility(handle, 9).receipt_handle)
    assert counts()["inactive"] == 0


def test_delivery_is_at_least_once_and_in_no_order(stand_in: StandIn, queue: Queue) -> None:
    """A message comes twice under one id, and late ones come first."""
    queue.batch_send_message([Message("a"), Message("b")])
    stand_in.faults.set("duplicate-delivery", Switch(times=1))
    first = queue.receive_message(0)
    stand_in.faults.set("out-of-order", Switch(times=1))
    second = queue.receive_message(0)
    third = queue.receive_message(0)
    assert first.message_id == second.message_id
    assert third.message_body == "b"


def test_every_switch_is_tried_here_or_with_the_pushes() -> None:
    """Who adds a switch adds a test: those of pushes are in test_pushes."""
    from pathlib import Path

    here = Path(__file__)
    source = here.read_text() + here.with_name("test_pushes.py").read_text()
    assert [name for name in SWITCHES if f'"{name}"' not in source] == []

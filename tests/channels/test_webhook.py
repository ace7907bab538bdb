"""Webhooks: what a receiver gets, and which answers count."""

from dataclasses import replace

import pytest

from router.core.delivery import Outcome
from router.core.message import Message
from tests.channels.making import DELIVERY, send
from tests.channels.servers import Provider


def test_a_receiver_gets_the_whole_notification_and_the_key(provider: Provider) -> None:
    """The body is the notification as JSON; the delivery's id is the idempotency key."""
    assert send(f"json://127.0.0.1:{provider.port}/hook").outcome is Outcome.ACCEPTED
    (request,) = provider.received
    assert (request.method, request.target) == ("POST", "/hook")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["idempotency-key"] == DELIVERY.id
    assert request.json == {
        "reason": "first",
        "rule": "job-failed",
        "event": {"JobId": "job-1"},
        "possible_duplicate": False,
    }


def test_a_message_that_is_no_notification_is_its_text(provider: Provider) -> None:
    """A test message reaches a receiver too."""
    send(f"json://127.0.0.1:{provider.port}/", Message("Hello", "from the router", severity="info"))
    assert provider.received[0].json == {
        "severity": "info",
        "text": {"title": "Hello", "body": "from the router"},
        "possible_duplicate": False,
    }


def test_a_repeat_says_so_and_keeps_its_key(provider: Provider) -> None:
    """After an attempt that may have arrived, the receiver can tell a possible duplicate by flag and key."""
    send(f"json://127.0.0.1:{provider.port}/", delivery=replace(DELIVERY, unknown=1, attempts=2))
    (request,) = provider.received
    assert request.json["possible_duplicate"] is True
    assert request.headers["idempotency-key"] == DELIVERY.id


def test_apprise_parameters_of_the_url_are_kept(provider: Provider) -> None:
    """Headers, parameters, payload fields, method, user and password of an Apprise URL reach the receiver."""
    url = (
        f"json://user:pa%20ss@127.0.0.1:{provider.port}/a%20b/c"
        "?method=put&+X-Token=t1&-tenant=blue&:team=night&:rule=name&:reason="
    )
    assert send(url).outcome is Outcome.ACCEPTED
    (request,) = provider.received
    assert (request.method, request.target) == ("PUT", "/a%20b/c?tenant=blue")
    assert request.headers["x-token"] == "t1"
    assert request.headers["authorization"] == "Basic dXNlcjpwYSBzcw=="
    assert request.json["team"] == "night"
    assert request.json["name"] == "job-failed"
    assert "rule" not in request.json
    assert "reason" not in request.json


@pytest.mark.parametrize("header", ["+Idempotency-Key=mine", "+idempotency-key=mine"])
def test_the_url_cannot_change_the_key(provider: Provider, header: str) -> None:
    """A header of the URL never replaces the delivery's own key."""
    send(f"json://127.0.0.1:{provider.port}/?{header}")
    assert provider.received[0].headers["idempotency-key"] == DELIVERY.id

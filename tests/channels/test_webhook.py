"""Webhooks: what a receiver gets, and which answers count."""

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from router.channels.signing import signature_headers
from router.core.delivery import Outcome
from router.core.message import Message
from router.errors import RouterError
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
        "version": 1,
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


OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "QUJD" * 11 + "+/8="


def test_the_signature_is_that_of_the_standards_example() -> None:
    """The known example of Standard Webhooks comes out as its libraries make it."""
    secret = bytes.fromhex("31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0")
    headers = signature_headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def _documented() -> Any:
    """The function of docs/webhook.md that verifies."""
    page = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  our own page
    return names["is_ours"]


def test_a_receiver_verifies_as_documented(provider: Provider) -> None:
    """With either secret a receiver sees that it is ours and whole, and refuses what is changed or old."""
    is_ours = _documented()
    send(f"json://127.0.0.1:{provider.port}/hook?secret={OLD},{NEW.replace('+', '%2B')}")
    (request,) = provider.received
    headers, body = request.headers, request.body
    assert headers["webhook-id"] == headers["idempotency-key"] == DELIVERY.id
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert is_ours(OLD, headers, body)
    assert is_ours(NEW, headers, body)
    assert not is_ours("whsec_" + "QUJD" * 8, headers, body)
    assert not is_ours(OLD, headers, body + b" ")
    assert not is_ours(OLD, headers | {"webhook-timestamp": "1614265330"}, body)
    assert not is_ours(OLD, {}, body)


def test_a_plus_in_a_secret_need_not_be_quoted(provider: Provider) -> None:
    """Base64 holds signs that a URL changes; the secret is the same."""
    send(f"json://127.0.0.1:{provider.port}/hook?secret={NEW}")
    assert _documented()(NEW, provider.received[0].headers, provider.received[0].body)


def test_an_unsigned_webhook_has_no_signature(provider: Provider) -> None:
    """Without a secret nothing looks like a proof, and the URL cannot make one up beside ours."""
    send(f"json://127.0.0.1:{provider.port}/hook")
    send(f"json://127.0.0.1:{provider.port}/hook?secret={OLD}&+Webhook-Signature=v1,x")
    assert "webhook-signature" not in provider.received[0].headers
    assert provider.received[1].headers["webhook-signature"].count("v1,") == 1


@pytest.mark.parametrize("secret", ["whsec_short", "whsec_MfKQ9r8!", f"{OLD},", "whsec_" + "QUJD" * 30])
def test_a_secret_that_is_none_is_refused_at_once(secret: str) -> None:
    """``check`` says what a secret must be, and nothing of it."""
    with pytest.raises(RouterError, match="base64 of 24 to 64 bytes") as raised:
        send(f"json://127.0.0.1/hook?secret={secret}")
    assert secret.removeprefix("whsec_")[:6] not in str(raised.value)

"""What clients other than the Python SDK send, and what strangers send."""

import base64
import hashlib
import hmac
import http.client
from collections.abc import Mapping
from email.utils import formatdate
from urllib.parse import urlsplit

import pytest

from router.mns.application import KEYS, StandIn

BODY = b'<?xml version="1.0"?><Message><MessageBody>hello</MessageBody></Message>'


def call(
    stand_in: StandIn,
    method: str,
    target: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Sends a request signed as given, and returns the status and the answer."""
    sent = {"date": formatdate(usegmt=True), "x-mns-version": "2015-06-06"} | dict(headers or {})
    named = [sent.get(name, "") for name in ("content-md5", "content-type", "date")]
    mns = [f"{name}:{sent[name]}" for name in sorted(sent) if name.startswith("x-mns-")]
    text = "\n".join([method, *named, *mns, target])
    digest = hmac.new(KEYS["stand-in"].encode(), text.encode(), hashlib.sha1).digest()
    sent.setdefault("Authorization", f"MNS stand-in:{base64.b64encode(digest).decode()}")
    connection = http.client.HTTPConnection(urlsplit(stand_in.url).netloc, timeout=60)
    connection.request(method, target, body, {name: value for name, value in sent.items() if value})
    answer = connection.getresponse()
    said = answer.read().decode()
    assert answer.headers["x-mns-request-id"]
    connection.close()
    return answer.status, said


@pytest.fixture(autouse=True)
def _a_queue(stand_in: StandIn) -> None:
    assert call(stand_in, "PUT", "/queues/jobs", b"<Queue/>")[0] == 201


@pytest.mark.parametrize("form", ["base64 of the hex", "base64 of the bytes", "hex", "HEX", "none"])
def test_every_form_of_the_digest(stand_in: StandIn, form: str) -> None:
    """Real clients send two forms; all are taken, and none is asked for."""
    md5 = hashlib.md5(BODY, usedforsecurity=False)
    forms = {
        "base64 of the hex": base64.b64encode(md5.hexdigest().encode()).decode(),
        "base64 of the bytes": base64.b64encode(md5.digest()).decode(),
        "hex": md5.hexdigest(),
        "HEX": md5.hexdigest().upper(),
        "none": "",
    }
    assert call(stand_in, "POST", "/queues/jobs/messages", BODY, {"content-md5": forms[form]})[0] == 201


def test_query_names_in_lower_camel_case(stand_in: StandIn) -> None:
    """The documentation writes receiptHandle and visibilityTimeout."""
    call(stand_in, "POST", "/queues/jobs/messages", BODY)
    _, said = call(stand_in, "GET", "/queues/jobs/messages?waitSeconds=0")
    handle = said.partition("<ReceiptHandle>")[2].partition("<")[0]
    target = f"/queues/jobs/messages?receiptHandle={handle}&visibilityTimeout=5"
    status, said = call(stand_in, "PUT", target)
    handle = said.partition("<ReceiptHandle>")[2].partition("<")[0]
    assert status == 200
    assert call(stand_in, "DELETE", f"/queues/jobs/messages?receiptHandle={handle}")[0] == 204


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Authorization": ""}, "MissingAuthorizationHeader"),
        ({"Authorization": "MNS4-HMAC-SHA256 Credential=x"}, "InvalidAuthorizationHeader"),
        ({"Authorization": "MNS stand-in:ÿ"}, "InvalidAuthorizationHeader"),
        ({"date": ""}, "MissingDateHeader"),
        ({"date": "yesterday"}, "InvalidDateHeader"),
        ({"date": "Mon, 02 Jan 2006 15:04:05 GMT"}, "TimeExpired"),
        ({"x-mns-version": ""}, "MissingVersionHeader"),
        ({"content-md5": "AAAA"}, "InvalidDegist"),
    ],
)
def test_requests_that_are_not_right(stand_in: StandIn, headers: dict[str, str], code: str) -> None:
    """Each has its documented code, in an error with all four fields."""
    _, said = call(stand_in, "POST", "/queues/jobs/messages", BODY, headers)
    assert f"<Code>{code}</Code>" in said
    for name in ("Message", "RequestId", "HostId"):
        assert f"<{name}>" in said


@pytest.mark.parametrize(
    ("method", "target", "body", "code"),
    [
        ("POST", "/queues/jobs/messages", b"not xml", "MalformedXML"),
        ("POST", "/queues/jobs/messages", b"<Queue/>", "MalformedXML"),
        ("POST", "/queues/jobs/messages", b"<Message/>", "InvalidArgument"),
        (
            "POST",
            "/queues/jobs/messages",
            b'<!DOCTYPE m [<!ENTITY a "aaaa">]><Message><MessageBody>&a;</MessageBody></Message>',
            "MalformedXML",
        ),
        ("DELETE", "/queues/jobs/messages", b"", "MissingReceiptHandle"),
        ("DELETE", "/queues/jobs/messages", b"<ReceiptHandles/>", "InvalidArgument"),
        ("PUT", "/queues/jobs/messages?receiptHandle=x", b"", "MissingVisibilityTimeout"),
        ("PUT", "/queues/jobs/messages?visibilityTimeout=5", b"", "MissingReceiptHandle"),
        ("GET", "/queues/jobs/messages?numOfMessages=0", b"", "InvalidArgument"),
        ("GET", "/queues/jobs/messages?numOfMessages=9999999999999999999", b"", "InvalidArgument"),
        ("PUT", "/queues/-", b"<Queue/>", "InvalidQueueName"),
        ("GET", "/nothing/here", b"", "InvalidRequestURL"),
        ("PATCH", "/queues/jobs", b"", "InvalidRequestURL"),
        ("POST", "/queues/jobs/messages", b"<Message>" + b"x" * 3_000_000, "InvalidArgument"),
    ],
)
def test_requests_that_make_no_sense(
    stand_in: StandIn, method: str, target: str, body: bytes, code: str
) -> None:
    """Wrong XML, entities, missing and impossible parameters, addresses that are none."""
    status, said = call(stand_in, method, target, body)
    assert f"<Code>{code}</Code>" in said
    assert 400 <= status < 500

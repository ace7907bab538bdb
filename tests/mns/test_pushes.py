"""HTTP pushes as an endpoint sees them."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from mns.subscription import SubscriptionMeta
from mns.topic import Topic, TopicMessage

from router.mns.application import StandIn
from router.mns.faults import Switch
from router.mns.messages import body_md5
from tests.mns.conftest import Admin


@dataclass
class Received:
    """A push: header names as they came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Endpoint:
    """A real HTTP server that notes what is pushed and answers with ``status``."""

    url: str = ""
    status: int = 204
    received: list[Received] = field(default_factory=list[Received])

    def wait_for(self, count: int) -> list[Received]:
        until = time.monotonic() + 60
        while len(self.received) < count and time.monotonic() < until:
            time.sleep(0.01)
        return self.received


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    seen = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            seen.received.append(Received(self.path, dict(self.headers.items()), body))
            self.send_response(seen.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_port}"
    yield seen
    server.shutdown()
    thread.join()
    server.server_close()


Subscribe = Callable[[str], None]


@pytest.fixture
def subscribe(topic: Topic, endpoint: Endpoint) -> Subscribe:
    def to(content_format: str) -> None:
        meta = SubscriptionMeta(f"{endpoint.url}/push?token=t+1", notify_content_format=content_format)
        topic.get_subscription("push").subscribe(meta)

    return to


def genuine(push: Received, stand_in: StandIn) -> bool:
    """Whether the signature is right, worked out as the documentation of endpoints says."""
    headers = {name.lower(): value for name, value in push.headers.items()}
    named = [headers.get(name, "") for name in ("content-md5", "content-type", "date")]
    mns = [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("x-mns-")]
    text = "\n".join(["POST", *named, *mns, push.path])
    certificate = x509.load_pem_x509_certificate(stand_in.push_key().certificate_pem())
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    signature = base64.b64decode(headers["authorization"])
    try:
        key.verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  as MNS
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize(
    ("content_format", "content_type"),
    [
        ("XML", "text/xml;charset=utf-8"),
        ("JSON", "application/json;charset=utf-8"),
        ("SIMPLIFIED", "text/plain;charset=utf-8"),
    ],
)
def test_a_push_in_each_format(
    stand_in: StandIn,
    topic: Topic,
    endpoint: Endpoint,
    subscribe: Subscribe,
    content_format: str,
    content_type: str,
) -> None:
    """The documented headers, a digest of the body, a signature that fits, the path with its query."""
    subscribe(content_format)
    published = topic.publish_message(TopicMessage('{"Event": "任务"}', "red"))
    (push,) = endpoint.wait_for(1)
    assert push.path == "/push?token=t+1"
    assert push.headers["Content-Type"] == content_type
    assert genuine(push, stand_in)
    digest = body_md5(push.body.decode())
    if content_format == "SIMPLIFIED":
        assert push.body.decode() == '{"Event": "任务"}'
        assert push.headers["Content-md5"] == digest
        assert push.headers["x-mns-message-id"] == published.message_id
        assert push.headers["x-mns-message-tag"] == "red"
    else:
        assert base64.b64decode(push.headers["Content-md5"]).decode() == digest.lower()
        assert "x-mns-message-id" not in push.headers
        assert published.message_id in push.body.decode()
    named = base64.b64decode(push.headers["x-mns-signing-cert-url"]).decode()
    assert named == f"{stand_in.url}/certificate.pem"


def test_the_certificate_is_served(stand_in: StandIn) -> None:
    """What the pushes name can be fetched, and is a certificate."""
    from urllib.request import urlopen

    with urlopen(f"{stand_in.url}/certificate.pem", timeout=60) as answer:
        x509.load_pem_x509_certificate(answer.read())


def test_a_push_that_is_not_accepted_comes_again(
    topic: Topic, endpoint: Endpoint, subscribe: Subscribe, admin: Admin
) -> None:
    """A 503 leaves it waiting, with the answer on show; the retry is accepted and the push is gone."""
    subscribe("SIMPLIFIED")
    endpoint.status = 503
    topic.publish_message(TopicMessage("hello"))
    endpoint.wait_for(1)
    until = time.monotonic() + 60
    while not (waiting := admin("GET", "/admin")[1]["pushes"]) or not waiting[0]["attempts"]:
        assert time.monotonic() < until
    assert (waiting[0]["last_answer"], waiting[0]["attempts"]) == ("status 503", 1)
    assert 9 <= waiting[0]["due_in_seconds"] <= 20
    endpoint.status = 200
    admin("POST", "/admin/pushes/retry")
    first, second = endpoint.wait_for(2)
    assert first.body == second.body
    while admin("GET", "/admin")[1]["pushes"]:
        assert time.monotonic() < until


def test_pushes_with_faults(
    stand_in: StandIn, topic: Topic, endpoint: Endpoint, subscribe: Subscribe
) -> None:
    """A wrong signature, no digest, another body, a certificate elsewhere: each as switched."""
    subscribe("SIMPLIFIED")
    faults = ("push-wrong-signature", "push-without-digest", "push-altered-body", "push-foreign-certificate")
    for number, name in enumerate(faults, 1):
        stand_in.faults.set(name, Switch(times=1))
        topic.publish_message(TopicMessage(name))
        endpoint.wait_for(number)
    signature, digest, altered, foreign = endpoint.received
    assert not genuine(signature, stand_in)
    assert "Content-md5" not in digest.headers
    assert genuine(altered, stand_in)
    assert body_md5(altered.body.decode()) != altered.headers["Content-md5"]
    named = base64.b64decode(foreign.headers["x-mns-signing-cert-url"]).decode()
    assert named.startswith("https://mns-cert.oss-cn-hangzhou.aliyuncs.com.example.org/")


def test_the_time_as_a_number(
    stand_in: StandIn, topic: Topic, endpoint: Endpoint, subscribe: Subscribe
) -> None:
    """The JSON form has texts only, unless the switch is on."""
    subscribe("JSON")
    topic.publish_message(TopicMessage("a"))
    endpoint.wait_for(1)
    stand_in.faults.set("push-number-time", Switch())
    topic.publish_message(TopicMessage("b"))
    first, second = (json.loads(push.body)["PublishTime"] for push in endpoint.wait_for(2))
    assert isinstance(first, str)
    assert isinstance(second, int)

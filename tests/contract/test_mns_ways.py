"""Both ways from a topic, in all six combinations of format and base64: the same event comes out."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

import pytest
from mns.queue import Queue
from mns.subscription import SubscriptionMeta
from mns.topic import Base64TopicMessage, Topic, TopicMessage

from router.core.catalogue import EVENTS
from router.core.event import Envelope, Event
from router.decoders import decode
from router.errors import RouterError
from router.mns.application import KEYS, StandIn
from router.mns.faults import Switch
from router.mns.setup import queue_endpoint
from router.mns_sdk import Access
from router.ports import Receipt, Request
from router.sources.mns_consumer import QueueSettings
from router.sources.mns_push import MnsPushSource
from router.sources.mns_queue import MnsQueueSource
from router.sources.mns_signature import Pinned, Verifier, public_key
from router.telemetry import Metrics
from tests.mns.conftest import account, admin, queue, shared_stand_in, stand_in, topic
from tests.mns.test_pushes import Endpoint, endpoint

__all__ = ["account", "admin", "endpoint", "queue", "shared_stand_in", "stand_in", "topic"]

FORMATS = ("SIMPLIFIED", "JSON", "XML")
SAMPLE = EVENTS["OnInstanceFailed"].sample() | {"ErrorMessage": 'a <b> & "c" 任务\n', "ExitCode": "137"}

Receive = Callable[[], Envelope]


class Clock:
    def now(self) -> int:
        return time.time_ns() // 1000


class Intake:
    """Commits everything, and keeps it."""

    def __init__(self) -> None:
        self.received: list[Envelope] = []
        self.some = threading.Event()

    def submit(self, envelopes: Sequence[Envelope]) -> "Future[list[Receipt]]":
        self.received += envelopes
        self.some.set()
        future: Future[list[Receipt]] = Future()
        future.set_result([])
        return future


@pytest.fixture
def through_queue(stand_in: StandIn, queue: Queue) -> Iterator[Receive]:
    settings = QueueSettings(Access(stand_in.url, "stand-in", KEYS["stand-in"]), "jobs", consumers=1, wait=0)
    source, intake, ended = MnsQueueSource("way", settings, Clock(), Metrics()), Intake(), threading.Event()

    def stopping(seconds: float) -> bool:
        return ended.wait(min(seconds, 0.05))

    thread = threading.Thread(target=source.run, args=(intake, stopping))
    thread.start()

    def receive() -> Envelope:
        assert intake.some.wait(5)
        return intake.received[0]

    yield receive
    ended.set()
    thread.join(10)


def push_source(stand_in: StandIn) -> MnsPushSource:
    key = public_key(stand_in.push_key().certificate_pem())
    expect = {"owner": "1234567890123456", "topic": "events", "subscription": "way"}
    return MnsPushSource("way", "/push", Verifier(Pinned(key), expect, max_age=60_000_000).verify)


def request_of(endpoint: Endpoint) -> Request:
    (push,) = endpoint.wait_for(1)
    headers = {name.lower(): value for name, value in push.headers.items()}
    return Request("POST", push.path, headers, push.body, Clock().now())


def publish(topic: Topic, to: str, content_format: str, base64: bool) -> str:
    topic.get_subscription("way").subscribe(SubscriptionMeta(to, notify_content_format=content_format))
    text = json.dumps(SAMPLE, ensure_ascii=False)
    return topic.publish_message(Base64TopicMessage(text) if base64 else TopicMessage(text)).message_id


def check(envelope: Envelope, message_id: str | None) -> None:
    event = decode(envelope)
    assert isinstance(event, Event)
    assert event.data == SAMPLE | {"ExitCode": 137, "RetryCount": 0, "Progress": 0}
    assert event.identity
    if message_id is not None:
        assert (event.id, event.identity) == (message_id, f"mns:{message_id}")
    assert abs(event.at / 1e6 - time.time()) < 60


@pytest.mark.parametrize("base64", [False, True], ids=["raw", "base64"])
@pytest.mark.parametrize("content_format", FORMATS)
def test_through_a_queue(
    stand_in: StandIn, topic: Topic, through_queue: Receive, content_format: str, base64: bool
) -> None:
    """The event is whole; it is known by the topic's message id, where the format tells it."""
    message_id = publish(topic, queue_endpoint(stand_in.url, "jobs"), content_format, base64)
    check(through_queue(), None if content_format == "SIMPLIFIED" else message_id)


@pytest.mark.parametrize("base64", [False, True], ids=["raw", "base64"])
@pytest.mark.parametrize("content_format", FORMATS)
def test_through_a_push(
    stand_in: StandIn, topic: Topic, endpoint: Endpoint, content_format: str, base64: bool
) -> None:
    """The same through a verified push, known by the same id: both ways of one topic count once."""
    message_id = publish(topic, f"{endpoint.url}/push", content_format, base64)
    (envelope,) = asyncio.run(push_source(stand_in).receive(request_of(endpoint)))
    check(envelope, message_id)


@pytest.mark.parametrize("number", [False, True])
def test_the_time_of_publication_as_text_and_as_number(
    stand_in: StandIn, topic: Topic, through_queue: Receive, number: bool
) -> None:
    """The JSON form is documented with texts; a number is read as well."""
    if number:
        stand_in.faults.set("push-number-time", Switch())
    message_id = publish(topic, queue_endpoint(stand_in.url, "jobs"), "JSON", False)
    check(through_queue(), message_id)


@pytest.mark.parametrize(
    "fault",
    ["push-wrong-signature", "push-without-digest", "push-altered-body"],
)
@pytest.mark.parametrize("content_format", FORMATS)
def test_a_push_that_is_not_genuine(
    stand_in: StandIn, topic: Topic, endpoint: Endpoint, fault: str, content_format: str
) -> None:
    """It is refused as forbidden, and there is no envelope."""
    stand_in.faults.set(fault, Switch())
    publish(topic, f"{endpoint.url}/push", content_format, False)
    with pytest.raises(RouterError) as error:
        asyncio.run(push_source(stand_in).receive(request_of(endpoint)))
    assert error.value.code == "forbidden"

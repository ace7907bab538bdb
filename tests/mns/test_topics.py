"""Topics, subscriptions and their retries as nouns."""

import json
import random
from xml.etree import ElementTree

import pytest

from router.mns.messages import SECOND, Ids, body_md5
from router.mns.notification import notification_text
from router.mns.refusal import RefusedError
from router.mns.state import State
from router.mns.topics import (
    BACKOFF,
    DECAY,
    Published,
    Subscription,
    make_subscription,
    retry_after,
)

NOW = 1_700_000_000 * SECOND
CHANCE = random.Random(3)


def make_state() -> State:
    state = State(Ids(random.Random(1)), random.Random(1))
    state.create_topic("events", {}, NOW)
    state.create_queue("jobs", {}, NOW)
    return state


def subscribe(state: State, name: str, **texts: str) -> None:
    texts.setdefault("Endpoint", "acs:mns:cn-hangzhou:123:queues/jobs")
    state.subscribe(make_subscription("events", name, texts, NOW))


def bodies(state: State) -> list[str]:
    return [message.body for message in state.queue("jobs").receive(NOW, 16)[0]]


def test_the_documented_retries() -> None:
    """Backoff: 3 after 10 to 20 s. Decay: 1, 2, 4 … 512 s, then 512 s, 176 in all, about a day."""
    backoff = [retry_after(BACKOFF, attempt, CHANCE) for attempt in range(1, 5)]
    assert all(wait is not None and 10 * SECOND <= wait <= 20 * SECOND for wait in backoff[:3])
    assert backoff[3] is None
    decay = [retry_after(DECAY, attempt, CHANCE) for attempt in range(1, 178)]
    assert decay[-1] is None
    seconds = [wait // SECOND for wait in decay[:-1] if wait is not None]
    assert seconds[:11] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512]
    assert len(seconds) == 176
    assert seconds.count(512) == 167
    assert 23 * 3600 < sum(seconds) < 25 * 3600


def test_tags_choose() -> None:
    """A subscription with a tag gets that tag only; one without gets everything."""
    state = make_state()
    subscribe(state, "all", NotifyContentFormat="SIMPLIFIED")
    subscribe(state, "red", NotifyContentFormat="SIMPLIFIED", FilterTag="red")
    state.publish("events", "1", "red", NOW)
    state.publish("events", "2", "blue", NOW)
    state.publish("events", "3", "", NOW)
    assert bodies(state) == ["1", "1", "2", "3"]


def test_the_three_formats() -> None:
    """XML and JSON have the documented fields, SIMPLIFIED the text and nothing else; none is base64."""
    message = Published("id-1", "events", "<a&b>\n", NOW, "red")
    texts = {
        content_format: notification_text(
            message, Subscription("events", "s", "", content_format=content_format)
        )
        for content_format in ("XML", "JSON", "SIMPLIFIED")
    }
    root = ElementTree.fromstring(texts["XML"])  # noqa: S314  our own text
    from_xml = {child.tag.rpartition("}")[2]: child.text for child in root}
    from_json = json.loads(texts["JSON"])
    assert root.tag.endswith("}Notification")
    assert from_xml == from_json
    assert from_json["PublishTime"] == "1700000000000"
    assert (from_json["Message"], from_json["MessageMD5"]) == ("<a&b>\n", body_md5("<a&b>\n"))
    assert from_json["MessageTag"] == "red"
    assert texts["SIMPLIFIED"] == "<a&b>\n"


def test_a_message_for_a_queue_that_is_not_there_waits() -> None:
    """It stays a push that is due; once the queue is there, it goes in."""
    state = make_state()
    subscribe(state, "later", Endpoint="acs:mns:x:1:queues/later", NotifyContentFormat="SIMPLIFIED")
    state.publish("events", "hello", "", NOW)
    ((number, push, subscription),) = state.due_pushes(NOW)
    assert not state.push_to_queue(push, subscription, NOW)
    state.create_queue("later", {}, NOW)
    assert state.push_to_queue(push, subscription, NOW)
    state.end_push(number)
    assert len(state.queue("later").messages) == 1
    assert state.pushes == {}


def test_a_push_is_given_up_after_its_retries() -> None:
    """With the default strategy the fourth failure ends it."""
    state = make_state()
    subscribe(state, "push", Endpoint="http://127.0.0.1:1/x")
    state.publish("events", "hello", "", NOW)
    (number,) = state.pushes
    for attempt in range(1, 4):
        state.retry_push(number, BACKOFF, "status 500", NOW)
        assert state.pushes[number].attempts == attempt
    state.retry_push(number, BACKOFF, "status 500", NOW)
    assert state.pushes == {}


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ({"Endpoint": "ftp://host/"}, "EndpointInvalid"),
        ({"Endpoint": "http://"}, "EndpointInvalid"),
        ({"Endpoint": "http://host:99999/"}, "EndpointInvalid"),
        ({}, "EndpointInvalid"),
        ({"Endpoint": "http://host/", "NotifyContentFormat": "YAML"}, "InvalidArgument"),
        ({"Endpoint": "http://host/", "NotifyStrategy": "NEVER"}, "InvalidArgument"),
        ({"Endpoint": "http://host/", "FilterTag": "t" * 17}, "InvalidArgument"),
    ],
)
def test_a_subscription_that_cannot_be_is_refused(texts: dict[str, str], code: str) -> None:
    """Unknown endpoints, formats and strategies, and tags that are too long."""
    with pytest.raises(RefusedError, match=code):
        make_subscription("events", "s", texts, NOW)


def test_a_topic_has_a_hundred_subscriptions_at_most() -> None:
    """The hundred and first is refused; the same one again is not counted."""
    state = make_state()
    for number in range(100):
        subscribe(state, f"s{number}")
    subscribe(state, "s0")
    with pytest.raises(RefusedError, match="InvalidArgument"):
        subscribe(state, "one-more")

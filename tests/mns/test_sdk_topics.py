"""Every call of the SDK on topics and subscriptions, against the stand-in."""

import base64

import pytest
from mns.account import Account
from mns.mns_exception import MNSServerException
from mns.queue import Queue
from mns.subscription import SubscriptionMeta
from mns.topic import Base64TopicMessage, Topic, TopicMessage, TopicMeta

from router.mns.application import StandIn

TO_QUEUE = "acs:mns:cn-hangzhou:1234567890123456:queues/jobs"


def test_a_topic_goes_round(stand_in: StandIn, account: Account) -> None:
    """Made, made again, told, changed, deleted."""
    topic = account.get_topic("events")
    assert topic.create(TopicMeta()) == f"{stand_in.url}/topics/events"
    assert topic.create(TopicMeta()) == f"{stand_in.url}/topics/events"
    topic.set_attributes(TopicMeta(2048, True))
    told = topic.get_attributes()
    assert (told.topic_name, told.maximum_message_size, told.message_retention_period) == (
        "events",
        2048,
        86400,
    )
    with pytest.raises(MNSServerException) as error:
        topic.create(TopicMeta(4096))
    assert error.value.type == "TopicAlreadyExist"
    topic.delete()
    with pytest.raises(MNSServerException) as error:
        topic.get_attributes()
    assert error.value.type == "TopicNotExist"


def test_topics_and_subscriptions_are_listed(account: Account, topic: Topic) -> None:
    """Topics with their attributes, as the SDK always asks; subscriptions a page at a time."""
    account.get_topic("other").create(TopicMeta())
    urls, marker = account.list_topic()
    assert [url.rpartition("/")[2] for url in urls] == ["events", "other"]
    assert marker == ""
    for name in ("s1", "s2"):
        topic.get_subscription(name).subscribe(SubscriptionMeta(TO_QUEUE))
    first, marker = topic.list_subscription("", 1)
    second, end = topic.list_subscription("", 1, marker)
    assert [url.rpartition("/")[2] for url in first + second] == ["s1", "s2"]
    assert end == ""


def test_a_subscription_goes_round(account: Account, topic: Topic) -> None:
    """Made, told, its strategy changed, another endpoint refused, ended."""
    subscription = topic.get_subscription("to-jobs")
    subscription.subscribe(SubscriptionMeta(TO_QUEUE, "BACKOFF_RETRY", "SIMPLIFIED", "red"))
    told = subscription.get_attributes()
    assert (told.endpoint, told.notify_content_format, told.filter_tag) == (TO_QUEUE, "SIMPLIFIED", "red")
    subscription.set_attributes(SubscriptionMeta(notify_strategy="EXPONENTIAL_DECAY_RETRY"))
    assert subscription.get_attributes().notify_strategy == "EXPONENTIAL_DECAY_RETRY"
    with pytest.raises(MNSServerException) as error:
        subscription.subscribe(SubscriptionMeta("http://127.0.0.1:1/"))
    assert error.value.type == "SubscriptionAlreadyExist"
    subscription.unsubscribe()
    with pytest.raises(MNSServerException) as error:
        account.get_subscription("events", "to-jobs").get_attributes()
    assert error.value.type == "SubscriptionNotExist"


def test_a_published_message_is_in_the_queue(topic: Topic, queue: Queue) -> None:
    """The text as it was published; base64 only where the publisher made it."""
    topic.get_subscription("s").subscribe(SubscriptionMeta(TO_QUEUE, notify_content_format="SIMPLIFIED"))
    topic.publish_message(TopicMessage("plain", "tag"))
    topic.publish_message(Base64TopicMessage("wrapped"))
    bodies = [message.message_body for message in queue.batch_receive_message(16, 1)]
    assert bodies == ["plain", base64.b64encode(b"wrapped").decode()]


def test_publishing_wakes_who_waits_at_the_queue(topic: Topic, queue: Queue) -> None:
    """The answer tells the id and the digest; the queue has the message by then."""
    topic.get_subscription("s").subscribe(SubscriptionMeta(TO_QUEUE, notify_content_format="SIMPLIFIED"))
    published = topic.publish_message(TopicMessage("hello"))
    assert published.message_body_md5 == queue.receive_message(0).message_body_md5
    assert published.message_id


def test_a_message_that_is_too_large_is_refused(topic: Topic) -> None:
    """64 KiB of text are the most."""
    with pytest.raises(MNSServerException) as error:
        topic.publish_message(TopicMessage("x" * 65537))
    assert error.value.type == "InvalidArgument"

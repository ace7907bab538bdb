"""Setting up a way, against the stand-in, with the real SDK."""

import pytest
from mns.account import Account
from mns.queue import Message, Queue, QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import Topic

from router.errors import RouterError
from router.mns.application import StandIn
from router.mns.faults import Switch
from router.mns.proof import publish_mark, take_mark
from router.mns.setup import RETENTION, Step, Way, queue_endpoint, set_up

TO_QUEUE = Way("events", "jobs")


def run(stand_in: StandIn, account: Account, way: Way = TO_QUEUE, *, dry_run: bool = False) -> list[Step]:
    return list(set_up(account, stand_in.url, way, dry_run=dry_run))


def test_everything_is_made_and_made_once(stand_in: StandIn, account: Account) -> None:
    """A topic, a queue that keeps messages for 7 days, a subscription; the second run finds all there."""
    assert [step.done for step in run(stand_in, account)] == ["made", "made", "made"]
    assert [(step.done, step.differs) for step in run(stand_in, account)] == [("is there", "")] * 3
    assert account.get_queue("jobs").get_attributes().message_retention_period == RETENTION
    there = account.get_subscription("events", "alert-router-jobs").get_attributes()
    assert (there.notify_strategy, there.notify_content_format) == ("EXPONENTIAL_DECAY_RETRY", "SIMPLIFIED")
    assert there.endpoint.endswith(":queues/jobs")


def test_a_dry_run_makes_nothing(stand_in: StandIn, account: Account) -> None:
    """It says what it would make."""
    assert [step.done for step in run(stand_in, account, dry_run=True)] == ["would be made"] * 3
    assert account.list_queue()[0] == account.list_topic()[0] == []


def test_a_push_needs_no_queue(stand_in: StandIn, account: Account) -> None:
    """Topic and subscription to the router's address."""
    steps = run(
        stand_in, account, Way("events", url="https://router.example/v1/events/push", content_format="JSON")
    )
    assert [str(step) for step in steps] == [
        "topic events: made",
        "subscription alert-router-push to https://router.example/v1/events/push: made",
    ]


def test_what_differs_is_said_and_left(stand_in: StandIn, account: Account, topic: Topic) -> None:
    """A queue that forgets early, a subscription in another format: shown with what to do, not changed."""
    account.get_queue("jobs").create(QueueMeta(msg_ttl=3600 * 24))
    meta = SubscriptionMeta(queue_endpoint(stand_in.url, "jobs"), "BACKOFF_RETRY", "XML", "red")
    topic.get_subscription("alert-router-jobs").subscribe(meta)
    _, queue, subscription = run(stand_in, account)
    assert queue.differs.startswith("it keeps messages for 1 days; set MessageRetentionPeriod to 604800")
    assert "its NotifyContentFormat is XML, not SIMPLIFIED" in subscription.differs
    assert "its NotifyStrategy is BACKOFF_RETRY, not EXPONENTIAL_DECAY_RETRY" in subscription.differs
    assert "its FilterTag is red, not empty" in subscription.differs
    assert account.get_queue("jobs").get_attributes().message_retention_period == 86400


def test_a_refusal_has_its_remedy(stand_in: StandIn, account: Account) -> None:
    """What MNS says, and what to do."""
    stand_in.faults.set("signature-does-not-match", Switch())
    with pytest.raises(RouterError, match="SignatureDoesNotMatch") as error:
        run(stand_in, account)
    assert "access_key_secret" in error.value.remedy


@pytest.mark.parametrize(
    ("endpoint", "named"),
    [
        ("http://123.mns.cn-hangzhou.aliyuncs.com", "acs:mns:cn-hangzhou:123:queues/q"),
        ("https://123.mns.ap-southeast-1.aliyuncs.com/", "acs:mns:ap-southeast-1:123:queues/q"),
        ("http://123.mns.cn-hangzhou-internal.aliyuncs.com", "acs:mns:cn-hangzhou:123:queues/q"),
        ("http://123.mns.cn-hangzhou-internal-vpc.aliyuncs.com", "acs:mns:cn-hangzhou:123:queues/q"),
    ],
)
def test_how_a_subscription_names_a_queue(endpoint: str, named: str) -> None:
    """Region and account are read from every documented form of endpoint."""
    assert queue_endpoint(endpoint, "q") == named


def test_an_endpoint_that_does_not_tell() -> None:
    """An address of one's own has no region and account in it."""
    with pytest.raises(RouterError, match="does not tell region and account"):
        queue_endpoint("http://mns.example.com", "q")


def test_the_way_is_proved_and_others_are_left_alone(stand_in: StandIn, account: Account) -> None:
    """The marked event comes out at the queue and is deleted; a message that was there stays."""
    run(stand_in, account)
    queue: Queue = account.get_queue("jobs")
    queue.set_encoding(False)
    queue.send_message(Message("a real one"))
    publish_mark(account, "events", "mark-1")
    assert take_mark(account, "jobs", "mark-1", 5)
    assert queue.receive_message(3).message_body == "a real one"
    assert not take_mark(account, "jobs", "mark-2", 0.1)

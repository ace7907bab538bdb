"""Makes a topic, a queue and a subscription ready, and says what was there already.

Nothing that exists is changed or deleted: what differs from what the router needs is said.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from router.errors import RouterError
from router.mns_sdk import trouble_of

if TYPE_CHECKING:
    from mns.account import Account
    from mns.subscription import SubscriptionMeta

#: Seven days, the most that MNS keeps a message: the longest outage that loses nothing.
RETENTION = 604_800
#: 176 attempts within a day; the other strategy gives a push up after a minute.
STRATEGY = "EXPONENTIAL_DECAY_RETRY"
_HOST = re.compile(r"([0-9]+)\.mns\.([a-z0-9-]+?)(?:-internal)?(?:-vpc)?\.aliyuncs\.com")
_MISSING = ("QueueNotExist", "TopicNotExist", "SubscriptionNotExist", "SubscriberNotExist")


@dataclass(frozen=True, slots=True)
class Way:
    """From a topic to a queue or to an address of the router.

    Args:
        queue: name of the queue; empty for a push.
        url: where MNS pushes to; empty for a queue.
        content_format: ``SIMPLIFIED``, ``JSON`` or ``XML``.
    """

    topic: str
    queue: str = ""
    url: str = ""
    content_format: str = "SIMPLIFIED"

    @property
    def subscription(self) -> str:
        """The subscription's name."""
        return f"alert-router-{self.queue or 'push'}"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a way needs.

    Args:
        done: ``made``, ``would be made``, ``is there``.
        differs: what is not as the router needs it, and what to do; empty when all is well.
    """

    what: str
    done: str
    differs: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.done}" + (f", but {self.differs}" if self.differs else "")


def set_up(account: "Account", endpoint: str, way: Way, *, dry_run: bool) -> Iterator[Step]:
    """Makes what is missing, one step at a time.

    Raises:
        RouterError: ``mns``, with what MNS said and the remedy.
    """
    steps = [_topic, _queue, _subscription] if way.queue else [_topic, _subscription]
    for step in steps:
        try:
            yield step(account, endpoint, way, dry_run)
        except RouterError:
            raise
        except Exception as error:
            raise failure(error) from error


def failure(error: Exception) -> RouterError:
    """An error of the SDK in our words."""
    trouble = trouble_of(error)
    return RouterError("mns", f"MNS: {trouble}", trouble.remedy)


def queue_endpoint(endpoint: str, queue: str) -> str:
    """How a subscription names a queue of the same account and region.

    Raises:
        RouterError: ``config`` when the endpoint does not tell account and region.
    """
    host = urlsplit(endpoint).hostname or ""
    found = _HOST.fullmatch(host)
    if found is not None:
        return f"acs:mns:{found[2]}:{found[1]}:queues/{queue}"
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return f"acs:mns:stand-in:stand-in:queues/{queue}"
    raise RouterError(
        "config",
        f"the endpoint {endpoint} does not tell region and account, which the subscription needs",
        "Use http://ACCOUNT.mns.REGION.aliyuncs.com",
    )


def _topic(account: "Account", _: str, way: Way, dry_run: bool) -> Step:
    from mns.topic import TopicMeta

    topic = account.get_topic(way.topic)
    what = f"topic {way.topic}"
    if _exists(topic.get_attributes):
        return Step(what, "is there")
    if not dry_run:
        topic.create(TopicMeta())
    return Step(what, "would be made" if dry_run else "made")


def _queue(account: "Account", _: str, way: Way, dry_run: bool) -> Step:
    from mns.queue import QueueMeta

    queue = account.get_queue(way.queue)
    what = f"queue {way.queue}"
    if _exists(queue.get_attributes):
        days = queue.get_attributes().message_retention_period / 86400
        differs = (
            f"it keeps messages for {days:g} days; set MessageRetentionPeriod to {RETENTION} (7 days)"
            if days * 86400 < RETENTION
            else ""
        )
        return Step(what, "is there", differs)
    if not dry_run:
        queue.create(QueueMeta(msg_ttl=RETENTION))
    return Step(what, "would be made" if dry_run else "made")


def _subscription(account: "Account", endpoint: str, way: Way, dry_run: bool) -> Step:
    from mns.subscription import SubscriptionMeta

    subscription = account.get_subscription(way.topic, way.subscription)
    target = way.url or queue_endpoint(endpoint, way.queue)
    what = f"subscription {way.subscription} to {target}"
    if _exists(subscription.get_attributes):
        there = subscription.get_attributes()
        return Step(what, "is there", _differences(way, target, there))
    if not dry_run:
        subscription.subscribe(SubscriptionMeta(target, STRATEGY, way.content_format))
    return Step(what, "would be made" if dry_run else "made")


def _differences(way: Way, target: str, there: "SubscriptionMeta") -> str:
    asked = {
        "Endpoint": (target, there.endpoint),
        "NotifyContentFormat": (way.content_format, there.notify_content_format),
        "NotifyStrategy": (STRATEGY, there.notify_strategy),
        "FilterTag": ("", there.filter_tag),
    }
    found = [
        f"its {name} is {has or 'not set'}, not {wants or 'empty'}"
        for name, (wants, has) in asked.items()
        if wants != has
    ]
    if not found:
        return ""
    return f"{'; '.join(found)}. Remove it in the console and run this again, if that is not meant"


def _exists(look: Callable[[], object]) -> bool:
    try:
        look()
    except Exception as error:
        if trouble_of(error).code in _MISSING:
            return False
        raise
    return True

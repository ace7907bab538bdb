"""Which topics bring their messages to a queue, by their subscriptions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from router.cli.doctor.check import Check

if TYPE_CHECKING:
    from mns.account import Account
    from mns.subscription import SubscriptionMeta

#: Topics of the account that are looked through, and subscriptions of each.
_MOST = 50


def look(name: str, queue: str, account: "Account") -> Iterator[Check]:
    """What is subscribed for the queue; whose keys may not ask for that is told so.

    Args:
        name: what the checks are about.
    """
    from router.mns_sdk import trouble_of

    try:
        topics, found = _subscribed(queue, account)
    except Exception as error:  # noqa: BLE001  whatever the SDK meets is what we are here to tell
        yield Check(name, "info", f"what is subscribed for it cannot be listed: {trouble_of(error)}")
        return
    for one in found:
        yield _brought(name, one)
    if not found:
        said = f"none of {topics} topics of this account has a subscription for it"
        remedy = f"alert-router mns setup --queue {queue}, unless somebody sends to it directly"
        yield Check(name, "info", said, remedy)


def _brought(name: str, one: "SubscriptionMeta") -> Check:
    whose = f"topic {one.topic_name}, by the subscription {one.subscription_name} to {one.endpoint}"
    if one.filter_tag:
        said = f"only what is tagged {one.filter_tag} comes from {whose}"
        return Check(name, "info", said, "Take its FilterTag away in the console if events are missing")
    return Check(name, "ok", f"all messages come from {whose} ({one.notify_content_format})")


def _subscribed(queue: str, account: "Account") -> "tuple[int, list[SubscriptionMeta]]":
    """How many topics were looked through, and their subscriptions that bring something to the queue."""
    topics = [_last(url) for url in account.list_topic("", _MOST)[0]]
    there = [
        account.get_subscription(topic, _last(url)).get_attributes()
        for topic in topics
        for url in account.get_topic(topic).list_subscription("", _MOST)[0]
    ]
    return len(topics), [one for one in there if one.endpoint.endswith(f":queues/{queue}")]


def _last(url: str) -> str:
    return url.rpartition("/")[2]

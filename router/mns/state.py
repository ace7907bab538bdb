"""Everything that the stand-in holds: queues, topics and the pushes that are on their way."""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from router.mns.attributes import QueueAttributes, TopicAttributes, changed, checked_name
from router.mns.messages import Ids
from router.mns.notification import notification_text
from router.mns.queues import Queue
from router.mns.refusal import RefusedError
from router.mns.topics import (
    MOST_SUBSCRIPTIONS,
    Published,
    Push,
    Subscription,
    Topic,
    retry_after,
)

Texts = dict[str, str]


@dataclass
class State:
    """What there is. Used by one thread.

    Args:
        number_time: says whether the next notification has its time as a number.
    """

    ids: Ids
    chance: random.Random
    number_time: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        self.queues: dict[str, Queue] = {}
        self.topics: dict[str, Topic] = {}
        self.pushes: dict[int, Push] = {}
        self.redefined = False
        """Whether queues, topics or subscriptions changed since somebody last cleared this."""
        self.changed_pushes: set[int] = set()
        self._numbers = itertools.count(1)

    def restore_pushes(self, pushes: dict[int, Push]) -> None:
        """Takes in pushes that were kept."""
        self.pushes.update(pushes)
        self._numbers = itertools.count(max(self.pushes, default=0) + 1)

    # queues

    def queue(self, name: str) -> Queue:
        """The queue of that name, or the refusal ``QueueNotExist``."""
        if name not in self.queues:
            raise RefusedError("QueueNotExist", "the queue does not exist")
        return self.queues[name]

    def create_queue(self, name: str, texts: Texts, now: int) -> bool:
        """Makes a queue; false when it is there with the same attributes."""
        attributes = changed(QueueAttributes(), texts)
        there = self.queues.get(checked_name("Queue", name))
        if there is None:
            self.queues[name] = Queue(name, self.ids, attributes, now, now)
            self.redefined = True
        elif there.attributes != attributes:
            raise RefusedError("QueueAlreadyExist", "the queue is there with other attributes")
        return there is None

    def set_queue(self, name: str, texts: Texts, now: int) -> None:
        """Changes a queue's attributes."""
        queue = self.queue(name)
        queue.attributes, queue.modified_at = changed(queue.attributes, texts), now
        self.redefined = True

    def delete_queue(self, name: str) -> None:
        """Deletes a queue with its messages; a queue that is not there is no fault."""
        queue = self.queues.pop(name, None)
        self.redefined = self.redefined or queue is not None

    # topics

    def topic(self, name: str) -> Topic:
        """The topic of that name, or the refusal ``TopicNotExist``."""
        if name not in self.topics:
            raise RefusedError("TopicNotExist", "the topic does not exist")
        return self.topics[name]

    def create_topic(self, name: str, texts: Texts, now: int) -> bool:
        """Makes a topic; false when it is there with the same attributes."""
        attributes = changed(TopicAttributes(), texts)
        there = self.topics.get(checked_name("Topic", name))
        if there is None:
            self.topics[name] = Topic(name, attributes, now, now)
            self.redefined = True
        elif there.attributes != attributes:
            raise RefusedError("TopicAlreadyExist", "the topic is there with other attributes")
        return there is None

    def set_topic(self, name: str, texts: Texts, now: int) -> None:
        """Changes a topic's attributes."""
        topic = self.topic(name)
        topic.attributes, topic.modified_at = changed(topic.attributes, texts), now
        self.redefined = True

    def delete_topic(self, name: str) -> None:
        """Deletes a topic with its subscriptions; a topic that is not there is no fault."""
        topic = self.topics.pop(name, None)
        self.redefined = self.redefined or topic is not None

    def subscribe(self, subscription: Subscription) -> bool:
        """Adds a subscription; false when it is there and the same."""
        there = self.topic(subscription.topic).subscriptions
        checked_name("Subscription", subscription.name)
        before = there.get(subscription.name)
        if before is not None and not before.same_as(subscription):
            raise RefusedError("SubscriptionAlreadyExist", "the subscription is there and differs")
        if before is None and len(there) >= MOST_SUBSCRIPTIONS:
            raise RefusedError("InvalidArgument", f"a topic has at most {MOST_SUBSCRIPTIONS} subscriptions")
        if before is None:
            there[subscription.name] = subscription
            self.redefined = True
        return before is None

    def set_strategy(self, topic: str, name: str, strategy: str, now: int) -> None:
        """Changes how a subscription is retried."""
        subscription = self.topic(topic).subscription(name)
        subscription.strategy, subscription.modified_at = strategy, now
        self.redefined = True

    def unsubscribe(self, topic: str, name: str) -> None:
        """Ends a subscription; one that is not there is no fault."""
        ended = self.topic(topic).subscriptions.pop(name, None)
        self.redefined = self.redefined or ended is not None

    # pushes

    def publish(self, topic: str, body: str, tag: str, now: int) -> tuple[Published, list[str]]:
        """Sends a message on its way to every subscription that wants it.

        Returns:
            The message, and the queues that have it already.
        """
        message = Published(self.ids.message(now), topic, body, now, tag)
        reached: list[str] = []
        for subscription in self.topic(topic).subscriptions.values():
            if not subscription.wants(tag):
                continue
            if subscription.queue in self.queues:
                self._to_queue(message, subscription, now)
                reached.append(subscription.queue)
            else:
                self._put_push(Push(message, subscription.name, now))
        return message, reached

    def due_pushes(self, now: int) -> Iterator[tuple[int, Push, Subscription]]:
        """Pushes that are due, with their subscription; those without one any more are dropped."""
        for number in [number for number, push in self.pushes.items() if push.due_at <= now]:
            push = self.pushes[number]
            topic = self.topics.get(push.message.topic)
            subscription = topic.subscriptions.get(push.subscription) if topic else None
            if subscription is None:
                self.end_push(number)
            else:
                yield number, push, subscription

    def push_to_queue(self, push: Push, subscription: Subscription, now: int) -> bool:
        """Puts a push in the subscription's queue; false when there is no such queue."""
        if subscription.queue not in self.queues:
            return False
        self._to_queue(push.message, subscription, now)
        return True

    def retry_push(self, number: int, strategy: str, answer: str, now: int) -> None:
        """Notes a failed attempt; the push is tried again later, or given up."""
        push = self.pushes[number]
        after = retry_after(strategy, push.attempts + 1, self.chance)
        if after is None:
            self.end_push(number)
            return
        self.pushes[number] = replace(
            push, attempts=push.attempts + 1, due_at=now + after, last_answer=answer
        )
        self.changed_pushes.add(number)

    def end_push(self, number: int) -> None:
        """Forgets a push that was accepted or given up."""
        self.pushes.pop(number, None)
        self.changed_pushes.add(number)

    def hurry_pushes(self, now: int) -> None:
        """Makes every push due now."""
        for number, push in self.pushes.items():
            push.due_at = now
            self.changed_pushes.add(number)

    def _put_push(self, push: Push) -> None:
        number = next(self._numbers)
        self.pushes[number] = push
        self.changed_pushes.add(number)

    def _to_queue(self, message: Published, subscription: Subscription, now: int) -> None:
        text = notification_text(message, subscription, number_time=self.number_time())
        self.queues[subscription.queue].send(now, text)

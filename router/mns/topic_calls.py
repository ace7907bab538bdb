"""The operations on topics and subscriptions."""

from collections.abc import Callable

from router.mns import wire
from router.mns.attributes import LONGEST_TAG
from router.mns.call import Answer, Call, Operation, page
from router.mns.messages import SECOND, body_md5
from router.mns.notification import ACCOUNT
from router.mns.queue_calls import checked_size
from router.mns.refusal import RefusedError
from router.mns.state import State
from router.mns.topics import Subscription, Topic, checked_strategy, make_subscription


class TopicCalls:
    """Answers them from the state.

    Args:
        reached: is told the name of each queue that a published message is in.
        pushing: is called when there is something to push.
    """

    def __init__(self, state: State, reached: Callable[[str], None], pushing: Callable[[], None]) -> None:
        self._state = state
        self._reached = reached
        self._pushing = pushing

    def operations(self) -> dict[str, Operation]:
        """What is answered here, by the operation's name."""
        return {
            "create-topic": self.create_topic,
            "set-topic": self.set_topic,
            "get-topic": self.get_topic,
            "delete-topic": self.delete_topic,
            "list-topics": self.list_topics,
            "publish": self.publish,
            "subscribe": self.subscribe,
            "set-subscription": self.set_subscription,
            "get-subscription": self.get_subscription,
            "unsubscribe": self.unsubscribe,
            "list-subscriptions": self.list_subscriptions,
        }

    # topics

    def create_topic(self, call: Call) -> Answer:
        name = call.names["topic"]
        made = self._state.create_topic(name, wire.texts(wire.parse(call.body, "Topic")), call.now)
        return Answer(201 if made else 204, headers={"Location": call.url(f"topics/{name}")})

    def set_topic(self, call: Call) -> Answer:
        self._state.set_topic(call.names["topic"], wire.texts(wire.parse(call.body, "Topic")), call.now)
        return Answer()

    def get_topic(self, call: Call) -> Answer:
        topic = self._state.topic(call.names["topic"])
        return Answer(200, wire.document("Topic", list(self._described(topic).items())))

    def delete_topic(self, call: Call) -> Answer:
        self._state.delete_topic(call.names["topic"])
        return Answer()

    def list_topics(self, call: Call) -> Answer:
        names, marker = page(list(self._state.topics), call.headers)
        meta = call.headers.get("x-mns-with-meta") == "true"
        items = [
            {"TopicURL": call.url(f"topics/{name}")}
            | (self._described(self._state.topics[name]) if meta else {})
            for name in names
        ]
        return Answer(200, wire.listing("Topic", items, marker))

    def publish(self, call: Call) -> Answer:
        topic = self._state.topic(call.names["topic"])
        texts = wire.texts(wire.parse(call.body, "Message"))
        body, tag = texts.get("MessageBody", ""), texts.get("MessageTag", "")
        checked_size(body, topic.attributes.maximum_message_size)
        if len(tag) > LONGEST_TAG:
            raise RefusedError("InvalidArgument", f"MessageTag has at most {LONGEST_TAG} characters")
        message, reached = self._state.publish(topic.name, body, tag, call.now)
        for queue in reached:
            self._reached(queue)
        self._pushing()
        parts = [("MessageId", message.id), ("MessageBodyMD5", body_md5(body))]
        return Answer(201, wire.document("Message", parts))

    # subscriptions

    def subscribe(self, call: Call) -> Answer:
        topic, name = call.names["topic"], call.names["subscription"]
        texts = wire.texts(wire.parse(call.body, "Subscription"))
        made = self._state.subscribe(make_subscription(topic, name, texts, call.now))
        where = call.url(f"topics/{topic}/subscriptions/{name}")
        return Answer(201 if made else 204, headers={"Location": where})

    def set_subscription(self, call: Call) -> Answer:
        texts = wire.texts(wire.parse(call.body, "Subscription"))
        if "NotifyStrategy" in texts:
            strategy = checked_strategy(texts["NotifyStrategy"])
            self._state.set_strategy(call.names["topic"], call.names["subscription"], strategy, call.now)
        return Answer()

    def get_subscription(self, call: Call) -> Answer:
        found = self._state.topic(call.names["topic"]).subscription(call.names["subscription"])
        return Answer(200, wire.document("Subscription", list(_subscription(found).items())))

    def unsubscribe(self, call: Call) -> Answer:
        self._state.unsubscribe(call.names["topic"], call.names["subscription"])
        return Answer()

    def list_subscriptions(self, call: Call) -> Answer:
        topic = self._state.topic(call.names["topic"])
        names, marker = page(list(topic.subscriptions), call.headers)
        items = [{"SubscriptionURL": call.url(f"topics/{topic.name}/subscriptions/{name}")} for name in names]
        return Answer(200, wire.listing("Subscription", items, marker))

    def _described(self, topic: Topic) -> dict[str, str]:
        waiting = sum(1 for push in self._state.pushes.values() if push.message.topic == topic.name)
        return {
            "TopicName": topic.name,
            "MessageCount": str(waiting),
            "CreateTime": str(topic.created_at // SECOND),
            "LastModifyTime": str(topic.modified_at // SECOND),
            "MaximumMessageSize": str(topic.attributes.maximum_message_size),
            "MessageRetentionPeriod": str(topic.attributes.message_retention_period),
            "LoggingEnabled": str(topic.attributes.logging_enabled),
        }


def _subscription(subscription: Subscription) -> dict[str, str]:
    texts = {
        "TopicOwner": ACCOUNT,
        "TopicName": subscription.topic,
        "SubscriptionName": subscription.name,
        "Endpoint": subscription.endpoint,
        "NotifyStrategy": subscription.strategy,
        "NotifyContentFormat": subscription.content_format,
        "CreateTime": str(subscription.created_at // SECOND),
        "LastModifyTime": str(subscription.modified_at // SECOND),
    }
    return texts | ({"FilterTag": subscription.filter_tag} if subscription.filter_tag else {})

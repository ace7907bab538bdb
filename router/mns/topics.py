"""Topics and subscriptions: who gets a published message, in which form, and when it is tried again."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from router.mns.attributes import LONGEST_TAG, TopicAttributes
from router.mns.messages import SECOND
from router.mns.refusal import RefusedError

FORMATS = ("XML", "JSON", "SIMPLIFIED")
BACKOFF, DECAY = "BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"
MOST_SUBSCRIPTIONS = 100

_QUEUE_ENDPOINT = re.compile(r"acs:mns:[^:]+:[^:]+:queues/([A-Za-z0-9][A-Za-z0-9-]*)")
_RETRIES = {BACKOFF: 3, DECAY: 176}


@dataclass(slots=True)
class Subscription:
    """Who gets a topic's messages. Only the strategy can be changed. Times are microseconds UTC."""

    topic: str
    name: str
    endpoint: str
    strategy: str = BACKOFF
    content_format: str = "XML"
    filter_tag: str = ""
    created_at: int = 0
    modified_at: int = 0

    @property
    def queue(self) -> str:
        """The queue that the endpoint names, or nothing when it is an address."""
        found = _QUEUE_ENDPOINT.fullmatch(self.endpoint)
        return found[1] if found else ""

    def wants(self, tag: str) -> bool:
        """Whether a message with this tag is for it."""
        return not self.filter_tag or self.filter_tag == tag

    def same_as(self, other: "Subscription") -> bool:
        """Whether subscribing again asks for what is there."""
        return (self.endpoint, self.strategy, self.content_format, self.filter_tag) == (
            other.endpoint,
            other.strategy,
            other.content_format,
            other.filter_tag,
        )


@dataclass
class Topic:
    """A topic and its subscriptions by name."""

    name: str
    attributes: TopicAttributes = field(default_factory=TopicAttributes)
    created_at: int = 0
    modified_at: int = 0
    subscriptions: dict[str, Subscription] = field(default_factory=dict[str, Subscription])

    def subscription(self, name: str) -> Subscription:
        """The subscription of that name, or the refusal ``SubscriptionNotExist``."""
        if name not in self.subscriptions:
            raise RefusedError("SubscriptionNotExist", "the subscription does not exist")
        return self.subscriptions[name]


@dataclass(frozen=True, slots=True)
class Published:
    """A message that was published to a topic."""

    id: str
    topic: str
    body: str
    published_at: int
    tag: str = ""


@dataclass(slots=True)
class Push:
    """A published message on its way to one subscription."""

    message: Published
    subscription: str
    due_at: int
    attempts: int = 0
    last_answer: str = ""


def make_subscription(topic: str, name: str, texts: Mapping[str, str], now: int) -> Subscription:
    """A subscription as a request describes it.

    Raises:
        RefusedError: ``EndpointInvalid`` or ``InvalidArgument``.
    """
    made = Subscription(
        topic,
        name,
        texts.get("Endpoint", ""),
        checked_strategy(texts.get("NotifyStrategy", BACKOFF)),
        texts.get("NotifyContentFormat", "XML"),
        texts.get("FilterTag", ""),
        now,
        now,
    )
    if made.content_format not in FORMATS:
        raise RefusedError("InvalidArgument", f"NotifyContentFormat is one of {', '.join(FORMATS)}")
    if len(made.filter_tag) > LONGEST_TAG:
        raise RefusedError("InvalidArgument", f"FilterTag has at most {LONGEST_TAG} characters")
    if not made.queue and not _is_address(made.endpoint):
        raise RefusedError("EndpointInvalid", "an endpoint is http://… or acs:mns:REGION:ACCOUNT:queues/NAME")
    return made


def checked_strategy(text: str) -> str:
    """The strategy if there is one of that name, or the refusal ``InvalidArgument``."""
    if text not in _RETRIES:
        raise RefusedError("InvalidArgument", f"NotifyStrategy is {BACKOFF} or {DECAY}")
    return text


def retry_after(strategy: str, attempts: int, chance: random.Random) -> int | None:
    """How long to wait after so many failed attempts, in microseconds; None gives up."""
    if attempts > _RETRIES[strategy]:
        return None
    if strategy == BACKOFF:
        return chance.randint(10 * SECOND, 20 * SECOND)
    return min(2 ** (attempts - 1), 512) * SECOND


def _is_address(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 80) > 0
    except ValueError:
        return False

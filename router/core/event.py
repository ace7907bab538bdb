"""What a source receives (an envelope) and what it means (an event)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

#: Bytes of the longest body that is taken; MNS itself carries 64 KiB.
MAX_BODY = 256 * 1024
#: Headers that a source sets itself, where its senders say again and again how things stand. What has
#: ``standing`` is a double of what had the same before it, until a message that ``ends`` it has come.
STANDING = "standing"
ENDS = "ends"
#: How the identity of what is taken once more begins: whatever is inside, it is no double of itself.
REPLAYED = "replay:"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a source received, before anybody looked inside.

    Args:
        source: the source's name in the configuration.
        body: the bytes as they came.
        received_at: microseconds UTC.
        headers: those that a decoder reads, names in lower case: ``x-mns-message-id``,
            ``x-mns-publish-time``, ``x-mns-enqueue-time`` (epoch milliseconds), ``idempotency-key``,
            ``content-type`` and a CloudEvent's ``ce-…``; ``traceparent``, its sender's span;
            and :data:`STANDING`, :data:`ENDS`.
        position: where in the source it stood (a queue's message id, a file's line); for people.
        identity: what tells this message from every other, where the way it came says so (a queue's
            message id, see :func:`identity_of`), or None. What is inside may say it better.
        poison: why its source gave it up (it came back too often), or nothing. Such a message is
            set aside with this reason, without looking inside.
    """

    source: str
    body: bytes
    received_at: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    position: str = ""
    identity: str | None = None
    poison: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, decoded.

    Args:
        id: the MNS MessageId where there is one, else an id made by us; text without spaces.
        source: the source's name in the configuration; empty when decoded outside a router.
        at: when its source says it was published, else when it was received; microseconds UTC,
            never later than the receipt.
        data: the decoded body, fields named as the producer names them.
        received_at: microseconds UTC.
        identity: two receipts of one identity are the same message, by docs/rules.md section 4;
            None makes every receipt an event of its own.
        odd_fields: fields that should hold a number and hold another text, kept as they came.
    """

    id: str
    source: str
    at: int
    data: Mapping[str, Any]
    received_at: int
    identity: str | None = None
    odd_fields: tuple[str, ...] = ()

    @property
    def time(self) -> datetime:
        """``at`` as an aware datetime in UTC."""
        return _EPOCH + timedelta(microseconds=self.at)

    @property
    def kind(self) -> str:
        """The event's name: ``Event`` of Batch Compute, ``type`` of a CloudEvent, else empty."""
        name = self.data.get("Event") or self.data.get("type")
        return name if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A message that was set aside: kept whole, with the reason in words."""

    envelope: Envelope
    reason: str


def digest_id(prefix: str, text: str | bytes) -> str:
    """An id of ours that depends on the text alone: ``prefix-`` and 24 hexadecimal digits."""
    return f"{prefix}-{_digest(text, 12)}"


def timed_id(prefix: str, at: int, text: str | bytes) -> str:
    """The same with a time in front, in seconds.

    What comes together stands together in every index of a store: it writes a few of its pages, not one
    for each id.

    Args:
        at: microseconds UTC.
    """
    return f"{prefix}-{at // 1_000_000 & 0xFFFF_FFFF:08x}{_digest(text, 8)}"


def beside(prefix: str, other: str, text: str) -> str:
    """An id that stands where another stands: with the time of that :func:`timed_id`."""
    return f"{prefix}-{other[2:10]}{_digest(text, 8)}"


def _digest(text: str | bytes, size: int) -> str:
    exact = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(exact, digest_size=size).hexdigest()


def is_plain_id(text: str) -> bool:
    """Whether a foreign id may stand as it is in ids, links and logs: a word of at most 64 characters."""
    return _PLAIN_ID.fullmatch(text) is not None


def identity_of(way: str, text: str) -> str:
    """A message's identity: the way it is known by (``mns``, ``queue``, ``ce``, ``key``) and its id there.

    An id that is no plain word stands as its digest, so that an identity is always short ASCII text.
    """
    return f"{way}:{text}" if is_plain_id(text) else digest_id(way, text)

"""Digesting: what is more than a target takes is told as a few messages, each of several deliveries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from router.core.delivery import Delivery, State
from router.core.event import digest_id
from router.core.message import Message
from router.core.rule import Severity
from router.core.text.digest import digests
from router.pipeline.tongue import Tongue


@dataclass(frozen=True, slots=True)
class Sending:
    """What one send carries: a delivery, or several deliveries of a target that are told as one digest.

    Args:
        deliveries: the first stands for all of them: the others are replaced by it.
    """

    deliveries: tuple[Delivery, ...]
    digest: Message | None = None

    @property
    def first(self) -> Delivery:
        """The one that stands for all."""
        return self.deliveries[0]

    @property
    def message(self) -> Message:
        """What is said."""
        return self.digest or Message.from_json(self.first.content)

    @property
    def delivery(self) -> Delivery:
        """As a channel sees it: a digest is a message of its own, with an idempotency key of its own."""
        if self.digest is None:
            return self.first
        key = digest_id("d", "\n".join(one.id for one in self.deliveries))
        unknown = max(one.unknown for one in self.deliveries)
        return replace(self.first, id=key, unknown=unknown, thread=None)


def alone(deliveries: Sequence[Delivery]) -> list[Sending]:
    """Each by itself."""
    return [Sending((one,)) for one in deliveries]


def together(deliveries: Sequence[Delivery], most: int, tongue: Tongue) -> list[Sending]:
    """Deliveries of one target as so many sends at most.

    The most severe come first, of those the newest; the first are told alone, if the others fit into fewer.
    """
    if len(deliveries) <= most:
        return alone(deliveries)
    ordered = sorted(
        deliveries, key=lambda one: (Severity.of(one.severity), one.created_at, one.id), reverse=True
    )
    needed = len(_digests(ordered, most, tongue))
    first = most - needed
    return [*alone(ordered[:first]), *_digests(ordered[first:], needed, tongue)]


def _digests(deliveries: Sequence[Delivery], most: int, tongue: Tongue) -> list[Sending]:
    messages = [Message.from_json(one.content) for one in deliveries]
    url = tongue.public_url
    link = f"{url}/deliveries?channel={quote(deliveries[0].channel, safe='')}" if url else ""
    made: list[Sending] = []
    at = 0
    for one in digests(messages, deliveries[0].kind, most, language=tongue.language, link=link):
        made.append(Sending(tuple(deliveries[at : at + one.count]), one.message if one.count > 1 else None))
        at += one.count
    return made


def accepted(sending: Sending, settled: Sequence[Delivery]) -> list[Delivery]:
    """What becomes of deliveries that were accepted as a digest: the others are replaced by the first."""
    if sending.digest is None or settled[0].state is not State.SENT:
        return list(settled)
    count = len(settled)
    first = replace(
        settled[0],
        reason=f"the provider accepted it, as a digest of {count} messages",
        content=sending.digest.to_json(),
        reference=None,  # it is not the message of one group
    )
    said = f"told together with {count - 1} others, in a digest: more waited than the target takes"
    told = {"state": State.REPLACED, "replaced_by": first.id, "reason": said, "reference": None}
    return [first, *(replace(one, **told) for one in settled[1:])]

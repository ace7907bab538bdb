"""Messages as each channel got them, with every attempt and the provider's answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from router.core.delivery import Delivery
from router.ports import Attempt, Unit
from router.web.shapes import TextJson, text_of


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one target."""

    delivery: Delivery
    text: TextJson
    tried: Sequence[Attempt]


def messages_of(unit: Unit, deliveries: Sequence[Delivery]) -> list[Message]:
    """These, with their texts and attempts, in their order."""
    tried: dict[str, list[Attempt]] = {one.id: [] for one in deliveries}
    for attempt in unit.attempts(tried.keys()) if tried else ():
        tried[attempt.delivery_id].append(attempt)
    return [Message(one, text_of(one), tried[one.id]) for one in deliveries]

"""A telling: a message that a channel accepted, on a virtual clock or of a day that has passed."""

from dataclasses import dataclass

from router.core.group import Reason
from router.core.message import Message


@dataclass(frozen=True, slots=True)
class Telling:
    """One message, at its first acceptance on its channel.

    Args:
        at: microseconds UTC.
        kind: the kind of the channel's provider.
        rule: the one that heads the message.
        group: the values that its alerts share, as canonical JSON text.
    """

    at: int
    channel: str
    kind: str
    rule: str
    reason: Reason
    group: str
    message: Message

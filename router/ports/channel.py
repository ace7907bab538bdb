"""What sends: one target."""

from typing import Protocol

from router.core.delivery import Delivery, Verdict
from router.core.message import Message


class Channel(Protocol):
    """One target at one provider."""

    kind: str
    concurrency: int
    """How many sends it takes at once."""

    def send(self, message: Message, delivery: Delivery) -> Verdict:
        """Sends once, within the channel's timeout, and says what came of it. Never raises.

        ``delivery.id`` is the idempotency key; ``delivery.may_repeat`` is said in the text.
        """
        ...

    def close(self) -> None:
        """Gives connections back."""
        ...

"""Faults that the stand-in plays on demand: what has been seen of MNS, proxies and networks."""

import random
from dataclasses import dataclass

from router.errors import RouterError

#: Every switch and what it does while it is on.
SWITCHES: dict[str, str] = {
    "close-idle": "closes the connection some time after its answer, without saying so",
    "close-without-answer": "carries the request out and closes the connection without an answer",
    "reset": "resets the connection instead of carrying the request out",
    "hang": "does not answer for the given seconds, then closes the connection",
    "no-long-poll": "answers MessageNotExist at once, without waiting",
    "html-503": "a proxy's page with status 503",
    "empty-500": "status 500 without a body",
    "error-without-host": "an error that lacks its HostId",
    "redirect": "status 302 to another address",
    "empty-body": "the first message of a batch has an empty body",
    "mixed-base64": "every second message of a batch is base64",
    "expired-handle": "the receipt handle has expired: the message can be received again",
    "partial-delete": "every second receipt handle of a batch delete has expired",
    "odd-handles": "receipt handles hold +, / and =",
    "time-expired": "refuses with TimeExpired, as when the client's clock is wrong",
    "signature-does-not-match": "refuses with SignatureDoesNotMatch",
    "access-denied": "refuses with AccessDenied",
    "qps-limit": "refuses with QpsLimitExceeded",
    "duplicate-delivery": "a message that was received is delivered once more",
    "out-of-order": "messages that would come first are left for later",
    "push-wrong-signature": "the push's signature is another one's",
    "push-without-digest": "the push has no Content-MD5",
    "push-altered-body": "the push's body is not the one that was signed",
    "push-foreign-certificate": "the push names a certificate at another host",
    "push-number-time": "PublishTime is a number in the JSON form, not a text",
}


@dataclass
class Switch:
    """One fault that is on.

    Args:
        share: of the requests that it could hit; 1 is each.
        times: how often it still acts; None is until it is switched off.
        operation: the only operation that it hits, as ``receive``; empty is all.
        seconds: how long, for faults that take time.
    """

    share: float = 1.0
    times: int | None = None
    operation: str = ""
    seconds: float = 1.0


class Faults:
    """The switches that are on.

    Args:
        chance: decides which requests are hit by a share below 1.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.on: dict[str, Switch] = {}

    def set(self, name: str, switch: Switch) -> None:
        """Switches a fault on.

        Raises:
            RouterError: ``bad-request`` for a fault that does not exist.
        """
        if name not in SWITCHES:
            raise RouterError(
                "bad-request", f"no fault is named {name!r}", f"There are {', '.join(SWITCHES)}"
            )
        self.on[name] = switch

    def clear(self, name: str | None = None) -> None:
        """Switches one fault off, or all."""
        if name is None:
            self.on.clear()
        else:
            self.on.pop(name, None)

    def hit(self, name: str, operation: str = "") -> Switch | None:
        """The switch if the fault acts this time; counts it."""
        switch = self.on.get(name)
        if switch is None or (switch.operation and switch.operation != operation):
            return None
        if switch.share < 1 and self._chance.random() >= switch.share:
            return None
        if switch.times is not None:
            switch.times -= 1
            if switch.times <= 0:
                del self.on[name]
        return switch

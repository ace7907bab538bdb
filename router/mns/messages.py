"""A message in a queue, and the ids and receipt handles that name it."""

import hashlib
import itertools
import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass, field

SECOND = 1_000_000
LEAST_PRIORITY, DEFAULT_PRIORITY = 16, 8
MOST_IN_BATCH = 16

_ALPHABET = string.ascii_letters + string.digits
_HANDLE = re.compile(r"[0-9]+-[A-Za-z0-9+/=]{20,64}")


@dataclass(frozen=True, slots=True)
class Property:
    """A user or system property: name, value and type, all texts."""

    name: str
    value: str
    type: str


@dataclass(frozen=True, slots=True)
class Properties:
    """What a message carries beside its body."""

    group_id: str = ""
    user: tuple[Property, ...] = ()
    system: tuple[Property, ...] = ()


@dataclass(slots=True)
class Message:
    """A message in a queue. Times are microseconds UTC.

    Args:
        sequence: its place in the queue; two deliveries of one message share an id, never this.
        visible_at: from when on it can be received.
        handle: the one valid receipt handle, or nothing.
        version: counts changes of state, so that an outdated note about it is known as such.
    """

    sequence: int
    id: str
    body: str
    enqueued_at: int
    visible_at: int
    priority: int = DEFAULT_PRIORITY
    first_received_at: int | None = None
    dequeue_count: int = 0
    handle: str = ""
    version: int = 0
    properties: Properties = field(default_factory=Properties)

    @property
    def body_md5(self) -> str:
        """Upper-case hexadecimal, over the text as it is stored."""
        return body_md5(self.body)


def body_md5(body: str) -> str:
    """Upper-case hexadecimal MD5 of a text."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest().upper()


def well_formed(handle: str) -> bool:
    """Whether a receipt handle could have come from here."""
    return _HANDLE.fullmatch(handle) is not None


class Ids:
    """Makes ids that look like those of MNS.

    Args:
        chance: where randomness comes from.
        odd_handles: says whether the next receipt handle holds ``+``, ``/`` and ``=``.
    """

    def __init__(self, chance: random.Random, odd_handles: Callable[[], bool] = lambda: False) -> None:
        self._chance = chance
        self._odd_handles = odd_handles
        self._count = itertools.count(1)
        self._run = f"{chance.getrandbits(64):016X}"

    def message(self, now: int) -> str:
        """As ``5F290C926D472878-2-14D9529A8FA-200000001``."""
        return f"{self._run}-1-{now // 1000:X}-{next(self._count):09X}"

    def request(self) -> str:
        """24 hexadecimal digits."""
        return f"{self._chance.getrandbits(96):024X}"

    def handle(self) -> str:
        """As ``8-0zxjHAX72zPzaztyz0z6GXzcSROgZnrPNl``, or ``1-…+/==``."""
        text = "".join(self._chance.choices(_ALPHABET, k=34))
        return f"1-{text}+/==" if self._odd_handles() else f"8-{text}"

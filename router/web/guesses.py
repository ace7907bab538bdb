"""Wrong tokens, by the address that brings them: who guesses waits."""

import ipaddress
import threading
from typing import TypeVar

from router.errors import RouterError
from router.ports import Clock

K = TypeVar("K")
V = TypeVar("V")

#: Different wrong tokens that one address may bring in so much time.
MOST_WRONG = 5
WITHIN = 60_000_000
#: Addresses that are remembered; the one that began first is forgotten for the next.
MOST_ADDRESSES = 10_000
#: From one line of the audit trail to the next.
TOLD_EVERY = 3600_000_000


class Guesses:
    """What was brought from where. Safe to call from any thread.

    An address may be that of a proxy, or of a machine with many programs. So a wrong token counts once,
    however often a program that has an old one brings it; and a token that was right from an address goes
    on being taken from there, whatever others bring.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: When each wrong token, by its hash, was brought: by address.
        self._wrong: dict[str, dict[int, int]] = {}
        #: Addresses, each with the name of a token that was right from there.
        self._right: dict[tuple[str, str], None] = {}
        self._untold, self._first, self._others = 0, "", False
        self._tell_at = 0

    def judge(self, address: str, brought: str, name: str | None) -> None:
        """Counts a token that was brought.

        Args:
            name: whose it is; None: it is wrong.

        Raises:
            RouterError: ``too-many``: this address must wait, and hears nothing of what it brought.
        """
        peer = peer_of(address)
        with self._lock:
            if name is not None and (peer, name) in self._right:
                return
            after = self._clock.now() - WITHIN
            wrong = {one: at for one, at in self._wrong.get(peer, {}).items() if at > after}
            if name is None and hash(brought) in wrong:
                return
            if name is None:
                self._count(peer)
            if len(wrong) >= MOST_WRONG:
                raise RouterError("too-many", "too many wrong tokens came from this address", "Wait a minute")
            if name is not None:
                _keep(self._right, (peer, name), None)
            else:
                _keep(self._wrong, peer, wrong | {hash(brought): self._clock.now()})

    def untold(self, *, last: bool = False) -> tuple[str, int] | None:
        """From where wrong tokens came since this was asked last, and how many; None for most of an hour.

        Args:
            last: nobody will ask again: whatever there is.
        """
        with self._lock:
            if not self._untold or (self._clock.now() < self._tell_at and not last):
                return None
            told = f"{self._first} and others" if self._others else self._first, self._untold
            self._untold, self._others = 0, False
            self._tell_at = self._clock.now() + TOLD_EVERY
            return told

    def _count(self, peer: str) -> None:
        self._first = self._first if self._untold else peer
        self._others |= peer != self._first
        self._untold += 1


def peer_of(address: str) -> str:
    """Who has an address: in IPv6 a machine has all that begin with the same 64 bits."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if ip.version == 4:
        return address
    return str(ip.ipv4_mapped or ipaddress.ip_network((int(ip), 64), strict=False))


def _keep(known: dict[K, V], key: K, value: V) -> None:
    if key not in known and len(known) >= MOST_ADDRESSES:
        del known[next(iter(known))]
    known[key] = value

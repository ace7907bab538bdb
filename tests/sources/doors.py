"""Requests and intakes for the tests of sources."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from router.core.event import Envelope
from router.errors import RouterError
from router.ports import HttpSource, Receipt, Request

NOW = 1_700_000_000_000_000


def post(body: bytes, **headers: str) -> Request:
    """A POST; header names with ``_`` for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", "/v1/events/here", named, body, NOW)


def receive(source: HttpSource, request: Request) -> list[Envelope]:
    """What the source makes of a request."""
    return asyncio.run(source.receive(request))


class FixedClock:
    """A clock that stands still."""

    def now(self) -> int:
        return NOW


class KeepingIntake:
    """Commits at once and keeps what it was given; fails as often as it is told to, first."""

    def __init__(self, fails: int = 0, committed: Callable[[], None] = lambda: None) -> None:
        self.batches: list[list[Envelope]] = []
        self._fails = fails
        self._committed = committed

    def submit(self, envelopes: Sequence[Envelope]) -> "Future[list[Receipt]]":
        future: Future[list[Receipt]] = Future()
        if self._fails:
            self._fails -= 1
            future.set_exception(RouterError("store-unavailable", "the disk is full"))
            return future
        self.batches.append(list(envelopes))
        future.set_result([Receipt(str(index), "routed") for index in range(len(envelopes))])
        self._committed()
        return future

    @property
    def envelopes(self) -> list[Envelope]:
        return [envelope for batch in self.batches for envelope in batch]

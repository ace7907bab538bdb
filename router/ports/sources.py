"""What events come from, and the door that they come in by."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal, Protocol

from router.core.event import Envelope

EventOutcome = Literal["routed", "unmatched", "suppressed", "duplicate", "undecodable"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one envelope; a source acknowledges when it has it.

    Args:
        id: the event's id, or that of the message that was set aside.
        outcome: ``duplicate`` changed nothing.
        reason: why, in words.
    """

    id: str
    outcome: EventOutcome
    reason: str = ""


class Intake(Protocol):
    """The door of the pipeline, for sources."""

    def submit(self, envelopes: Sequence[Envelope]) -> "Future[list[Receipt]]":
        """Takes envelopes that belong together: one commit, one receipt each, in their order.

        The future fails with a ``RouterError`` of code ``store-unavailable`` when nothing was
        committed; then the source must not acknowledge.
        """
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request for a source.

    Args:
        target: path and query exactly as received.
        headers: names in lower case; a repeated name has its values joined by ``,``.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    received_at: int


class HttpSource(Protocol):
    """A source that is posted to.

    Args:
        name: as configured.
        path: where it listens.
        accepted_status: the answer when everything was committed (204 for MNS, else 200).
        signed: each request is proved by its signature, so that no token is asked for.
        most_bytes: of a request's body.
    """

    name: str
    path: str
    accepted_status: int
    signed: bool
    most_bytes: int

    async def receive(self, request: Request) -> list[Envelope]:
        """The envelopes in a request.

        Raises:
            RouterError: ``bad-request`` (400), ``forbidden`` (403): nothing is stored.
        """
        ...


class PullSource(Protocol):
    """A source that fetches: it runs in a thread of its own until it is told to stop.

    Args:
        ends_within: seconds in which it ends when it is told to; a stop waits no longer for it.
    """

    name: str
    ends_within: float

    def run(self, intake: Intake, stopping: Callable[[float], bool]) -> None:
        """Receives until ``stopping(seconds)``, which waits that long at most, returns true."""
        ...

    def problem(self) -> str:
        """What keeps it from receiving and what to do, in words; empty when all is well."""
        ...

    def caught_up(self) -> bool:
        """Whether all that waited for it, at its start or after a trouble, was received and committed."""
        ...

"""What the API and the pages may ask of the process that they run in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from router.config import Config
from router.core.event import Envelope, Event, Undecodable
from router.core.policy import Policy
from router.pipeline.drill import Begun
from router.ports import Clock, Store
from router.web.gate import Gate


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """How a source stands.

    Args:
        problem: what keeps it from receiving, in words; empty when all is well.
        caught_up: whether all that waited for it was received.
        heard_at: when its newest event was received; None if none was since the start.
        lag: how long that was after its publication, in microseconds.
    """

    name: str
    kind: str
    path: str
    problem: str
    caught_up: bool
    heard_at: int | None = None
    lag: int | None = None


@dataclass(frozen=True, slots=True)
class TargetStanding:
    """How a target stands.

    Args:
        standing: ``closed`` (it is sent to), ``open``, ``half-open`` or ``paused``.
        until: nothing is sent before; None when something is.
        broken: the provider's words where it refuses us and not a message.
        answer: of the latest failure, empty since the last acceptance.
        unverified: nobody reads its service's answers: a status 2xx counts as sent.
        proved: it has accepted a message since the start.
    """

    name: str
    standing: str
    until: int | None
    broken: str
    answer: str
    unverified: bool
    proved: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """How the configuration came to be in force.

    Args:
        at: when it did.
        refused_at: when a reload was refused last; None when none was since.
        faults: why; empty when none was.
    """

    at: int
    refused_at: int | None = None
    faults: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where the store is.

    Args:
        engine: ``sqlite`` or ``postgresql``.
        name: of the file, or of the database and its host; no secret.
        size: bytes of the file; None where that is somebody else's.
    """

    engine: str
    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Inside:
    """The process, seen from the web.

    Args:
        config: the configuration in force.
        problems: what keeps the process from taking events.
        sources: how each source stands.
        targets: how each target stands.
        drill: that the last drill failed, in words; empty when it did not.
        begin_drill: sends one off now; raises RouterError where there are none.
        loaded: how the configuration came to be in force, and why the last reload was refused.
        place: where the store is.
        reload: reads the configuration again, asked by somebody; whether it is in force now.
        stopping: whether the process ends.
        decode: what an envelope means.
    """

    store: Store
    clock: Clock
    config: Callable[[], Config]
    gate: Callable[[], Gate]
    problems: Callable[[], Sequence[str]]
    sources: Callable[[], Sequence[SourceStanding]]
    targets: Callable[[], Sequence[TargetStanding]]
    drill: Callable[[], str]
    begin_drill: Callable[[], Begun]
    loaded: Callable[[], Loaded]
    place: Callable[[], StorePlace]
    reload: Callable[[str], bool]
    stopping: Callable[[], bool]
    decode: Callable[[Envelope], Event | Undecodable]

    @property
    def policy(self) -> Policy:
        """The rules in force."""
        return self.config().policy

    def now(self) -> int:
        """Microseconds UTC."""
        return self.clock.now()

"""What a store keeps beside what the core knows: each a row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.core.alert import AlertState
from router.core.breaker import Breaker
from router.core.delivery import Verdict
from router.core.event import Envelope, Event, Undecodable
from router.core.group import Reason
from router.ports.sources import EventOutcome


@dataclass(frozen=True, slots=True)
class Known:
    """A message that was received before: its event, and every source it came from."""

    identity: str
    event_id: str
    sources: frozenset[str]


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event as it is kept, with the envelope it came in and what became of it.

    Args:
        matches: (rule, alert id) of every rule that matched.
        failures: (rule, error) of every filter that failed.
        number: orders those that one process received in the same microsecond.
    """

    event: Event
    envelope: Envelope
    policy: str
    outcome: EventOutcome
    reason: str
    matches: tuple[tuple[str, str], ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    number: int = 0


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """A notification as it is kept."""

    id: str
    group_id: str
    channel: str
    reason: Reason
    severity: str
    created_at: int
    policy: str
    event_id: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of a provider and its verdict. Times are microseconds UTC."""

    delivery_id: str
    number: int
    started_at: int
    ended_at: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class TargetState:
    """What all who send to a target know of it.

    Args:
        name: ``channel/number``.
        tokens: what was left in its bucket at the moment ``tokens_at`` (microseconds UTC); None where nothing
            was counted yet.
    """

    name: str
    tokens: float | None = None
    tokens_at: int = 0
    breaker: Breaker = field(default_factory=Breaker)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many open alerts of one rule stand alike.

    Args:
        state: ``firing`` or ``acknowledged``.
        events: how many events matched for them.
        since: when the first of them fired.
        by: who acknowledged them last, if somebody did; and until when that holds for the last of them.
    """

    rule: str
    severity: str
    state: AlertState
    alerts: int
    events: int
    since: int
    by: str
    until: int


@dataclass(frozen=True, slots=True)
class Job:
    """What was last heard of a job: its newest job event, and when that was."""

    id: str
    data: Mapping[str, Any]
    at: int


@dataclass(frozen=True, slots=True)
class SetAside:
    """An undecodable message as it is kept."""

    id: str
    undecodable: Undecodable
    replayed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did, for those who ask later.

    Args:
        by: who, as they say or as their token says; for a reload also what asked for it, for a log-in that
            failed from where it came.
        what: ``acknowledge``, ``resolve``, ``silence``, ``expire``, ``retry``, ``drop``, ``replay``,
            ``reload``, ``fail to reload``, ``rotate keys``, ``log in``, ``fail to log in``, ``log out``.
        subject: the id of what it was done to, or of the first of them; where there is none, words.
        number: how many it was done to.
    """

    id: str
    at: int
    by: str
    what: str
    subject: str
    number: int = 1


@dataclass(frozen=True, slots=True)
class Timer:
    """A moment at which something is judged that no alert waits for.

    Args:
        subject: a rule's name.
    """

    id: str
    kind: str
    subject: str
    due_at: int
    data: Mapping[str, Any]

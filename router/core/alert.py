"""An alert: one trouble that a rule found, and its states.

Until rules can say what makes two events the same trouble, each match is an alert of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from router.core.event import digest_id
from router.core.rule import Match


class AlertState(StrEnum):
    """Where an alert stands."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    HEALED = "healed"


@dataclass(frozen=True, slots=True)
class Alert:
    """One trouble. Times are microseconds UTC.

    Args:
        key: what makes two events the same trouble, as canonical JSON text.
        event_id: its newest event.
        muted_by: why it is not told (``shadow``), or empty.
        policy: the hash of the policy that opened it.
    """

    id: str
    rule: str
    key: str
    state: AlertState
    severity: str
    opened_at: int
    event_id: str
    event_at: int
    received_at: int
    policy: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    count: int = 1
    fired_at: int | None = None
    ended_at: int | None = None
    end_reason: str = ""
    muted_by: str = ""


def opened(match: Match, policy: str, now: int) -> Alert:
    """The alert that a match opens: it fires at once."""
    rule, event = match.rule, match.event
    key = f'["{event.id}"]'
    return Alert(
        id=digest_id("a", f"{rule.name}\n{key}\n{now}"),
        rule=rule.name,
        key=key,
        state=AlertState.FIRING,
        severity=rule.severity.word,
        opened_at=now,
        event_id=event.id,
        event_at=event.at,
        received_at=event.received_at,
        policy=policy,
        labels=rule.labels,
        fired_at=now,
        muted_by="shadow" if match.shadow else "",
    )

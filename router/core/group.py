"""A group: the alerts that are told together on one channel, and when it is due."""

from dataclasses import dataclass, replace
from enum import StrEnum

from router.core.alert import Alert
from router.core.event import digest_id


class Reason(StrEnum):
    """Why a group is told; it is never told otherwise."""

    FIRST = "first"
    WORSE = "worse"
    NEW = "new"
    ESCALATION = "escalation"
    RESOLVED = "resolved"
    REPEAT = "repeat"
    STORM = "storm"


@dataclass(frozen=True, slots=True)
class Group:
    """One conversation on one channel. Times are microseconds UTC.

    Args:
        key: the values that its alerts share, as canonical JSON text.
        due_at: when it is to be told next, or None.
        due_reason: for which reason.
        alerts: how many alerts it has.
        told: how many times it was told.
        fallback_of: the delivery that was given up, where this group tells the fallback channel.
    """

    id: str
    channel: str
    key: str
    severity: str
    opened_at: int
    policy: str
    due_at: int | None
    due_reason: Reason | None
    alerts: int = 1
    told: int = 0
    told_at: int | None = None
    ended_at: int | None = None
    fallback_of: str | None = None


def opened(alert: Alert, channel: str, now: int) -> Group:
    """The group that an alert opens on a channel: due at once."""
    return Group(
        id=digest_id("g", f"{channel}\n{alert.id}"),
        channel=channel,
        key=alert.key,
        severity=alert.severity,
        opened_at=now,
        policy=alert.policy,
        due_at=now,
        due_reason=Reason.FIRST,
    )


def for_fallback(group: Group, channel: str, delivery_id: str, reason: Reason, now: int) -> Group:
    """The same conversation on the fallback channel, due at once, because a delivery was given up."""
    return replace(
        group,
        id=digest_id("g", f"{channel}\n{delivery_id}"),
        channel=channel,
        due_at=now,
        due_reason=reason,
        opened_at=now,
        told=0,
        told_at=None,
        ended_at=None,
        fallback_of=delivery_id,
    )

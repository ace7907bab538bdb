"""What is told: one reason, one group, the alerts in it and the newest event."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.core.alert import Alert
from router.core.event import Event
from router.core.group import Group, Reason


@dataclass(frozen=True, slots=True)
class Cause:
    """A frequent way of failing in a group, and how often it was seen."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class Notification:
    """One telling of one group on one channel, before it is rendered for each target's kind.

    Args:
        beside: of a job that failed: in which ways its instances did that other channels hear of.
        event: the newest event of its alerts.
        alerts: the first few; ``group.alerts`` counts them all.
        new: how many alerts joined or were updated since the last telling.
        links: ``ack``, `silence``, ``explain``; empty without a public address.
    """

    id: str
    channel: str
    reason: Reason
    group: Group
    alerts: tuple[Alert, ...]
    event: Event
    created_at: int
    policy: str
    new: int = 1
    firing: int = 1
    resolved: int = 0
    causes: tuple[Cause, ...] = ()
    beside: tuple[Cause, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def says_the_end(self) -> bool:
        """Whether it is over: also in one message that says both, the beginning and the end."""
        return self.reason is Reason.RESOLVED or self.group.is_over

    @property
    def heading(self) -> Alert:
        """The alert that names the notification: the most severe, the newest of those; a muted one last."""
        if len(self.alerts) == 1:
            return self.alerts[0]
        order = {"info": 1, "warning": 2, "critical": 3}
        return max(self.alerts, key=lambda one: (not one.muted_by, order[one.severity], one.event_at))

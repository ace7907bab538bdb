"""Time, and telling."""

from collections.abc import Collection, Sequence
from typing import Protocol

from router.core.alert import Alert
from router.core.delivery import Delivery
from router.core.event import Event
from router.core.group import Group
from router.core.mute.silence import Silence
from router.ports.records import NotificationRecord, Standing, Timer


class DispatchUnit(Protocol):
    """What time and telling ask of a transaction."""

    def due_alerts(self, now: int, limit: int, waiting_for: Collection[str]) -> list[Alert]:
        """Alerts that time changes, the longest due first.

        Args:
            waiting_for: sources that have not caught up: their pending alerts are left out.
        """
        ...

    def due_groups(self, now: int, limit: int) -> list[Group]:
        """Groups that are due, the longest due first."""
        ...

    def next_change(self, waiting_for: Collection[str]) -> int | None:
        """When the first alert or group is due; None when none is."""
        ...

    def timers(self, kind: str) -> list[Timer]:
        """All timers of a kind."""
        ...

    def put_timers(self, timers: Sequence[Timer]) -> None:
        """Adds or replaces timers."""
        ...

    def drop_timers(self, ids: Collection[str]) -> None:
        """Deletes timers."""
        ...

    def silences(self, over_after: int) -> list[Silence]:
        """Silences that are over after that time, in the order in which they were made."""
        ...

    def put_silences(self, silences: Sequence[Silence]) -> None:
        """Adds or replaces silences."""
        ...

    def recheck_muted(self, muted_by: str, now: int) -> int:
        """Lets open alerts whose mute begins with these words be judged now; returns how many."""
        ...

    def review_alerts(self, policy: str, now: int) -> int:
        """Makes open alerts due now that another policy than the one of this hash opened; returns how many.

        Those that are muted are judged again; what opened in shadow stays as it is.
        """
        ...

    def rules_of_alerts(self) -> set[str]:
        """Names of the rules that have open alerts."""
        ...

    def alerts(self, ids: Collection[str]) -> list[Alert]:
        """Alerts by id, in no order."""
        ...

    def standings(self, group_id: str) -> list[Standing]:
        """How the open alerts of a group stand, counted; see :meth:`firing_beside` for which these are."""
        ...

    def firing_beside(self, group_id: str, limit: int) -> list[Alert]:
        """Alerts that fire, muted or not, by id: those of a group, or of the groups that it tells together,
        and of all groups on any channel that share an open alert with them."""
        ...

    def firing_members(self, group_id: str, limit: int, *, after: str = "") -> list[Alert]:
        """Alerts of a group, or of the groups that it tells together, that fire unmuted, by id."""
        ...

    def members(
        self, group_id: str, *, after: str = "", limit: int = 500, newest: bool = False
    ) -> list[Alert]:
        """Alerts of a group that have not ended, by id; what opened later has a greater one, to the second.

        Args:
            after: an id: only those beyond it, in the order that is asked for.
            newest: the greatest id first.
        """
        ...

    def events_of(self, ids: Collection[str]) -> list[Event]:
        """Events by id, in no order, without their envelopes."""
        ...

    def storm(self, channel: str, now: int) -> Group | None:
        """The storm of a channel that takes in groups at this time."""
        ...

    def told_since(self, channel: str, after: int) -> int:
        """How many notifications a channel had after that time, without those of ``acknowledged``."""
        ...

    def add_notifications(self, records: Sequence[NotificationRecord]) -> None:
        """Keeps notifications."""
        ...

    def add_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Writes deliveries to the outbox."""
        ...

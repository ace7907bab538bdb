"""Sending."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

from router.core.delivery import Delivery, Thread
from router.core.group import Group
from router.ports.records import Attempt, NotificationRecord, TargetState

Urgency = Literal["critical", "others"]


class DeliverUnit(Protocol):
    """What sending asks of a transaction."""

    def targets(self, names: Collection[str], hold: Collection[str] = ()) -> dict[str, TargetState]:
        """What is known of targets; every name has an answer.

        Args:
            hold: those of them that no other replica looks at in this way before the commit.
        """
        ...

    def put_targets(self, states: Sequence[TargetState]) -> None:
        """Replaces what is known of targets."""
        ...

    def claim_deliveries(
        self,
        now: int,
        room: Mapping[str, int],
        token: str,
        lease_until: int,
        made_before: int | None = None,
        *,
        which: Urgency | None = None,
        newest: Collection[str] = (),
    ) -> list[Delivery]:
        """Due deliveries, made ``sending`` under the token, one attempt counted; not committed yet.

        Args:
            room: how many at most for each target.
            made_before: only those that are older.
            newest: targets of which the newest are taken, not the oldest.
        """
        ...

    def threads(self, group_ids: Collection[str]) -> dict[tuple[str, str], Thread]:
        """Below which message later ones stand, by group and target: the newest that has a reference."""
        ...

    def count_due(self, now: int, most: Mapping[str, int], which: Urgency) -> dict[str, int]:
        """How many deliveries of each target could be claimed; counted up to so many."""
        ...

    def settle_deliveries(self, deliveries: Sequence[Delivery], tokens: Sequence[str]) -> list[str]:
        """Writes the outcomes of those still ``sending`` under their token; returns their ids."""
        ...

    def groups(self, ids: Collection[str]) -> list[Group]:
        """Groups by id, in no order."""
        ...

    def notifications(self, ids: Collection[str]) -> list[NotificationRecord]:
        """Notifications by id, in no order."""
        ...

    def copy_members(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Lets groups have the same alerts as others: (from group id, to group id)."""
        ...

    def add_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Keeps attempts."""
        ...

    def next_due(self, targets: Collection[str], after: int = 0) -> dict[str, int]:
        """For each target that has open deliveries which are due after that time: when the first is."""
        ...

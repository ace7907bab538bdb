"""Tidying up."""

from collections.abc import Collection, Sequence
from typing import Protocol

from router.core.delivery import Delivery


class MaintainUnit(Protocol):
    """What tidying up asks of a transaction."""

    def open_targets(self) -> set[str]:
        """Targets that have deliveries which are pending or waiting."""
        ...

    def overtaken(self, before: int, limit: int, left_alone: Collection[str] = ()) -> list[tuple[str, str]]:
        """Deliveries that failed or cannot be tried, each with the newest later one of its group and target.

        Args:
            before: the later one was written by then.
            left_alone: targets to which nothing is sent now.
        """
        ...

    def replace_deliveries(self, pairs: Sequence[tuple[str, str]], now: int) -> None:
        """Ends deliveries that are waiting: (id, id of the one that has its content, overdue with it)."""
        ...

    def overdue(self, now: int, limit: int, channels: Collection[str]) -> list[Delivery]:
        """Unfinished deliveries of channels that are overdue, the longest first; each is given once."""
        ...

    def outbox(self) -> dict[str, tuple[int, int]]:
        """Deliveries that have not ended, by state: how many, and when the oldest was made."""
        ...

    def expired_claims(self, now: int, limit: int) -> list[Delivery]:
        """Deliveries ``sending`` under a lease that has run out."""
        ...

    def claims_not_of(self, owner: str, limit: int) -> list[Delivery]:
        """Deliveries ``sending`` under a token that does not start with the owner's name."""
        ...

    def prune(self, before: int, identities_before: int, limit: int) -> int:
        """Deletes ended records older than that; returns how many. Open ones stay."""
        ...

"""What a person does."""

from collections.abc import Collection
from typing import Protocol

from router.ports.records import Deed


class PeopleUnit(Protocol):
    """What a person's deeds ask of a transaction."""

    def retry_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        """Makes dead deliveries due again; returns the ids of those that were dead.

        Of a group and target each stands before what was told after it and has not ended.
        """
        ...

    def drop_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        """Ends open and dead deliveries that are not being sent; returns their ids."""
        ...

    def dead_letters(self, since: int, before: int, limit: int, channel: str = "") -> list[str]:
        """Ids of deliveries that were given up in that time (of a channel), those that were written first."""
        ...

    def add_deed(self, deed: Deed) -> None:
        """Keeps what a person did."""
        ...

    def mark_replayed(self, ids: Collection[str], now: int) -> None:
        """Notes that messages which were set aside were sent through again."""
        ...

"""What a person does."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import case, select, update

from router.core.delivery import State
from router.ports import Deed
from router.storage import rows, tables
from router.storage import statements as ask
from router.storage.unit.statements import Statements


class SqlPeopleUnit(Statements):
    """See :class:`router.ports.unit.people.PeopleUnit`."""

    def retry_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        values = {
            "state": State.WAITING.value,
            "due_at": now,
            "ended_at": None,
            # It may have arrived, and says so; half of its patience is given back.
            "unknown": case((tables.deliveries.c.unknown > 0, 1), else_=0),
            "created_at": now,
        }
        return self._moved(ids, (State.DEAD.value,), values | {"reason": rows.kept(f"retried by {by}")})

    def drop_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        values = {"state": State.DROPPED.value, "ended_at": now, "reason": rows.kept(f"dropped by {by}")}
        return self._moved(ids, (*ask.OPEN, State.DEAD.value), values)

    def _moved(self, ids: Collection[str], states: tuple[str, ...], values: dict[str, Any]) -> list[str]:
        table = tables.deliveries
        which = select(table.c.id).where(table.c.state.in_(states)).with_for_update()
        found = [row["id"] for row in self._in(which, table.c.id, ids)]
        self._run(update(table).values(**values), table.c.id, found)
        return found

    def dead_letters(self, since: int, before: int, limit: int, channel: str = "") -> list[str]:
        of = tables.deliveries.c
        which = select(of.id).where(
            of.state == State.DEAD.value,
            ask.stands(ask.UNDELIVERED),
            of.ended_at >= since,
            of.ended_at <= before,
            *([of.channel == rows.kept(channel)] if channel else []),
        )
        return [row["id"] for row in self._rows(which.order_by(of.created_at, of.id).limit(limit))]

    def add_deed(self, deed: Deed) -> None:
        self._add(tables.deeds, [rows.deed_row(deed)])

    def mark_replayed(self, ids: Collection[str], now: int) -> None:
        table = tables.undecodable
        self._run(update(table).values(replayed_at=now), table.c.id, ids)

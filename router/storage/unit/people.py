"""What a person does."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import case, func, select, update

from router.core.delivery import State
from router.ports import Deed
from router.storage import rows, tables
from router.storage import statements as ask
from router.storage.unit.statements import Statements


class SqlPeopleUnit(Statements):
    """See :class:`router.ports.unit.people.PeopleUnit`."""

    def retry_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        of = tables.deliveries.c
        dead = self._lanes(of.state == State.DEAD.value, of.id, ids, hold=True)
        groups = {row["group_id"] for row in dead}
        unfinished = self._lanes(ask.stands(ask.UNFINISHED), of.group_id, groups)
        values = {
            "state": State.WAITING.value,
            "due_at": now,
            "ended_at": None,
            # It may have arrived, and says so; half of its patience is given back.
            "unknown": case((of.unknown > 0, 1), else_=0),
            "reason": rows.kept(f"retried by {by}"),
        }
        for created_at, names in _written_anew(dead, unfinished, now).items():
            again = update(tables.deliveries).values(**values, created_at=created_at)
            self._run(again, of.id, names)
        return [row["id"] for row in dead]

    def _lanes(
        self, which: Any, column: Any, values: Collection[str], *, hold: bool = False
    ) -> list[rows.Row]:
        """The places of deliveries in their groups and targets, and when their groups were told."""
        table, told = tables.deliveries, tables.notifications.c
        told_at = func.coalesce(told.created_at, table.c.created_at).label("told_at")
        found = (
            select(table.c.id, table.c.group_id, table.c.target, table.c.created_at, told_at)
            .join_from(table, tables.notifications, told.id == table.c.notification_id, isouter=True)
            .where(which)
        )
        return self._in(found.with_for_update(of=table) if hold else found, column, values)

    def drop_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        table = tables.deliveries
        states = (*ask.OPEN, State.DEAD.value)
        which = select(table.c.id).where(table.c.state.in_(states)).with_for_update()
        found = [row["id"] for row in self._in(which, table.c.id, ids)]
        values = {"state": State.DROPPED.value, "ended_at": now, "reason": rows.kept(f"dropped by {by}")}
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


def _written_anew(dead: Sequence[rows.Row], unfinished: Sequence[rows.Row], now: int) -> dict[int, list[str]]:
    """When the dead count as written, in the order of what was told of a group at a target.

    Now; but before what was told later and waits, and each before those that were told after it.
    """
    lanes: defaultdict[tuple[str, str], list[rows.Row]] = defaultdict(list)
    for row in (*dead, *unfinished):
        lanes[row["group_id"], row["target"]].append(row)
    again = {row["id"] for row in dead}
    found: defaultdict[int, list[str]] = defaultdict(list)
    for lane in lanes.values():
        latest = now
        for row in sorted(lane, key=lambda one: (one["told_at"], one["created_at"], one["id"]), reverse=True):
            if row["id"] in again:
                found[latest].append(row["id"])
                latest -= 1
            else:
                latest = min(latest, row["created_at"] - 1)
    return found

"""Tidying up."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Table, and_, delete, exists, func, or_, select, text, update

from router.core.delivery import Delivery, State
from router.storage import rows, tables
from router.storage import statements as ask
from router.storage.books import PRUNED
from router.storage.unit.statements import Statements

#: Written into statements as they stand, so that the partial index is found.
_IS_SENDING = text("state = 'sending'")
_IS_LATE = text("overdue_at IS NOT NULL AND ended_at IS NULL")


class SqlMaintainUnit(Statements):
    """See :class:`router.ports.unit.maintain.MaintainUnit`."""

    def open_targets(self) -> set[str]:
        table = tables.deliveries
        found = select(table.c.target).where(ask.stands(ask.OPEN)).distinct()
        return {row["target"] for row in self._rows(found)}

    def overtaken(self, before: int, limit: int, left_alone: Collection[str] = ()) -> list[tuple[str, str]]:
        table, failing = tables.deliveries, tables.deliveries.alias()
        place = (table.c.group_id, table.c.target)
        tried = exists().where(
            failing.c.group_id == table.c.group_id,
            failing.c.target == table.c.target,
            ask.stands(ask.UNFINISHED, failing),
            failing.c.attempts > 0,
        )
        # Asked of those that are several: of all others the index is enough, however many wait.
        stuck = or_(table.c.target.in_(left_alone), tried) if left_alone else tried
        crowded = (
            select(*place)
            .where(ask.stands(ask.UNFINISHED))
            .group_by(*place)
            .having(func.count() > 1, stuck)
            .limit(limit)
        )
        pairs: list[tuple[str, str]] = []
        for row in self._rows(crowded):
            found = select(table.c.id, table.c.state, table.c.attempts, table.c.created_at).where(
                table.c.group_id == row["group_id"],
                table.c.target == row["target"],
                ask.stands(ask.UNFINISHED),
            )
            lane = list(self._rows(found.order_by(table.c.created_at, table.c.id)))
            pairs += _replaced(lane, before, row["target"] in left_alone)
        return pairs

    def replace_deliveries(self, pairs: Sequence[tuple[str, str]], now: int) -> None:
        table, older = tables.deliveries, tables.deliveries.alias()
        reason = "a later message of the same group has its content"
        for old, new in pairs:
            ended = {"state": State.REPLACED.value, "ended_at": now, "reason": reason, "replaced_by": new}
            which = and_(table.c.id == old, ask.stands(ask.OPEN))
            self._connection.execute(update(table).where(which).values(**ended))
            since = select(older.c.overdue_at).where(older.c.id == old).scalar_subquery()
            inherits = update(table).where(table.c.id == new, table.c.overdue_at > since)
            self._connection.execute(inherits.values(overdue_at=since))

    def overdue(self, now: int, limit: int, channels: Collection[str]) -> list[Delivery]:
        table = tables.deliveries
        late = select(table).where(_IS_LATE, table.c.overdue_at <= now, table.c.channel.in_(channels))
        ordered = late.order_by(table.c.overdue_at, table.c.id).limit(limit)
        found = self._rows(ordered.with_for_update(skip_locked=True))
        self._run(update(table).values(overdue_at=None), table.c.id, [row["id"] for row in found])
        return [rows.delivery_of(row) for row in found]

    def outbox(self) -> dict[str, tuple[int, int]]:
        table = tables.deliveries
        counted = select(table.c.state, func.count(), func.min(table.c.created_at))
        found = self._connection.execute(counted.where(ask.stands(ask.UNFINISHED)).group_by(table.c.state))
        return {state: (count, oldest) for state, count, oldest in found}

    def expired_claims(self, now: int, limit: int) -> list[Delivery]:
        table = tables.deliveries
        return self._claims(table.c.lease_until <= now, limit)

    def claims_not_of(self, owner: str, limit: int) -> list[Delivery]:
        return self._claims(~tables.deliveries.c.token.startswith(f"{owner}:", autoescape=True), limit)

    def _claims(self, which: Any, limit: int) -> list[Delivery]:
        table = tables.deliveries
        found = select(table).where(_IS_SENDING, which)
        ordered = found.order_by(table.c.lease_until, table.c.id).limit(limit)
        locked = ordered.with_for_update(skip_locked=True)
        return [rows.delivery_of(row) for row in self._rows(locked)]

    def prune(self, before: int, identities_before: int, limit: int) -> int:
        self._put(tables.meta, [{"name": PRUNED, "value": str(before)}])
        return sum(self._delete(table, which, limit) for table, which in _old(before, identities_before))

    def _delete(self, table: Table, which: Any, limit: int) -> int:
        [key] = table.primary_key
        chosen = [row[0] for row in self._connection.execute(select(key).where(which).limit(limit))]
        members = tables.group_alerts
        self._run(delete(table), key, chosen)
        if table is tables.groups:
            self._run(delete(members), members.c.group_id, chosen)
        return len(chosen)


def _replaced(lane: Sequence[Any], before: int, left_alone: bool) -> list[tuple[str, str]]:
    """Deliveries of a group and target that failed, or cannot be tried, with the newest that waited enough.

    The newest has the content of all before it.
    """
    waited = [n for n, row in enumerate(lane) if row["state"] in ask.OPEN and row["created_at"] <= before]
    if not waited:
        return []
    newest = waited[-1]
    return [
        (row["id"], lane[newest]["id"])
        for row in lane[:newest]
        if row["state"] in ask.OPEN and (left_alone or row["attempts"] > 0)
    ]


def _old(before: int, identities_before: int) -> list[tuple[Table, Any]]:
    """What may go, children before parents: ended and older than the retention.

    A delivery takes its attempts with it, a group its memberships.
    """
    t = tables
    delivered = exists().where(t.deliveries.c.notification_id == t.notifications.c.id)
    told = exists().where(t.notifications.c.group_id == t.groups.c.id)
    grouped = exists().where(t.group_alerts.c.alert_id == t.alerts.c.id)
    alerting = exists().where(t.alerts.c.event_id == t.events.c.id)
    return [
        (t.deliveries, t.deliveries.c.ended_at < before),
        (t.notifications, and_(t.notifications.c.created_at < before, ~delivered)),
        (t.groups, and_(t.groups.c.ended_at < before, t.groups.c.due_at.is_(None), ~told)),
        (t.alerts, and_(t.alerts.c.ended_at < before, ~grouped)),
        (t.events, and_(t.events.c.received_at < before, ~alerting)),
        (t.undecodable, t.undecodable.c.received_at < before),
        (t.deeds, t.deeds.c.at < before),
        (t.silences, t.silences.c.ends_at < before),
        # A job may run on for longer than records are kept, and its tasks ask for it.
        (t.jobs, t.jobs.c.seen_at < identities_before),
        (t.ends, t.ends.c.seen_at < identities_before),
        (t.identities, t.identities.c.seen_at < identities_before),
    ]

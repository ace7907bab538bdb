"""Time, and telling."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, case, delete, func, or_, select, update

from router.core.alert import OPEN, Alert, AlertState
from router.core.delivery import Delivery
from router.core.event import Event
from router.core.group import Group
from router.core.mute.silence import Silence
from router.ports import NotificationRecord, Standing, Timer
from router.storage import rows, tables
from router.storage import statements as ask
from router.storage.unit.statements import Statements


class SqlDispatchUnit(Statements):
    """See :class:`router.ports.unit.dispatch.DispatchUnit`."""

    def due_alerts(self, now: int, limit: int, waiting_for: Collection[str]) -> list[Alert]:
        asked = {"now": now, "limit": limit, **self._listed(waiting_for)}
        return [rows.alert_of(row) for row in self._prepared(ask.DUE_ALERTS[self._postgresql], asked)]

    def due_groups(self, now: int, limit: int) -> list[Group]:
        return [rows.group_of(row) for row in self._prepared(ask.DUE_GROUPS, {"now": now, "limit": limit})]

    def next_change(self, waiting_for: Collection[str]) -> int | None:
        of_alerts = self._scalar(ask.NEXT_ALERT[self._postgresql], self._listed(waiting_for))
        others = (self._scalar(first) for first in (ask.NEXT_GROUP, ask.NEXT_TIMER))
        return min((at for at in (of_alerts, *others) if at is not None), default=None)

    def timers(self, kind: str) -> list[Timer]:
        table = tables.timers
        found = self._rows(select(table).where(table.c.kind == kind).order_by(table.c.due_at, table.c.id))
        return [rows.timer_of(row) for row in found]

    def put_timers(self, timers: Sequence[Timer]) -> None:
        self._put(tables.timers, rows.rows_of(timers, rows.timer_row))

    def drop_timers(self, ids: Collection[str]) -> None:
        self._run(delete(tables.timers), tables.timers.c.id, ids)

    def silences(self, over_after: int) -> list[Silence]:
        return [rows.silence_of(row) for row in self._prepared(ask.SILENCES, {"over_after": over_after})]

    def put_silences(self, silences: Sequence[Silence]) -> None:
        self._put(tables.silences, rows.rows_of(silences, rows.silence_row))

    def recheck_muted(self, muted_by: str, now: int) -> int:
        table = tables.alerts
        held = update(table).where(ask.IS_OPEN, table.c.muted_by.startswith(muted_by, autoescape=True))
        return self._connection.execute(held.values(recheck_at=now, due_at=now)).rowcount

    def review_alerts(self, policy: str, now: int) -> int:
        table = tables.alerts
        older = update(table).where(ask.IS_OPEN, table.c.shadow == 0, table.c.policy != policy)
        recheck_at = case((table.c.muted_by != "", now), else_=table.c.recheck_at)
        return self._connection.execute(older.values(due_at=now, recheck_at=recheck_at)).rowcount

    def rules_of_alerts(self) -> set[str]:
        # Not the column itself, or SQLite walks its index over all alerts, ended ones included.
        found = select(tables.alerts.c.rule + "").where(ask.IS_OPEN).distinct()
        return set(self._connection.execute(found).scalars())

    def alerts(self, ids: Collection[str]) -> list[Alert]:
        return [rows.alert_of(row) for row in self._bound(ask.ALERTS, ids)]

    def members(
        self, group_id: str, *, after: str = "", limit: int = 500, newest: bool = False
    ) -> list[Alert]:
        table, of = tables.alerts, tables.group_alerts
        found = (
            select(table)
            .join_from(of, table, table.c.id == of.c.alert_id)
            .where(of.c.group_id == group_id, table.c.ended_at.is_(None))
        )
        if after:
            found = found.where(of.c.alert_id < after if newest else of.c.alert_id > after)
        ordered = found.order_by(of.c.alert_id.desc() if newest else of.c.alert_id).limit(limit)
        return [rows.alert_of(row) for row in self._rows(ordered)]

    def standings(self, group_id: str) -> list[Standing]:
        of = tables.alerts.c
        alike = (of.rule, of.severity, of.state, of.acknowledged_by)
        counts = (
            func.count().label("alerts"),
            func.sum(of.count).label("events"),
            func.min(func.coalesce(of.fired_at, of.opened_at)).label("since"),
            func.max(func.coalesce(of.acknowledged_until, 0)).label("until"),
        )
        found = select(*alike, *counts).where(_beside(group_id), of.state.in_(OPEN)).group_by(*alike)
        return sorted(map(rows.standing_of, self._rows(found)), key=repr)

    def firing_beside(self, group_id: str, limit: int) -> list[Alert]:
        of = tables.alerts.c
        found = select(tables.alerts).where(_beside(group_id), of.state == AlertState.FIRING)
        return [rows.alert_of(row) for row in self._rows(found.order_by(of.id).limit(limit))]

    def firing_members(self, group_id: str, limit: int, *, after: str = "") -> list[Alert]:
        asked = {"group": group_id, "after": after, "limit": limit}
        return [rows.alert_of(row) for row in self._prepared(ask.FIRING_MEMBERS, asked)]

    def events_of(self, ids: Collection[str]) -> list[Event]:
        return [rows.event_of(row) for row in self._bound(ask.EVENTS, ids)]

    def storm(self, channel: str, now: int) -> Group | None:
        found = self._prepared(ask.STORM, {"channel": channel, "now": now})
        return next((rows.group_of(row) for row in found), None)

    def told_since(self, channel: str, after: int) -> int:
        return self._scalar(ask.TOLD_SINCE, {"channel": channel, "after": after})

    def add_notifications(self, records: Sequence[NotificationRecord]) -> None:
        self._add(tables.notifications, rows.rows_of(records, rows.notification_row))

    def add_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        self._add(tables.deliveries, rows.rows_of(deliveries, rows.delivery_row))


def _beside(group_id: str) -> Any:
    """That an alert stands in a group that shares an open alert with this one, or with one it tells."""
    alerts, of, groups = tables.alerts, tables.group_alerts, tables.groups
    together = select(groups.c.id).where(groups.c.storm_id == group_id)
    own = (
        select(of.c.alert_id)
        .join_from(of, alerts, alerts.c.id == of.c.alert_id)
        .where(or_(of.c.group_id == group_id, of.c.group_id.in_(together)), alerts.c.ended_at.is_(None))
    )
    sharing = select(of.c.group_id).where(of.c.alert_id.in_(own))
    return and_(alerts.c.id.in_(select(of.c.alert_id).where(of.c.group_id.in_(sharing))), ask.IS_OPEN)

"""The books: what was taken in, what became of it, and whether it balances."""

from typing import Any

from sqlalchemy import Connection, exists, func, select

from router.core.delivery import State
from router.storage import tables as t


def count_books(connection: Connection) -> dict[str, int]:
    """Counts by dotted name: ``events.OUTCOME``, ``undecodable``, ``deliveries.STATE``, ``groups.due``.

    ``unbalanced.*`` are zero when nothing ended silently: routed events without an alert, alerts that
    are not muted and have no group, groups that are neither due nor told, notifications without a
    delivery, deliveries being sent without a claim, ended ones without a reason.
    """
    books = {f"events.{outcome}": count for outcome, count in _by(connection, t.events.c.outcome)}
    books["undecodable"] = _count(connection, select(t.undecodable.c.id))
    books |= {f"deliveries.{state}": 0 for state in State}
    books |= {f"deliveries.{state}": count for state, count in _by(connection, t.deliveries.c.state)}
    books["groups.due"] = _count(connection, select(t.groups.c.id).where(t.groups.c.due_at.isnot(None)))
    return books | {f"unbalanced.{name}": _count(connection, found) for name, found in _wrong().items()}


def _wrong() -> dict[str, Any]:
    of_event = exists().where(t.alerts.c.event_id == t.events.c.id)
    grouped = exists().where(t.group_alerts.c.alert_id == t.alerts.c.id)
    told = exists().where(t.notifications.c.group_id == t.groups.c.id)
    delivered = exists().where(t.deliveries.c.notification_id == t.notifications.c.id)
    return {
        "events_routed_without_alert": select(t.events.c.id).where(t.events.c.outcome == "routed", ~of_event),
        "alerts_without_group": select(t.alerts.c.id).where(t.alerts.c.muted_by == "", ~grouped),
        "groups_neither_due_nor_told": select(t.groups.c.id).where(t.groups.c.due_at.is_(None), ~told),
        "notifications_without_delivery": select(t.notifications.c.id).where(~delivered),
        "deliveries_sending_without_claim": select(t.deliveries.c.id).where(
            t.deliveries.c.state == State.SENDING.value, t.deliveries.c.token.is_(None)
        ),
        "deliveries_ended_without_reason": select(t.deliveries.c.id).where(
            t.deliveries.c.ended_at.isnot(None), t.deliveries.c.reason == ""
        ),
    }


def _by(connection: Connection, column: Any) -> list[tuple[str, int]]:
    return [
        (name, count) for name, count in connection.execute(select(column, func.count()).group_by(column))
    ]


def _count(connection: Connection, found: Any) -> int:
    return connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()

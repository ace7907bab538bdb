"""The books: what was taken in, what became of it, and whether it balances."""

from typing import Any

from sqlalchemy import Connection, exists, func, or_, select

from router.core.delivery import State
from router.storage import tables as t

#: The name in ``meta`` of the time before which ended records are being deleted.
PRUNED = "pruned_before"


def count_books(connection: Connection) -> dict[str, int]:
    """Counts by dotted name: ``events.OUTCOME``, ``undecodable``, ``deliveries.STATE``, ``groups.due``.

    ``unbalanced.*`` are zero when nothing ended silently: routed events without an alert, alerts that
    are not muted and have no group, groups that are neither due nor told, notifications without a
    delivery, deliveries being sent without a claim, ended ones without a reason; and what names a record
    that is not there, as pruning leaves none.
    """
    books = {f"events.{outcome}": count for outcome, count in _by(connection, t.events.c.outcome)}
    books["undecodable"] = _count(connection, select(t.undecodable.c.id))
    books |= {f"deliveries.{state}": 0 for state in State}
    books |= {f"deliveries.{state}": count for state, count in _by(connection, t.deliveries.c.state)}
    books["groups.due"] = _count(connection, select(t.groups.c.id).where(t.groups.c.due_at.isnot(None)))
    pruned = connection.execute(select(t.meta.c.value).where(t.meta.c.name == PRUNED)).scalar()
    wrong = _wrong(int(pruned or 0))
    return books | {f"unbalanced.{name}": _count(connection, found) for name, found in wrong.items()}


def _wrong(since: int) -> dict[str, Any]:
    """Selects what does not balance; older records may lack what was pruned a moment ago."""
    events, alerts, groups = t.events.c, t.alerts.c, t.groups.c
    notifications, deliveries = t.notifications.c, t.deliveries.c
    grouped = exists().where(t.group_alerts.c.alert_id == alerts.id)
    told = exists().where(notifications.group_id == groups.id)
    members = t.group_alerts.c
    excused = exists().where(
        members.group_id == groups.id,
        alerts.id == members.alert_id,
        or_(alerts.muted_by != "", alerts.state == "acknowledged"),
    )
    delivered = exists().where(deliveries.notification_id == notifications.id)
    sending, ended = deliveries.state == State.SENDING.value, deliveries.ended_at.isnot(None)
    return {
        "events_routed_without_alert": select(events.id).where(
            events.received_at >= since,
            events.outcome == "routed",
            events.matches == "[]",
            ~events.reason.startswith("ended "),
        ),
        "alerts_without_group": select(alerts.id).where(
            alerts.received_at >= since,
            alerts.state.in_(("firing", "acknowledged", "resolved")),
            alerts.shadow == 0,
            ~grouped,
        ),
        "groups_neither_due_nor_told": select(groups.id).where(
            groups.opened_at >= since,
            groups.due_at.is_(None),
            groups.ended_at.is_(None),
            groups.storm_id.is_(None),
            groups.is_storm == 0,
            ~told,
            ~excused,
        ),
        "notifications_without_delivery": select(notifications.id).where(
            notifications.created_at >= since, ~delivered
        ),
        "deliveries_sending_without_claim": select(deliveries.id).where(sending, deliveries.token.is_(None)),
        "deliveries_ended_without_reason": select(deliveries.id).where(ended, deliveries.reason == ""),
        "alerts_without_event": _naming(alerts.event_id, events.id),
        "group_alerts_without_alert": _naming(members.alert_id, alerts.id),
        "group_alerts_without_group": _naming(members.group_id, groups.id),
        "notifications_without_group": _naming(notifications.group_id, groups.id),
        "deliveries_without_notification": _naming(deliveries.notification_id, notifications.id),
    }


def _naming(name: Any, record: Any) -> Any:
    """Selects the names of records that are not there."""
    return select(name).where(~exists().where(record == name))


def _by(connection: Connection, column: Any) -> list[tuple[str, int]]:
    return [
        (name, count) for name, count in connection.execute(select(column, func.count()).group_by(column))
    ]


def _count(connection: Connection, found: Any) -> int:
    return connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()

"""Statements that the loops run again and again, each made once.

SQLite, which has one writer, takes no FOR UPDATE.
"""

from typing import Any

from sqlalchemy import Table, and_, bindparam, exists, func, or_, select, text, tuple_, update

from router.core import alert
from router.core.alert import AlertState
from router.core.delivery import State
from router.core.group import Reason
from router.ports import AlertsSeen, Urgency
from router.storage import rows, tables
from router.storage.prepared import Reading, among, by_values

OPEN = (State.PENDING.value, State.WAITING.value)
UNFINISHED = (*OPEN, State.SENDING.value)
UNDELIVERED = (State.DEAD.value, State.REPLACED.value, State.DROPPED.value)
#: Written into statements as it stands, so that the partial indexes are found.
IS_OPEN = text("ended_at IS NULL")
#: A time after all others.
EVER = 2**62
#: Names the lock of PostgreSQL under which alerts and groups are changed.
_ADVANCING = 4_152_702
#: Names the lock of the replica that lets time act and tells.
_TELLING = 4_152_703


def stands(states: tuple[str, ...], table: Any = tables.deliveries) -> Any:
    """Whether a delivery or an alert stands so. Written into the text, so that partial indexes are found."""
    return table.c.state.in_(bindparam(None, states, expanding=True, literal_execute=True))


def _by_values(column: Any, *where: Any) -> Reading:
    return by_values(select(column.table).where(*where), column)


def _documents(states: frozenset[AlertState], where: Any, at: Any) -> Any:
    """What silences' filters see of alerts in these states, those of the latest time first."""
    alerts, events = tables.alerts.c, tables.events.c
    of_alert = (alerts[name] for name in ("id", *rows.OF_ALERT, "event_id", "received_at"))
    newest = (
        select(*of_alert)
        .where(stands(tuple(sorted(states)), tables.alerts), where)
        .order_by(at.desc(), alerts.id.desc())
        .limit(bindparam("limit"))
        .subquery("newest")
    )
    columns = (newest.c[name] for name in ("id", *rows.OF_ALERT))
    return (
        select(*columns, *(events[name] for name in rows.OF_NEWEST))
        .join_from(newest, tables.events, newest.c.event_id == events.id, isouter=True)
        .order_by(newest.c.received_at.desc(), newest.c.id.desc())
    )


def _first(table: Table, statement: Any) -> Any:
    """Those due by now, the first of them first, so many at most."""
    due = statement.where(table.c.due_at <= bindparam("now")).order_by(table.c.due_at, table.c.id)
    return due.limit(bindparam("limit"))


def _moving(statement: Any) -> Reading:
    """Alerts that time may change: a pending one only once its source has caught up."""
    of = tables.alerts.c
    lags = (and_(of.state == "pending", among(of.source, which)) for which in (False, True))
    return Reading(*(statement.where(of.due_at.isnot(None), ~one) for one in lags))


def _due_deliveries(which: Urgency | None, newest: bool) -> Any:
    """Due deliveries of a target, none of which has an earlier one of its group before it."""
    table, earlier = tables.deliveries, tables.deliveries.alias()
    overtakes = exists().where(
        earlier.c.group_id == table.c.group_id,
        earlier.c.target == table.c.target,
        stands(UNFINISHED, earlier),
        tuple_(earlier.c.created_at, earlier.c.id) < tuple_(table.c.created_at, table.c.id),
    )
    due = select(table).where(
        table.c.target == bindparam("target"),
        stands(OPEN),
        table.c.created_at < bindparam("before"),
        table.c.due_at <= bindparam("now"),
        ~overtakes,
        *([text(_URGENCY[which])] if which else []),
    )
    order = (table.c.due_at.desc(), table.c.id.desc()) if newest else (table.c.due_at, table.c.id)
    return due.order_by(*order).limit(bindparam("limit"))


#: Written into statements as they stand, so that the index of critical ones is found.
_URGENCY: dict[Urgency, str] = {
    "critical": "deliveries.severity = 'critical'",
    "others": "deliveries.severity <> 'critical'",
}
_WHICH: tuple[Urgency | None, ...] = (None, "critical", "others")

_events, _alerts, _groups, _deliveries = tables.events, tables.alerts, tables.groups, tables.deliveries
_told, _silences, _members = tables.notifications.c, tables.silences, tables.group_alerts

SERIALISE = select(func.pg_advisory_xact_lock(_ADVANCING))
TAKE_TURN = select(func.pg_try_advisory_xact_lock(_TELLING))
KNOWN = _by_values(tables.identities.c.identity)
EVENTS = by_values(select(*(_events.c[name] for name in rows.OF_EVENT)), _events.c.id)
ENDS = _by_values(tables.ends.c.name)
JOBS = _by_values(tables.jobs.c.job_id)
ALERTS = _by_values(_alerts.c.id)
OPEN_ALERTS = _by_values(_alerts.c.slot, IS_OPEN)
ALERTS_ON = _by_values(_alerts.c.event_id, IS_OPEN)
ANCHORED = _by_values(_alerts.c.anchor, IS_OPEN)
DUE_ALERTS = _moving(_first(_alerts, select(_alerts)))
NEXT_ALERT = _moving(select(func.min(_alerts.c.due_at)))
GROUPS = _by_values(_groups.c.id)
OPEN_GROUPS = _by_values(_groups.c.slot, IS_OPEN)
FIRING_MEMBERS = (
    select(_alerts)
    .join_from(_members, _alerts, _alerts.c.id == _members.c.alert_id)
    .where(
        or_(
            _members.c.group_id == bindparam("group"),
            _members.c.group_id.in_(select(_groups.c.id).where(_groups.c.storm_id == bindparam("group"))),
        )
    )
    .where(_members.c.alert_id > bindparam("after"))
    .where(_alerts.c.state == AlertState.FIRING.value, _alerts.c.muted_by == "")
    .order_by(_members.c.alert_id)
    .limit(bindparam("limit"))
)
DUE_GROUPS = _first(_groups, select(_groups))
NEXT_GROUP = select(func.min(_groups.c.due_at))
NEXT_TIMER = select(func.min(tables.timers.c.due_at))
STORM = (
    select(_groups)
    .where(_groups.c.channel == bindparam("channel"), _groups.c.is_storm == 1, IS_OPEN)
    .where(_groups.c.accepts_until > bindparam("now"))
    .limit(1)
)
TOLD_SINCE = select(func.count()).where(
    _told.channel == bindparam("channel"),
    _told.created_at > bindparam("after"),
    _told.reason != Reason.ACKNOWLEDGED.value,
)
SILENCES = (
    select(_silences)
    .where(_silences.c.ends_at > bindparam("over_after"))
    .where(_silences.c.expired_at.is_(None) | (_silences.c.expired_at > bindparam("over_after")))
    .order_by(_silences.c.created_at, _silences.c.id)
)
DOCUMENTS: dict[AlertsSeen, Any] = {
    # Not the column itself, or SQLite walks its index over all of them to find the few that are open.
    "open": _documents(alert.OPEN, text("alerts.ended_at IS NULL"), _alerts.c.received_at + 0),
    "ended": _documents(alert.ENDED, _alerts.c.received_at >= bindparam("since"), _alerts.c.received_at),
}
DELIVERIES = _by_values(_deliveries.c.id)
#: By which of them, and whether the newest come first.
DUE_DELIVERIES = {
    (which, newest): _due_deliveries(which, newest).with_for_update(skip_locked=True)
    for which in _WHICH
    for newest in (False, True)
}
COUNTED_DELIVERIES = {
    which: _due_deliveries(which, newest=False).with_only_columns(_deliveries.c.id) for which in _URGENCY
}
CLAIMING = by_values(
    update(_deliveries).values(
        state=State.SENDING.value,
        token=bindparam("token"),
        lease_until=bindparam("lease_until"),
        attempts=_deliveries.c.attempts + 1,
    ),
    _deliveries.c.id,
)
NEXT_DELIVERY = select(func.min(_deliveries.c.due_at)).where(
    _deliveries.c.target == bindparam("target"), stands(OPEN), _deliveries.c.due_at > bindparam("after")
)
THREADS = _by_values(_deliveries.c.group_id, text("reference IS NOT NULL"))
TARGETS = _by_values(tables.targets.c.name)
#: In one order, or two replicas would wait for each other.
TARGETS_HELD = by_values(
    select(tables.targets).order_by(tables.targets.c.name).with_for_update(), tables.targets.c.name
)
CLAIMED = by_values(
    select(_deliveries.c.id, _deliveries.c.token)
    .where(_deliveries.c.state == State.SENDING.value)
    .with_for_update(),
    _deliveries.c.id,
)

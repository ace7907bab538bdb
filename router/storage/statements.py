"""Statements that the loops run again and again, each made once.

SQLite, which has one writer, takes no FOR UPDATE.
"""

from typing import Any

from sqlalchemy import Table, and_, bindparam, exists, func, select, text, tuple_

from router.core.delivery import State
from router.storage import rows, tables
from router.storage.prepared import Reading, among, by_values

OPEN = (State.PENDING.value, State.WAITING.value)
UNFINISHED = (*OPEN, State.SENDING.value)
#: Written into statements as it stands, so that the partial indexes are found.
IS_OPEN = text("ended_at IS NULL")
#: A time after all others.
EVER = 2**62


def stands(states: tuple[str, ...], table: Any = tables.deliveries) -> Any:
    """Whether a delivery stands so. Written into the statement, so that partial indexes are found."""
    return table.c.state.in_(bindparam(None, states, expanding=True, literal_execute=True))


def _by_values(column: Any, *where: Any) -> Reading:
    return by_values(select(column.table).where(*where), column)


def _first(table: Table, statement: Any) -> Any:
    """Those due by now, the first of them first, so many at most."""
    due = statement.where(table.c.due_at <= bindparam("now")).order_by(table.c.due_at, table.c.id)
    return due.limit(bindparam("limit"))


def _moving(statement: Any) -> Reading:
    """Alerts that time may change: a pending one only once its source has caught up."""
    of = tables.alerts.c
    lags = (and_(of.state == "pending", among(of.source, which)) for which in (False, True))
    return Reading(*(statement.where(of.due_at.isnot(None), ~one) for one in lags))


def _due_deliveries() -> Any:
    """Due deliveries of a target, none of which has an earlier one of its group before it."""
    table, earlier = tables.deliveries, tables.deliveries.alias()
    overtakes = exists().where(
        earlier.c.group_id == table.c.group_id,
        earlier.c.target == table.c.target,
        stands(UNFINISHED, earlier),
        tuple_(earlier.c.created_at, earlier.c.id) < tuple_(table.c.created_at, table.c.id),
    )
    of_target = select(table.c.id).where(
        table.c.target == bindparam("target"),
        stands(OPEN),
        table.c.created_at < bindparam("before"),
        ~overtakes,
    )
    return _first(table, of_target).with_for_update(skip_locked=True)


_events, _alerts, _groups, _deliveries = tables.events, tables.alerts, tables.groups, tables.deliveries
_told = tables.notifications.c

KNOWN = _by_values(tables.identities.c.identity)
EVENTS = by_values(select(*(_events.c[name] for name in rows.OF_EVENT)), _events.c.id)
ENDS = _by_values(tables.ends.c.name)
JOBS = _by_values(tables.jobs.c.job_id)
ALERTS = _by_values(_alerts.c.id)
OPEN_ALERTS = _by_values(_alerts.c.slot, IS_OPEN)
ANCHORED = _by_values(_alerts.c.anchor, IS_OPEN)
DUE_ALERTS = _moving(_first(_alerts, select(_alerts)))
NEXT_ALERT = _moving(select(func.min(_alerts.c.due_at)))
GROUPS = _by_values(_groups.c.id)
OPEN_GROUPS = _by_values(_groups.c.slot, IS_OPEN)
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
    _told.channel == bindparam("channel"), _told.created_at > bindparam("after")
)
DELIVERIES = _by_values(_deliveries.c.id)
DUE_DELIVERIES = _due_deliveries()
NEXT_DELIVERY = select(func.min(_deliveries.c.due_at)).where(
    _deliveries.c.target == bindparam("target"), stands(OPEN)
)
CLAIMED = by_values(
    select(_deliveries.c.id, _deliveries.c.token)
    .where(_deliveries.c.state == State.SENDING.value)
    .with_for_update(),
    _deliveries.c.id,
)

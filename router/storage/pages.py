"""Pages of long tables, the newest first: each costs about the same, however long the table is."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Boolean, Connection, Table, bindparam, func, literal, literal_column, select, tuple_

from router.core.alert import OPEN, Alert
from router.core.delivery import Delivery, State
from router.core.group import Group, Tally
from router.ports import Deed, EventRecord, Mark, Page
from router.storage import rows
from router.storage import tables as t

T = TypeVar("T")

#: Records that are looked at for one page where no index knows which of them match.
LOOKED_AT = 10_000
_UNDELIVERED = (State.DEAD, State.REPLACED, State.DROPPED)


@dataclass(frozen=True, slots=True)
class _Order:
    """A table, the column with the time that its pages are ordered by, and how a row is read."""

    table: Table
    at: Any
    read: Callable[[Any], Any]


def page_of_events(
    connection: Connection, before: Mark | None, limit: int, name: str, job: str, outcome: str, rule: str
) -> Page[EventRecord]:
    """See :meth:`router.ports.Unit.page_of_events`."""
    c = t.events.c
    indexed = [c.job_id == rows.kept(job)] if job else []
    picked = [
        *([c.kind == rows.kept(name)] if name else []),
        *([c.outcome == rows.kept(outcome)] if outcome else []),
        # Matches are pairs of a rule and an alert as JSON: names of rules need no escape in it.
        *([c.matches.contains(f"[{json.dumps(rule)},", autoescape=True)] if rule else []),
    ]
    return _page(
        connection, _Order(t.events, c.received_at, rows.event_record), before, limit, indexed, picked
    )


def page_of_alerts(
    connection: Connection, before: Mark | None, limit: int, rule: str, state: str
) -> Page[Alert]:
    """See :meth:`router.ports.Unit.page_of_alerts`."""
    c = t.alerts.c
    indexed = [c.rule == rows.kept(rule)] if rule else []
    picked = [c.state == rows.kept(state)] if state else []
    if state in OPEN:
        indexed, picked = [*indexed, *picked, c.ended_at.is_(None)], []
    return _page(connection, _Order(t.alerts, c.received_at, rows.alert_of), before, limit, indexed, picked)


def page_of_deliveries(
    connection: Connection, before: Mark | None, limit: int, state: str, channel: str
) -> Page[Delivery]:
    """See :meth:`router.ports.Unit.page_of_deliveries`."""
    c = t.deliveries.c
    of_state = [c.state == rows.kept(state)] if state else []
    of_channel = [c.channel == rows.kept(channel)] if channel else []
    if state in _UNDELIVERED:
        # Written into the statement, so that the partial index is found.
        few = c.state.in_(bindparam(None, _UNDELIVERED, expanding=True, literal_execute=True))
        indexed, picked = [*of_state, few], of_channel
    else:
        indexed, picked = [], [*of_state, *of_channel]
    return _page(
        connection, _Order(t.deliveries, c.created_at, rows.delivery_of), before, limit, indexed, picked
    )


def page_of_deeds(connection: Connection, before: Mark | None, limit: int) -> Page[Deed]:
    """See :meth:`router.ports.Unit.page_of_deeds`."""
    return _page(connection, _Order(t.deeds, t.deeds.c.at, rows.deed_of), before, limit, [], [])


def groups_now(connection: Connection, limit: int) -> tuple[list[Group], int]:
    """See :meth:`router.ports.Unit.groups_now`."""
    c = t.groups.c
    fires = literal_column(_fires(connection.dialect.name == "postgresql"), Boolean)
    standing: list[Any] = []
    for severity in ("critical", "warning", "info"):
        which = select(c.id, fires.label("fires")).where(c.ended_at.is_(None), c.severity == severity)
        newest = which.order_by(c.opened_at.desc(), c.id.desc()).limit(LOOKED_AT)
        standing += _read(connection, newest)
    if not standing:
        return [], 0
    first = [row["id"] for row in sorted(standing, key=lambda row: not row["fires"])[:limit]]
    found = {row["id"]: row for row in _read(connection, select(t.groups).where(c.id.in_(first)))}
    number = select(func.count()).select_from(t.groups).where(c.ended_at.is_(None))
    groups = [rows.group_of(found[name]) for name in first if name in found]
    return groups, connection.execute(number).scalar_one()


def _fires(postgresql: bool) -> str:
    """Whether an alert of a group fires, as :attr:`router.core.group.Tally.firing` says it."""
    tallies = "json_each(groups.tallies::json)" if postgresql else "json_each(groups.tallies)"
    number = "(tally.value ->> {})::int" if postgresql else "json_extract(tally.value, '$[{}]')"
    open_, seen, held = (
        number.format(Tally._fields.index(name)) for name in ("open", "acknowledged", "held")
    )
    return f"EXISTS (SELECT 1 FROM {tallies} AS tally WHERE {open_} - {seen} - {held} > 0)"  # noqa: S608


def _page(
    connection: Connection,
    order: _Order,
    before: Mark | None,
    limit: int,
    indexed: list[Any],
    picked: list[Any],
) -> Page[Any]:
    """A page behind a mark.

    Args:
        indexed: conditions that an index answers.
        picked: conditions that each row must be read for, so that it is done for some of them only.
    """
    at, name = order.at, order.table.c.id
    place = tuple_(at, name)
    behind = [at <= before.at, place < _literal(before)] if before else []
    edge = _edge(connection, order, [*indexed, *behind]) if picked else None
    within = [at >= edge.at, place >= _literal(edge)] if edge else []
    which = select(order.table).where(*indexed, *picked, *behind, *within)
    found = _read(connection, which.order_by(at.desc(), name.desc()).limit(limit + 1))
    shown = [order.read(row) for row in found[:limit]]
    if len(found) > limit:
        edge = Mark(found[limit - 1][at.name], found[limit - 1]["id"])
    return Page(shown, edge)


def _edge(connection: Connection, order: _Order, where: list[Any]) -> Mark | None:
    """The last record that is looked at for this page; None if all of them are."""
    at, name = order.at, order.table.c.id
    last = select(at, name).where(*where).order_by(at.desc(), name.desc()).offset(LOOKED_AT - 1).limit(1)
    row = connection.execute(last).first()
    return Mark(*row) if row else None


def _literal(mark: Mark) -> Any:
    return tuple_(literal(mark.at), literal(mark.id))


def _read(connection: Connection, statement: Any) -> list[Any]:
    return list(connection.execute(statement).mappings())

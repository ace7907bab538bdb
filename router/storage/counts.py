"""How often what came: grouped counts over a time, for ``top``."""

import json
from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import Connection, case, func, literal, select, text

from router.core.delivery import SECOND
from router.core.group import Tally
from router.ports import Counted, Counting
from router.storage import tables as t
from router.storage.prepared import Reading

#: An event waits so long at most before it opens an alert.
_EARLY = 60 * SECOND
_MINUTE, _HOUR = 60 * SECOND, 3600 * SECOND
_TOLD = Tally._fields.index("told")


def count_since(connection: Connection, counting: Counting, since: int, before: int) -> list[Counted]:
    """See :meth:`router.ports.Unit.counts`."""
    if counting in _BY_MINUTE:
        return _of_minutes(connection, _BY_MINUTE[counting], since, before)
    if counting in _PLAIN:
        at, found = _PLAIN[counting]
        if counting in ("alerts", "hours of alerts"):
            # They are indexed by their last match, which is never long before their opening.
            found = found.where(_alerts.received_at >= since - _EARLY)
        rows = connection.execute(found.where(at >= since, at < before))
        return [Counted(str(name), *others) for name, *others in rows]
    statement = _of_lists(counting, postgresql=connection.dialect.name == "postgresql")
    pairs = connection.execute(text(statement), {"since": since, "before": before})
    return [Counted(json.loads(name), "", count, last) for name, count, last in pairs]


def last_matches(connection: Connection) -> dict[str, int]:
    """See :meth:`router.ports.Unit.last_matches`."""
    alerts = t.alerts.c
    found = select(alerts.rule, func.max(alerts.received_at)).group_by(alerts.rule)
    return {row[0]: row[1] for row in connection.execute(found)}


# columns of their own


def _counted(name: Any, what: Any, at: Any, *where: Any) -> tuple[Any, Any]:
    found = select(name, what, func.count(), func.max(at)).where(*where)
    return at, found.group_by(name, what)


def _hours(at: Any, what: Any) -> tuple[Any, Any]:
    # Numbers: as texts they take twice as long to group.
    return _counted(at // _HOUR, what, at)


_alerts, _set_aside = t.alerts.c, t.undecodable.c
_notifications, _deliveries = t.notifications.c, t.deliveries.c
_standing = case((_alerts.shadow == 1, "shadow"), (_alerts.muted_by != "", "muted"), else_="open")
# Not the column itself, or SQLite walks its index over all of them to group them.
_alerts_rule = _alerts.rule + ""

_PLAIN: dict[Counting, tuple[Any, Any]] = {
    "set-aside": _counted(_set_aside.source, literal("undecodable"), _set_aside.received_at),
    "alerts": _counted(_alerts_rule, _standing, _alerts.opened_at),
    "channels told": _counted(_notifications.channel, _notifications.reason, _notifications.created_at),
    "deliveries": _counted(_deliveries.channel, _deliveries.state, _deliveries.created_at),
    "hours of alerts": _hours(_alerts.opened_at, literal("opened")),
    "hours of deliveries": _hours(_deliveries.created_at, _deliveries.state),
}


# events by what they are


def _by_minute(name: str, what: str, *order: str) -> Reading:
    """Events by two of their columns.

    SQLite, which would sort all of them, counts minute by minute in the order of the index; the signs keep it
    from going by an index of the time alone. PostgreSQL counts faster without an order.
    """
    counted = f"SELECT {name}, {what}, count(*), max(received_at) FROM events"  # noqa: S608
    minutes = f"WHERE {t.MINUTE} BETWEEN :first AND :last"
    in_order = f"+received_at >= :since AND +received_at < :before GROUP BY {', '.join((t.MINUTE, *order))}"
    in_none = "received_at >= :since AND received_at < :before GROUP BY 1, 2"
    return Reading(*(text(f"{counted} {minutes} AND {rest}") for rest in (in_order, in_none)))


_BY_MINUTE: dict[Counting, Reading] = {
    "event names": _by_minute("kind", "outcome", "kind", "outcome"),
    "sources": _by_minute("source", "outcome", "kind", "outcome", "source"),
    "jobs": _by_minute("job_id", "outcome", *t.WITHIN_MINUTE),
    "hours of events": _by_minute(f"{t.MINUTE} / 60", "'received'"),
}


def _of_minutes(connection: Connection, reading: Reading, since: int, before: int) -> list[Counted]:
    statement = reading[connection.dialect.name == "postgresql"]
    within = {"first": since // _MINUTE, "last": (before - 1) // _MINUTE, "since": since, "before": before}
    found: dict[tuple[Any, str], tuple[int, int]] = {}
    for name, what, number, last in cast("Iterable[Any]", connection.execute(statement, within)):
        so_far, latest = found.get((name, what), (0, 0))
        found[name, what] = so_far + number, max(latest, last)
    return [Counted(str(name), what, *one) for (name, what), one in found.items() if name is not None]


# rules, which stand in lists of JSON


def _of_lists(counting: Counting, *, postgresql: bool) -> str:
    if counting == "rules told":
        return _rules_told(postgresql)
    return _rules("matches" if counting == "rules" else "failures", postgresql)


def _rules(column: str, postgresql: bool) -> str:
    """By the first of each pair.

    The second one may be hostile: PostgreSQL refuses to unescape it, even to reach the first.
    """
    pairs = f"json_array_elements({column}::json)" if postgresql else f"json_each({column})"
    first = r"""substring(pair.value::text from '^\[("(?:[^"\\]|\\.)*")')"""
    name = first if postgresql else "json_quote(json_extract(pair.value, '$[0]'))"
    return (
        f"SELECT {name}, count(*), max(received_at) FROM events, {pairs} AS pair"  # noqa: S608
        f" WHERE received_at >= :since AND received_at < :before AND {column} <> '[]' GROUP BY 1"
    )


def _rules_told(postgresql: bool) -> str:
    """By the rules that have a tally in the group with alerts that were told."""
    tallies = "json_each(tallies::json)" if postgresql else "json_each(tallies)"
    name = "to_json(tally.key)::text" if postgresql else "json_quote(tally.key)"
    told = (
        f"(tally.value ->> {_TOLD}) = '1'" if postgresql else f"json_extract(tally.value, '$[{_TOLD}]') = 1"
    )
    return (
        f"SELECT {name}, count(*), max(created_at)"  # noqa: S608
        f" FROM notifications JOIN groups ON groups.id = notifications.group_id, {tallies} AS tally"
        f" WHERE created_at >= :since AND created_at < :before AND {told} GROUP BY 1"
    )

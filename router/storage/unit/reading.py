"""What is shown to people."""

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import and_, literal, select, tuple_

from router.core.alert import Alert
from router.core.delivery import Delivery, State
from router.core.group import Group
from router.ports import AlertsSeen, Attempt, Counted, Counting, Deed, EventRecord, Feed, Mark, Page, SetAside
from router.storage import pages, prepared, rows, tables
from router.storage import statements as ask
from router.storage.books import count_books
from router.storage.counts import count_since, last_matches
from router.storage.unit.statements import Statements

#: The time and the id of what stands in each feed.
_FEEDS: dict[Feed, tuple[Any, Any]] = {
    "events": (tables.events.c.received_at, tables.events.c.id),
    "set-aside": (tables.undecodable.c.received_at, tables.undecodable.c.id),
    "ended deliveries": (tables.deliveries.c.ended_at, tables.deliveries.c.id),
}

#: What an id is of, by how it begins.
_NAMED = {"a-": tables.alerts, "d-": tables.deliveries, "e-": tables.events, "s-": tables.silences}


class SqlReadingUnit(Statements):
    """See :class:`router.ports.unit.reading.ReadingUnit`."""

    def ids_from(self, begin: str, limit: int) -> list[str]:
        table = _NAMED.get(begin[:2])
        if table is None:
            return []
        # A range, for the index: LIKE would read the table. What follows are hexadecimal digits.
        first = rows.kept(begin)
        found = select(table.c.id).where(table.c.id >= first, table.c.id < first + "g")
        return list(self._connection.execute(found.order_by(table.c.id).limit(limit)).scalars())

    def event(self, event_id: str) -> EventRecord | None:
        found = self._rows(select(tables.events).where(tables.events.c.id == rows.kept(event_id)))
        return next((rows.event_record(row) for row in found), None)

    def events(self, *, since: int = 0, before: int | None = None, limit: int = 100) -> list[EventRecord]:
        table = tables.events
        which = select(table).where(table.c.received_at >= since)
        if before is not None:
            which = which.where(table.c.received_at < before)
        found = self._rows(which.order_by(table.c.received_at, table.c.number, table.c.id).limit(limit))
        return [rows.event_record(row) for row in found]

    def event_records(self, ids: Collection[str]) -> list[EventRecord]:
        found = self._in(select(tables.events), tables.events.c.id, ids)
        return [rows.event_record(row) for row in found]

    def arrived(self, feed: Feed, after: Mark, limit: int) -> list[Mark]:
        at, name = _FEEDS[feed]
        # The first comparison finds the place in an index of the time alone, too.
        later = and_(at >= after.at, tuple_(at, name) > tuple_(literal(after.at), literal(after.id)))
        found = select(at, name).where(later).order_by(at, name).limit(limit)
        return [Mark(*row) for row in self._connection.execute(found)]

    def newest(self, feed: Feed, limit: int) -> list[Mark]:
        at, name = _FEEDS[feed]
        found = select(at, name).where(at.isnot(None)).order_by(at.desc(), name.desc()).limit(limit)
        return [Mark(*row) for row in self._connection.execute(found)]

    def page_of_events(
        self,
        before: Mark | None,
        limit: int,
        *,
        name: str = "",
        job: str = "",
        outcome: str = "",
        rule: str = "",
    ) -> Page[EventRecord]:
        return pages.page_of_events(self._connection, before, limit, name, job, outcome, rule)

    def page_of_alerts(
        self, before: Mark | None, limit: int, *, rule: str = "", state: str = ""
    ) -> Page[Alert]:
        return pages.page_of_alerts(self._connection, before, limit, rule, state)

    def page_of_deliveries(
        self, before: Mark | None, limit: int, *, state: str = "", channel: str = ""
    ) -> Page[Delivery]:
        return pages.page_of_deliveries(self._connection, before, limit, state, channel)

    def groups_now(self, limit: int) -> tuple[list[Group], int]:
        return pages.groups_now(self._connection, limit)

    def page_of_deeds(self, before: Mark | None, limit: int) -> Page[Deed]:
        return pages.page_of_deeds(self._connection, before, limit)

    def unfinished(self) -> dict[str, tuple[State, int]]:
        table = tables.deliveries
        found = select(table.c.id, table.c.state, table.c.attempts).where(ask.stands(ask.UNFINISHED))
        return {name: (State(state), attempts) for name, state, attempts in self._connection.execute(found)}

    def counts(self, counting: Counting, since: int, before: int) -> list[Counted]:
        return count_since(self._connection, counting, since, before)

    def last_matches(self) -> dict[str, int]:
        return last_matches(self._connection)

    def set_aside_messages(self, *, ids: Collection[str] | None = None, limit: int = 100) -> list[SetAside]:
        table = tables.undecodable
        which = select(table)
        if ids is not None:
            which = which.where(table.c.id.in_([rows.kept(one) for one in ids]))
        found = self._rows(which.order_by(table.c.received_at.desc(), table.c.id).limit(limit))
        return [rows.set_aside_of(row) for row in found]

    def deliveries(
        self,
        *,
        ids: Collection[str] | None = None,
        state: str | None = None,
        channel: str | None = None,
        event_id: str | None = None,
        group_ids: Collection[str] | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        table = tables.deliveries
        which = select(table)
        if ids is not None:
            which = which.where(table.c.id.in_([rows.kept(one) for one in ids]))
        if state is not None:
            which = which.where(table.c.state == rows.kept(state))
        if channel is not None:
            which = which.where(table.c.channel == rows.kept(channel))
        if event_id is not None:
            of_event = select(tables.notifications.c.id).where(
                tables.notifications.c.event_id == rows.kept(event_id)
            )
            which = which.where(table.c.notification_id.in_(of_event))
        if group_ids is not None:
            of_groups = select(tables.notifications.c.id).where(
                tables.notifications.c.group_id.in_([rows.kept(one) for one in group_ids])
            )
            which = which.where(table.c.notification_id.in_(of_groups))
        found = self._rows(which.order_by(table.c.created_at.desc(), table.c.id).limit(limit))
        return [rows.delivery_of(row) for row in found]

    def list_alerts(
        self, *, rule: str | None = None, state: str | None = None, since: int = 0, limit: int = 100
    ) -> list[Alert]:
        table = tables.alerts
        which = select(table).where(table.c.received_at >= since)
        if rule is not None:
            which = which.where(table.c.rule == rows.kept(rule))
        if state is not None:
            which = which.where(table.c.state == rows.kept(state))
        found = self._rows(which.order_by(table.c.received_at.desc(), table.c.id).limit(limit))
        return [rows.alert_of(row) for row in found]

    def alert_documents(
        self, which: AlertsSeen, since: int, limit: int
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        asked = {"since": since, "limit": limit}
        for alert_id, *row in prepared.run(self._connection, ask.DOCUMENTS[which], asked):
            yield alert_id, rows.document_of(row)

    def groups_of(self, alert_ids: Collection[str]) -> list[Group]:
        table, of = tables.groups, tables.group_alerts
        found = select(table).join_from(of, table, table.c.id == of.c.group_id)
        groups = {row["id"]: rows.group_of(row) for row in self._in(found, of.c.alert_id, alert_ids)}
        return sorted(groups.values(), key=lambda group: (group.opened_at, group.id))

    def attempts(self, delivery_ids: Collection[str]) -> list[Attempt]:
        table = tables.attempts
        found = self._in(select(table), table.c.delivery_id, delivery_ids)
        return sorted((rows.attempt_of(row) for row in found), key=lambda one: (one.delivery_id, one.number))

    def books(self) -> dict[str, int]:
        return count_books(self._connection)

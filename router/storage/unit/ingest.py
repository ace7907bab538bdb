"""Taking events in."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, func, literal, or_, select, tuple_

from router.core.alert import Alert
from router.core.group import Group
from router.ports import EventRecord, Job, Known, Mark, SetAside
from router.storage import prepared, rows, tables
from router.storage import statements as ask
from router.storage.prepared import write
from router.storage.unit.statements import Statements


class SqlIngestUnit(Statements):
    """See :class:`router.ports.unit.ingest.IngestUnit`."""

    def known(self, identities: Collection[str]) -> dict[str, Known]:
        return {row["identity"]: rows.known_of(row) for row in self._bound(ask.KNOWN, identities)}

    def remember(self, known: Sequence[Known], now: int) -> None:
        self._put(tables.identities, [rows.known_row(one, now) for one in known], ("sources",))

    def forget(self, identities: Collection[str]) -> None:
        self._run(delete(tables.identities), tables.identities.c.identity, identities)

    def add_events(self, records: Sequence[EventRecord]) -> None:
        self._add(tables.events, rows.rows_of(records, rows.event_row))

    def set_aside(self, messages: Sequence[SetAside]) -> None:
        self._put(tables.undecodable, rows.rows_of(messages, rows.set_aside_row), ("reason",))

    def put_alerts(self, alerts: Sequence[Alert]) -> None:
        self._put(tables.alerts, rows.rows_of(alerts, rows.alert_row))

    def put_groups(self, groups: Sequence[Group]) -> None:
        self._put(tables.groups, rows.rows_of(groups, rows.group_row))

    def join_groups(self, pairs: Sequence[tuple[str, str]]) -> None:
        members = [{"group_id": group, "alert_id": alert} for group, alert in pairs]
        write(self._connection, tables.group_alerts, members, ())

    def serialise(self) -> None:
        if self._postgresql:
            prepared.run(self._connection, ask.SERIALISE)

    def take_turn(self) -> bool:
        return not self._postgresql or prepared.scalar(self._connection, ask.TAKE_TURN)

    def open_alerts(self, slots: Collection[str], anchors: Collection[str]) -> list[Alert]:
        found = self._bound(ask.OPEN_ALERTS, slots) + self._bound(ask.ANCHORED, anchors)
        return list({row["id"]: rows.alert_of(row) for row in found}.values())

    def alerts_on(self, events: Collection[str]) -> list[Alert]:
        return [rows.alert_of(row) for row in self._bound(ask.ALERTS_ON, events)]

    def open_alerts_of(self, rule: str, limit: int = 1000, before: Mark | None = None) -> list[Alert]:
        of = tables.alerts.c
        found = select(tables.alerts).where(of.rule == rows.kept(rule), ask.IS_OPEN)
        if before is not None:
            earlier = tuple_(of.received_at, of.id) < tuple_(literal(before.at), literal(before.id))
            found = found.where(of.received_at <= before.at, earlier)
        ordered = found.order_by(of.received_at.desc(), of.id.desc()).limit(limit)
        return [rows.alert_of(row) for row in self._rows(ordered)]

    def open_at(self, moment: int) -> int:
        of = tables.alerts.c
        lasted = or_(of.ended_at.is_(None), of.ended_at >= moment)
        return self._connection.execute(
            select(func.count()).where(of.opened_at < moment, lasted)
        ).scalar_one()

    def open_groups(self, slots: Collection[str]) -> list[Group]:
        return [rows.group_of(row) for row in self._bound(ask.OPEN_GROUPS, slots)]

    def ends(self, names: Collection[str]) -> dict[str, int]:
        return {row["name"]: row["at"] for row in self._bound(ask.ENDS, names)}

    def put_ends(self, ends: Mapping[str, int], now: int) -> None:
        self._put(tables.ends, [{"name": name, "at": at, "seen_at": now} for name, at in ends.items()])

    def jobs(self, ids: Collection[str]) -> list[Job]:
        return [rows.job_of(row) for row in self._bound(ask.JOBS, ids)]

    def put_jobs(self, jobs: Sequence[Job], now: int) -> None:
        self._put(tables.jobs, [rows.job_row(job, now) for job in jobs])

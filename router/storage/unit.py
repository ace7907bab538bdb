"""One transaction: the verbs of ``router.ports.Unit`` over SQLAlchemy Core, one statement a table."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    and_,
    case,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from router.core.alert import OPEN, Alert, AlertState
from router.core.delivery import Delivery, State, Thread
from router.core.event import Event
from router.core.group import Group, Reason
from router.core.link import LinkKeys
from router.core.mute.silence import Silence
from router.ports import (
    AlertsSeen,
    Attempt,
    Counted,
    Counting,
    Deed,
    EventRecord,
    Feed,
    Job,
    Known,
    Mark,
    NotificationRecord,
    Page,
    SetAside,
    Standing,
    TargetState,
    Timer,
    Urgency,
)
from router.storage import pages, prepared, rows, tables
from router.storage import statements as ask
from router.storage.books import PRUNED, count_books
from router.storage.counts import count_since, last_matches
from router.storage.prepared import Reading, among, but_key, change, listed, write

#: Written into statements as they stand, so that the partial index is found.
_IS_SENDING = text("state = 'sending'")
_IS_LATE = text("overdue_at IS NOT NULL AND ended_at IS NULL")


class SqlUnit:
    """See :class:`router.ports.Unit`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._postgresql = connection.dialect.name == "postgresql"
        self._dialect: Any = postgresql if self._postgresql else sqlite

    # ingest

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

    # dispatch

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
        table, of, groups = tables.alerts, tables.group_alerts, tables.groups
        together = select(groups.c.id).where(groups.c.storm_id == group_id)
        found = (
            select(table)
            .join_from(of, table, table.c.id == of.c.alert_id)
            .where(or_(of.c.group_id == group_id, of.c.group_id.in_(together)))
            .where(of.c.alert_id > after, table.c.state == "firing", table.c.muted_by == "")
        )
        return [rows.alert_of(row) for row in self._rows(found.order_by(of.c.alert_id).limit(limit))]

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

    # deliver

    def targets(self, names: Collection[str], hold: Collection[str] = ()) -> dict[str, TargetState]:
        held = self._bound(ask.TARGETS_HELD, sorted(hold)) if self._postgresql and hold else []
        if self._postgresql and len(held) < len(hold):
            # A row that is not there cannot be held.
            write(
                self._connection,
                tables.targets,
                [rows.target_row(TargetState(name)) for name in sorted(hold)],
                (),
            )
            held = self._bound(ask.TARGETS_HELD, sorted(hold))
        others = set(names) - {row["name"] for row in held}
        found = [*held, *self._bound(ask.TARGETS, others)]
        return {name: TargetState(name) for name in names} | {
            row["name"]: rows.target_of(row) for row in found
        }

    def put_targets(self, states: Sequence[TargetState]) -> None:
        self._put(tables.targets, rows.rows_of(states, rows.target_row))

    def claim_deliveries(
        self,
        now: int,
        room: Mapping[str, int],
        token: str,
        lease_until: int,
        made_before: int | None = None,
        *,
        which: Urgency | None = None,
        newest: Collection[str] = (),
    ) -> list[Delivery]:
        found: list[rows.Row] = []
        for target, free in room.items():
            before = ask.EVER if made_before is None else made_before
            asked = {"target": target, "now": now, "before": before, "limit": free}
            found += self._prepared(ask.DUE_DELIVERIES[which, target in newest], asked)
        claim = {"token": token, "lease_until": lease_until}
        self._bound_run(ask.CLAIMING, [row["id"] for row in found], claim)
        taken = {**claim, "state": State.SENDING.value}
        claimed = [rows.delivery_of({**row, **taken, "attempts": row["attempts"] + 1}) for row in found]
        return sorted(claimed, key=lambda one: (one.due_at, one.id))

    def threads(self, group_ids: Collection[str]) -> dict[tuple[str, str], Thread]:
        found = sorted(self._bound(ask.THREADS, group_ids), key=lambda row: (row["ended_at"] or 0, row["id"]))
        return {(row["group_id"], row["target"]): Thread(row["reference"], row["content"]) for row in found}

    def settle_deliveries(self, deliveries: Sequence[Delivery], tokens: Sequence[str]) -> list[str]:
        table = tables.deliveries
        mine = {delivery.id: token for delivery, token in zip(deliveries, tokens, strict=True)}
        held = self._bound(ask.CLAIMED, mine)
        ours = {row["id"] for row in held if row["token"] == mine[row["id"]]}
        change(
            self._connection, table, [rows.delivery_row(one) for one in deliveries if one.id in ours], _MOVED
        )
        return [delivery.id for delivery in deliveries if delivery.id in ours]

    def add_attempts(self, attempts: Sequence[Attempt]) -> None:
        self._put(tables.attempts, rows.rows_of(attempts, rows.attempt_row))

    def count_due(self, now: int, most: Mapping[str, int], which: Urgency) -> dict[str, int]:
        due, of = ask.COUNTED_DELIVERIES[which], {"now": now, "before": ask.EVER}
        found = {
            target: self._prepared(due, {**of, "target": target, "limit": n}) for target, n in most.items()
        }
        return {target: len(rows) for target, rows in found.items()}

    def next_due(self, targets: Collection[str], after: int = 0) -> dict[str, int]:
        due: dict[str, int] = {}
        for target in targets:
            asked = {"target": target, "after": after}
            at = self._scalar(ask.NEXT_DELIVERY, asked)
            if at is not None:
                due[target] = at
        return due

    def groups(self, ids: Collection[str]) -> list[Group]:
        return [rows.group_of(row) for row in self._bound(ask.GROUPS, ids)]

    def notifications(self, ids: Collection[str]) -> list[NotificationRecord]:
        found = self._in(select(tables.notifications), tables.notifications.c.id, ids)
        return [rows.notification_of(row) for row in found]

    def copy_members(self, pairs: Sequence[tuple[str, str]]) -> None:
        table = tables.group_alerts
        for old, new in pairs:
            of_old = select(literal(new), table.c.alert_id).where(table.c.group_id == old)
            adding = self._dialect.insert(table).from_select(["group_id", "alert_id"], of_old)
            self._connection.execute(adding.on_conflict_do_nothing())

    # maintain

    def open_targets(self) -> set[str]:
        table = tables.deliveries
        found = select(table.c.target).where(ask.stands(ask.OPEN)).distinct()
        return {row["target"] for row in self._rows(found)}

    def overtaken(self, before: int, limit: int, left_alone: Collection[str] = ()) -> list[tuple[str, str]]:
        table = tables.deliveries
        place = (table.c.group_id, table.c.target)
        stuck = [func.max(table.c.attempts) > 0]
        if left_alone:
            stuck.append(table.c.target.in_(left_alone))
        crowded = (
            select(*place)
            .where(ask.stands(ask.UNFINISHED))
            .group_by(*place)
            .having(func.count() > 1, or_(*stuck))
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

    def overdue(self, now: int, limit: int) -> list[Delivery]:
        table = tables.deliveries
        late = select(table).where(_IS_LATE, table.c.overdue_at <= now)
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

    # policy

    def last_beat(self) -> int | None:
        found = select(tables.meta.c.value).where(tables.meta.c.name == "beat")
        value = self._connection.execute(found).scalar()
        return int(value) if value is not None else None

    def beat(self, now: int) -> None:
        self._put(tables.meta, [{"name": "beat", "value": str(now)}])

    def hasten(self, now: int) -> frozenset[str]:
        groups, waiting = tables.groups, tables.deliveries
        told = groups.c.due_reason != Reason.REPEAT.value
        early = and_(groups.c.due_at > now, groups.c.opened_at > now, told)
        self._connection.execute(update(groups).where(early).values(due_at=now))
        late = and_(waiting.c.due_at > now, waiting.c.created_at > now, ask.stands(ask.OPEN))
        hastened = update(waiting).where(late).values(due_at=now).returning(waiting.c.target)
        return frozenset(self._connection.execute(hastened).scalars())

    def link_keys(self) -> LinkKeys | None:
        found = select(tables.meta.c.value).where(tables.meta.c.name == "link_keys")
        value = self._connection.execute(found).scalar()
        return LinkKeys(*map(bytes.fromhex, value.split())) if value is not None else None

    def put_link_keys(self, keys: LinkKeys) -> None:
        value = f"{keys.newest.hex()} {keys.earlier.hex()}"
        self._put(tables.meta, [{"name": "link_keys", "value": value}])

    def keep_policy(self, policy_hash: str, text: str, now: int) -> None:
        self._put(tables.policies, [{"hash": policy_hash, "text": rows.kept(text), "loaded_at": now}])

    # people

    def retry_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        values = {
            "state": State.WAITING.value,
            "due_at": now,
            "ended_at": None,
            # It may have arrived, and says so; half of its patience is given back.
            "unknown": case((tables.deliveries.c.unknown > 0, 1), else_=0),
            "created_at": now,
        }
        return self._moved(ids, (State.DEAD.value,), values | {"reason": rows.kept(f"retried by {by}")})

    def drop_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        values = {"state": State.DROPPED.value, "ended_at": now, "reason": rows.kept(f"dropped by {by}")}
        return self._moved(ids, (*ask.OPEN, State.DEAD.value), values)

    def _moved(self, ids: Collection[str], states: tuple[str, ...], values: dict[str, Any]) -> list[str]:
        table = tables.deliveries
        which = select(table.c.id).where(table.c.state.in_(states)).with_for_update()
        found = [row["id"] for row in self._in(which, table.c.id, ids)]
        self._run(update(table).values(**values), table.c.id, found)
        return found

    def dead_letters(self, since: int, before: int, limit: int, channel: str = "") -> list[str]:
        of = tables.deliveries.c
        which = select(of.id).where(
            of.state == State.DEAD.value,
            ask.stands(ask.UNDELIVERED),
            of.ended_at >= since,
            of.ended_at <= before,
            *([of.channel == rows.kept(channel)] if channel else []),
        )
        return [row["id"] for row in self._rows(which.order_by(of.created_at, of.id).limit(limit))]

    def add_deed(self, deed: Deed) -> None:
        self._add(tables.deeds, [rows.deed_row(deed)])

    def mark_replayed(self, ids: Collection[str], now: int) -> None:
        table = tables.undecodable
        self._run(update(table).values(replayed_at=now), table.c.id, ids)

    # reading

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

    # statements

    def _rows(self, statement: Any, values: Mapping[str, Any] | None = None) -> list[rows.Row]:
        found = self._connection.execute(statement, values)
        names = tuple(found.keys())
        return [dict(zip(names, row, strict=True)) for row in found]

    def _bound(self, reading: Reading, values: Collection[str]) -> list[rows.Row]:
        """Rows of a statement that was made once, for any number of values."""
        return self._prepared(reading[self._postgresql], self._listed(values)) if values else []

    def _prepared(self, statement: Any, values: Mapping[str, Any]) -> list[rows.Row]:
        """Rows of a statement that was made once."""
        return prepared.rows(self._connection, statement, values)

    def _scalar(self, statement: Any, values: Mapping[str, Any] | None = None) -> Any:
        return prepared.scalar(self._connection, statement, values)

    def _in(self, statement: Any, column: Any, values: Collection[str]) -> list[rows.Row]:
        asked = statement.where(among(column, self._postgresql))
        return self._rows(asked, self._listed(values)) if values else []

    def _run(self, statement: Any, column: Any, values: Collection[str]) -> None:
        """Changes the rows whose column has one of these values."""
        if values:
            self._connection.execute(statement.where(among(column, self._postgresql)), self._listed(values))

    def _bound_run(self, changing: Reading, values: Collection[str], others: Mapping[str, Any]) -> None:
        """A change that was made once, for any number of values."""
        if values:
            prepared.run(self._connection, changing[self._postgresql], {**others, **self._listed(values)})

    def _listed(self, values: Collection[str]) -> dict[str, Any]:
        return listed(values, self._postgresql)

    def _add(self, table: Table, values: list[dict[str, Any]]) -> None:
        write(self._connection, table, values)

    def _put(self, table: Table, values: list[dict[str, Any]], only: tuple[str, ...] = ()) -> None:
        """Adds rows, or replaces those with the same primary key (only these columns, if named)."""
        write(self._connection, table, values, only or but_key(table))


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


#: The time and the id of what stands in each feed.
_FEEDS: dict[Feed, tuple[Any, Any]] = {
    "events": (tables.events.c.received_at, tables.events.c.id),
    "set-aside": (tables.undecodable.c.received_at, tables.undecodable.c.id),
    "ended deliveries": (tables.deliveries.c.ended_at, tables.deliveries.c.id),
}


#: What stays of a delivery as it was written, whatever becomes of it.
_WRITTEN = frozenset(
    {"id", "notification_id", "group_id", "channel", "target", "kind", "severity"}
    | {"created_at", "fallback_of"}
)
_MOVED = tuple(column.name for column in tables.deliveries.columns if column.name not in _WRITTEN)


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
        (t.jobs, t.jobs.c.seen_at < before),
        (t.ends, t.ends.c.seen_at < identities_before),
        (t.identities, t.identities.c.seen_at < identities_before),
    ]

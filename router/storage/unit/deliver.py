"""Sending."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import literal, select

from router.core.delivery import Delivery, State, Thread
from router.core.group import Group
from router.ports import Attempt, NotificationRecord, TargetState, Urgency
from router.storage import rows, tables
from router.storage import statements as ask
from router.storage.prepared import change, inserting, write
from router.storage.unit.statements import Statements

#: What stays of a delivery as it was written, whatever becomes of it.
_WRITTEN = frozenset(
    {"id", "notification_id", "group_id", "channel", "target", "kind", "severity"}
    | {"created_at", "fallback_of"}
)
_MOVED = tuple(column.name for column in tables.deliveries.columns if column.name not in _WRITTEN)


class SqlDeliverUnit(Statements):
    """See :class:`router.ports.unit.deliver.DeliverUnit`."""

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
            adding = inserting(self._connection.dialect.name, table)
            copied = adding.from_select(["group_id", "alert_id"], of_old)
            self._connection.execute(copied.on_conflict_do_nothing())

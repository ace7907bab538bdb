"""The policy in force, and the keys of links."""

from sqlalchemy import and_, extract, func, or_, select, update

from router.core.group import Reason
from router.core.link import LinkKeys
from router.storage import rows, tables
from router.storage import statements as ask
from router.storage.unit.statements import Statements


class SqlPolicyUnit(Statements):
    """See :class:`router.ports.unit.policy.PolicyUnit`."""

    def time(self) -> int | None:
        if not self._postgresql:
            return None
        seconds = self._connection.execute(select(extract("epoch", func.clock_timestamp()))).scalar_one()
        return int(seconds * 1_000_000)

    def last_beat(self) -> int | None:
        found = select(tables.meta.c.value).where(tables.meta.c.name == "beat")
        value = self._connection.execute(found).scalar()
        return int(value) if value is not None else None

    def beat(self, now: int) -> None:
        self._put(tables.meta, [{"name": "beat", "value": str(now)}])

    def hasten(self, now: int) -> frozenset[str]:
        groups, alerts, waiting = tables.groups, tables.alerts, tables.deliveries
        made = or_(groups.c.opened_at > now, groups.c.told_at > now)
        early = and_(groups.c.due_at > now, made, groups.c.due_reason != Reason.REPEAT.value)
        self._connection.execute(update(groups).where(early).values(due_at=now))
        self._connection.execute(
            update(groups).where(ask.IS_OPEN, groups.c.told_at > now).values(told_at=now)
        )
        escalating = update(alerts).where(ask.IS_OPEN, alerts.c.escalates_from > now)
        sooner = alerts.c.due_at - (alerts.c.escalates_from - now)
        self._connection.execute(escalating.values(escalates_from=now, clock_at=None, due_at=sooner))
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
        last = self._connection.execute(select(func.max(tables.policies.c.loaded_at))).scalar() or 0
        # Whatever clocks say: what is loaded later is newer.
        loaded_at = max(now, last + 1)
        self._put(tables.policies, [{"hash": policy_hash, "text": rows.kept(text), "loaded_at": loaded_at}])

    def is_superseded(self, policy_hash: str) -> bool:
        of, ours = tables.policies.c, tables.policies.alias()
        loaded_at = select(ours.c.loaded_at).where(ours.c.hash == policy_hash).scalar_subquery()
        newer = select(of.hash).where(of.loaded_at > loaded_at).limit(1)
        return self._connection.execute(newer).first() is not None

"""Deliveries, their targets and attempts."""

from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from router.core.delivery import Delivery, State, Thread
from router.ports import Attempt, TargetState, Urgency
from router.storage.memory.due import Due

_WAITS = frozenset({State.PENDING, State.WAITING})
_DROPPED = _WAITS | {State.DEAD}
_UNFINISHED = _WAITS | {State.SENDING}


class MemoryDeliveries:
    """See :class:`router.ports.Unit`."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, Delivery] = {}
        self.tried: list[Attempt] = []
        self._due_deliveries: defaultdict[tuple[str, Urgency], Due] = defaultdict(Due)
        self._targets: dict[str, TargetState] = {}
        self._threads: dict[tuple[str, str], Thread] = {}
        self._lanes: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        self._of_group: defaultdict[str, list[str]] = defaultdict(list)

    def add_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        for one in deliveries:
            self._of_group[one.group_id].append(one.id)
            insort(self._lanes[one.group_id, one.target], (one.created_at, one.id))
            self._put(one)

    def _put(self, one: Delivery) -> None:
        self.sent[one.id] = one
        urgency: Urgency = "critical" if one.severity == "critical" else "others"
        self._due_deliveries[one.target, urgency].put(one.id, one.due_at if one.state in _WAITS else None)
        if one.state not in _UNFINISHED:
            self._leave(one)

    def _leave(self, one: Delivery) -> None:
        """Its lane goes with the last that has not ended: all lanes are looked through again and again."""
        lane = self._lanes[one.group_id, one.target]
        if (one.created_at, one.id) in lane:
            lane.remove((one.created_at, one.id))
        if not lane:
            del self._lanes[one.group_id, one.target]

    def targets(self, names: Collection[str], hold: Collection[str] = ()) -> dict[str, TargetState]:
        return {name: self._targets.get(name) or TargetState(name) for name in names}

    def put_targets(self, states: Sequence[TargetState]) -> None:
        self._targets.update((state.name, state) for state in states)

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
        def wanted(name: str) -> bool:
            young = made_before is not None and self.sent[name].created_at >= made_before
            return not young and self._is_first(name)

        claimed: list[Delivery] = []
        for target, free in room.items():
            for name in self._due(target, now, free, which, wanted, newest=target in newest):
                one = self.sent[name]
                taken = replace(
                    one,
                    state=State.SENDING,
                    token=token,
                    lease_until=lease_until,
                    attempts=one.attempts + 1,
                )
                self._put(taken)
                claimed.append(taken)
        return sorted(claimed, key=lambda one: (one.due_at, one.id))

    def count_due(self, now: int, most: Mapping[str, int], which: Urgency) -> dict[str, int]:
        return {
            target: len(self._due(target, now, limit, which, self._is_first))
            for target, limit in most.items()
        }

    def _due(
        self,
        target: str,
        now: int,
        limit: int,
        which: Urgency | None,
        wanted: Callable[[str], bool],
        *,
        newest: bool = False,
    ) -> list[str]:
        dues = [self._due_deliveries[target, one] for one in _urgencies(which)]
        if newest:
            found = [name for due in dues for name in due.newest(now, limit, wanted)]
        else:
            found = [name for due in dues for name in due.until(now, limit, wanted)]
        return sorted(found, key=lambda name: (self.sent[name].due_at, name), reverse=newest)[:limit]

    def _is_first(self, name: str) -> bool:
        """Whether no earlier one of its group and target is unfinished."""
        one = self.sent[name]
        return self._lanes[one.group_id, one.target][0][1] == name

    def threads(self, group_ids: Collection[str]) -> dict[tuple[str, str], Thread]:
        return {place: thread for place, thread in self._threads.items() if place[0] in group_ids}

    def settle_deliveries(self, deliveries: Sequence[Delivery], tokens: Sequence[str]) -> list[str]:
        ours = [
            one
            for one, token in zip(deliveries, tokens, strict=True)
            if self.sent[one.id].state is State.SENDING and self.sent[one.id].token == token
        ]
        for one in ours:
            self._put(one)
            if one.reference is not None:
                self._threads[one.group_id, one.target] = Thread(one.reference, one.content)
        return [one.id for one in ours]

    def add_attempts(self, attempts: Sequence[Attempt]) -> None:
        self.tried.extend(attempts)

    def next_due(self, targets: Collection[str], after: int = 0) -> dict[str, int]:
        found = {
            target: [self._due_deliveries[target, one].next(after=after) for one in _urgencies(None)]
            for target in targets
        }
        due = {target: [at for at in moments if at is not None] for target, moments in found.items()}
        return {target: min(moments) for target, moments in due.items() if moments}

    def overtaken(self, before: int, limit: int, left_alone: Collection[str] = ()) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        for lane in self._lanes.values():
            waits = [one for _, name in lane if (one := self.sent[name]).state in _WAITS]
            ripe = [n for n, one in enumerate(waits) if one.created_at <= before]
            if ripe:
                earlier = waits[: ripe[-1]]
                stuck = [one for one in earlier if one.attempts or one.target in left_alone]
                pairs += [(one.id, waits[ripe[-1]].id) for one in stuck]
        return pairs[:limit]

    def replace_deliveries(self, pairs: Sequence[tuple[str, str]], now: int) -> None:
        reason = "a later message of the same group has its content"
        waiting = [(old, new) for old, new in pairs if self.sent[old].state in _WAITS]
        for old, new in waiting:
            since, until = self.sent[old].overdue_at, self.sent[new].overdue_at
            if since is not None and until is not None and since < until:
                self._put(replace(self.sent[new], overdue_at=since))
            self._end([old], replace_with=new, state=State.REPLACED, now=now, reason=reason)

    def overdue(self, now: int, limit: int, channels: Collection[str]) -> list[Delivery]:
        waits = (self.sent[name] for lane in self._lanes.values() for _, name in lane)
        ours = (one for one in waits if one.channel in channels)
        late = [one for one in ours if one.overdue_at is not None and one.overdue_at <= now]
        found = sorted(late, key=lambda one: (one.overdue_at or 0, one.id))[:limit]
        for one in found:
            self._put(replace(one, overdue_at=None))
        return found

    def drop_deliveries(self, ids: Collection[str], now: int, by: str) -> list[str]:
        dropped = [name for name in ids if self.sent[name].state in _DROPPED]
        return self._end(dropped, replace_with=None, state=State.DROPPED, now=now, reason=f"dropped by {by}")

    def _end(
        self, ids: Iterable[str], *, replace_with: str | None, state: State, now: int, reason: str
    ) -> list[str]:
        ended = [self.sent[name] for name in ids]
        for one in ended:
            self._put(replace(one, state=state, ended_at=now, reason=reason, replaced_by=replace_with))
        return [one.id for one in ended]

    def deliveries(
        self, *, ids: Collection[str] = (), group_ids: Collection[str] = (), limit: int = 100
    ) -> list[Delivery]:
        of_groups = (name for group in group_ids for name in self._of_group[group])
        found = [self.sent[name] for name in (*ids, *of_groups) if name in self.sent]
        return sorted(found, key=lambda one: (-one.created_at, one.id))[:limit]


def _urgencies(which: Urgency | None) -> tuple[Urgency, ...]:
    return ("critical", "others") if which is None else (which,)

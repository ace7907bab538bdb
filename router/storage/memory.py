"""A store in memory, for runs on a virtual clock: as fast as the engine itself, and gone with it."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush, nlargest, nsmallest
from itertools import islice
from typing import TypeVar, cast

from router.core.alert import Alert, AlertState
from router.core.delivery import Delivery, State, Thread
from router.core.event import Event
from router.core.group import Group, Reason
from router.core.mute.silence import Silence
from router.ports import (
    Attempt,
    EventRecord,
    Job,
    Known,
    Mark,
    NotificationRecord,
    SetAside,
    TargetState,
    Timer,
    Unit,
    Urgency,
)

T = TypeVar("T")

_WAITS = frozenset({State.PENDING, State.WAITING})
_DROPPED = _WAITS | {State.DEAD}
_UNFINISHED = _WAITS | {State.SENDING}


class MemoryStore:
    """The part of :class:`router.ports.Store` that the steps of the engine need.

    Nothing is rolled back: a fault ends the run. Tests compare it with the other stores.
    """

    def __init__(self) -> None:
        self.unit = MemoryUnit()
        self._writes = 0

    @property
    def shared(self) -> bool:
        """Nobody else can reach it."""
        return False

    @property
    def writes(self) -> int:
        """How often something was written."""
        return self._writes

    def write(self, work: Callable[[Unit], T]) -> T:
        done = work(cast("Unit", self.unit))
        self._writes += 1
        return done

    def read(self, work: Callable[[Unit], T]) -> T:
        return work(cast("Unit", self.unit))

    def look(self, work: Callable[[Unit], T]) -> T:
        return self.read(work)

    def listen(self, woken: Callable[[frozenset[str]], None], begun: Callable[[], None]) -> None:
        """Nobody else can reach it."""

    def wake_others(self, due: Collection[str]) -> None:
        """There are none."""

    def close(self) -> None:
        """Nothing to give back."""


def _take(places: dict[str, str], slot: str, name: str) -> None:
    """Two that are open cannot have one place, in no store."""
    if places.setdefault(slot, name) != name:
        raise ValueError(f"{name} would take the place of {places[slot]}: {slot}")


def _urgencies(which: Urgency | None) -> tuple[Urgency, ...]:
    return ("critical", "others") if which is None else (which,)


class _Due:
    """What is due, the earliest first; what was put again counts as it was put last."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def put(self, name: str, at: int | None) -> None:
        if at is None:
            self._at.pop(name, None)
        elif self._at.get(name) != at:
            self._at[name] = at
            heappush(self._heap, (at, name))

    def until(self, now: int, limit: int, wanted: Callable[[str], bool] = lambda _: True) -> list[str]:
        found: dict[str, int] = {}
        passed: list[tuple[int, str]] = []
        while len(found) < limit and (first := self._first()) is not None and first[0] <= now:
            passed.append(heappop(self._heap))
            if first[1] not in found and wanted(first[1]):
                found[first[1]] = first[0]
        for one in dict.fromkeys(passed):
            heappush(self._heap, one)
        return list(found)

    def newest(self, now: int, limit: int, wanted: Callable[[str], bool]) -> list[str]:
        due = sorted(((at, name) for name, at in self._at.items() if at <= now), reverse=True)
        return list(islice((name for _, name in due if wanted(name)), limit))

    def next(self, wanted: Callable[[str], bool] = lambda _: True, after: int = 0) -> int | None:
        first = self._first()
        if first is None or (first[0] > after and wanted(first[1])):
            return first[0] if first else None
        return min((at for name, at in self._at.items() if at > after and wanted(name)), default=None)

    def _first(self) -> tuple[int, str] | None:
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0] if self._heap else None


class MemoryUnit:
    """See :class:`router.ports.Unit`."""

    def __init__(self) -> None:
        self.notified: dict[str, NotificationRecord] = {}
        self.sent: dict[str, Delivery] = {}
        self.tried: list[Attempt] = []
        self.taken: dict[str, EventRecord] = {}
        self._known: dict[str, Known] = {}
        self._alerts: dict[str, Alert] = {}
        self._groups: dict[str, Group] = {}
        self._slots: dict[str, str] = {}
        self._anchors: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._rules: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._group_slots: dict[str, str] = {}
        self._storms: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self._members: defaultdict[str, list[str]] = defaultdict(list)
        self._ends: dict[str, int] = {}
        self._jobs: dict[str, Job] = {}
        self._timers: dict[str, Timer] = {}
        self._silences: dict[str, Silence] = {}
        self._told: defaultdict[str, list[int]] = defaultdict(list)
        self._due_alerts = _Due()
        self._due_groups = _Due()
        self._due_deliveries: defaultdict[tuple[str, Urgency], _Due] = defaultdict(_Due)
        self._targets: dict[str, TargetState] = {}
        self._threads: dict[tuple[str, str], Thread] = {}
        self._lanes: defaultdict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
        self._of_group: defaultdict[str, list[str]] = defaultdict(list)

    def serialise(self) -> None:
        """There is one writer."""

    def take_turn(self) -> bool:
        """Nobody else tells."""
        return True

    # ingest

    def known(self, identities: Collection[str]) -> dict[str, Known]:
        return {one: self._known[one] for one in identities if one in self._known}

    def remember(self, known: Sequence[Known], now: int) -> None:
        self._known.update((one.identity, one) for one in known)

    def forget(self, identities: Collection[str]) -> None:
        for one in identities:
            self._known.pop(one, None)

    def add_events(self, records: Sequence[EventRecord]) -> None:
        self.taken.update((record.event.id, record) for record in records)

    def set_aside(self, messages: Sequence[SetAside]) -> None:
        """Nothing reads it again."""

    def put_alerts(self, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            self._alerts[alert.id] = alert
            self._due_alerts.put(alert.id, alert.due_at)
            self._place(alert)

    def _place(self, alert: Alert) -> None:
        if alert.ended_at is None:
            _take(self._slots, alert.slot, alert.id)
            self._rules[alert.rule][alert.id] = None
            if alert.anchor:
                self._anchors[alert.anchor][alert.id] = None
            return
        if self._slots.get(alert.slot) == alert.id:
            del self._slots[alert.slot]
        self._rules[alert.rule].pop(alert.id, None)
        self._anchors[alert.anchor].pop(alert.id, None)

    def put_groups(self, groups: Sequence[Group]) -> None:
        for group in groups:
            self._groups[group.id] = group
            self._due_groups.put(group.id, group.due_at)
            if group.ended_at is None:
                _take(self._group_slots, group.slot, group.id)
            elif self._group_slots.get(group.slot) == group.id:
                del self._group_slots[group.slot]
            if group.is_storm:
                self._storms[group.channel][group.id] = None

    def join_groups(self, pairs: Sequence[tuple[str, str]]) -> None:
        for group, alert in pairs:
            members = self._members[group]
            at = bisect_right(members, alert)
            if not at or members[at - 1] != alert:
                members.insert(at, alert)

    def open_alerts(self, slots: Collection[str], anchors: Collection[str]) -> list[Alert]:
        found = {self._slots[slot]: None for slot in slots if slot in self._slots}
        for anchor in anchors:
            found.update(self._anchors.get(anchor, {}))
        return self.alerts(found)

    def open_alerts_of(self, rule: str, limit: int = 1000, before: Mark | None = None) -> list[Alert]:
        marks = ((Mark(alert.received_at, alert.id), alert) for alert in self.alerts(self._rules[rule]))
        found = (one for one in marks if before is None or one[0] < before)
        return [alert for _, alert in nlargest(limit, found, key=lambda one: one[0])]

    def open_at(self, moment: int) -> int:
        alerts = self._alerts.values()
        return sum(one.opened_at < moment and (one.ended_at or moment) >= moment for one in alerts)

    def open_groups(self, slots: Collection[str]) -> list[Group]:
        return self.groups([self._group_slots[slot] for slot in slots if slot in self._group_slots])

    def ends(self, names: Collection[str]) -> dict[str, int]:
        return {name: self._ends[name] for name in names if name in self._ends}

    def put_ends(self, ends: Mapping[str, int], now: int) -> None:
        self._ends.update(ends)

    def jobs(self, ids: Collection[str]) -> list[Job]:
        return [self._jobs[one] for one in ids if one in self._jobs]

    def put_jobs(self, jobs: Sequence[Job], now: int) -> None:
        self._jobs.update((job.id, job) for job in jobs)

    # time

    def due_alerts(self, now: int, limit: int, waiting_for: Collection[str]) -> list[Alert]:
        return self.alerts(self._due_alerts.until(now, limit, self._moves(waiting_for)))

    def _moves(self, waiting_for: Collection[str]) -> Callable[[str], bool]:
        def moves(name: str) -> bool:
            alert = self._alerts[name]
            return alert.state is not AlertState.PENDING or alert.source not in waiting_for

        return moves

    def due_groups(self, now: int, limit: int) -> list[Group]:
        return self.groups(self._due_groups.until(now, limit))

    def next_change(self, waiting_for: Collection[str]) -> int | None:
        timers = min((timer.due_at for timer in self._timers.values()), default=None)
        alerts = self._due_alerts.next(self._moves(waiting_for)) if waiting_for else self._due_alerts.next()
        found = (alerts, self._due_groups.next(), timers)
        return min((at for at in found if at is not None), default=None)

    def timers(self, kind: str) -> list[Timer]:
        found = (timer for timer in self._timers.values() if timer.kind == kind)
        return sorted(found, key=lambda timer: (timer.due_at, timer.id))

    def put_timers(self, timers: Sequence[Timer]) -> None:
        self._timers.update((timer.id, timer) for timer in timers)

    def drop_timers(self, ids: Collection[str]) -> None:
        for one in ids:
            self._timers.pop(one, None)

    # dispatch

    def silences(self, over_after: int) -> list[Silence]:
        return [
            one
            for one in sorted(self._silences.values(), key=lambda one: (one.created_at, one.id))
            if one.ends_at > over_after and (one.expired_at is None or one.expired_at > over_after)
        ]

    def put_silences(self, silences: Sequence[Silence]) -> None:
        self._silences.update((one.id, one) for one in silences)

    def recheck_muted(self, muted_by: str, now: int) -> int:
        held = [
            alert
            for alert in self._alerts.values()
            if alert.ended_at is None and alert.muted_by.startswith(muted_by)
        ]
        self.put_alerts([replace(alert, recheck_at=now, due_at=now) for alert in held])
        return len(held)

    def review_alerts(self, policy: str, now: int) -> int:
        older = [
            alert
            for alert in self._alerts.values()
            if alert.ended_at is None and not alert.shadow and alert.policy != policy
        ]
        self.put_alerts(
            [replace(one, due_at=now, recheck_at=now if one.muted_by else one.recheck_at) for one in older]
        )
        return len(older)

    def rules_of_alerts(self) -> set[str]:
        return {rule for rule, alerts in self._rules.items() if alerts}

    def alerts(self, ids: Collection[str]) -> list[Alert]:
        return [self._alerts[one] for one in ids if one in self._alerts]

    def groups(self, ids: Collection[str]) -> list[Group]:
        return [self._groups[one] for one in ids if one in self._groups]

    def members(
        self, group_id: str, *, after: str = "", limit: int = 500, newest: bool = False
    ) -> list[Alert]:
        members = self._members[group_id]
        if newest:
            asked = reversed(members[: bisect_left(members, after)] if after else members)
        else:
            asked = iter(members[bisect_right(members, after) :])
        found: list[Alert] = []
        for one in asked:
            alert = self._alerts.get(one)
            if alert is not None and alert.ended_at is None:
                found.append(alert)
                if len(found) == limit:
                    break
        return found

    def firing_members(self, group_id: str, limit: int, *, after: str = "") -> list[Alert]:
        together = [one.id for one in self._groups.values() if one.storm_id == group_id]
        members = (one for group in (group_id, *together) for one in self.alerts(self._members[group]))
        found = (one for one in members if one.state is AlertState.FIRING and not one.muted_by)
        return nsmallest(limit, (one for one in found if one.id > after), key=lambda one: one.id)

    def copy_members(self, pairs: Sequence[tuple[str, str]]) -> None:
        for old, new in pairs:
            self.join_groups([(new, alert) for alert in self._members[old]])

    def events_of(self, ids: Collection[str]) -> list[Event]:
        return [self.taken[one].event for one in ids if one in self.taken]

    def storm(self, channel: str, now: int) -> Group | None:
        storms = self.groups(self._storms[channel])
        accepting = (one for one in storms if one.ended_at is None and (one.accepts_until or 0) > now)
        return next(accepting, None)

    def told_since(self, channel: str, after: int) -> int:
        told = self._told[channel]
        return len(told) - bisect_right(told, after)

    def add_notifications(self, records: Sequence[NotificationRecord]) -> None:
        for record in records:
            self.notified[record.id] = record
            if record.reason is not Reason.ACKNOWLEDGED:
                insort(self._told[record.channel], record.created_at)

    def notifications(self, ids: Collection[str]) -> list[NotificationRecord]:
        return [self.notified[one] for one in ids if one in self.notified]

    # deliver

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

    def overdue(self, now: int, limit: int) -> list[Delivery]:
        waits = (self.sent[name] for lane in self._lanes.values() for _, name in lane)
        late = [one for one in waits if one.overdue_at is not None and one.overdue_at <= now]
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

    # policy, reading

    def keep_policy(self, policy_hash: str, text: str, now: int) -> None:
        """Nothing reads it again."""

    def list_alerts(self, *, rule: str | None = None, limit: int = 100) -> list[Alert]:
        found = (one for one in self._alerts.values() if rule is None or one.rule == rule)
        return sorted(found, key=lambda one: (-one.received_at, one.id))[:limit]

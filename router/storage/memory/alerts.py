"""What was heard, the alerts and groups that came of it, and when time acts on them."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from heapq import nlargest, nsmallest

from router.core.alert import Alert, AlertState
from router.core.event import Event
from router.core.group import Group, Reason
from router.core.mute.silence import Silence
from router.ports import EventRecord, Job, Known, Mark, NotificationRecord, SetAside, Timer
from router.storage.memory.due import Due


class MemoryAlerts:
    """See :class:`router.ports.Unit`."""

    def __init__(self) -> None:
        super().__init__()
        self.notified: dict[str, NotificationRecord] = {}
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
        self._due_alerts = Due()
        self._due_groups = Due()

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

    def alerts_on(self, events: Collection[str]) -> list[Alert]:
        wanted = frozenset(events)
        return [one for one in self._alerts.values() if one.ended_at is None and one.event_id in wanted]

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

    # reading

    def list_alerts(self, *, rule: str | None = None, limit: int = 100) -> list[Alert]:
        found = (one for one in self._alerts.values() if rule is None or one.rule == rule)
        return sorted(found, key=lambda one: (-one.received_at, one.id))[:limit]


def _take(places: dict[str, str], slot: str, name: str) -> None:
    """Two that are open cannot have one place, in no store."""
    if places.setdefault(slot, name) != name:
        raise ValueError(f"{name} would take the place of {places[slot]}: {slot}")

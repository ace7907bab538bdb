"""What is new in the store: events, messages set aside, and what becomes of deliveries."""

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from router.core.delivery import ENDED, SECOND, Delivery, State
from router.core.filter import Filter
from router.ports import EventRecord, Feed, Mark, NotificationRecord, SetAside, Store, Unit

#: What is committed so long after its own time is still found: a message may wait for the store, and
#: clocks of replicas differ.
OVERLAP = 60 * SECOND
#: How far back the last lines are looked for, in each feed.
LOOK_BACK = 1000
#: Marks that are read at once.
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Came:
    """An event, and the rules that matched it whose alerts are muted: rule to reason."""

    at: int
    record: EventRecord
    muted: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class WasSetAside:
    """A message that could not be decoded."""

    at: int
    message: SetAside


@dataclass(frozen=True, slots=True)
class Went:
    """Where a delivery stands now; its notification, unless that was pruned."""

    at: int
    delivery: Delivery
    notification: NotificationRecord | None


News = Came | WasSetAside | Went


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is shown: what this rule matched and this filter holds for, and what was told of it."""

    rule: str = ""
    filter: Filter | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.rule and self.filter is None

    def event(self, record: EventRecord) -> bool:
        """Whether an event is shown."""
        rules = {rule for rule, _ in (*record.matches, *record.failures)}
        return self.rule in ("", *rules) and (self.filter is None or self.filter.holds(record.event.data))


class Tail:
    """What is new, each once, the oldest first.

    Args:
        since: from when; None looks back over the last :data:`LOOK_BACK` of each feed.
    """

    def __init__(self, store: Store, since: int | None, wanted: Wanted) -> None:
        self._store = store
        self._wanted = wanted
        feeds: tuple[Feed, ...] = ("events", "set-aside", "ended deliveries")
        self._events, self._set_aside, self._ended = (_Marks(store, feed, since) for feed in feeds)
        self._since = since or 0
        self._standing: dict[str, tuple[State, int]] = {}

    def new(self, now: int) -> Iterator[News]:
        """What came since the last call. What was not taken from it comes again."""
        waiting = self._unfinished()
        return heapq.merge(
            self._came(now), self._put_aside(now), waiting, self._went(now), key=lambda news: news.at
        )

    def _came(self, now: int) -> Iterator[News]:
        for marks in self._events.new(now):
            found = self._store.read(partial(_events, ids=_ids(marks), wanted=self._wanted))
            for mark in marks:
                if mark.id in found:
                    yield found[mark.id]
                self._events.seen(mark)

    def _put_aside(self, now: int) -> Iterator[News]:
        for marks in self._set_aside.new(now):
            ids = _ids(marks) if self._wanted.everything else []
            found = self._store.read(partial(_messages, ids=ids))
            for mark in marks:
                if mark.id in found:
                    yield WasSetAside(mark.at, found[mark.id])
                self._set_aside.seen(mark)

    def _went(self, now: int) -> Iterator[News]:
        for marks in self._ended.new(now):
            found = self._store.read(partial(_deliveries, ids=_ids(marks), wanted=self._wanted))
            by_id = {went.delivery.id: went for went in found if went.delivery.state in ENDED}
            for mark in marks:
                if mark.id in by_id and by_id[mark.id].at == mark.at:
                    yield by_id[mark.id]
                self._ended.seen(mark)

    def _unfinished(self) -> Iterator[News]:
        """Deliveries that have not ended, when another attempt was made of them or they were written."""
        standing = self._store.read(lambda unit: unit.unfinished())
        self._standing = {name: at for name, at in self._standing.items() if name in standing}
        moved = [
            name
            for name, at in standing.items()
            if at[0] is not State.SENDING and at != self._standing.get(name)
        ]
        found = self._store.read(partial(_deliveries, ids=moved, wanted=self._wanted)) if moved else []
        since, self._since = self._since, 0
        for went in sorted(found, key=lambda one: one.at):
            if went.at >= since and went.delivery.state not in ENDED:
                yield went
            self._standing[went.delivery.id] = standing[went.delivery.id]
        # The others are not wanted.
        self._standing |= {name: standing[name] for name in moved}


class _Marks:
    """The marks of one feed that are new: not seen before, also where they were committed late."""

    def __init__(self, store: Store, feed: Feed, since: int | None) -> None:
        self._store = store
        self._feed: Feed = feed
        newest = store.read(lambda unit: unit.newest(feed, LOOK_BACK))
        self._newest = newest[0].at if newest else 0
        self._since = since if since is not None else (newest[-1].at if newest else 0)
        self._floor = min(self._since, self._newest) - OVERLAP
        self._seen: set[Mark] = set()

    def new(self, now: int) -> Iterator[list[Mark]]:
        """Pages of them, in their order; each must be :meth:`seen`, or it comes again."""
        after = Mark(self._floor, "")
        while page := self._page(after):
            after = page[-1]
            self._newest = max(self._newest, after.at)
            self._seen.update(mark for mark in page if mark.at < self._since)
            yield [mark for mark in page if mark not in self._seen]
        self._since = 0
        # By the earlier of both clocks: theirs may be behind ours, and ours behind theirs.
        self._floor = max(self._floor, min(now, self._newest) - OVERLAP)
        self._seen = {mark for mark in self._seen if mark.at >= self._floor}

    def _page(self, after: Mark) -> list[Mark]:
        return self._store.read(lambda unit: unit.arrived(self._feed, after, PAGE))

    def seen(self, mark: Mark) -> None:
        """It was taken."""
        self._seen.add(mark)


def _ids(marks: Sequence[Mark]) -> list[str]:
    return [mark.id for mark in marks]


def _events(unit: Unit, ids: Collection[str], wanted: Wanted) -> dict[str, Came]:
    records = [record for record in unit.event_records(ids) if wanted.event(record)]
    matched = {alert for record in records for _, alert in record.matches}
    muted = {alert.id: alert.muted_by for alert in unit.alerts(matched) if alert.muted_by}
    return {
        record.event.id: Came(
            record.event.received_at,
            record,
            {rule: muted[alert] for rule, alert in record.matches if alert in muted},
        )
        for record in records
    }


def _messages(unit: Unit, ids: Collection[str]) -> dict[str, SetAside]:
    return {message.id: message for message in unit.set_aside_messages(ids=ids, limit=PAGE)}


def _deliveries(unit: Unit, ids: Collection[str], wanted: Wanted) -> list[Went]:
    deliveries = [one for chunk in _chunks(ids) for one in unit.deliveries(ids=chunk, limit=PAGE)]
    records = {one.id: one for one in unit.notifications({one.notification_id for one in deliveries})}
    shown = _shown(unit, list(records.values()), wanted)
    tried = {one.delivery_id: one.ended_at for one in unit.attempts([one.id for one in deliveries])}
    return [
        Went(_moved_at(one, tried.get(one.id, 0)), one, records.get(one.notification_id))
        for one in deliveries
        if wanted.everything or one.notification_id in shown
    ]


def _moved_at(delivery: Delivery, tried_at: int) -> int:
    return delivery.ended_at or max(delivery.created_at, tried_at)


def _shown(unit: Unit, records: Sequence[NotificationRecord], wanted: Wanted) -> set[str]:
    """Ids of the notifications that tell of what is wanted."""
    if wanted.everything:
        return set()
    groups = {group.id: group for group in unit.groups({one.group_id for one in records})}
    events = {event.id: event for event in unit.events_of({one.event_id for one in records})}

    def by_rule(one: NotificationRecord) -> bool:
        return not wanted.rule or (one.group_id in groups and wanted.rule in groups[one.group_id].tallies)

    def by_filter(one: NotificationRecord) -> bool:
        held = wanted.filter
        return held is None or (one.event_id in events and held.holds(events[one.event_id].data))

    return {one.id for one in records if by_rule(one) and by_filter(one)}


def _chunks(ids: Collection[str]) -> Iterator[list[str]]:
    listed = list(ids)
    return (listed[start : start + PAGE] for start in range(0, len(listed), PAGE))

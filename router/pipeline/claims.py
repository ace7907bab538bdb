"""Claims: what is sent now. A target's rate and breaker are kept in the store, shared by all who send to it.

What is critical goes first: a part of the rate is kept for it, and it waits behind no other deliveries.
Where more is due than the rate lets through in some seconds, all of it is claimed, to be told together.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from router.core.breaker import Breaker
from router.core.delivery import SECOND, Delivery, Verdict
from router.core.rate import Bucket
from router.ports import TargetState, Unit, Urgency

#: Messages that all go out within so much time are not told together.
DRIPS_WITHIN = 10 * SECOND
#: So many are told together at most, by a target that takes one message in six seconds; by a slower one
#: more, within bounds: more still would be long in memory, and in one transaction.
CROWD = 1_000
LARGEST_CROWD = 4_000
#: Of a backlog so many are counted at most.
COUNTED = 10_000

_URGENCIES: tuple[Urgency, ...] = ("critical", "others")


@dataclass(frozen=True, slots=True)
class Place:
    """A target, and how many sends it takes now.

    Args:
        rate: messages in microseconds, or None.
        others: how many of the free places are not kept for what is critical.
        paused: it was left alone when it was last looked at.
        folds: several of its messages may be told as one.
    """

    target: str
    rate: tuple[int, int] | None
    free: int
    others: int
    paused: bool = False
    folds: bool = False


@dataclass(frozen=True, slots=True)
class Crowd:
    """Deliveries of one target that are told as so many messages at most."""

    deliveries: list[Delivery]
    messages: int


@dataclass(frozen=True, slots=True)
class Claims:
    """What was claimed, what is known of the targets now, and when each is to be looked at again.

    A target that waits only for the end of an attempt is not among the last.

    Args:
        deliveries: each is told alone.
        crowds: those of each are told together.
        left: targets of which more may be due now.
    """

    deliveries: list[Delivery]
    crowds: list[Crowd]
    states: Mapping[str, TargetState]
    again: Mapping[str, int]
    left: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that has ended, as its target sees it. Times are microseconds UTC."""

    target: str
    verdict: Verdict
    began_at: int
    at: int


def claim(
    unit: Unit,
    places: Sequence[Place],
    token: str,
    now: int,
    lease_until: int,
    *,
    moved: Collection[str] = (),
) -> Claims:
    """Claims what is due where there is room.

    Args:
        moved: targets whose address has changed: what the old one said does not count.
    """
    hold = [place.target for place in places if place.rate or place.paused or place.target in moved]
    states = unit.targets([place.target for place in places], hold)
    asked = [_Asked(place, states[place.target], now) for place in places]
    for one in asked:
        one.begin(held=one.target in hold, moved=one.target in moved)
    claimed: list[Delivery] = []
    crowds: list[Crowd] = []
    for which in _URGENCIES:
        room = {one.target: most for one in asked if (most := one.room(which)) > 0}
        crowded = _crowded(unit, [one for one in asked if one.target in room], which, now)
        most = room | crowded
        found = (
            unit.claim_deliveries(now, most, token, lease_until, which=which, newest=crowded) if room else []
        )
        counts = Counter(delivery.target for delivery in found)
        for one in asked:
            one.take(which, min(counts[one.target], room.get(one.target, 0)), room.get(one.target, 0))
        crowds += [Crowd([one for one in found if one.target == name], room[name]) for name in crowded]
        claimed += [one for one in found if one.target not in crowded]
    unit.put_targets([one.state for one in asked if one.changed])
    left, later = _left(unit, asked, now)
    states = {one.target: one.state for one in asked}
    return Claims(claimed, crowds, states, _again(unit, asked, later, now), left)


def _crowded(unit: Unit, asked: Sequence["_Asked"], which: Urgency, now: int) -> dict[str, int]:
    """Targets of which more is due than goes out soon, and how many are claimed for what is sent now.

    Each message that the rate lets through now has its share of them.
    """
    soon = {one.target: count for one in asked if (count := one.soon(which)) is not None}
    due = unit.count_due(now, {target: count + 1 for target, count in soon.items()}, which)
    crowded = {one.target: one for one in asked if due.get(one.target, 0) > soon.get(one.target, 0)}
    most = {target: min(one.crowd * one.tokens(which), COUNTED) for target, one in crowded.items()}
    due = unit.count_due(now, most, which) if most else {}
    shares = {target: -(-due[target] // one.tokens(which)) for target, one in crowded.items()}
    return {target: min(one.crowd, shares[target] * one.room(which)) for target, one in crowded.items()}


class _Asked:
    """A target in one transaction: how much of it is left."""

    def __init__(self, place: Place, state: TargetState, now: int) -> None:
        self.target = place.target
        self.state = state
        self.changed = False
        self.is_news = False
        self.free = place.free
        self._folds = place.folds
        self._others = place.others
        self._now = now
        self._bucket = _bucket(place.rate, state, now)
        self._all: set[Urgency] = set()

    def begin(self, *, held: bool, moved: bool) -> None:
        if moved:
            self._put(replace(self.state, breaker=Breaker()))
        if self.state.breaker.pauses and not held:
            # Another replica has found that it fails: its probe is one for all of them.
            self.free = self._others = 0
            self.is_news = True

    def room(self, which: Urgency) -> int:
        """How many messages it takes now."""
        places = self.free if which == "critical" else self._others
        free = self.state.breaker.room(places, self._now)
        return min(free, self.tokens(which)) if self._bucket else free

    def tokens(self, which: Urgency) -> int:
        """How many messages its rate lets through now."""
        return self._bucket.room(critical=which == "critical") if self._bucket else 0

    @property
    def crowd(self) -> int:
        """How many are told together at most."""
        interval = self._bucket.interval if self._bucket else 0
        return min(LARGEST_CROWD, max(CROWD, int(CROWD * interval / (6 * SECOND))))

    def soon(self, which: Urgency) -> int | None:
        """How many messages its rate lets through soon; None where each is told alone, as a probe is."""
        if not self._folds or self._bucket is None or self.state.breaker.pauses:
            return None
        return self.tokens(which) + int(DRIPS_WITHIN / self._bucket.interval)

    def take(self, which: Urgency, count: int, room: int) -> None:
        if count < room:
            self._all.add(which)
        if not count:
            return
        self.free -= count
        self._others = max(0, self._others - count)
        if self.state.breaker.pauses:
            self._put(replace(self.state, breaker=self.state.breaker.probing(self._now)))
        if self._bucket is not None:
            self._bucket = self._bucket.take(count)
            self._put(replace(self.state, tokens=self._bucket.tokens, tokens_at=self._bucket.at))

    @property
    def is_exhausted(self) -> bool:
        """Whether there was room for more than was found."""
        return len(self._all) == len(_URGENCIES)

    def _put(self, state: TargetState) -> None:
        self.state, self.changed = state, True

    def left_alone_for(self) -> int:
        """Microseconds; one at least where it has to be looked at again, held."""
        return self.state.breaker.wait(self._now) or int(self.is_news)

    def waits(self) -> list[tuple[Urgency, int]]:
        """What may be due and wait for the rate, and how long; not what waits for a place."""
        if self._bucket is None:
            return []
        places: tuple[tuple[Urgency, int], ...] = (("critical", self.free), ("others", self._others))
        left: list[Urgency] = [which for which, free in places if free > 0 and which not in self._all]
        return [(which, self._bucket.wait(critical=which == "critical")) for which in left]


def _bucket(rate: tuple[int, int] | None, state: TargetState, now: int) -> Bucket | None:
    if rate is None:
        return None
    if state.tokens is None:
        return Bucket.full(rate, now)
    return Bucket.resumed(rate, state.tokens, state.tokens_at).at_time(now)


def _left(unit: Unit, asked: Sequence[_Asked], now: int) -> tuple[frozenset[str], Mapping[str, int]]:
    """Targets of which more may be due now, and when the first delivery of each is due that is not yet."""
    exhausted = {one.target for one in asked if one.is_exhausted}
    first = unit.next_due(exhausted)
    # What is due and was not found waits for an earlier one of its group, or is in another's hands.
    blocked = {target for target, at in first.items() if at <= now}
    left = {one.target for one in asked} - exhausted | blocked
    later = {target: at for target, at in first.items() if at > now}
    return frozenset(left), later | unit.next_due(left, now)


def _again(unit: Unit, asked: Sequence[_Asked], later: Mapping[str, int], now: int) -> dict[str, int]:
    """When each is to be looked at again: what is due already and was not claimed waits for something.

    Args:
        later: when the first delivery is due that is not yet.
    """
    moments: dict[str, list[int]] = {one.target: [] for one in asked}
    for one in asked:
        if one.target in later:
            moments[one.target].append(later[one.target])
        if pause := one.left_alone_for():
            moments[one.target] = [now + pause]
            continue
        for which, wait in one.waits():
            if unit.count_due(now, {one.target: 1}, which)[one.target]:
                moments[one.target].append(now + wait)
    return {target: min(at) for target, at in moments.items() if at}


def learn(unit: Unit, ended: Iterable[Ended]) -> dict[str, tuple[Breaker, Breaker]]:
    """What attempts that have ended make of their targets' breakers: before, and after."""
    ended = list(ended)
    names = {one.target for one in ended}
    states = unit.targets(names, names)
    after = {name: state.breaker for name, state in states.items()}
    for one in ended:
        after[one.target] = after[one.target].after(one.verdict, one.began_at, one.at)
    learnt = {name: (states[name].breaker, after[name]) for name in names}
    changed = [name for name, (before, now) in learnt.items() if before != now]
    unit.put_targets([replace(states[name], breaker=after[name]) for name in changed])
    return learnt


def take_back_probes(unit: Unit, targets: Collection[str]) -> None:
    """What was claimed as a probe is not sent: another may be."""
    states = unit.targets(targets, targets).values()
    probing = [state for state in states if state.breaker.probed_until]
    unit.put_targets([replace(state, breaker=state.breaker.unprobed()) for state in probing])

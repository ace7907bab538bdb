"""What is noisy and what is dead: how often each rule, channel, event, job or source came in a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from router.core import key as keys
from router.core.delivery import SECOND
from router.core.policy import Policy
from router.ports import Counted, Counting, Store

#: Events of so long are counted in one read, or a hundredth of the time: each read has the store's deadline.
SLICE = 3600 * SECOND


class By(StrEnum):
    """What is counted."""

    RULE = "rule"
    CHANNEL = "channel"
    EVENT = "event"
    JOB = "job"
    SOURCE = "source"


@dataclass
class Row:
    """One of them.

    Args:
        counts: by column, see :data:`COLUMNS`; those of zero may be missing.
        last: when it came last, microseconds UTC; of a rule or a channel also before that time.
        note: ``off``, ``shadow``, ``absent`` (a rule that waits for what does not come), ``removed``.
    """

    name: str
    counts: dict[str, int] = field(default_factory=dict[str, int])
    last: int | None = None
    note: str = ""

    def add(self, column: str, number: int, last: int | None = None) -> None:
        """Counts more of it."""
        self.counts[column] = self.counts.get(column, 0) + number
        self.last = max(last or 0, self.last or 0) or None


#: What is counted of each; they are sorted by the first. ``told`` are notifications that were written,
#: whether a provider took them or not; ``failures`` are events on which a rule's filter failed.
COLUMNS: Mapping[By, tuple[str, ...]] = {
    By.RULE: ("events", "alerts", "muted", "told", "failures"),
    By.CHANNEL: ("told", "sent", "open", "dead", "dropped", "replaced"),
    By.EVENT: ("events", "routed", "unmatched", "suppressed"),
    By.JOB: ("events", "routed", "unmatched", "suppressed"),
    By.SOURCE: ("events", "routed", "unmatched", "suppressed", "undecodable"),
}


def top(store: Store, policy: Policy, by: By, since: int, now: int) -> list[Row]:
    """All that came from a time until now, the most frequent first, then what did not come."""
    rows = _MADE[by](_Counts(store, since, now), policy)
    first = COLUMNS[by][0]
    return sorted(rows, key=lambda row: (-row.counts.get(first, 0), -sum(row.counts.values()), row.name))


@dataclass(frozen=True)
class _Counts:
    store: Store
    since: int
    now: int

    def events(self, counting: Counting) -> Iterator[Counted]:
        """Counts of events, slice by slice: a name may come more than once."""
        for start, end in self._slices():
            yield from self._read(counting, start, end)

    def whole(self, counting: Counting) -> list[Counted]:
        """Counts of what is fewer than events."""
        return self._read(counting, self.since, self.now + 1)

    def _slices(self) -> Iterator[tuple[int, int]]:
        long = max(SLICE, (self.now - self.since) // 100)
        for start in range(self.since, self.now + 1, long):
            yield start, min(start + long, self.now + 1)

    def _read(self, counting: Counting, since: int, before: int) -> list[Counted]:
        return self.store.look(lambda unit: unit.counts(counting, since, before))


class _Rows(dict[str, Row]):
    def __missing__(self, name: str) -> Row:
        row = self[name] = Row(name, note="removed")
        return row

    def add(self, column: str, counted: Iterable[Counted]) -> None:
        for name, _, number, last in counted:
            self[name].add(column, number, last)


def _rules(counts: _Counts, policy: Policy) -> Iterable[Row]:
    rows = _Rows({rule.name: Row(rule.name, note=_note(policy, rule.name)) for rule in policy.rules})
    rows |= {rule.name: Row(rule.name) for rule in policy.own}
    rows.add("events", counts.events("rules"))
    for name, _, number, _ in counts.events("failures"):
        rows[name].add("failures", number)
    for name, standing, number, last in counts.whole("alerts"):
        rows[name].add("alerts", number, last)
        rows[name].add("muted", number if standing == "muted" else 0)
    for name, _, number, _ in counts.whole("rules told"):
        rows[name].add("told", number)
    _see_earlier(rows, counts.store, policy)
    own = {rule.name for rule in policy.own}
    return [row for row in rows.values() if row.counts or row.name not in own]


def _note(policy: Policy, name: str) -> str:
    rule = policy.rule(name)
    if rule is None or rule.mode != "on":
        return rule.mode if rule else "removed"
    return "absent" if rule.absent else ""


def _see_earlier(rows: _Rows, store: Store, policy: Policy) -> None:
    """When rules that did not match in the time matched before it."""
    awaited = {keys.arrival(rule.name): rule.name for rule in policy.rules if rule.absent}
    arrivals = store.look(lambda unit: unit.ends(awaited.keys()))
    matches = store.look(lambda unit: unit.last_matches())
    matches |= {awaited[name]: at for name, at in arrivals.items()}
    for name in matches.keys() & rows.keys():
        rows[name].last = max(matches[name], rows[name].last or 0)


#: Deliveries that have not ended, and where they are counted.
_OPEN = {"pending": "open", "waiting": "open", "sending": "open"}


def _channels(counts: _Counts, policy: Policy) -> Iterable[Row]:
    rows = _Rows({name: Row(name) for name in policy.channels})
    rows.add("told", counts.whole("channels told"))
    for name, state, number, _ in counts.whole("deliveries"):
        rows[name].add(_OPEN.get(state, state), number)
    return rows.values()


def _events(counts: _Counts, policy: Policy, counting: Counting) -> Iterable[Row]:
    rows: dict[str, Row] = {}
    for name, outcome, number, last in counts.events(counting):
        row = rows.setdefault(name, Row(name))
        row.add("events", number, last)
        row.add(outcome, number)
    return rows.values()


def _sources(counts: _Counts, policy: Policy) -> Iterable[Row]:
    rows = {row.name: row for row in _events(counts, policy, "sources")}
    for name, outcome, number, last in counts.whole("set-aside"):
        rows.setdefault(name, Row(name)).add(outcome, number, last)
    return rows.values()


_MADE: Mapping[By, Callable[[_Counts, Policy], Iterable[Row]]] = {
    By.RULE: _rules,
    By.CHANNEL: _channels,
    By.EVENT: partial(_events, counting="event names"),
    By.JOB: partial(_events, counting="jobs"),
    By.SOURCE: _sources,
}

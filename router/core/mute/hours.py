"""The hours of a rule: when its time intervals let it tell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from router.core.mute.change import next_other
from router.core.mute.interval import TimeInterval, active_at
from router.core.mute.spans import Span, spans
from router.core.rule import Rule

Intervals = Mapping[str, tuple[TimeInterval, ...]]


@dataclass(frozen=True, slots=True)
class Hours:
    """When a rule may tell: in none of ``mute``, and in one of ``active`` if there are any; both by name."""

    mute: Intervals
    active: Intervals

    def closed_by(self, moment: int) -> str:
        """Why it may not tell at a moment (microseconds UTC), in words with a name; or nothing."""
        for name, intervals in self.mute.items():
            if active_at(intervals, moment):
                return f"in the time interval {name}"
        if self.active and not any(active_at(intervals, moment) for intervals in self.active.values()):
            return f"outside its time interval {' or '.join(self.active)}"
        return ""

    def next_change(self, moment: int) -> int | None:
        """When it closes next, or opens if it is closed; None if that is not within five years."""
        named = (*self.mute.values(), *self.active.values())
        every = [interval for intervals in named for interval in intervals]
        return next_other(every, moment, lambda one: self.closed_by(one) == "")

    def closed(self, begin: int, end: int) -> Iterator[Span]:
        """When it may not tell between two moments."""
        if self.mute or self.active:
            yield from spans(lambda moment: self.closed_by(moment) != "", self.next_change, begin, end)


def hours_of(rule: Rule, intervals: Intervals) -> Hours:
    """The hours of a rule; names that stand for nothing count for nothing, as without a router.yaml."""
    return Hours(
        mute={name: intervals[name] for name in rule.mute_time_intervals if name in intervals},
        active={name: intervals[name] for name in rule.active_time_intervals if name in intervals},
    )

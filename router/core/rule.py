"""A rule: which events it wants, whom it tells, and what matched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from typing import Literal, NamedTuple

from router.core.case import Case
from router.core.event import Event
from router.core.filter import Filter
from router.core.mute.tick import Schedule
from router.errors import Place

Mode = Literal["on", "shadow", "off"]

SECOND = 1_000_000
#: How long after its last event an alert ends by itself, unless its rule says otherwise.
CLOSE_AFTER = 24 * 3600 * SECOND
GROUP_INTERVAL = 300 * SECOND


class Severity(IntEnum):
    """How bad it is; greater is worse. Its word in files and texts is the lower-case name."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        return _WORDS[self]

    @classmethod
    @cache
    def of(cls, word: str) -> "Severity":
        return cls[word.upper()]


_WORDS = {severity: severity.name.lower() for severity in Severity}


@dataclass(frozen=True, slots=True)
class Texts:
    """Templates of a rule for one channel kind or channel; None leaves it to the built-in text."""

    title: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """Fires at so many matching events of one key within so many microseconds."""

    at_least: int
    within: int


@dataclass(frozen=True, slots=True)
class Expect:
    """What must follow a match, and within how many microseconds."""

    event: Filter
    within: int


@dataclass(frozen=True, slots=True)
class Escalation:
    """Whom else to tell when nobody has acknowledged for so many microseconds."""

    after: int
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inhibition:
    """A rule that makes this one superfluous, for alerts in which these expressions are equal."""

    rule: str
    equal: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as docs/rules.md describes its keys. Durations are microseconds.

    Args:
        when: the filter; None matches every event (``when: always``).
        sources: names of the only sources that it looks at (``from``); None means all.
        to: the channels' names.
        formats: templates by channel kind or channel name.
        mute_time_intervals: names of time intervals; it tells nobody in any of them.
        active_time_intervals: names of time intervals; it tells only in these, if any are named.
        place: where the rule stands in its file.
        key: what makes two events the same trouble; None is the thing that the event is about.
        closes_after: ``close_after`` as written; None is the default, see :attr:`close_after`.
        group_by: alerts told together; None is by JobId or ClusterId; empty tells each alone.
        repeat_interval: None is never.
        absent: when something must have matched.
    """

    name: str
    when: Filter | None
    to: tuple[str, ...] = ()
    sources: frozenset[str] | None = None
    severity: Severity = Severity.WARNING
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    mode: Mode = "on"
    stop: bool = False
    catch_all: bool = False
    texts: Texts = field(default_factory=Texts)
    formats: Mapping[str, Texts] = field(default_factory=dict[str, Texts])
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    place: Place = field(default_factory=lambda: Place(""))
    key: tuple[Filter, ...] | None = None
    resolve_when: Filter | None = None
    send_resolved: bool = True
    closes_after: int | None = None
    hold: int = 0
    count: Count | None = None
    expect: Expect | None = None
    group_by: tuple[Filter, ...] | None = None
    group_wait: int = 0
    group_interval: int = GROUP_INTERVAL
    repeat_interval: int | None = None
    absent: Schedule | None = None
    escalate: tuple[Escalation, ...] = ()
    inhibited_by: tuple[Inhibition, ...] = ()
    tests: tuple[Case, ...] = ()

    @property
    def close_after(self) -> int:
        """How long after its last event an alert of it ends by itself."""
        if self.closes_after is not None:
            return self.closes_after
        return self.count.within if self.count else CLOSE_AFTER

    @property
    def remembers_ends(self) -> bool:
        """Whether an event can end its alerts, so that ends must be remembered."""
        return self.resolve_when is not None or self.expect is not None


class Match(NamedTuple):
    """A rule that wants an event."""

    rule: Rule
    event: Event

    @property
    def shadow(self) -> bool:
        """Judged, counted and recorded, but never told."""
        return self.rule.mode == "shadow"


class FailedFilter(NamedTuple):
    """A filter that failed on an event: it did not match, and says why."""

    rule: Rule
    error: str


class Judgement(NamedTuple):
    """All that the rules say of one event, in the rules' order.

    Args:
        ended: rules whose ``resolve_when`` the event meets.
        met: rules whose ``expect.event`` it meets.
    """

    matches: tuple[Match, ...] = ()
    failures: tuple[FailedFilter, ...] = ()
    ended: tuple[Rule, ...] = ()
    met: tuple[Rule, ...] = ()

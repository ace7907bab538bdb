"""A rule: which events it wants, whom it tells, and what matched."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, NamedTuple

from router.core.event import Event
from router.core.filter import Filter
from router.errors import Place

Mode = Literal["on", "shadow", "off"]


class Severity(IntEnum):
    """How bad it is; greater is worse. Its word in files and texts is the lower-case name."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Severity":
        return cls[word.upper()]


@dataclass(frozen=True, slots=True)
class Texts:
    """Templates of a rule for one channel kind or channel; None leaves it to the built-in text."""

    title: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as docs/rules.md describes its keys.

    Args:
        when: the filter; None matches every event (``when: always``).
        sources: names of the only sources that it looks at (``from``); None means all.
        to: the channels' names.
        formats: templates by channel kind or channel name.
        mute_time_intervals: names of time intervals; it tells nobody in any of them.
        active_time_intervals: names of time intervals; it tells only in these, if any are named.
        place: where the rule stands in its file.
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
    """All that the rules say of one event, in the rules' order."""

    matches: tuple[Match, ...] = ()
    failures: tuple[FailedFilter, ...] = ()

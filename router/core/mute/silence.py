"""Silences: made at run time, by a person, for the alerts that a filter picks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from router.core.alert import Alert
from router.core.event import Event, digest_id
from router.core.filter import Filter
from router.core.mute.change import HORIZON
from router.core.mute.change import next_change as next_interval_change
from router.core.mute.interval import TimeInterval, active_at
from router.core.mute.spans import Span, spans
from router.core.text.values import event_values, key_values
from router.errors import RouterError


class SilenceState(StrEnum):
    """Where a silence stands."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """What is not told for a while. Times are microseconds UTC.

    Args:
        matcher: over :func:`alert_document`; one that fails on an alert does not mute it.
        ends_at: from then on it mutes nothing.
        interval: where given, it mutes only in one of these.
        expired_at: when a person ended it before its time.
    """

    id: str
    matcher: Filter
    starts_at: int
    ends_at: int
    author: str
    comment: str
    created_at: int
    interval: tuple[TimeInterval, ...] = ()
    expired_at: int | None = None

    @property
    def begins_at(self) -> int:
        """From when on it mutes: not before somebody made it, whatever start it was given."""
        return max(self.starts_at, self.created_at)

    @property
    def over_at(self) -> int:
        """When it ends, or has ended."""
        return self.ends_at if self.expired_at is None else min(self.ends_at, self.expired_at)


def made(
    matcher: Filter,
    starts_at: int,
    ends_at: int,
    author: str,
    comment: str,
    now: int,
    interval: tuple[TimeInterval, ...] = (),
) -> Silence:
    """A new silence.

    Raises:
        RouterError: ``usage``: it is over before it starts or by now, or ends in more than five years, or
            nobody says who, or why.
    """
    if ends_at <= max(starts_at, now):
        raise RouterError("usage", "a silence ends after it starts, and in the future")
    if ends_at > now + HORIZON:
        raise RouterError("usage", "a silence ends within five years")
    for word, text in (("an author", author), ("a comment", comment)):
        if not text.strip():
            raise RouterError("usage", f"a silence has {word}: others will ask")
    silence_id = digest_id("s", f"{matcher.text}\n{starts_at}\n{ends_at}\n{author}\n{comment}\n{now}")
    return Silence(silence_id, matcher, starts_at, ends_at, author, comment, now, interval)


def expired(silence: Silence, now: int) -> Silence:
    """The silence that a person ends now; one that is over stays as it is."""
    return silence if silence.over_at <= now else replace(silence, expired_at=now)


def state(silence: Silence, now: int) -> SilenceState:
    """Active from its start on, until its end; also between the intervals of one that recurs."""
    if silence.over_at <= now:
        return SilenceState.EXPIRED
    return SilenceState.PENDING if now < silence.starts_at else SilenceState.ACTIVE


def in_force(silence: Silence, now: int) -> bool:
    """Whether it mutes anything now."""
    is_active = silence.begins_at <= now < silence.over_at
    return is_active and (not silence.interval or active_at(silence.interval, now))


def mutes(silence: Silence, document: Mapping[str, Any], now: int) -> bool:
    """Whether it mutes the alert of a document now."""
    return in_force(silence, now) and silence.matcher.holds(document)


def silenced_by(silences: Iterable[Silence], document: Mapping[str, Any], now: int) -> Silence | None:
    """The silence that mutes the alert of a document; of several the one that is made to last longest."""
    found = [silence for silence in silences if mutes(silence, document, now)]
    return max(found, key=lambda silence: (silence.over_at, silence.id), default=None)


def silent(silence: Silence, begin: int, end: int) -> Iterator[Span]:
    """When it mutes something between two moments."""
    begin, end = max(begin, silence.begins_at), min(end, silence.over_at)
    interval = silence.interval
    if interval:
        yield from spans(
            lambda moment: active_at(interval, moment),
            lambda moment: next_interval_change(interval, moment),
            begin,
            end,
        )
    elif begin < end:
        yield begin, end


def next_change(silences: Iterable[Silence], now: int) -> int | None:
    """The first moment from now on at which one of them begins or ends to mute; None if that never comes."""
    changes = (_next_change(silence, now) for silence in silences)
    return min((change for change in changes if change is not None), default=None)


def _next_change(silence: Silence, now: int) -> int | None:
    start = max(now, silence.begins_at)
    if start >= silence.over_at:
        return None
    if now < start and in_force(silence, start):
        return start
    change = next_interval_change(silence.interval, start) if silence.interval else None
    if change is not None and change < silence.over_at:
        return change
    return silence.over_at if in_force(silence, start) else None


def alert_document(alert: Alert, event: Event | None) -> dict[str, Any]:
    """What a silence's filter sees of an alert and its newest event, if it has one (``absent`` may not).

    ``rule``, ``severity``, ``labels``, ``key`` (the list of its values) and ``event`` are ours and hide
    fields of the event that are named so, as in templates: an event cannot choose its silence by calling
    itself another rule. All its fields stand under ``event`` too, with ``id``, ``source`` and ``time``.
    """
    data: Mapping[str, Any] = event.data if event else {}
    whole = event_values(event) if event else {}
    return document(data, whole, alert.rule, alert.severity, alert.labels, alert.key)


def document(
    data: Mapping[str, Any],
    event: Mapping[str, Any],
    rule: str,
    severity: str,
    labels: Mapping[str, str],
    key: str,
) -> dict[str, Any]:
    """As :func:`alert_document`, from the event's fields, the whole event, and what it takes of an alert."""
    return {
        **data,
        "event": event,
        "rule": rule,
        "severity": severity,
        "labels": dict(labels),
        "key": key_values(key),
    }

"""An alert: one trouble that a rule found, its states, and what an event, a time or a person makes of it.

Every function is pure. Times are microseconds UTC; an event's time is the clock of ``hold``, ``count``
and ``expect``, the router's clock that of all others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from router.core.changed import changed
from router.core.event import Event, timed_id
from router.core.key import Key, Place, anchor, anchored, keyless
from router.core.rule import Count, Match, Rule, Severity

#: How long an acknowledgement covers further matches where the rule never repeats.
ACKNOWLEDGED_FOR = 3600 * 1_000_000


class AlertState(StrEnum):
    """Where an alert stands."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    HEALED = "healed"


#: States in which an alert belongs to groups.
OPEN = frozenset({AlertState.FIRING, AlertState.ACKNOWLEDGED})
ENDED = frozenset({AlertState.RESOLVED, AlertState.HEALED})


class Seat(NamedTuple):
    """An alert's place in a group. A *round* is how many times the group had been told at a moment.

    Args:
        since: the round in which the alert waits, or waited, to be told; :data:`HIDDEN` while it is
            muted and was never told.
        fresh: the round in which it last joined or matched.
        held: it was muted when the group was last told.
    """

    group_id: str
    since: int = 0
    fresh: int = 0
    held: bool = False


#: No round is as late: the alert was not told in any.
HIDDEN = 1 << 40


@dataclass(frozen=True)
class Alert:
    """One trouble.

    Args:
        key: the values that make two events the same trouble, as canonical JSON text.
        parts: the expressions of the key.
        group_key: the key of its groups, as canonical JSON text: expressions and values.
        cause: the way in which it failed, with what varies taken out.
        event_id: its newest event by that event's own time, ``event_at``.
        received_at: when its last match was received.
        source: where its last match came from.
        muted_by: why it is not told, or empty.
        policy: the hash of the policy that opened it.
        count: how many events matched.
        times: of ``count``: the matches' times that may still count.
        deadline: of ``hold`` and ``expect``: when it fires if nothing ends it, by the events' clock.
        due_at: when time alone changes something, by the router's clock.
        acknowledged_until: further matches up to then stay acknowledged.
        escalated: how many steps of ``escalate`` it has reached, counted from ``escalates_from``; while
            it is muted, that is what had passed by then, below zero.
        clock_at: up to when ``escalates_from`` knows of mutes; None where that is itself the moment.
        recheck_at: when what mutes it may end.
        closes_from: when a silence or an interval that had kept it from everybody was over.
        shadow: it opened in shadow, and stays there.
    """

    id: str
    rule: str
    key: str
    state: AlertState
    severity: str
    opened_at: int
    event_id: str
    event_at: int
    received_at: int
    policy: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    count: int = 1
    fired_at: int | None = None
    ended_at: int | None = None
    end_reason: str = ""
    muted_by: str = ""
    parts: tuple[str, ...] = ()
    group_key: str = ""
    cause: str = ""
    source: str = ""
    slot: str = ""
    anchor: str = ""
    times: tuple[int, ...] = ()
    deadline: int | None = None
    due_at: int | None = None
    acknowledged_by: str = ""
    acknowledged_until: int | None = None
    escalated: int = 0
    escalates_from: int | None = None
    clock_at: int | None = None
    recheck_at: int | None = None
    shadow: bool = False
    seats: tuple[Seat, ...] = ()
    closes_from: int | None = None

    @property
    def was_told(self) -> bool:
        """Whether any of its groups was told of it, or is to be."""
        return any(seat.since != HIDDEN for seat in self.seats)

    @property
    def is_open(self) -> bool:
        """Whether it has neither ended nor still waits to fire."""
        return self.state in OPEN


class Step(StrEnum):
    """What time alone makes of an alert."""

    FIRE = "fire"
    HEAL = "heal"
    CLOSE = "close"
    ESCALATE = "escalate"
    RECHECK = "recheck"
    MISS = "miss"


#: What an alert is before anything is known of it.
_BLANK = Alert("", "", "", AlertState.PENDING, "", 0, "", 0, 0, "")


def opened(match: Match, place: Place, policy: str, now: int, cause: str = "") -> Alert:
    """The alert that a match opens: firing, or pending while ``hold``, ``count`` or ``expect`` is not met.

    Args:
        cause: see router.core.cause.
    """
    rule, event, key = match.rule, match.event, place.key
    text = key.text
    alert_id = timed_id("a", event.received_at, f"{rule.name}\n{text}\n{event.id}")
    deadline = _deadline(rule, event)
    fires = deadline is None and not rule.count
    alert = changed(
        _BLANK,
        id=alert_id,
        rule=rule.name,
        key=text,
        state=AlertState.FIRING if fires else AlertState.PENDING,
        severity=rule.severity.word,
        opened_at=now,
        event_id=event.id,
        event_at=event.at,
        received_at=event.received_at,
        policy=policy,
        labels=rule.labels,
        parts=key.parts,
        group_key=place.group_key or Key((), (alert_id,)).whole,
        cause=cause,
        source=event.source,
        slot=place.slot,
        anchor=_anchor(rule.name, key),
        times=(event.at,) if rule.count else (),
        deadline=deadline,
        fired_at=now if fires else None,
        escalates_from=now if fires else None,
        muted_by="shadow" if match.shadow else "",
        shadow=match.shadow,
    )
    return timed(alert, rule)


def _anchor(rule: str, key: Key) -> str:
    if not key.parts:
        return keyless(rule)
    index = anchored(key.parts)
    return anchor(rule, key.parts[index], key.values[index])


def _deadline(rule: Rule, event: Event) -> int | None:
    if rule.expect:
        return event.at + rule.expect.within
    return event.at + rule.hold if rule.hold else None


def matched(alert: Alert, rule: Rule, event: Event, now: int) -> Alert:
    """The alert after another event of its key; an older one than its newest is only counted."""
    newer = event.at >= alert.event_at
    counted = changed(
        alert,
        count=alert.count + 1,
        received_at=max(alert.received_at, event.received_at),
        event_id=event.id if newer else alert.event_id,
        event_at=max(event.at, alert.event_at),
        source=event.source if newer else alert.source,
    )
    if alert.state is AlertState.PENDING and alert.deadline is None:
        if rule.count:
            return _counted(counted, rule, rule.count, event.at, now)
        # A reload took its count away: this match does what a first one would.
        deadline = _deadline(rule, event)
        waits = changed(counted, deadline=deadline, times=())
        return fired(waits, rule, now) if deadline is None else timed(waits, rule)
    if alert.state is AlertState.ACKNOWLEDGED and now >= (alert.acknowledged_until or 0):
        return fired(counted, rule, now)
    return timed(counted, rule)


def _counted(alert: Alert, rule: Rule, count: Count, at: int, now: int) -> Alert:
    """The window slides, its start outside it, its end inside; two windows hold all that can still count."""
    within, needed = count.within, count.at_least
    times = tuple(sorted(time for time in (*alert.times, at) if time > alert.event_at - 2 * within))
    windows = zip(times, times[needed - 1 :], strict=False)
    if any(last - first < within for first, last in windows):
        return fired(changed(alert, times=()), rule, now)
    return timed(changed(alert, times=times), rule)


def missed_again(alert: Alert, rule: Rule, now: int) -> Alert:
    """The alert of ``absent`` after a further tick at which nothing had come: it is heard of, not news.

    It fires again where somebody had seen it, and that covers it no more.
    """
    heard = changed(alert, received_at=now)
    if alert.state is AlertState.ACKNOWLEDGED and now >= (alert.acknowledged_until or 0):
        return fired(heard, rule, now)
    return timed(heard, rule)


def fired(alert: Alert, rule: Rule, now: int) -> Alert:
    """The alert whose condition is met, or that fires again after it was acknowledged."""
    return timed(
        changed(
            alert,
            state=AlertState.FIRING,
            fired_at=alert.fired_at if alert.fired_at is not None else now,
            deadline=None,
            times=(),
            acknowledged_by="",
            acknowledged_until=None,
            escalated=0,
            escalates_from=now,
            clock_at=None,
        ),
        rule,
    )


def ended(alert: Alert, now: int, reason: str) -> Alert:
    """The alert at its end: resolved when it had fired, else healed."""
    state = AlertState.RESOLVED if alert.is_open else AlertState.HEALED
    return changed(
        alert,
        state=state,
        ended_at=now,
        end_reason=reason,
        due_at=None,
        recheck_at=None,
        deadline=None,
        times=(),
    )


def acknowledged(alert: Alert, rule: Rule | None, now: int, by: str, until: int | None = None) -> Alert:
    """The alert that a person has seen: further matches are covered for ``repeat_interval``, or an hour."""
    covered = (rule.repeat_interval if rule else None) or ACKNOWLEDGED_FOR
    taken = changed(
        alert,
        state=AlertState.ACKNOWLEDGED,
        acknowledged_by=by,
        acknowledged_until=until if until is not None else now + covered,
    )
    return timed(taken, rule) if rule else taken


def muted(alert: Alert, rule: Rule, reason: str, recheck_at: int | None, since: int) -> Alert:
    """The alert that is not told now, and when to look again.

    Args:
        since: when that began, by the router's clock.
    """
    begun = alert.escalates_from
    if begun is not None and not alert.muted_by:
        begun = min(0, begun - since)
    return timed(changed(alert, muted_by=reason, recheck_at=recheck_at, escalates_from=begun), rule)


def unmuted(alert: Alert, rule: Rule, since: int) -> Alert:
    """The alert that nothing mutes any more; ``escalate`` does not count the time of the mute.

    Nor does ``close_after`` where a silence or an interval has kept it from everybody.
    """
    begun = alert.escalates_from
    later = since + min(0, begun) if begun is not None else None
    was_kept = alert.recheck_at is not None and not alert.was_told
    return timed(
        changed(
            alert,
            muted_by="",
            recheck_at=None,
            escalates_from=later,
            clock_at=since,
            closes_from=since if was_kept else alert.closes_from,
        ),
        rule,
    )


def escalates_at(alert: Alert, rule: Rule) -> int | None:
    """When the alert reaches its next step of ``escalate`` if nothing mutes it before; None if never."""
    waits = alert.state is AlertState.FIRING and not alert.muted_by and alert.escalates_from is not None
    if not waits or alert.escalated >= len(rule.escalate):
        return None
    return (alert.escalates_from or 0) + rule.escalate[alert.escalated].after


def read_at(alert: Alert) -> int:
    """Up to when its clock of ``escalate`` knows of mutes."""
    return (alert.escalates_from or 0) if alert.clock_at is None else alert.clock_at


def escalated(alert: Alert, rule: Rule) -> Alert:
    """The alert that has reached its next step of ``escalate``."""
    at = escalates_at(alert, rule)
    return timed(changed(alert, escalated=alert.escalated + 1, clock_at=at), rule)


def delayed(alert: Alert, rule: Rule, by: int, now: int) -> Alert:
    """The alert that was muted for so long before its next step of ``escalate``, unseen."""
    later = changed(alert, escalates_from=(alert.escalates_from or 0) + by)
    return timed(changed(later, clock_at=min(escalates_at(later, rule) or now, now)), rule)


# time


def timed(alert: Alert, rule: Rule) -> Alert:
    """The alert with the moment at which time alone changes something."""
    due, _ = min(_moments(alert, rule), default=(None, None))
    return alert if due == alert.due_at else changed(alert, due_at=due)


def step_of(alert: Alert, rule: Rule, now: int) -> Step | None:
    """What time makes of the alert by now; the earliest first, None when nothing is due."""
    due = [(at, step) for at, step in _moments(alert, rule) if at <= now]
    return min(due)[1] if due else None


def _moments(alert: Alert, rule: Rule) -> list[tuple[int, Step]]:
    if alert.state is AlertState.PENDING:
        if alert.deadline is not None:
            return [(alert.deadline, Step.FIRE)]
        within = rule.count.within if rule.count else rule.close_after
        # From its receipt: a source may bring its events later than the window lasts, one by one.
        return [(alert.received_at + within, Step.HEAL)]
    if not alert.is_open:
        return []
    last = max(alert.received_at, alert.fired_at or 0, alert.closes_from or 0)
    moments = [(last + rule.close_after, Step.CLOSE)]
    if alert.recheck_at is not None:
        # What is held back is not closed before it could be told.
        moments = [*(moments if alert.was_told else []), (alert.recheck_at, Step.RECHECK)]
    elif (at := escalates_at(alert, rule)) is not None:
        moments.append((at, Step.ESCALATE))
    return moments


def severity_of(alert: Alert, rule: Rule | None) -> Severity:
    """How bad it is by the rule in force, else as when it opened."""
    return rule.severity if rule else Severity.of(alert.severity)

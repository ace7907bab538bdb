"""A group: the alerts that are told together on one channel, and when it is due and why.

A group holds numbers for each of its rules, not its alerts: what it costs does not grow with them.
Every function is pure; times are microseconds UTC by the router's clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import add, sub
from typing import NamedTuple

from router.core.alert import HIDDEN, Alert, AlertState, Seat
from router.core.changed import changed
from router.core.event import beside, digest_id
from router.core.key import Key, slot_of
from router.core.rule import GROUP_INTERVAL, Rule, Severity

#: Alerts that a notification shows.
SHOWN = 10
#: Causes that are counted one by one; what comes after them counts as other.
CAUSES = 50
#: An incident that says both, the beginning and the end, stays open so long: its provider calls nobody for
#: one that is closed before.
CLOSES_AFTER = 60_000_000
OTHER = "other"

Rules = Callable[[str], Rule | None]


class Reason(StrEnum):
    """Why a group is told; and the one for which nobody is, only its incident at a provider changes."""

    FIRST = "first"
    WORSE = "worse"
    NEW = "new"
    ESCALATION = "escalation"
    RESOLVED = "resolved"
    REPEAT = "repeat"
    STORM = "storm"
    ACKNOWLEDGED = "acknowledged"
    """Tells nobody: people have seen all that fires, and its incident is marked so."""


class Tally(NamedTuple):
    """The alerts of one rule in a group, in numbers.

    Args:
        open: firing or acknowledged.
        untold: firing, and never told.
        fresh: firing, and joined or matched since the last telling; the untold are among them.
        acknowledged: seen by a person.
        held: muted when the group was last told.
        hidden: those of the held that were never told.
        told: whether any was told, ended ones included (0 or 1).
    """

    open: int = 0
    untold: int = 0
    fresh: int = 0
    acknowledged: int = 0
    held: int = 0
    hidden: int = 0
    told: int = 0

    @property
    def told_open(self) -> int:
        """How many of the open ones were told."""
        return self.open - self.untold - self.hidden

    @property
    def firing(self) -> int:
        """How many fire unacknowledged and unmuted."""
        return self.open - self.acknowledged - self.held


#: What no alert counts for.
NOTHING = Tally()


@dataclass(frozen=True)
class Group:
    """One conversation on one channel.

    Args:
        key: the values that its alerts share, as canonical JSON text.
        slot: its place among the open groups of its channel.
        due_at: when it is to be told next, or None.
        due_reason: for which reason.
        alerts: how many alerts it has had.
        told: how many times it was told; of a group that a storm tells, less how often the storm was when
            it took the group in.
        told_at: when it was told last; None while nobody was, also where a mute kept back all messages.
        resolved: how many of its alerts have ended.
        tallies: its alerts by rule.
        shown: ids of the alerts that a notification shows.
        causes: how often alerts failed in which way.
        escalation: the highest step of ``escalate`` that brought an alert here, and the highest told.
        covered: rule to (until, severity): its further alerts join acknowledged.
        storm_id: the storm's group that tells this one.
        is_storm: it tells other groups.
        accepts_until: of a storm: when it takes in no further group.
        storm_groups: of a storm: how many groups it tells.
        quiet: it ended by itself: only a channel that keeps incidents hears of it.
        fallback_of: the delivery that was given up, where this group tells the fallback channel.
        acknowledged: after which telling its incident was last marked as acknowledged.
    """

    id: str
    channel: str
    key: str
    severity: str
    opened_at: int
    policy: str
    due_at: int | None = None
    due_reason: Reason | None = None
    alerts: int = 0
    told: int = 0
    told_at: int | None = None
    ended_at: int | None = None
    fallback_of: str | None = None
    slot: str = ""
    resolved: int = 0
    tallies: Mapping[str, Tally] = field(default_factory=dict[str, Tally])
    shown: tuple[str, ...] = ()
    causes: Mapping[str, int] = field(default_factory=dict[str, int])
    escalation: tuple[int, int] = (0, 0)
    covered: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    storm_id: str | None = None
    is_storm: bool = False
    accepts_until: int | None = None
    storm_groups: int = 0
    quiet: bool = False
    acknowledged: int = 0

    @property
    def open(self) -> int:
        """How many of its alerts have not ended."""
        return sum(tally.open for tally in self.tallies.values())

    @property
    def is_over(self) -> bool:
        """Whether all its alerts have ended; a fallback channel's group stands for those of another."""
        return self.ended_at is not None and not self.open

    @property
    def fresh(self) -> int:
        """How many joined or matched since the last telling."""
        return sum(tally.fresh for tally in self.tallies.values())

    @property
    def firing(self) -> int:
        """How many fire unacknowledged and unmuted."""
        return sum(tally.firing for tally in self.tallies.values())

    @property
    def held(self) -> int:
        """How many of the open ones were muted when it was last told."""
        return sum(tally.held for tally in self.tallies.values())


def opened(channel: str, alert: Alert, now: int) -> Group:
    """The group that an alert opens on a channel, still without it."""
    key = Key.of(alert.group_key)
    return Group(
        id=beside("g", alert.id, f"{channel}\n{key.text}\n{alert.id}"),
        channel=channel,
        key=key.text,
        slot=slot_of(channel, alert.group_key),
        severity=alert.severity,
        opened_at=now,
        policy=alert.policy,
    )


def opened_storm(channel: str, first: Group, now: int) -> Group:
    """The group that tells others together on a channel, still without them."""
    name = beside("g", first.id, f"{channel}\nstorm\n{first.id}")
    return Group(
        id=name,
        channel=channel,
        key=Key((), ("storm",)).text,
        # A place of its own: a later storm opens while the alerts of an earlier one still fire.
        slot=name,
        severity=first.severity,
        opened_at=now,
        policy=first.policy,
        is_storm=True,
    )


# alerts come, change, go


def part_of(alert: Alert, seat: Seat, told: int) -> Tally:
    """What an alert counts for in a group.

    Args:
        told: how many times the group was told, or the storm that tells it: see :func:`absorbed`.
    """
    if not alert.is_open:
        return NOTHING
    firing = alert.state is AlertState.FIRING and not seat.held
    return Tally(
        open=1,
        untold=int(firing and seat.since >= told),
        fresh=int(firing and seat.fresh >= told),
        acknowledged=int(alert.state is AlertState.ACKNOWLEDGED and not seat.held),
        held=int(seat.held),
        hidden=int(seat.held and seat.since == HIDDEN),
    )


def counted(group: Group, rule: str, before: Tally, after: Tally) -> Group:
    """The group in which an alert counted for one thing and now counts for another."""
    return group if before == after else changed(group, tallies=_tallied(group, rule, before, after))


def _tallied(group: Group, rule: str, before: Tally, after: Tally) -> dict[str, Tally]:
    old = group.tallies.get(rule, NOTHING)
    new = list(map(add, map(sub, old, before), after))
    if min(new) < 0:
        new = [max(0, one) for one in new]
    return {**group.tallies, rule: Tally._make(new)}


def joined(group: Group, alert: Alert, severity: Severity, part: Tally) -> Group:
    """The group with one alert more; its seat is ``Seat(group.id, group.told, group.told)``.

    Args:
        part: what it counts for.
    """
    is_worst = not group.alerts or severity > Severity.of(group.severity)
    return changed(
        group,
        alerts=group.alerts + 1,
        severity=severity.word if is_worst else group.severity,
        shown=(*group.shown[: SHOWN - 1], alert.id) if is_worst else shown_with(group.shown, alert.id),
        causes=caused(group.causes, alert.cause),
        tallies=_tallied(group, alert.rule, NOTHING, part),
    )


def shown_with(shown: tuple[str, ...], alert_id: str) -> tuple[str, ...]:
    """The newest alerts, the newest first; the last one, which was the worst when it came, stays."""
    if alert_id in shown[-1:]:
        return shown
    others = shown[:-1]
    if alert_id in others:
        others = tuple([one for one in others if one != alert_id])
    return (alert_id, *others[: SHOWN - 2], *shown[-1:])


def caused(causes: Mapping[str, int], cause: str, times: int = 1) -> Mapping[str, int]:
    """Counts a cause; those that find no place of their own are counted together."""
    if not cause:
        return causes
    name = cause if cause in causes or len(causes) < CAUSES else OTHER
    return {**causes, name: causes.get(name, 0) + times}


# a storm takes groups in


def absorbed(group: Group, storm: Group) -> Group:
    """The group that a storm tells from now on: it is told as often as the storm is, from here."""
    return changed(group, storm_id=storm.id, told=group.told - storm.told, due_at=None, due_reason=None)


def stormed(storm: Group, alert: Alert, before: Tally, after: Tally, *, fresh: bool) -> Group:
    """The storm in one of whose groups an alert counted for one thing and now counts for another.

    Args:
        fresh: it matched again or fires again.
    """
    if before == after and not fresh:
        return storm
    came = after.open > before.open
    return changed(
        storm,
        tallies=_tallied(storm, alert.rule, before, after),
        alerts=storm.alerts + int(came),
        causes=caused(storm.causes, alert.cause) if came else storm.causes,
        shown=shown_with(storm.shown, alert.id) if came or fresh else storm.shown,
    )


def grown(storm: Group, group: Group) -> Group:
    """The storm with one group more."""
    tallies = dict(storm.tallies)
    for name, tally in group.tallies.items():
        both = zip(tallies.get(name, NOTHING), tally._replace(told=0), strict=True)
        tallies[name] = Tally._make([ours + theirs for ours, theirs in both])
    causes = storm.causes
    for cause, times in group.causes.items():
        causes = caused(causes, cause, times)
    shown = storm.shown
    for one in reversed(group.shown):
        shown = shown_with(shown, one)
    return changed(
        storm,
        alerts=storm.alerts + group.alerts,
        resolved=storm.resolved + group.resolved,
        storm_groups=storm.storm_groups + 1,
        tallies=tallies,
        causes=causes,
        shown=shown,
    )


# when, and why


def due(group: Group, rules: Rules, now: int, *, incident: bool = False) -> Group:
    """The group with the time at which it is to be told next, and the reason.

    Args:
        incident: its channel keeps an incident for it.
    """
    if group.storm_id or group.fallback_of or group.ended_at is not None:
        return group
    at, reason = _due_storm(group, rules) if group.is_storm else _due(group, rules, now)
    if at is None and incident and _is_taken(group):
        at, reason = now, Reason.ACKNOWLEDGED
    reason = reason if at is not None else None
    if at == group.due_at and reason == group.due_reason:
        return group
    return changed(group, due_at=at, due_reason=reason)


def _due(group: Group, rules: Rules, now: int) -> tuple[int | None, Reason | None]:
    found = {name: tally for name, tally in group.tallies.items() if tally.open}
    if group.escalation[0] > group.escalation[1] and any(tally.firing > 0 for tally in found.values()):
        return now, Reason.ESCALATION
    if group.told_at is None:
        if not any(tally.untold for tally in found.values()):
            return None, None
        return group.opened_at + _wait(found, rules), Reason.FIRST
    if _is_worse(group, found, rules):
        return now, Reason.WORSE
    moments: list[tuple[int, Reason]] = []
    if any(tally.fresh for tally in found.values()):
        moments.append((group.told_at + _interval(found, rules), Reason.NEW))
    repeat = _repeat(found, rules)
    if repeat is not None:
        moments.append((group.told_at + repeat, Reason.REPEAT))
    return min(moments, default=(None, None))


def _due_storm(group: Group, rules: Rules) -> tuple[int | None, Reason | None]:
    """All that its groups would be told for again is told in its own messages."""
    if group.told_at is None:
        return (group.opened_at, Reason.STORM) if group.fresh else (None, None)
    waits = [_interval(group.tallies, rules)] if group.fresh else []
    repeat = _repeat({name: tally for name, tally in group.tallies.items() if tally.open}, rules)
    waits += [repeat] if repeat is not None else []
    return (group.told_at + min(waits), Reason.STORM) if waits else (None, None)


def _is_taken(group: Group) -> bool:
    """Whether people have seen all that fires of what was told, and its incident does not say so."""
    seen = group.told_at is not None and group.acknowledged < group.told
    return seen and group.firing <= 0 and any(tally.acknowledged > 0 for tally in group.tallies.values())


def _is_worse(group: Group, found: Mapping[str, Tally], rules: Rules) -> bool:
    if len(group.tallies) < 2:
        return False
    untold = [_severity(name, rules) for name, tally in found.items() if tally.untold]
    told = [_severity(name, rules) for name, tally in found.items() if tally.told_open]
    # Where all that was told has ended, it still is what people heard last.
    told = told or [_severity(name, rules) for name, tally in group.tallies.items() if tally.told]
    return bool(untold and told) and max(untold) > max(told)


def _severity(name: str, rules: Rules) -> Severity:
    rule = rules(name)
    return rule.severity if rule else Severity.WARNING


def _wait(found: Mapping[str, Tally], rules: Rules) -> int:
    return min((rule.group_wait for rule in map(rules, found) if rule), default=0)


def _interval(found: Mapping[str, Tally], rules: Rules) -> int:
    named = (name for name, tally in found.items() if tally.open)
    return min((rule.group_interval for rule in map(rules, named) if rule), default=GROUP_INTERVAL)


def _repeat(found: Mapping[str, Tally], rules: Rules) -> int | None:
    if not any(tally.firing > 0 for tally in found.values()):
        return None
    intervals = (rule.repeat_interval for rule in map(rules, found) if rule)
    return min((interval for interval in intervals if interval is not None), default=None)


# telling, ending, acknowledging


def told(group: Group, rules: Rules, now: int) -> Group:
    """The group after it was told."""
    after = {
        name: tally._replace(untold=0, fresh=0, told=int(bool(tally.told or tally.open > tally.hidden)))
        for name, tally in group.tallies.items()
    }
    done = changed(
        group,
        due_at=None,
        due_reason=None,
        told=group.told + 1,
        told_at=now,
        tallies=after,
        escalation=(group.escalation[0], group.escalation[0]),
    )
    return due(done, rules, now)


def taken(group: Group) -> Group:
    """The group after its incident was marked as acknowledged: once for each telling. Nobody was told."""
    return changed(group, acknowledged=group.told, due_at=None, due_reason=None)


def unsaid(group: Group) -> Group:
    """The group after nothing of what was written for it was sent: it is told as if for the first time."""
    tallies = {name: tally._replace(told=0) for name, tally in group.tallies.items()}
    return changed(group, told_at=None, tallies=tallies, escalation=(group.escalation[0], 0))


def ended(group: Group, rules: Rules, now: int, *, quiet: bool, both: bool = False) -> Group:
    """The group after the last of its alerts has ended: due once more if somebody was told of it.

    Args:
        quiet: that end was by itself: only channels that keep incidents hear of it.
        both: nobody was told, but should have been: one message says that it came and went.
    """
    done = changed(group, ended_at=now, due_at=None, due_reason=None, quiet=quiet)
    if group.storm_id or group.fallback_of:
        return done
    if both:
        return changed(done, due_at=now, due_reason=Reason.FIRST)
    if group.told_at is not None:
        speaks = any(
            tally.told and ((rule := rules(name)) is None or rule.send_resolved)
            for name, tally in group.tallies.items()
        )
        return changed(done, due_at=now, due_reason=Reason.RESOLVED, quiet=quiet or not speaks)
    # Nothing of what was written was sent, but a fallback may have been told of it.
    return changed(done, due_at=now, due_reason=Reason.RESOLVED, quiet=True) if group.told > 0 else done


def covers(group: Group, rule: str, severity: Severity, now: int) -> int | None:
    """Until when a further alert of the rule joins acknowledged, or None."""
    until, worst = group.covered.get(rule, (0, 0))
    return until if now < until and severity <= worst else None


def fallback_id(channel: str, delivery_id: str) -> str:
    """The id of the group that tells the fallback channel of a delivery that was given up."""
    return beside("g", delivery_id, f"{channel}\n{delivery_id}")


def over(told_instead: Group, group: Group, now: int) -> Group:
    """A fallback channel's group once the group that it was told for has ended: its incident is closed.

    Where it is still to be told, that says the end too.
    """
    as_now = changed(
        told_instead,
        alerts=group.alerts,
        resolved=group.resolved,
        tallies=group.tallies,
        shown=group.shown,
        causes=group.causes,
    )
    return as_now if as_now.told_at is None else closing(as_now, now)


def closing(group: Group, at: int) -> Group:
    """A group that people have heard all of: at that time its incidents are closed, and nobody is told."""
    return changed(group, due_at=max(at, (group.ended_at or 0) + 1), due_reason=Reason.RESOLVED, quiet=True)


def is_closing(group: Group) -> bool:
    """Whether only its incidents are to be closed: an end that is told is due when it comes."""
    if group.due_reason is not Reason.RESOLVED or group.due_at is None or group.ended_at is None:
        return False
    return group.quiet and group.due_at > group.ended_at


def for_fallback(group: Group, channel: str, delivery_id: str, reason: Reason, now: int) -> Group:
    """The same conversation on the fallback channel, told once, at once: a delivery was given up."""
    return changed(
        group,
        id=fallback_id(channel, delivery_id),
        slot=digest_id("k", f"{channel}\n{delivery_id}"),
        channel=channel,
        due_at=now,
        due_reason=reason,
        opened_at=now,
        told=0,
        told_at=None,
        ended_at=now,
        storm_id=None,
        fallback_of=delivery_id,
        # What was to be told is told, also where it has ended by itself meanwhile.
        quiet=group.quiet and reason is Reason.RESOLVED,
    )

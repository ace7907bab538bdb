"""The open alerts and groups that a batch touches, and what events, times and people make of them.

A book is loaded with what the store knows, changed by pure rules in the order of what happens, and
written back: only what it lists as changed.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from router.core import alert as alerts
from router.core import group as groups
from router.core import key as keys
from router.core.alert import HIDDEN, Alert, AlertState, Seat, Step
from router.core.cause import cause_of
from router.core.changed import changed
from router.core.event import Event
from router.core.group import NOTHING, Group, Tally
from router.core.key import Key, Place
from router.core.mute.tick import ripe_tick
from router.core.policy import Policy
from router.core.rule import Judgement, Match, Rule, Severity

#: How the reason of a mute by ``inhibited_by`` begins.
INHIBITED = "inhibited"


@dataclass(slots=True)
class Wanted:
    """What must be loaded before events can be taken, by the names under which the store keeps it.

    Args:
        places: where the matches belong, by rule and event.
    """

    slots: set[str] = field(default_factory=set[str])
    anchors: set[str] = field(default_factory=set[str])
    ends: set[str] = field(default_factory=set[str])
    groups: set[str] = field(default_factory=set[str])
    places: dict[tuple[str, str], Place] = field(default_factory=dict[tuple[str, str], Place])


def wanted(judged: Iterable[tuple[Event, Judgement]]) -> Wanted:
    """What events of a batch may touch."""
    found = Wanted()
    for event, judgement in judged:
        for match in judgement.matches:
            _want(found, match.rule, event, match)
        for rule in (*judgement.ended, *judgement.met):
            found.anchors.update(keys.anchors(rule, event))
            found.ends.update(keys.ends_of(rule, event))
    return found


def _want(found: Wanted, rule: Rule, event: Event, match: Match) -> None:
    if rule.absent:
        found.slots.add(keys.slot(rule.name, keys.key_of_absence(rule.name)))
        found.ends.add(keys.arrival(rule.name))
        return
    place = found.places[rule.name, event.id] = keys.place_of(rule, event)
    found.slots.add(place.slot)
    if rule.remembers_ends:
        found.ends.update(keys.ends_for(rule, place.key))
    if place.group_key and not match.shadow:
        found.groups.update([keys.slot_of(channel, place.group_key) for channel in rule.to])


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one event.

    Args:
        matches: (rule, alert id) of every match that opened or updated an alert.
        ends: how many alerts it ended.
        late: rules whose match came too late: an end that is newer was heard before.
    """

    matches: tuple[tuple[str, str], ...] = ()
    ends: int = 0
    late: tuple[str, ...] = ()


class Book:
    """Open alerts and groups, and what was changed of them.

    Args:
        policy: in force.
        now: the router's clock, microseconds UTC.
        places: of matches that it will take, as far as they are known.
    """

    def __init__(
        self, policy: Policy, now: int, places: Mapping[tuple[str, str], Place] | None = None
    ) -> None:
        self.policy = policy
        self.now = now
        self._places = places or {}
        self.alerts: dict[str, Alert] = {}
        self.groups: dict[str, Group] = {}
        self.ends: dict[str, int] = {}
        self.changed_alerts: dict[str, None] = {}
        self.changed_groups: dict[str, None] = {}
        self.changed_ends: dict[str, None] = {}
        self.members: list[tuple[str, str]] = []
        self._is_due = False
        self._taking = False
        self._untimed: dict[str, None] = {}
        self._by_slot: dict[str, str] = {}
        self._by_anchor: dict[str, dict[str, None]] = {}
        self._groups_by_slot: dict[str, str] = {}

    # what the store knows

    def load(self, alerts: Iterable[Alert], groups: Iterable[Group], ends: Mapping[str, int]) -> None:
        """Takes in open alerts, open groups, and remembered ends."""
        for alert in alerts:
            self._keep(alert)
        for group in groups:
            self.groups[group.id] = group
            if group.ended_at is None:
                self._groups_by_slot[group.slot] = group.id
        self.ends.update(ends)

    def _keep(self, alert: Alert) -> None:
        self.alerts[alert.id] = alert
        if alert.ended_at is None:
            self._by_slot[alert.slot] = alert.id
            if alert.anchor:
                self._by_anchor.setdefault(alert.anchor, {})[alert.id] = None

    @property
    def is_due(self) -> bool:
        """Whether anything that was written into it is due now."""
        self.time_groups()
        return self._is_due

    def next_at(self, but: Collection[str] = ()) -> int | None:
        """The first moment at which something that was changed is due.

        Args:
            but: ids of groups that are left out.
        """
        alerts = (self.alerts[one].due_at for one in self.changed_alerts)
        groups = (self.groups[one].due_at for one in self.changed_groups if one not in but)
        return min((at for at in (*alerts, *groups) if at is not None), default=None)

    # events

    def take(self, event: Event, judgement: Judgement) -> Taken:
        """What an event ends, opens and updates; ``resolve_when`` is judged first.

        When the groups that it changes are due is known after :meth:`time_groups`: once for many events.
        """
        self._taking = True
        ended = [
            (alert, f"{by}: {event.kind or 'an event'} {event.id}")
            for by, rules in (("resolve_when", judgement.ended), ("expect", judgement.met))
            for rule in rules
            for alert in self._ended_by(rule, event)
        ]
        self.finish_together(ended)
        matches: list[tuple[str, str]] = []
        late: list[str] = []
        for match in judgement.matches:
            alert_id = self._match(match)
            if alert_id is None:
                late.append(match.rule.name)
            elif alert_id:
                matches.append((match.rule.name, alert_id))
        self._taking = False
        return Taken(tuple(matches), len(ended), tuple(late))

    def _ended_by(self, rule: Rule, event: Event) -> list[Alert]:
        """The open alerts of a rule that an event ends; the end is remembered."""
        for name in keys.ends_of(rule, event):
            if event.at >= self.ends.get(name, event.at):
                self.ends[name] = event.at
                self.changed_ends[name] = None
        found = [
            self.alerts[one]
            for anchor in keys.anchors(rule, event)
            for one in self._by_anchor.get(anchor, ())
        ]
        return [alert for alert in found if alert.rule == rule.name and _is_ended(alert, event)]

    def _match(self, match: Match) -> str | None:
        rule, event = match.rule, match.event
        if rule.absent:
            return self._arrived(rule, event)
        place = self._places.get((rule.name, event.id)) or keys.place_of(rule, event)
        known = self._by_slot.get(place.slot)
        if known is not None:
            old = self.alerts[known]
            self._change(old, alerts.matched(old, rule, event, self.now), rule, fresh=True)
            return known
        if rule.remembers_ends and self._ended_later(rule, place.key, event):
            return None
        alert = alerts.opened(match, place, self.policy.hash, self.now, cause_of(event))
        self._open(alert, rule)
        return alert.id

    # absent: what matches is what was waited for

    def _arrived(self, rule: Rule, event: Event) -> str:
        name = keys.arrival(rule.name)
        self.ends[name] = max(event.at, self.ends.get(name, 0))
        self.changed_ends[name] = None
        missing = self._missing(rule)
        if missing is None or not _has_come(rule, missing, event):
            return ""
        self.finish(missing, f"it came: {event.kind or 'an event'} {event.id}")
        return missing.id

    def last_arrival(self, rule: Rule) -> int:
        """The time of the newest match of a rule with ``absent``; 0 if there was none."""
        return self.ends.get(keys.arrival(rule.name), 0)

    def is_missing(self, rule: Rule) -> bool:
        """Whether an alert says already that nothing came."""
        return self._missing(rule) is not None

    def _missing(self, rule: Rule) -> Alert | None:
        """The open alert that says that nothing came."""
        known = self._by_slot.get(keys.slot(rule.name, keys.key_of_absence(rule.name)))
        return None if known is None else self.alerts[known]

    def miss_again(self, rule: Rule) -> bool:
        """Keeps the alert open that says already that nothing came; whether there is one."""
        alert = self._missing(rule)
        if alert is None:
            return False
        later = alerts.missed_again(alert, rule, self.now)
        self._change(alert, later, rule, fresh=later.state is not alert.state)
        return True

    def miss(self, rule: Rule, event: Event) -> str:
        """Opens the alert of a rule with ``absent``; the event says what did not come."""
        place = keys.placed(rule, event, keys.key_of_absence(rule.name))
        alert = alerts.opened(Match(rule, event), place, self.policy.hash, self.now)
        self._open(alert, rule)
        return alert.id

    def _ended_later(self, rule: Rule, key: Key, event: Event) -> bool:
        return any(self.ends.get(name, event.at) > event.at for name in keys.ends_for(rule, key))

    def _open(self, alert: Alert, rule: Rule) -> None:
        if alert.is_open and not alert.shadow:
            self._seat(alert, rule)
        else:
            self._put(alert)

    # alerts

    def _put(self, alert: Alert) -> None:
        self._keep(alert)
        self.changed_alerts[alert.id] = None
        self._note_due(alert.due_at)

    def _note_due(self, at: int | None) -> None:
        if at is not None and at <= self.now:
            self._is_due = True

    def _change(self, old: Alert, new: Alert, rule: Rule, *, fresh: bool) -> None:
        """Writes an alert's change into its groups.

        Args:
            fresh: it matched again or fires again, so that its groups have something to tell.
        """
        if new.is_open and not old.is_open and not new.shadow:
            self._seat(new, rule)
            return
        if fresh and new.muted_by.startswith(INHIBITED):
            new = alerts.unmuted(new, rule, self.now)
        seats = tuple(self._reseat(old, new, seat, fresh=fresh) for seat in new.seats)
        self._put(changed(new, seats=seats))

    def _reseat(self, old: Alert, new: Alert, seat: Seat, *, fresh: bool) -> Seat:
        group = self.groups[seat.group_id]
        told, moved = self._round(group), seat
        if seat.held and not new.muted_by:
            moved = Seat(seat.group_id, told if seat.since == HIDDEN else seat.since, told)
        elif fresh and not seat.held:
            moved = seat._replace(fresh=told)
        before, after = groups.part_of(old, seat, told), groups.part_of(new, moved, told)
        self._count(group, new, before, after, fresh=fresh)
        return moved

    def _round(self, group: Group) -> int:
        """How many times a group was told, by itself or by its storm."""
        return group.told + (self.groups[group.storm_id].told if group.storm_id else 0)

    def _count(self, group: Group, alert: Alert, before: Tally, after: Tally, *, fresh: bool) -> None:
        counted = groups.counted(group, alert.rule, before, after)
        if fresh and counted.shown[:1] != (alert.id,):
            counted = changed(counted, shown=groups.shown_with(counted.shown, alert.id))
        self._move(counted)
        if group.storm_id:
            self._count_storm(group.storm_id, alert, before, after, fresh=fresh)

    def _move(self, group: Group) -> None:
        """Writes a group whose alerts have changed, and when it is due, at once or later."""
        self._keep_group(group)
        self._untimed[group.id] = None
        if not self._taking:
            self.time_groups()

    def time_groups(self) -> None:
        """Works out when the groups are due that events have changed."""
        for name in self._untimed:
            self.put_group(self._timed(self.groups[name]))
        self._untimed.clear()

    def _timed(self, group: Group) -> Group:
        incident = self.policy.keeps_incidents(group.channel)
        return groups.due(group, self.policy.rule, self.now, incident=incident)

    def put_group(self, group: Group) -> None:
        """Writes a group as it is."""
        self._keep_group(group)
        self._note_due(group.due_at)

    def _keep_group(self, group: Group) -> None:
        if self.groups.get(group.id) is not group:
            self.groups[group.id] = group
            self.changed_groups[group.id] = None
            if group.ended_at is None:
                self._groups_by_slot[group.slot] = group.id
            elif self._groups_by_slot.get(group.slot) == group.id:
                del self._groups_by_slot[group.slot]

    # groups

    def _seat(self, alert: Alert, rule: Rule) -> None:
        """Seats an alert that has fired in the groups of its rule's channels."""
        covered = [until for channel in rule.to if (until := self._covered(alert, rule, channel))]
        if covered:
            alert = alerts.acknowledged(alert, rule, self.now, "with its group", max(covered))
        for channel in rule.to:
            alert = self._join(alert, rule, channel)
        self._put(alert)

    def _covered(self, alert: Alert, rule: Rule, channel: str) -> int | None:
        group = self._group_of(alert, channel)
        return groups.covers(group, rule.name, rule.severity, self.now) if group else None

    def _group_of(self, alert: Alert, channel: str) -> Group | None:
        found = self._groups_by_slot.get(keys.slot_of(channel, alert.group_key))
        return self.groups[found] if found is not None else None

    def _join(self, alert: Alert, rule: Rule, channel: str) -> Alert:
        group = self._group_of(alert, channel) or groups.opened(channel, alert, self.now)
        told = self._round(group)
        seat = Seat(group.id, told, told)
        part = groups.part_of(alert, seat, told)
        self.members.append((group.id, alert.id))
        self._move(groups.joined(group, alert, rule.severity, part))
        if group.storm_id:
            self._count_storm(group.storm_id, alert, NOTHING, part, fresh=False)
        return changed(alert, seats=(*alert.seats, seat))

    def group_slots(self, alert: Alert, channels: Sequence[str]) -> list[str]:
        """The names of the groups that an alert has or will have on channels."""
        own = Key.of(alert.group_key)
        return [keys.slot_of(channel, alert.group_key) for channel in channels] if own.parts else []

    # ends

    def finish(self, alert: Alert, reason: str, *, quiet: bool = False) -> None:
        """Ends an alert, and its groups where it was the last.

        Args:
            quiet: it ended by itself: nobody is told.
        """
        self.finish_together([(alert, reason)], quiet=quiet)

    def finish_together(self, ended: Sequence[tuple[Alert, str]], *, quiet: bool = False) -> None:
        """Ends alerts at one moment, each with its reason; none of them ends before the others.

        Args:
            quiet: they ended by themselves: nobody is told.
        """
        told_by = [self.groups[seat.group_id] for alert, _ in ended for seat in alert.seats]
        told_by += [self.groups[one.storm_id] for one in told_by if one.storm_id]
        # Asked before the first leaves: whether a group should have been told does not depend on who is last.
        awaited = {group.id for group in told_by if not quiet and self._is_awaited(group)}
        for alert, reason in ended:
            self._by_slot.pop(alert.slot, None)
            self._by_anchor.get(alert.anchor, {}).pop(alert.id, None)
            for seat in alert.seats:
                self._leave(alert, seat, quiet=quiet, awaited=awaited)
            self._put(alerts.ended(alert, self.now, reason))

    def _is_awaited(self, group: Group) -> bool:
        """Whether nobody was told of a group, and something critical in it should be."""
        untold = [
            rule for name, tally in group.tallies.items() if tally.untold and (rule := self.policy.rule(name))
        ]
        return group.told_at is None and any(rule.severity is Severity.CRITICAL for rule in untold)

    def _leave(self, alert: Alert, seat: Seat, *, quiet: bool, awaited: Collection[str]) -> None:
        group = self.groups[seat.group_id]
        before = groups.part_of(alert, seat, self._round(group))
        for one in (group.id, group.storm_id):
            if one is not None:
                self._lose(self.groups[one], alert, before, quiet=quiet, both=one in awaited)

    def _lose(self, group: Group, alert: Alert, before: Tally, *, quiet: bool, both: bool) -> None:
        left = groups.counted(group, alert.rule, before, NOTHING)
        left = changed(left, resolved=group.resolved + 1)
        if left.open or left.ended_at is not None:
            self.put_group(self._timed(left))
        else:
            self.put_group(groups.ended(left, self.policy.rule, self.now, quiet=quiet, both=both))

    # storms

    def _count_storm(self, storm_id: str, alert: Alert, before: Tally, after: Tally, *, fresh: bool) -> None:
        self._move(groups.stormed(self.groups[storm_id], alert, before, after, fresh=fresh))

    def absorb(self, group: Group, storm: Group) -> Group:
        """Lets a storm tell a group from now on; returns the storm's group."""
        self.groups.setdefault(storm.id, storm)
        self.put_group(groups.absorbed(group, storm))
        self.put_group(self._timed(groups.grown(storm, group)))
        return self.groups[storm.id]

    # time

    def time_out(self, alert: Alert) -> Step | None:
        """What time makes of an alert that is due; RECHECK is left to who knows the mutes."""
        rule = self.policy.rule(alert.rule)
        if rule is None or rule.mode == "off":
            self.finish(alert, "its rule is not in force any more", quiet=True)
            return Step.CLOSE
        step = alerts.step_of(alert, rule, self.now)
        match step:
            case Step.FIRE:
                self._change(alert, alerts.fired(alert, rule, self.now), rule, fresh=True)
            case Step.HEAL:
                self.finish(alert, "the window passed", quiet=True)
            case Step.CLOSE:
                self.finish(alert, "nothing was heard of it any more (close_after)", quiet=True)
            case Step.ESCALATE:
                self._escalate(alert, rule)
            case _:
                self._put(alerts.timed(alert, rule))
                self._review_groups(alert)
        return step

    def _review_groups(self, alert: Alert) -> None:
        """A reload may have changed when the groups of an alert are due."""
        told_by = [self.groups[seat.group_id] for seat in alert.seats]
        for group in (*told_by, *(self.groups[one.storm_id] for one in told_by if one.storm_id)):
            self.put_group(self._timed(group))

    def is_told_first(self, alert: Alert) -> bool:
        """Whether an alert would close that a group is about to tell: after a standstill both are due."""
        rule = self.policy.rule(alert.rule)
        if rule is None or alerts.step_of(alert, rule, self.now) is not Step.CLOSE:
            return False
        for seat in alert.seats:
            group = self.groups[seat.group_id]
            due_at = (self.groups[group.storm_id] if group.storm_id else group).due_at
            is_due = due_at is not None and due_at <= self.now
            if is_due and groups.part_of(alert, seat, self._round(group)).untold:
                return True
        return False

    def is_escalating(self, alert: Alert) -> bool:
        """Whether a step of ``escalate`` is what time makes of an alert now."""
        rule = self.policy.rule(alert.rule)
        return rule is not None and alerts.step_of(alert, rule, self.now) is Step.ESCALATE

    def _escalate(self, alert: Alert, rule: Rule) -> None:
        step = alert.escalated + 1
        alert = alerts.escalated(alert, rule)
        for channel in rule.escalate[step - 1].to:
            group = self._group_of(alert, channel)
            if group is not None and any(seat.group_id == group.id for seat in alert.seats):
                alert = self._refresh(alert, group)
            else:
                alert = self._join(alert, rule, channel)
                group = self.groups[alert.seats[-1].group_id]
            now_in = self.groups[group.id]
            raised = changed(now_in, escalation=(max(step, now_in.escalation[0]), now_in.escalation[1]))
            self.put_group(self._timed(raised))
        self._put(alert)

    def _refresh(self, alert: Alert, group: Group) -> Alert:
        """The alert is news again to one of its groups."""
        seats = tuple(
            self._reseat(alert, alert, seat, fresh=True) if seat.group_id == group.id else seat
            for seat in alert.seats
        )
        return changed(alert, seats=seats)

    # people

    def acknowledge(self, alert: Alert, by: str) -> None:
        """Takes an alert as seen; further ones of its rule that are not worse join its groups so."""
        rule = self.policy.rule(alert.rule)
        if not alert.is_open:
            return
        taken = alerts.acknowledged(alert, rule, self.now, by)
        self._change(alert, taken, rule or Rule(alert.rule, None), fresh=False)
        severity = alerts.severity_of(alert, rule)
        for seat in taken.seats:
            group = self.groups[seat.group_id]
            covered = {**group.covered, alert.rule: (taken.acknowledged_until or self.now, int(severity))}
            self.put_group(changed(group, covered=covered))

    # mutes

    def mute(self, alert: Alert, reason: str, recheck_at: int | None, since: int | None = None) -> None:
        """Holds an alert back: it is not told before nothing mutes it any more.

        Args:
            since: when that began; None is now.
        """
        rule = self.policy.rule(alert.rule) or Rule(alert.rule, None)
        held = alerts.muted(alert, rule, reason, recheck_at, self.now if since is None else since)
        seats: list[Seat] = []
        for seat in alert.seats:
            group = self.groups[seat.group_id]
            told = self._round(group)
            # What somebody has seen is known, though no message told of it.
            was_heard = seat.since < told or alert.state is AlertState.ACKNOWLEDGED
            moved = seat._replace(held=True, since=seat.since if was_heard or seat.held else HIDDEN)
            before, after = groups.part_of(alert, seat, told), groups.part_of(held, moved, told)
            self._count(group, held, before, after, fresh=False)
            seats.append(moved)
        self._put(changed(held, seats=tuple(seats)))

    def unmute(self, alert: Alert) -> None:
        """Nothing mutes the alert any more: if it still fires, its groups tell it."""
        if not alert.muted_by:
            return
        rule = self.policy.rule(alert.rule) or Rule(alert.rule, None)
        over_at = self.now if alert.recheck_at is None else min(alert.recheck_at, self.now)
        self._change(alert, alerts.unmuted(alert, rule, over_at), rule, fresh=True)

    def delay(self, alert: Alert, by: int) -> None:
        """Mutes that are over count no more for the next step of ``escalate``: it comes so much later."""
        rule = self.policy.rule(alert.rule)
        if by and rule is not None:
            self._put(alerts.delayed(alert, rule, by, self.now))

    def recheck(self, alert: Alert, at: int | None) -> None:
        """Looks at a muted alert again at that time."""
        rule = self.policy.rule(alert.rule) or Rule(alert.rule, None)
        self._put(alerts.muted(alert, rule, alert.muted_by, at, self.now))

    # telling

    def told(self, group: Group) -> None:
        """Notes that a group was told now."""
        self.put_group(groups.told(group, self.policy.rule, self.now))

    def taken(self, group: Group) -> None:
        """Notes that the incident of a group was marked as acknowledged."""
        self.put_group(groups.taken(group))

    def unsay(self, group_id: str, members: Iterable[Alert]) -> None:
        """Nothing of what was written for a group was sent: these open alerts of it were never told there."""
        self.put_group(groups.unsaid(self.groups[group_id]))
        for alert in members:
            seats = tuple(
                self._unsaid(alert, seat) if seat.group_id == group_id else seat for seat in alert.seats
            )
            rule = self.policy.rule(alert.rule) or Rule(alert.rule, None)
            self._put(alerts.timed(changed(alert, seats=seats), rule))

    def _unsaid(self, alert: Alert, seat: Seat) -> Seat:
        group = self.groups[seat.group_id]
        moved = seat._replace(since=HIDDEN if seat.held else group.told)
        before, after = groups.part_of(alert, seat, group.told), groups.part_of(alert, moved, group.told)
        self._count(group, alert, before, after, fresh=False)
        return moved


def _has_come(rule: Rule, missing: Alert, event: Event) -> bool:
    """Whether an event is from the tick on that was missed last; an earlier one belongs to another."""
    tick = ripe_tick(rule.absent, missing.received_at) if rule.absent else None
    return tick is None or event.at >= tick


def _is_ended(alert: Alert, event: Event) -> bool:
    if alert.ended_at is not None or event.at < alert.event_at:
        return False
    return keys.is_ended_by(Key(alert.parts, tuple(json.loads(alert.key))), event)

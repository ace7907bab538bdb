"""Dispatch: groups that are due become notifications, rendered for each target, in the outbox."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from router import telemetry
from router.core import group as groups
from router.core.alert import Alert, AlertState
from router.core.book import INHIBITED, Book
from router.core.changed import changed
from router.core.delivery import SECOND, Delivery, State
from router.core.event import Event
from router.core.group import SHOWN, Group, Reason
from router.core.policy import Policy
from router.core.rule import Severity
from router.failpoints import failpoint
from router.pipeline.deliver import observe_dropped
from router.pipeline.incidents import marking, told_instead
from router.pipeline.mutes import Mutes
from router.pipeline.newer import ours
from router.pipeline.notify import Told, targets_of, tell
from router.pipeline.second_look import unheard
from router.pipeline.shown import Chosen, show
from router.pipeline.tongue import Tongue
from router.pipeline.tracing import Tracing
from router.pipeline.working_set import close_book
from router.ports import Clock, Store, Unit
from router.traces import Stretch

#: Groups in one transaction.
BATCH = 100
#: Alerts of a group that are looked at together.
OF_GROUP = 500
#: Alerts of a storm that are looked at together: each time the store looks through all of them.
OF_STORM = 5_000
#: Alerts of a group (the newest) or a storm that are judged before it is told: a transaction has five
#: seconds, and to be told with some that are muted is better than not to be told.
JUDGED = 20_000
#: An acknowledgement, or a close, waits so long at a time for what its targets are to be told before it.
MARKS_AFTER = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a batch of events has made due, and what was just written of it, so that it is not read again.

    Args:
        groups: due now.
        alerts: as they were written, by id; more than those of the groups.
        events: of this batch, by id.
    """

    groups: Sequence[Group] = ()
    alerts: Mapping[str, Alert] = field(default_factory=dict[str, Alert])
    events: Mapping[str, Event] = field(default_factory=dict[str, Event])


@dataclass(frozen=True, slots=True)
class Round:
    """What was told in one transaction, which began at a time.

    Args:
        deliveries: as they were written.
        looked_at: how many groups were looked at.
        next_at: when the first of them is due again.
    """

    began_at: int
    told: list[Told]
    deliveries: list[Delivery]
    dropped: list[Delivery]
    muted: Counter[str]
    looked_at: int
    next_at: int | None


Claimed = Callable[[Sequence[Delivery], int], Sequence[Delivery]]


def unclaimed(deliveries: Sequence[Delivery], _now: int) -> Sequence[Delivery]:
    """All of them wait to be claimed."""
    return deliveries


class Dispatch:
    """The loop that writes what is due to the outbox.

    Args:
        written: called after a commit with the deliveries that were written.
        claimed: deliveries of which none has an earlier one of its group, and the time: those that are sent
            at once are written as claimed.
        tracing: hears of what was told, if somebody collects traces.
    """

    def __init__(
        self,
        store: Store,
        policy: Callable[[], Policy],
        tongue: Callable[[], Tongue],
        clock: Clock,
        metrics: telemetry.Metrics,
        written: Callable[[Sequence[Delivery]], None],
        claimed: Claimed = unclaimed,
        tracing: Tracing | None = None,
    ) -> None:
        self._store = store
        self._policy = policy
        self._tongue = tongue
        self._clock = clock
        self._metrics = metrics
        self._written = written
        self._claimed = claimed
        self._tracing = tracing

    def step(self) -> int:
        """Tells the groups that are due now, a batch at most; returns how many were looked at."""
        now = self._clock.now()

        def work(unit: Unit) -> Round:
            if not unit.take_turn():
                return self._tell(unit, Fresh(), now)
            unit.serialise()
            policy, due = self._policy(), unit.due_groups(now, BATCH)
            return self._tell(unit, Fresh(ours(unit, policy, due, partial(_knows, policy), now)), now)

        done = self._store.write(work)
        failpoint("dispatch.committed")
        self.committed(done)
        return done.looked_at

    def tell_at_once(self, unit: Unit, fresh: Fresh, now: int) -> Round | None:
        """Tells what a batch of events has made due, in the transaction that takes them in.

        Returns:
            what to hand to :meth:`committed` after the commit; None where time has to act on alerts first.
        """
        return None if unit.due_alerts(now, 1, ()) else self._tell(unit, fresh, now)

    def _tell(self, unit: Unit, fresh: Fresh, now: int) -> Round:
        if not fresh.groups:
            return Round(now, [], [], [], Counter(), 0, None)
        failpoint("dispatch.claimed")
        policy = self._policy()
        book = Book(policy, now)
        telling = _Telling(unit, book, policy, self._tongue(), fresh, now)
        told = telling.tell()
        failpoint("dispatch.rendered")
        close_book(unit, book)
        unit.add_notifications([one.notification for one in told])
        firsts = [delivery for one in told if one.first for delivery in one.deliveries]
        others = [delivery for one in told if not one.first for delivery in one.deliveries]
        deliveries = [*self._claimed(firsts, now), *others]
        unit.add_deliveries(deliveries)
        failpoint("dispatch.written")
        looked_at = len(fresh.groups)
        return Round(now, told, deliveries, telling.dropped, telling.muted, looked_at, book.next_at())

    def committed(self, done: Round) -> None:
        """What was told is in the store: it is sent, and counted."""
        if done.deliveries:
            self._written(done.deliveries)
        self._observe(done)
        if done.told and self._tracing:
            took = Stretch(done.began_at, self._clock.now())
            self._tracing.told([(one.notification, one.events) for one in done.told], took)

    def recheck(self, unit: Unit, book: Book, alerts: Sequence[Alert]) -> None:
        """Judges now what mutes alerts: see :class:`router.pipeline.advance.Advance`."""
        if not alerts:
            return
        mutes = Mutes(unit, self._policy(), book.now)
        for alert, held in zip(alerts, mutes.judge(alerts), strict=True):
            if held is None and self._mutes_until_it_matches(alert):
                book.recheck(alert, None)
            elif held is None and alert.muted_by:
                book.unmute(alert)
            elif held is None:
                book.delay(alert, mutes.missed(alert))
            elif held.reason == alert.muted_by:
                book.recheck(alert, held.until)
            else:
                book.mute(alert, held.reason, held.until, held.since)

    def _mutes_until_it_matches(self, alert: Alert) -> bool:
        """Whether an inhibition is over, which only a new match shows; one that a reload took away is not."""
        rule = self._policy().rule(alert.rule)
        return bool(rule and rule.inhibited_by) and alert.muted_by.startswith(INHIBITED)

    def _observe(self, done: Round) -> None:
        for delivery in done.dropped:
            observe_dropped(self._metrics, delivery)
        for by, count in done.muted.items():
            self._metrics.muted.labels(by).inc(count)
        for one in done.told:
            notification = one.notification
            self._metrics.notifications.labels(notification.channel, notification.reason).inc()
            for fault in notification.faults:
                self._metrics.template_errors.labels(one.rule).inc()
                telemetry.log("template.failed", "warning", rule=one.rule, error=fault)


class _Telling:
    """Due groups of one transaction, in their order."""

    def __init__(
        self, unit: Unit, book: Book, policy: Policy, tongue: Tongue, fresh: Fresh, now: int
    ) -> None:
        self._unit = unit
        self._book = book
        self._policy = policy
        self._tongue = tongue
        self._fresh = fresh
        self._now = now
        self._mutes = Mutes(unit, policy, now)
        self._recent: dict[str, int] = {}
        self.dropped: list[Delivery] = []
        self.muted: Counter[str] = Counter()

    def tell(self) -> list[Told]:
        """Looks at each; what is muted, or told by a storm, is not told itself."""
        due = self._fresh.groups
        self._book.load([], due, {})
        chosen = [one for group in due if not group.is_storm and (one := self._choose(group.id)) is not None]
        # A storm has what is due at its own moment; one that was made now is told in the same transaction.
        storms = [group.id for group in self._book.groups.values() if group.is_storm]
        chosen += [one for storm in storms if (one := self._choose(storm)) is not None]
        found = show(self._unit, chosen, self._fresh.events, self._policy, self._tongue.public_url)
        return [tell(one, self._policy, self._tongue, self._now) for one in found]

    def _choose(self, group_id: str) -> Chosen | None:
        """The group as it is told now; None where it is not, or where its channel has no use for it."""
        reason: Reason | None = None
        # Where what is news is muted it may be due for a repetition: then others are told, and judged, too.
        # A storm that only grew is not due: what may be muted in it is judged when it is told.
        while self._is_due(group_id) and reason is not self._book.groups[group_id].due_reason:
            reason = self._book.groups[group_id].due_reason
            self._hold_back(self._book.groups[group_id])
        if not self._is_due(group_id):
            return None
        group = self._book.groups[group_id]
        if group.due_reason is Reason.ACKNOWLEDGED or groups.is_closing(group):
            return self._mark(group, group.due_reason or Reason.RESOLVED)
        self._close_elsewhere(group)
        if group.due_reason is Reason.FIRST and not group.fallback_of:
            if group.ended_at is not None and self._are_muted(self._unseen(group)):
                self._book.put_group(changed(group, due_at=None, due_reason=None))
                return None
            # What has ended is told itself: no message of a storm that it would wait for need ever come.
            if group.ended_at is None and self._storms(group):
                return None
        telling = self._end(group) if group.due_reason is Reason.RESOLVED else group
        self._book.told(telling or group)
        if telling is None:
            return None
        if telling.is_over and telling.due_reason is not Reason.RESOLVED:
            self._close_later(telling)
        plan = self._policy.channels.get(group.channel)
        if plan is not None and not targets_of(plan, telling):
            return None
        self._recent[group.channel] = self._recent.get(group.channel, 0) + 1
        return self._chosen(telling)

    def _end(self, group: Group) -> Group | None:
        """The group whose end is told; where nobody has heard of it, one message says both, or none does."""
        if not self._was_never_heard(group):
            return group
        return changed(group, due_reason=Reason.FIRST, quiet=False) if self._says_both(group) else None

    def _is_due(self, group_id: str) -> bool:
        due_at = self._book.groups[group_id].due_at
        return due_at is not None and due_at <= self._now

    def _close_elsewhere(self, group: Group) -> None:
        """Of what has ended the fallback channel's incidents are closed, too; nobody is told."""
        for kept in told_instead(self._unit, group, self._policy.channels) if group.is_over else ():
            # It may have been told in this very transaction.
            other = self._book.groups.get(kept.id, kept)
            if not other.is_over:
                self._book.put_group(groups.over(other, group, self._now))

    def _close_later(self, group: Group) -> None:
        """What was told of a group that has ended already opens an incident, which nothing else closes."""
        if self._policy.keeps_incidents(group.channel):
            after = self._book.groups[group.id]
            self._book.put_group(groups.closing(after, self._now + groups.CLOSES_AFTER))

    def _mark(self, group: Group, reason: Reason) -> Chosen | None:
        """The group whose incident is acknowledged, or closed, where it was opened."""
        whom = marking(self._unit, group, self._policy.channels.get(group.channel), reason)
        if whom.later:
            self._book.put_group(changed(group, due_at=self._now + MARKS_AFTER))
        elif reason is Reason.ACKNOWLEDGED:
            self._book.taken(group)
        else:
            self._book.put_group(changed(group, due_at=None, due_reason=None))
        return replace(self._chosen(group), targets=whom.now) if whom.now else None

    def _chosen(self, group: Group) -> Chosen:
        now, before = self._book.alerts, self._fresh.alerts
        shown = self._shown(group) if group.is_storm else group.shown
        found = {one: now.get(one) or before.get(one) for one in shown}
        as_shown = changed(group, shown=shown) if group.is_storm else group
        return Chosen(as_shown, {one: alert for one, alert in found.items() if alert})

    def _shown(self, storm: Group) -> tuple[str, ...]:
        """Where people have seen, muted or ended all that a storm would show, others of it that fire."""

        def fire(alerts: Sequence[Alert]) -> list[str]:
            as_now = (self._book.alerts.get(one.id, one) for one in alerts)
            return [one.id for one in as_now if one.state is AlertState.FIRING and not one.muted_by]

        if not storm.firing or fire(self._unit.alerts(storm.shown)):
            return storm.shown
        return tuple(islice((one for alerts in self._firing(storm) for one in fire(alerts)), SHOWN))

    def _was_never_heard(self, group: Group) -> bool:
        """Whether nobody can have heard of what has ended now: what waits is dropped, and no end is told."""
        written = unheard(self._unit, group)
        if not written:
            return False
        waits = [one for one in written if one.state in (State.PENDING, State.WAITING)]
        reason = "all its alerts ended before it could be sent"
        dropped = self._unit.drop_deliveries([one.id for one in waits], self._now, f"the router: {reason}")
        self.dropped += [
            changed(one, state=State.DROPPED, reason=reason) for one in waits if one.id in dropped
        ]
        # What another replica has claimed meanwhile is being sent.
        return len(dropped) == len(waits)

    def _says_both(self, group: Group) -> bool:
        """Whether one message says the beginning and the end: it was critical, and nothing muted it.

        Where it ended by itself, or its end is not to be said, only if nobody has seen it.
        """
        if group.severity != "critical":
            return False
        unseen = self._unseen(group)
        return (bool(unseen) or not group.quiet) and not self._are_muted(unseen)

    def _unseen(self, group: Group) -> list[Alert]:
        """What is shown of a group that was critical, and that nobody has seen."""
        shown = self._unit.alerts(group.shown)
        return [one for one in shown if one.severity == "critical" and not one.acknowledged_by]

    def _are_muted(self, alerts: Sequence[Alert]) -> bool:
        held = self._mutes.judge(alerts)
        muted = [alert for alert, by in zip(alerts, held, strict=True) if alert.muted_by or by]
        return bool(muted) and len(muted) == len(alerts)

    # mutes

    def _hold_back(self, group: Group) -> None:
        """Mutes the alerts of a group that are to be told and may not be."""
        again = group.due_reason is Reason.REPEAT or group.is_storm
        tallies = group.tallies.items()
        open_rules = [name for name, tally in tallies if tally.fresh or (again and tally.firing > 0)]
        if group.ended_at is not None or not self._mutes.may_mute(open_rules):
            return
        if group.is_storm:
            self._hold_back_in_storm(group)
        else:
            self._hold_back_in_group(group, again)

    def _hold_back_in_storm(self, storm: Group) -> None:
        for alerts in islice(self._firing(storm), JUDGED // OF_STORM):
            self._judge([alert for alert in self._as_now(alerts) if not alert.muted_by])

    def _firing(self, storm: Group) -> Iterator[list[Alert]]:
        """Alerts that fire in all of its groups, some at a time."""
        after = ""
        while alerts := self._unit.firing_members(storm.id, OF_STORM, after=after):
            yield alerts
            after = alerts[-1].id

    def _hold_back_in_group(self, group: Group, again: bool) -> None:
        """Of a large group in which few alerts are news no others are read, where those came last."""
        news = group.fresh
        # The acknowledged are not counted among the news, but are held back with them.
        reads_all = again or any(tally.acknowledged for tally in group.tallies.values())
        after, limit = "", OF_GROUP if reads_all else min(news + SHOWN, OF_GROUP)
        left = JUDGED
        while left > 0 and (alerts := self._unit.members(group.id, after=after, limit=limit, newest=True)):
            left -= len(alerts)
            found = [alert for alert in self._as_now(alerts) if _is_to_tell(alert, group, again)]
            self._judge(found)
            news -= len(found)
            if not reads_all and news <= 0:
                return
            after, limit = alerts[-1].id, OF_GROUP

    def _as_now(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Another of their groups may have held an alert back in this transaction."""
        return [self._book.alerts.get(alert.id, alert) for alert in alerts]

    def _judge(self, alerts: Sequence[Alert]) -> None:
        judged = zip(alerts, self._mutes.judge(alerts), strict=True)
        held = [(alert, by) for alert, by in judged if by is not None]
        self._load([alert for alert, _ in held])
        for alert, by in held:
            self.muted[by.by] += 1
            self._book.mute(alert, by.reason, by.until, by.since)

    def _load(self, alerts: Sequence[Alert]) -> None:
        known = self._book.groups.keys()
        missing = {seat.group_id for alert in alerts for seat in alert.seats} - known
        found = self._unit.groups(missing) if missing else []
        storms = {group.storm_id for group in found if group.storm_id} - known
        self._book.load(alerts, [*found, *(self._unit.groups(storms) if storms else [])], {})

    # storms

    def _storms(self, group: Group) -> bool:
        """Whether a storm tells the group from now on."""
        plan = self._policy.channels.get(group.channel)
        if plan is None or plan.storm is None:
            return False
        storm = self._storm(group, plan.storm)
        if storm is None:
            return False
        if Severity.of(group.severity) > Severity.of(storm.severity):
            self._book.put_group(changed(storm, severity=group.severity))
            return False
        grown = self._book.absorb(group, storm)
        self._book.put_group(changed(grown, accepts_until=self._now + plan.storm[1]))
        return True

    def _storm(self, group: Group, guard: tuple[int, int]) -> Group | None:
        """The storm of the channel that takes in this group; made when the channel had too many messages."""
        ours = self._book.groups.values()
        found = next((one for one in ours if one.is_storm and self._accepts(one, group.channel)), None)
        found = found or self._unit.storm(group.channel, self._now)
        if found is not None:
            return found
        most, within = guard
        recent = self._unit.told_since(group.channel, self._now - within) + self._recent.get(group.channel, 0)
        return groups.opened_storm(group.channel, group, self._now) if recent >= most else None

    def _accepts(self, storm: Group, channel: str) -> bool:
        return storm.channel == channel and storm.ended_at is None and (storm.accepts_until or 0) > self._now


def _knows(policy: Policy, group: Group) -> bool:
    """Whether a policy has the group's channel, and the rules of what it tells."""
    rules = (name for name, tally in group.tallies.items() if tally.open)
    return group.channel in policy.channels and all(policy.rule(name) is not None for name in rules)


def _is_to_tell(alert: Alert, group: Group, again: bool) -> bool:
    """Whether the group has something to tell of an alert; what was told is told again while it fires."""
    return any(
        seat.group_id == group.id
        and not seat.held
        and (seat.fresh >= group.told or (again and alert.state is AlertState.FIRING))
        for seat in alert.seats
    )

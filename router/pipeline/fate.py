"""What the store knows of one event and the rules that matched it when it came: alerts, groups, messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from router.core.alert import HIDDEN, Alert
from router.core.delivery import Delivery, State
from router.core.group import Group
from router.errors import RouterError
from router.pipeline.incidents import marks
from router.ports import EventRecord, Unit

#: Messages of one group that are read.
MOST = 1000
#: The worst first: it is the reason why somebody did not hear of the event.
WORST_FIRST = (
    State.DEAD,
    State.DROPPED,
    State.WAITING,
    State.PENDING,
    State.SENDING,
    State.REPLACED,
    State.SENT,
)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an event.

    Args:
        alerts: by the names of the rules that matched when it came.
        groups: by rule, each on one channel; storms and fallbacks that told of it are among them.
        deliveries: by group id, those written since the event came, the oldest first.
    """

    record: EventRecord
    alerts: Mapping[str, Alert]
    groups: Mapping[str, tuple[Group, ...]]
    deliveries: Mapping[str, tuple[Delivery, ...]]

    def groups_on(self, rule: str, channel: str = "") -> list[Group]:
        """The groups that a rule's alert is told with (on a channel)."""
        return [one for one in self.groups.get(rule, ()) if channel in ("", one.channel)]

    def told_by(self, rule: str, channel: str = "") -> list[Delivery]:
        """For each target the first message that told of it by a rule (on a channel)."""
        first: dict[tuple[str, str], Delivery] = {}
        for group in self.groups_on(rule, channel):
            for one in self.deliveries.get(group.id, ()) if group.channel not in self._hidden(rule) else ():
                first.setdefault((group.id, one.target), one)
        return [self._last(one) for one in first.values()]

    def waiting(self, rule: str, channel: str = "") -> list[Group]:
        """The groups that are due, and were written nothing since the event came; the next one first."""
        due = [
            one
            for one in self.groups_on(rule, channel)
            if one.due_at is not None
            and one.channel not in self._hidden(rule)
            and not self.deliveries.get(one.id)
        ]
        return sorted(due, key=lambda one: one.due_at or 0)

    def _hidden(self, rule: str) -> set[str]:
        """Channels that are told of other alerts of the group, and not of this one: it is muted."""
        seats = self.alerts[rule].seats if rule in self.alerts else ()
        groups = {seat.group_id for seat in seats if seat.since == HIDDEN}
        return {group.channel for group in self.groups.get(rule, ()) if group.id in groups}

    def _last(self, delivery: Delivery) -> Delivery:
        """Where its content went."""
        later = {one.id: one for one in self.deliveries[delivery.group_id]}
        while delivery.replaced_by in later:
            delivery = later.pop(delivery.replaced_by)
        return delivery

    def instead_of(self, delivery: Delivery, rule: str) -> list[Delivery]:
        """What the fallback was sent because this one, or one whose content it has, was given up or late."""
        of = {
            one.id for one in self.deliveries.get(delivery.group_id, ()) if self._last(one).id == delivery.id
        }
        return [
            other
            for group in self.groups.get(rule, ())
            if group.fallback_of in of | {delivery.id}
            for other in self.deliveries.get(group.id, ())
        ]


def stored_event(unit: Unit, event_id: str) -> EventRecord:
    """An event of the store, with what became of it.

    Raises:
        RouterError: ``not-found``; the message says so where one of that id was set aside.
    """
    record = unit.event(event_id)
    if record is not None:
        return record
    for message in unit.set_aside_messages(ids=[event_id]):
        raise RouterError("not-found", f"{event_id} was set aside: {message.undecodable.reason}")
    remedy = "Ids stand in what senders are answered, on the page Events and in `tail -o json`"
    raise RouterError("not-found", f"no event in the store has the id {event_id}", remedy)


def fate_of(record: EventRecord, unit: Unit) -> Fate:
    """Reads what became of an event of the store."""
    alerts = {alert.id: alert for alert in unit.alerts([alert for _, alert in record.matches])}
    groups = {rule: _groups_of(alert, unit) for rule, alert in record.matches}
    deliveries: dict[str, tuple[Delivery, ...]] = {}
    for group in {group.id: group for found in groups.values() for group in found}.values():
        written = unit.deliveries(group_ids=[group.id], limit=MOST)
        marked = marks(unit, written)
        since = [
            one for one in written if one.created_at >= record.event.received_at and one.id not in marked
        ]
        deliveries[group.id] = tuple(reversed(since))
    known = {rule: alerts[alert] for rule, alert in record.matches if alert in alerts}
    return Fate(record, known, groups, deliveries)


def _groups_of(alert_id: str, unit: Unit) -> tuple[Group, ...]:
    own = unit.groups_of([alert_id])
    storms = {group.storm_id for group in own if group.storm_id} - {group.id for group in own}
    return (*own, *unit.groups(storms))


def worst(deliveries: Sequence[Delivery]) -> Delivery:
    """The one that is furthest from being told, of several the newest."""
    return min(reversed(deliveries), key=lambda one: WORST_FIRST.index(one.state))

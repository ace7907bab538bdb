"""What the store knows of one event and the rules that matched it when it came: groups, messages, answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from router.core.delivery import Delivery, State
from router.core.group import Group
from router.ports import EventRecord, Unit

#: Messages of one alert that are read.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an event.

    Args:
        alerts: ids by the names of the rules that matched when it came.
        groups: by rule, each on one channel, the fallbacks among them.
        deliveries: by group id, those written since the event came, the oldest first.
    """

    record: EventRecord
    alerts: Mapping[str, str]
    groups: Mapping[str, tuple[Group, ...]]
    deliveries: Mapping[str, tuple[Delivery, ...]]

    def told_by(self, rule: str, channel: str = "") -> list[Delivery]:
        """Messages that told of it by a rule (on a channel), the oldest first."""
        return [
            delivery
            for group in self.groups.get(rule, ())
            if channel in ("", group.channel)
            for delivery in self.deliveries.get(group.id, ())
        ]

    def instead_of(self, delivery: Delivery, rule: str) -> list[Delivery]:
        """What the fallback was sent because this delivery was given up."""
        return [
            other
            for group in self.groups.get(rule, ())
            if group.fallback_of == delivery.id
            for other in self.deliveries.get(group.id, ())
        ]


def fate_of(record: EventRecord, unit: Unit) -> Fate:
    """Reads what became of an event of the store."""
    groups = {rule: tuple(unit.groups_of([alert])) for rule, alert in record.matches}
    deliveries: dict[str, tuple[Delivery, ...]] = {}
    for group in {group.id: group for found in groups.values() for group in found}.values():
        written = unit.deliveries(group_ids=[group.id], limit=MOST)
        since = [one for one in written if one.created_at >= record.event.received_at]
        deliveries[group.id] = tuple(reversed(since))
    return Fate(record, dict(record.matches), groups, deliveries)


#: The worst first: it is the reason why somebody did not hear of it.
WORST_FIRST = (
    State.DEAD,
    State.DROPPED,
    State.WAITING,
    State.PENDING,
    State.SENDING,
    State.REPLACED,
    State.SENT,
)


def worst(deliveries: list[Delivery]) -> Delivery:
    """The one that is furthest from being told, of several the newest."""
    return min(reversed(deliveries), key=lambda one: WORST_FIRST.index(one.state))

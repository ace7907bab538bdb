"""The channels that are told instead: of deliveries that were given up, or not accepted in time."""

from collections.abc import Sequence

from router.core import group as groups
from router.core.delivery import Delivery, State
from router.core.policy import ChannelPlan
from router.ports import NotificationRecord, Unit


def tell_fallbacks(unit: Unit, settled: Sequence[tuple[Delivery, ChannelPlan]], now: int) -> bool:
    """Makes the fallback's group due for each delivery that was given up; returns whether there was one.

    Its transaction has begun with :func:`hold_groups`, or ``unit.serialise``.
    """
    dead = _given_up(settled)
    return bool(dead) and tell_instead(unit, dead, now) > 0


def hold_groups(unit: Unit, settled: Sequence[tuple[Delivery, ChannelPlan]]) -> None:
    """Keeps other replicas from ending groups of which a fallback is told: the end has that to close, too."""
    if _given_up(settled):
        unit.serialise()


def _given_up(settled: Sequence[tuple[Delivery, ChannelPlan]]) -> list[tuple[Delivery, str]]:
    return [(after, plan.fallback) for after, plan in settled if after.state is State.DEAD and plan.fallback]


def tell_instead(unit: Unit, unsaid: Sequence[tuple[Delivery, str]], now: int) -> int:
    """Makes a group due on the other channel for each delivery, once; returns how many there were."""
    known = {group.id: group for group in unit.groups([delivery.group_id for delivery, _ in unsaid])}
    told = {record.id: record for record in unit.notifications([d.notification_id for d, _ in unsaid])}
    made = {
        delivery.id: groups.for_fallback(
            known[delivery.group_id], channel, delivery.id, told[delivery.notification_id].reason, now
        )
        for delivery, channel in unsaid
        if delivery.group_id in known and _is_telling(told.get(delivery.notification_id))
    }
    before = {group.id for group in unit.groups([group.id for group in made.values()])}
    new = [(d.group_id, made[d.id]) for d, _ in unsaid if d.id in made and made[d.id].id not in before]
    unit.put_groups([group for _, group in new])
    unit.copy_members([(of, group.id) for of, group in new])
    return len(new)


def _is_telling(record: NotificationRecord | None) -> bool:
    """Whether somebody else is to hear of it: an incident that is not marked as acknowledged fires on."""
    return record is not None and record.reason is not groups.Reason.ACKNOWLEDGED

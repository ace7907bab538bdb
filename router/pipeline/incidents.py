"""Incidents that a provider keeps for groups: where one was opened, and is to be marked as acknowledged."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from router.core.changed import changed
from router.core.delivery import Delivery, State
from router.core.event import beside
from router.core.group import CLOSES_AFTER, Group, Reason, closing, fallback_id
from router.core.policy import ChannelPlan
from router.core.text.kinds import INCIDENTS
from router.ports import Unit

#: Messages of a group that are looked at.
LOOKED_AT = 1_000


class Marking(NamedTuple):
    """Whom an acknowledgement, or a close, is sent to.

    Args:
        now: names of targets that have, or may have, an open incident of the group.
        later: some are still to be told what comes before it.
    """

    now: frozenset[str]
    later: bool


def marking(unit: Unit, group: Group, plan: ChannelPlan | None, reason: Reason) -> Marking:
    """Whom an acknowledgement, or a close, is sent to after a group's last telling: each target once."""
    written = unit.deliveries(group_ids=[group.id], limit=LOOKED_AT)
    marked = marks(unit, written, reason)
    done = _marked(group, [one for one in written if one.id in marked])
    now: set[str] = set()
    later = False
    for target in plan.targets if plan else ():
        if target.kind not in INCIDENTS or target.name in done:
            continue
        ours = [one for one in written if one.target == target.name]
        told = [one for one in ours if one.id not in marked]
        heard = [one for one in told if one.state is State.SENT or one.unknown]
        if any(one.ended_at is None for one in told):
            later = True
        elif heard and not (reason is Reason.RESOLVED and _is_closed(ours, heard, marked)):
            now.add(target.name)
    return Marking(frozenset(now), later)


def _is_closed(ours: Collection[Delivery], heard: Collection[Delivery], ends: Collection[str]) -> bool:
    """Whether the target has heard, or is to hear, of an end after all that it has heard besides."""
    since = max(one.ended_at or 0 for one in heard)
    return any(
        one.ended_at is None or (one.state is State.SENT and one.ended_at >= since)
        for one in ours
        if one.id in ends
    )


def opened_again(unit: Unit, retried: Collection[str], now: int) -> None:
    """What a person sends again of a group that has ended opens an incident, which nothing else closes."""
    sent = unit.deliveries(ids=retried, limit=len(retried))
    over = unit.groups({one.group_id for one in sent if one.kind in INCIDENTS})
    # A telling more, so that what was closed after the last one can be closed once more.
    again = [changed(group, told=group.told + 1) for group in over if group.is_over]
    unit.put_groups([closing(group, now + CLOSES_AFTER) for group in again])


def told_instead(unit: Unit, group: Group, plans: Mapping[str, ChannelPlan]) -> list[Group]:
    """The groups by which others that keep incidents are told of this one, which was not delivered.

    A fallback may have a fallback of its own, which is told of what the first was not.
    """
    chain = list(_fallbacks(plans, group.channel))
    while chain and not chain[-1].keeps_incidents:
        chain.pop()
    found: list[Group] = []
    unsaid = [group]
    for plan in chain:
        written = [one for of in unsaid for one in unit.deliveries(group_ids=[of.id], limit=LOOKED_AT)]
        unsaid = unit.groups([fallback_id(plan.name, one.id) for one in written])
        found += unsaid if plan.keeps_incidents else []
    return found


def _fallbacks(plans: Mapping[str, ChannelPlan], channel: str) -> Iterator[ChannelPlan]:
    """The channels that are told instead of one, in their order; no configuration has a circle of them."""
    plan = plans.get(channel)
    while plan and plan.fallback and (plan := plans.get(plan.fallback)):
        yield plan


def marks(unit: Unit, deliveries: Collection[Delivery], reason: Reason = Reason.ACKNOWLEDGED) -> set[str]:
    """Ids of those that tell nobody: they only mark an incident, as acknowledged or, if asked, as closed."""
    records = unit.notifications({one.notification_id for one in deliveries})
    of = {record.id for record in records if record.reason is reason}
    return {one.id for one in deliveries if one.notification_id in of}


def marking_id(group: Group, targets: Collection[str]) -> str:
    """Names the notification that marks a group's incident at these targets after its last telling."""
    return beside("n", group.id, f"{group.id}\n{group.told} {sorted(targets)}")


def _marked(group: Group, written: Collection[Delivery]) -> set[str]:
    """Targets that were told of the acknowledgement after the last telling."""
    targets: dict[str, set[str]] = {}
    for one in written:
        targets.setdefault(one.notification_id, set()).add(one.target)
    return {name for made, names in targets.items() if made == marking_id(group, names) for name in names}

"""What is told of a group that is due: its notification, rendered for each target of its channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.core.changed import changed
from router.core.delivery import Delivery, State
from router.core.event import beside
from router.core.group import Group, Reason
from router.core.message import Message
from router.core.notification import Cause, Notification
from router.core.policy import ChannelPlan, Policy, Target
from router.core.rule import Rule
from router.core.text import render
from router.core.text.kinds import INCIDENTS
from router.pipeline.incidents import marking_id
from router.pipeline.shown import DueGroup
from router.pipeline.tongue import Tongue
from router.ports import NotificationRecord

#: Causes that a notification carries.
CAUSES = 5


@dataclass(frozen=True, slots=True)
class Told:
    """What a telling writes: the notification, and a delivery for each target.

    Args:
        events: the newest ones of the alerts that it names.
        first: no delivery of its group can stand before these.
    """

    notification: NotificationRecord
    deliveries: tuple[Delivery, ...]
    rule: str
    events: tuple[str, ...] = ()
    first: bool = False


def tell(due: DueGroup, policy: Policy, tongue: Tongue, now: int) -> Told:
    """The notification of a due group and one delivery for each target of its channel."""
    notification = notify(due, now)
    rule = policy.rule(notification.heading.rule) or Rule(notification.heading.rule, when=None)
    plan = policy.channels.get(notification.channel)
    if plan is None:
        return _nowhere(notification, rule, tongue, now)
    targets = [one for one in targets_of(plan, due.group) if due.targets is None or one.name in due.targets]
    rendered = {
        kind: _rendered(notification, rule, kind, plan.name, tongue, now)
        for kind in {target.kind for target in targets}
    }
    deliveries = tuple(
        _delivery(notification, plan, target, rendered[target.kind], now) for target in targets
    )
    faults = tuple(dict.fromkeys(fault for message in rendered.values() for fault in message.faults))
    events = tuple(alert.event_id for alert in notification.alerts)
    first = not due.group.told
    return Told(_record(notification, faults), deliveries, rule.name, events, first)


def targets_of(plan: ChannelPlan, group: Group) -> list[Target]:
    """Whom a channel tells of a group: of one that ended by itself only who keeps incidents."""
    return [target for target in plan.targets if not group.quiet or target.kind in INCIDENTS]


def notify(due: DueGroup, now: int) -> Notification:
    """What is told of a group that is due, before it is rendered."""
    group = due.group
    if group.due_reason is None:
        raise ValueError(f"group {group.id} is due without a reason")
    return Notification(
        id=beside("n", group.id, f"{group.id}\n{group.told + 1}")
        if due.targets is None
        else marking_id(group, due.targets),
        channel=group.channel,
        reason=group.due_reason,
        group=group,
        alerts=due.alerts,
        event=due.event,
        created_at=now,
        policy=group.policy,
        new=group.fresh,
        firing=group.firing,
        resolved=group.resolved,
        causes=_causes(group.causes),
        beside=_causes(due.beside),
        links=due.links,
    )


def _causes(causes: Mapping[str, int]) -> tuple[Cause, ...]:
    ordered = sorted(causes.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Cause(text, count) for text, count in ordered[:CAUSES])


def _rendered(
    notification: Notification, rule: Rule, kind: str, channel: str, tongue: Tongue, now: int
) -> Message:
    try:
        return render(
            notification, rule, kind, channel, now=now, timezone=tongue.timezone, language=tongue.language
        )
    except Exception as error:  # noqa: BLE001  no event may keep itself, or others, from being told
        return _bare(notification, rule, type(error).__name__)


def _bare(notification: Notification, rule: Rule, fault: str) -> Message:
    """What is told when the built-in text itself fails: that, and where to look."""
    severity = notification.heading.severity
    title = f"{severity}: {rule.name}"
    body = f"An event matched {rule.name}, and its text could not be made. See event {notification.event.id}."
    reason = notification.reason.value
    data: dict[str, Any] = {"version": 1, "id": notification.id, "reason": reason, "rule": rule.name}
    data["severity"] = severity
    return Message(title, body, severity=severity, data=data, faults=(f"the built-in text failed: {fault}",))


def _delivery(
    notification: Notification, plan: ChannelPlan, target: Target, message: Message, now: int
) -> Delivery:
    is_telling = notification.reason is not Reason.ACKNOWLEDGED
    after = plan.fallback_after.get(notification.heading.severity) if is_telling else None
    return Delivery(
        id=beside("d", notification.id, f"{notification.id}\n{target.name}"),
        notification_id=notification.id,
        group_id=notification.group.id,
        channel=plan.name,
        target=target.name,
        kind=target.kind,
        severity=notification.heading.severity,
        content=message.to_json(),
        created_at=now,
        due_at=now,
        fallback_of=notification.group.fallback_of,
        overdue_at=None if after is None else now + after,
    )


def _nowhere(notification: Notification, rule: Rule, tongue: Tongue, now: int) -> Told:
    """The channel left the configuration after its group became due: a dead letter says so."""
    message = _rendered(notification, rule, "plain", notification.channel, tongue, now)
    plan, target = ChannelPlan(notification.channel, ()), Target(f"{notification.channel}/1", "plain")
    written = _delivery(notification, plan, target, message, now)
    dead = changed(
        written, state=State.DEAD, ended_at=now, reason=f"no channel is named {notification.channel} any more"
    )
    return Told(_record(notification, message.faults), (dead,), rule.name)


def _record(notification: Notification, faults: tuple[str, ...]) -> NotificationRecord:
    return NotificationRecord(
        id=notification.id,
        group_id=notification.group.id,
        channel=notification.channel,
        reason=notification.reason,
        severity=notification.heading.severity,
        created_at=notification.created_at,
        policy=notification.policy,
        event_id=notification.event.id,
        faults=faults,
    )

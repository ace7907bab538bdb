"""Dispatch: groups that are due become notifications, rendered for each target, in the outbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router import telemetry
from router.core.delivery import Delivery, State
from router.core.event import digest_id
from router.core.group import Group
from router.core.message import Message
from router.core.notification import Notification
from router.core.policy import ChannelPlan, Policy, Target
from router.core.rule import Rule
from router.core.text import render
from router.failpoints import failpoint
from router.ports import Clock, DueGroup, NotificationRecord, Store, Unit

#: Groups in one transaction.
BATCH = 100


@dataclass(frozen=True, slots=True)
class Tongue:
    """How built-in texts speak."""

    timezone: str = "UTC"
    language: str = "en"


@dataclass(frozen=True, slots=True)
class _Told:
    notification: NotificationRecord
    deliveries: tuple[Delivery, ...]
    rule: str


class Dispatch:
    """The loop that writes what is due to the outbox.

    Args:
        written: called after a commit with the targets that got deliveries.
    """

    def __init__(
        self,
        store: Store,
        policy: Callable[[], Policy],
        tongue: Callable[[], Tongue],
        clock: Clock,
        metrics: telemetry.Metrics,
        written: Callable[[frozenset[str]], None],
    ) -> None:
        self._store = store
        self._policy = policy
        self._tongue = tongue
        self._clock = clock
        self._metrics = metrics
        self._written = written

    def step(self) -> int:
        """Tells the groups that are due now, a batch at most; returns how many."""
        policy, tongue, now = self._policy(), self._tongue(), self._clock.now()

        def work(unit: Unit) -> list[_Told]:
            due = unit.claim_groups(now, BATCH)
            failpoint("dispatch.claimed")
            told = [tell(group, policy, tongue, now) for group in due]
            failpoint("dispatch.rendered")
            unit.put_groups([_after_telling(group, now) for group in due])
            unit.add_notifications([one.notification for one in told])
            unit.add_deliveries([delivery for one in told for delivery in one.deliveries])
            failpoint("dispatch.written")
            return told

        told = self._store.write(work)
        failpoint("dispatch.committed")
        if told:
            self._written(frozenset(delivery.target for one in told for delivery in one.deliveries))
            self._observe(told)
        return len(told)

    def _observe(self, told: Sequence[_Told]) -> None:
        for one in told:
            notification = one.notification
            self._metrics.notifications.labels(notification.channel, notification.reason).inc()
            for fault in notification.faults:
                self._metrics.template_errors.labels(one.rule).inc()
                telemetry.log("template.failed", "warning", rule=one.rule, error=fault)


def tell(due: DueGroup, policy: Policy, tongue: Tongue, now: int) -> _Told:
    """The notification of a due group and one delivery for each target of its channel."""
    notification = notify(due, now)
    rule = policy.rule(notification.heading.rule) or Rule(notification.heading.rule, when=None)
    plan = policy.channels.get(notification.channel)
    if plan is None:
        return _nowhere(notification, rule, tongue, now)
    rendered = {
        kind: _rendered(notification, rule, kind, plan.name, tongue, now)
        for kind in {target.kind for target in plan.targets}
    }
    deliveries = tuple(
        _delivery(notification, plan, target, rendered[target.kind], now) for target in plan.targets
    )
    faults = tuple(dict.fromkeys(fault for message in rendered.values() for fault in message.faults))
    return _Told(_record(notification, faults), deliveries, rule.name)


def notify(due: DueGroup, now: int) -> Notification:
    """What is told of a group that is due, before it is rendered."""
    group = due.group
    if group.due_reason is None:
        raise ValueError(f"group {group.id} is due without a reason")
    return Notification(
        id=digest_id("n", f"{group.id}\n{group.told + 1}"),
        channel=group.channel,
        reason=group.due_reason,
        group=group,
        alerts=due.alerts,
        event=due.event,
        created_at=now,
        policy=group.policy,
    )


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
    data: dict[str, Any] = {"version": 1, "id": notification.id, "rule": rule.name, "severity": severity}
    return Message(title, body, severity=severity, data=data, faults=(f"the built-in text failed: {fault}",))


def _delivery(
    notification: Notification, plan: ChannelPlan, target: Target, message: Message, now: int
) -> Delivery:
    return Delivery(
        id=digest_id("d", f"{notification.id}\n{target.name}"),
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
    )


def _nowhere(notification: Notification, rule: Rule, tongue: Tongue, now: int) -> _Told:
    """The channel left the configuration after its group became due: a dead letter says so."""
    message = _rendered(notification, rule, "plain", notification.channel, tongue, now)
    plan, target = ChannelPlan(notification.channel, ()), Target(f"{notification.channel}/1", "plain")
    written = _delivery(notification, plan, target, message, now)
    dead = replace(
        written, state=State.DEAD, ended_at=now, reason=f"no channel is named {notification.channel} any more"
    )
    return _Told(_record(notification, message.faults), (dead,), rule.name)


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


def _after_telling(due: DueGroup, now: int) -> Group:
    return replace(due.group, due_at=None, due_reason=None, told=due.group.told + 1, told_at=now)

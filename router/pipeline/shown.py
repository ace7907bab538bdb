"""What a notification shows: some alerts of its group and the newest event of the worst of them.

All groups of a transaction are read for at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from router.core.alert import Alert
from router.core.changed import changed
from router.core.event import Event
from router.core.group import SHOWN, Group, Reason
from router.core.key import slot_of
from router.core.policy import Policy
from router.core.rule import Severity
from router.pipeline.links import links_of
from router.ports import Unit


@dataclass(frozen=True, slots=True)
class Chosen:
    """A group that is to be told.

    Args:
        changed: those of its alerts that this transaction has changed so far.
        targets: names of the only ones of its channel that are told; None for all.
    """

    group: Group
    changed: Mapping[str, Alert]
    targets: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class DueGroup:
    """A group that is told now, with the alerts to show and the newest event of the worst.

    Args:
        beside: as of :class:`router.core.notification.Notification`.
        targets: as of :class:`Chosen`.
    """

    group: Group
    alerts: tuple[Alert, ...]
    event: Event
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    targets: frozenset[str] | None = None
    beside: Mapping[str, int] = field(default_factory=dict[str, int])


def show(
    unit: Unit, chosen: Sequence[Chosen], heard: Mapping[str, Event], policy: Policy, public_url: str
) -> list[DueGroup]:
    """The groups with what is shown of them; those of which nothing is left to show are left out.

    Args:
        heard: events that need not be read, by id.
    """
    wanted = {one for each in chosen for one in each.group.shown if one not in each.changed}
    known = {alert.id: alert for alert in unit.alerts(wanted)} if wanted else {}
    found = [(each, _alerts(unit, each, known, policy)) for each in chosen]
    newest = {alerts[0].event_id for _, alerts in found if alerts}
    events = {one: heard[one] for one in newest if one in heard}
    events |= {event.id: event for event in unit.events_of(newest - events.keys())}
    due = [
        DueGroup(each.group, alerts, event, links_of(unit, each.group, alerts[0], public_url), each.targets)
        for each, alerts in found
        if alerts and (event := events.get(alerts[0].event_id)) is not None
    ]
    return [replace(one, beside=_beside(unit, one, policy)) if _is_for_others(one) else one for one in due]


def _is_for_others(due: DueGroup) -> bool:
    """Whether a job has failed: that stands for its instances, which other channels may hear of."""
    return due.event.kind == "OnJobFailed" and due.group.due_reason is not Reason.RESOLVED


def _beside(unit: Unit, due: DueGroup, policy: Policy) -> dict[str, int]:
    """In which ways what shares the group's key has failed, on the other channels."""
    key = due.alerts[0].group_key
    others = [slot_of(channel, key) for channel in policy.channels if channel != due.group.channel]
    causes: dict[str, int] = {}
    for group in unit.open_groups(others) if others else []:
        for cause, count in group.causes.items():
            # What several channels hear of is one failure all the same.
            causes[cause] = max(count, causes.get(cause, 0))
    return causes


def _alerts(unit: Unit, chosen: Chosen, known: Mapping[str, Alert], policy: Policy) -> tuple[Alert, ...]:
    group = chosen.group
    alerts = {one: known[one] for one in group.shown if one in known} | dict(chosen.changed)
    if group.open and not any(alert.is_open for alert in alerts.values()):
        alerts |= {alert.id: alert for alert in unit.members(group.id, limit=SHOWN)}
    return tuple(_in_order([_as_now(alert, policy) for alert in alerts.values()])[:SHOWN])


def _as_now(alert: Alert, policy: Policy) -> Alert:
    """An alert is as severe as its rule says now."""
    rule = policy.rule(alert.rule)
    return changed(alert, severity=rule.severity.word, labels=rule.labels) if rule else alert


def _in_order(alerts: Sequence[Alert]) -> list[Alert]:
    """The open before the muted, and these before the ended; the worst first, the newest first."""
    return sorted(
        alerts,
        key=lambda one: (
            one.ended_at is None,
            not one.muted_by,
            Severity.of(one.severity),
            one.event_at,
            one.id,
        ),
        reverse=True,
    )

"""Why an alert that fires is not told now, and when to look again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.core import key as keys
from router.core.alert import OPEN, Alert
from router.core.key import Key
from router.core.mute.change import next_other
from router.core.mute.interval import active_at
from router.core.policy import Policy
from router.core.rule import Inhibition, Rule
from router.ports import Unit


@dataclass(frozen=True, slots=True)
class Held:
    """What mutes an alert, in words, and when that may end; None when only a new match shows it."""

    reason: str
    until: int | None = None


class Mutes:
    """What mutes alerts at one moment: inhibition, then silences, then time intervals.

    Args:
        now: the router's clock, microseconds UTC.
    """

    def __init__(self, unit: Unit, policy: Policy, now: int) -> None:
        self._unit = unit
        self._policy = policy
        self._now = now
        self._hours: dict[str, Held | None] = {}
        self._inhibitors: dict[tuple[str, str], str] = {}
        self._data: dict[str, Mapping[str, Any]] = {}

    def may_mute(self, rules: Iterable[str]) -> bool:
        """Whether any alert of these rules can be muted now."""
        return any(self._policy_mutes(name) for name in rules)

    def _policy_mutes(self, name: str) -> bool:
        rule = self._policy.rule(name)
        if rule is None:
            return False
        return bool(rule.inhibited_by or rule.mute_time_intervals or rule.active_time_intervals)

    def judge(self, alerts: Sequence[Alert]) -> list[Held | None]:
        """For each alert what mutes it, or None."""
        self._read({alert.event_id for alert in alerts})
        return [self._judged(alert) for alert in alerts]

    def _read(self, ids: set[str]) -> None:
        missing = ids - self._data.keys()
        self._data |= {event.id: event.data for event in self._unit.events_of(missing)} if missing else {}

    def _judged(self, alert: Alert) -> Held | None:
        rule = self._policy.rule(alert.rule)
        if rule is None:
            return None
        return self._inhibited(alert, rule) or self._outside(rule)

    # time intervals

    def _outside(self, rule: Rule) -> Held | None:
        if not (rule.mute_time_intervals or rule.active_time_intervals):
            return None
        if rule.name not in self._hours:
            self._hours[rule.name] = self._held_by_hours(rule)
        return self._hours[rule.name]

    def _held_by_hours(self, rule: Rule) -> Held | None:
        reason = self._hours_of(rule, self._now)
        if not reason:
            return None
        named = (*rule.mute_time_intervals, *rule.active_time_intervals)
        intervals = [one for name in named for one in self._policy.intervals.get(name, ())]
        until = next_other(intervals, self._now, lambda moment: bool(self._hours_of(rule, moment)))
        return Held(reason, until)

    def _hours_of(self, rule: Rule, moment: int) -> str:
        """Why the rule tells nobody at a moment, or nothing."""
        intervals = self._policy.intervals
        for name in rule.mute_time_intervals:
            if active_at(intervals.get(name, ()), moment):
                return f"in the time interval {name}"
        active = rule.active_time_intervals
        if active and not any(active_at(intervals.get(name, ()), moment) for name in active):
            return f"outside its time interval {', '.join(active)}"
        return ""

    # inhibition

    def _inhibited(self, alert: Alert, rule: Rule) -> Held | None:
        data = self._data.get(alert.event_id, {})
        for inhibition in rule.inhibited_by:
            values = keys.values_of(inhibition.equal, data)
            if any(value is None for value in values):
                continue
            by = self._inhibitor(inhibition, values)
            if by and by != alert.id:
                return Held(f"inhibited by {inhibition.rule} ({by})")
        return None

    def _inhibitor(self, inhibition: Inhibition, values: tuple[Any, ...]) -> str:
        """The id of an alert that fires and has equal values, or nothing."""
        parts = tuple(one.text for one in inhibition.equal)
        asked = (inhibition.rule, Key(parts, values).whole)
        if asked not in self._inhibitors:
            found = [alert for alert in self._candidates(inhibition, values) if alert.state in OPEN]
            self._read({alert.event_id for alert in found})
            equal = (
                alert.id
                for alert in found
                if not alert.shadow
                and keys.values_of(inhibition.equal, self._data.get(alert.event_id, {})) == values
            )
            self._inhibitors[asked] = next(equal, "")
        return self._inhibitors[asked]

    def _candidates(self, inhibition: Inhibition, values: tuple[Any, ...]) -> list[Alert]:
        source = self._policy.rule(inhibition.rule)
        if source is None:
            return []
        firsts = (source.key[0].text,) if source.key else ("JobId", "ClusterId")
        known = dict(zip((one.text for one in inhibition.equal), values, strict=True))
        anchors = [keys.anchor(source.name, first, known[first]) for first in firsts if first in known]
        if anchors:
            return self._unit.open_alerts((), anchors)
        return self._unit.open_alerts_of(source.name)

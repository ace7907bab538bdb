"""Why an alert that fires is not told now, and when to look again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from router.core import key as keys
from router.core.alert import Alert
from router.core.event import Event
from router.core.key import Key
from router.core.mute.hours import hours_of
from router.core.mute.inhibition import equal_values, inhibits
from router.core.mute.silence import alert_document, in_force, next_change, silenced_by
from router.core.policy import Policy
from router.core.rule import Inhibition, Rule
from router.ports import Unit


@dataclass(frozen=True, slots=True)
class Held:
    """What mutes an alert, in words.

    Args:
        by: which of the three ways to mute.
        until: when that may end; None when only a new match shows it.
        since: when it began, as far as known.
    """

    by: Literal["inhibition", "silence", "time_interval"]
    reason: str
    until: int | None = None
    since: int | None = None


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
        self._inhibitors: dict[tuple[str, str], tuple[Alert, ...]] = {}
        self._events: dict[str, Event] = {}
        self._silences = [one for one in unit.silences(now) if in_force(one, now)]

    def may_mute(self, rules: Iterable[str]) -> bool:
        """Whether any alert of these rules can be muted now."""
        return bool(self._silences) or any(self._policy_mutes(name) for name in rules)

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
        missing = ids - self._events.keys()
        self._events |= {event.id: event for event in self._unit.events_of(missing)} if missing else {}

    def _data(self, event_id: str) -> Mapping[str, Any]:
        event = self._events.get(event_id)
        return event.data if event else {}

    def _judged(self, alert: Alert) -> Held | None:
        rule = self._policy.rule(alert.rule)
        if rule is None:
            return None
        return self._inhibited(alert, rule) or self._silenced(alert) or self._outside(rule)

    # silences

    def _silenced(self, alert: Alert) -> Held | None:
        if not self._silences:
            return None
        document = alert_document(alert, self._events.get(alert.event_id))
        silence = silenced_by(self._silences, document, self._now)
        if silence is None:
            return None
        said = f"silenced by {silence.id} ({silence.author}: {silence.comment})"
        since = None if silence.interval else max(silence.starts_at, silence.created_at)
        return Held("silence", said, next_change([silence], self._now), since)

    # time intervals

    def _outside(self, rule: Rule) -> Held | None:
        if rule.name not in self._hours:
            hours = hours_of(rule, self._policy.intervals)
            closed_by = hours.closed_by(self._now)
            until = hours.next_change(self._now) if closed_by else None
            self._hours[rule.name] = Held("time_interval", closed_by, until) if closed_by else None
        return self._hours[rule.name]

    # inhibition

    def _inhibited(self, alert: Alert, rule: Rule) -> Held | None:
        data = self._data(alert.event_id)
        for inhibition in rule.inhibited_by:
            values = equal_values(inhibition, data)
            others = self._open_inhibitors(inhibition, values) if values is not None else ()
            by = next((one for one in others if one.id != alert.id), None)
            if by is not None:
                return Held("inhibition", f"inhibited by {inhibition.rule} ({by.id})", since=by.fired_at)
        return None

    def _open_inhibitors(self, inhibition: Inhibition, values: tuple[Any, ...]) -> tuple[Alert, ...]:
        """The alerts that fire and have equal values, the first that fired first."""
        parts = tuple(one.text for one in inhibition.equal)
        asked = (inhibition.rule, Key(parts, values).whole)
        if asked not in self._inhibitors:
            found = self._candidates(inhibition, values)
            self._read({alert.event_id for alert in found})
            equal = [one for one in found if inhibits(one, self._data(one.event_id), inhibition, values)]
            ordered = sorted(equal, key=lambda one: (one.fired_at or 0, one.id))
            self._inhibitors[asked] = tuple(ordered)
        return self._inhibitors[asked]

    def _candidates(self, inhibition: Inhibition, values: tuple[Any, ...]) -> list[Alert]:
        source = self._policy.rule(inhibition.rule)
        if source is None:
            return []
        known = dict(zip((one.text for one in inhibition.equal), values, strict=True))
        parts = keys.anchor_parts(source)
        anchors = [keys.anchor(source.name, part, known[part]) for part in parts if part in known]
        if anchors:
            return self._unit.open_alerts((), anchors)
        return self._unit.open_alerts_of(source.name)

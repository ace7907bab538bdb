"""Why an alert that fires is not told now, and when to look again."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from router.core import alert as alerts
from router.core import key as keys
from router.core.alert import Alert
from router.core.event import Event
from router.core.key import Key
from router.core.mute.hours import hours_of
from router.core.mute.inhibition import equal_values, inhibited_values
from router.core.mute.silence import alert_document, in_force, next_change, silenced_by
from router.core.policy import Policy
from router.core.rule import Inhibition, Rule
from router.pipeline.muted_time import MutedTime
from router.ports import Mark, Unit

#: Inhibitors that are read at a time.
BATCH = 500
#: By the values of ``equal``, as canonical JSON text: the alert that fires with them, the first that fired.
Inhibitors = dict[str, Alert]


@dataclass(frozen=True, slots=True)
class Held:
    """What mutes an alert, in words.

    Args:
        by: which of the three ways to mute.
        until: when that may end; None when only a new match shows it.
        since: from when on ``escalate`` does not count, as if all mutes until now had come one after another.
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
        self._inhibitors: dict[tuple[str, str], Alert | None] = {}
        self._unanchored: dict[tuple[str, tuple[str, ...]], Inhibitors] = {}
        self._events: dict[str, Event] = {}
        self._silences = [one for one in unit.silences(now) if in_force(one, now)]
        self._muted_time = MutedTime(unit, policy, now)

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
        self._find_inhibitors(alerts)
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
        held = self._inhibited(alert, rule) or self._silenced(alert) or self._outside(rule)
        if held is None or alerts.escalates_at(alert, rule) is None:
            return held
        read = alerts.read_at(alert)
        begun = max(read, self._now if held.since is None else held.since)
        return replace(held, since=begun - self._muted_for(alert, read, begun))

    # what is over

    def missed(self, alert: Alert) -> int:
        """How long silences and hours that are over have muted an alert before its step of ``escalate``."""
        rule = self._policy.rule(alert.rule)
        at = alerts.escalates_at(alert, rule) if rule else None
        self._read({alert.event_id})
        if at is None:
            return 0
        event = self._events.get(alert.event_id)
        return self._muted_time.delaying(alert, event, alerts.read_at(alert), at)

    def _muted_for(self, alert: Alert, begin: int, end: int) -> int:
        return self._muted_time.of(alert, self._events.get(alert.event_id), begin, end)

    # silences

    def _silenced(self, alert: Alert) -> Held | None:
        if not self._silences:
            return None
        document = alert_document(alert, self._events.get(alert.event_id))
        silence = silenced_by(self._silences, document, self._now)
        if silence is None:
            return None
        said = f"silenced by {silence.id} ({silence.author}: {silence.comment})"
        return Held("silence", said, next_change([silence], self._now))

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
            by = None if values is None else self._inhibitors.get(_asked(inhibition, values))
            if by is not None:
                return Held("inhibition", f"inhibited by {inhibition.rule} ({by.id})", since=by.fired_at)
        return None

    def _find_inhibitors(self, alerts: Sequence[Alert]) -> None:
        """Reads what may inhibit these alerts, all at once: there may be thousands."""
        data: dict[str, list[Mapping[str, Any]]] = {}
        for alert in alerts:
            data.setdefault(alert.rule, []).append(self._data(alert.event_id))
        for name, events in data.items():
            rule = self._policy.rule(name)
            for inhibition in rule.inhibited_by if rule else ():
                if self._policy.rule(inhibition.rule) is not None:
                    self._find(inhibition, events)

    def _find(self, inhibition: Inhibition, events: Iterable[Mapping[str, Any]]) -> None:
        """The alerts that fire and have the values of these events; of several the one that fired first."""
        parts = tuple(one.text for one in inhibition.equal)
        found = (values for data in events if (values := equal_values(inhibition, data)) is not None)
        wanted = {_asked(inhibition, values): dict(zip(parts, values, strict=True)) for values in found}
        missing = {asked: known for asked, known in wanted.items() if asked not in self._inhibitors}
        if not missing:
            return
        places = (self._anchored(inhibition, missing.values()), self._others(inhibition, parts))
        for asked in missing:
            firing = [place[asked[1]] for place in places if asked[1] in place]
            self._inhibitors[asked] = min(firing, key=_fired, default=None)

    def _anchored(self, inhibition: Inhibition, wanted: Iterable[Mapping[str, Any]]) -> Inhibitors:
        """Those that a part of their key finds."""
        name = inhibition.rule
        anchors = {
            keys.anchor(name, part, known[part]) for known in wanted for part in self._shared(name, known)
        }
        return self._firing(inhibition, [self._unit.open_alerts((), anchors)] if anchors else [])

    def _others(self, inhibition: Inhibition, parts: tuple[str, ...]) -> Inhibitors:
        """Those that none finds, each read once."""
        name = inhibition.rule
        if (name, parts) not in self._unanchored:
            is_found = bool(self._shared(name, parts))
            pages = [self._unit.open_alerts((), [keys.keyless(name)])] if is_found else self._open(name)
            self._unanchored[name, parts] = self._firing(inhibition, pages)
        return self._unanchored[name, parts]

    def _shared(self, name: str, parts: Collection[str]) -> list[str]:
        """Which of these expressions find alerts of a rule."""
        source = self._policy.rule(name) or Rule(name, None)
        return [part for part in keys.anchor_parts(source) if part in parts]

    def _open(self, name: str) -> Iterator[list[Alert]]:
        """All open alerts of a rule."""
        before: Mark | None = None
        while some := self._unit.open_alerts_of(name, BATCH, before):
            yield some
            before = Mark(some[-1].received_at, some[-1].id)

    def _firing(self, inhibition: Inhibition, pages: Iterable[Sequence[Alert]]) -> Inhibitors:
        found: Inhibitors = {}
        parts = tuple(one.text for one in inhibition.equal)
        for some in pages:
            ids = {alert.event_id for alert in some} if parts else set[str]()
            data = {event.id: event.data for event in self._unit.events_of(ids)} if ids else {}
            for alert in some:
                values = inhibited_values(alert, data.get(alert.event_id, {}), inhibition)
                if values is not None:
                    text = Key(parts, values).whole
                    found[text] = min(found.get(text, alert), alert, key=_fired)
        return found


def _asked(inhibition: Inhibition, values: tuple[Any, ...]) -> tuple[str, str]:
    """The rule that inhibits, and what its alert's values must be, as canonical JSON text."""
    parts = tuple(one.text for one in inhibition.equal)
    return inhibition.rule, Key(parts, values).whole


def _fired(alert: Alert) -> tuple[int, str]:
    return alert.fired_at or 0, alert.id

"""How long alerts were muted between two moments, also by what is over: ``escalate`` does not count it."""

from router.core.alert import Alert
from router.core.event import Event
from router.core.mute.clocks import DAY
from router.core.mute.hours import hours_of
from router.core.mute.silence import Silence, alert_document, silent
from router.core.mute.spans import Span, lasted
from router.core.policy import Policy
from router.ports import Unit


class MutedTime:
    """Silences and hours, of which nobody may have looked at an alert while they muted it.

    Inhibition is not among them: it looks at the moment of telling.

    Args:
        now: the router's clock, microseconds UTC.
    """

    def __init__(self, unit: Unit, policy: Policy, now: int) -> None:
        self._unit = unit
        self._policy = policy
        self._now = now
        # By the day in which they begin: alerts of one batch have most of it in common.
        self._silences: dict[int, list[tuple[Silence, list[Span]]]] = {}
        self._closed: dict[tuple[str, int], list[Span]] = {}

    def of(self, alert: Alert, event: Event | None, begin: int, end: int) -> int:
        """How long the alert was muted between two moments.

        Args:
            event: its newest.
        """
        return lasted(self._spans(alert, event, begin), begin, end) if begin < end else 0

    def delaying(self, alert: Alert, event: Event | None, begin: int, at: int) -> int:
        """How much later a moment comes to which no muted time counts, neither before it nor until then.

        Args:
            event: its newest.
        """
        found, by = self._spans(alert, event, begin), 0
        while (muted := lasted(found, begin, at + by)) > by:
            by = muted
        return by

    def _spans(self, alert: Alert, event: Event | None, begin: int) -> list[Span]:
        day = begin - begin % DAY
        found = [*self._outside(alert.rule, day)]
        if silences := self._silent(day):
            document = alert_document(alert, event)
            found += (span for one, spans in silences if one.matcher.holds(document) for span in spans)
        return found

    def _silent(self, day: int) -> list[tuple[Silence, list[Span]]]:
        if day not in self._silences:
            found = self._unit.silences(day)
            self._silences[day] = [(one, list(silent(one, day, self._now))) for one in found]
        return self._silences[day]

    def _outside(self, name: str, day: int) -> list[Span]:
        if (name, day) not in self._closed:
            rule = self._policy.rule(name)
            hours = hours_of(rule, self._policy.intervals) if rule else None
            self._closed[name, day] = list(hours.closed(day, self._now)) if hours else []
        return self._closed[name, day]

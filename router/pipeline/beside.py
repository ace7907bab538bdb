"""What a rule in shadow found, beside what the rules in force made of the same events."""

from collections.abc import Sequence
from dataclasses import dataclass

from router.core.alert import Alert
from router.ports import Unit


@dataclass(frozen=True, slots=True)
class Beside:
    """An alert of a rule in shadow.

    Args:
        others: the alerts of rules in force that its newest event opened, or went on with.
    """

    alert: Alert
    others: Sequence[Alert]

    @property
    def told(self) -> list[Alert]:
        """Those of the others that are no secret to the people: they fired, and nothing mutes them."""
        return [one for one in self.others if one.fired_at is not None and not one.muted_by]


def beside(unit: Unit, alerts: Sequence[Alert]) -> list[Beside]:
    """These alerts with the others of their newest events, in their order."""
    records = unit.event_records({one.event_id for one in alerts})
    matches = {record.event.id: [alert for _, alert in record.matches] for record in records}
    found = {one.id: one for one in unit.alerts({name for names in matches.values() for name in names})}

    def others(alert: Alert) -> list[Alert]:
        known = (found[name] for name in matches.get(alert.event_id, ()) if name in found)
        return [one for one in known if one.rule != alert.rule and not one.shadow]

    return [Beside(one, others(one)) for one in alerts]

"""Absence: the router's own event for something that never came."""

from router.core.event import Event, digest_id
from router.core.rule import Rule
from router.core.times import iso

#: The source, and the kind, of the event.
SOURCE = "router"
EVENT = "alert-router.absent"
#: What it has, and no more: docs/templates.md lists them.
FIELDS = ("type", "rule", "message", "expected", "tick", "last")


def missing(rule: Rule, tick: int, last: int, now: int) -> Event:
    """What is told by a rule with ``absent``.

    Args:
        tick: since when nothing matched.
        last: the time of the newest match; 0 if there was none.
    """
    schedule = rule.absent
    data = {
        "type": EVENT,
        "rule": rule.name,
        "message": f"nothing matched {rule.name} since {iso(tick)}",
        "expected": f"{schedule.every} {schedule.location}" if schedule else "",
        "tick": iso(tick),
        "last": iso(last) if last else None,
    }
    return Event(digest_id("ev", f"{rule.name}\nabsent\n{tick}"), SOURCE, now, data, now)

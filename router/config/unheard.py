"""What sources send and no rule hears: ``R203``."""

from collections.abc import Iterable

from router.config.judging import Events
from router.core.check import Kind, catalogue_kinds, verdict
from router.core.rule import Rule


def unheard(rules: Iterable[Rule], events: Events) -> list[str]:
    """What the sources send and reaches no rule: names of the catalogue's events, and whole sources."""
    live = [rule for rule in rules if rule.mode == "on"]
    found = [
        kind.name
        for kind in catalogue_kinds()
        if events.batch and not any(_reaches(live, name, events.sent(name, kind)) for name in events.batch)
    ]
    others = sorted(events.schemas.keys() - events.batch)
    return found + [f"events of {name}" for name in others if not _reaches(live, name, events.schemas[name])]


def _reaches(rules: Iterable[Rule], source: str, kind: Kind) -> bool:
    """Whether a rule makes anything of such an event."""
    return any(_hears(rule, source, kind) or _awaits(rule, kind) for rule in rules)


def _hears(rule: Rule, source: str, kind: Kind) -> bool:
    if rule.sources is not None and source not in rule.sources:
        return False
    return rule.when is None or verdict(rule.when, kind) != "never"


def _awaits(rule: Rule, kind: Kind) -> bool:
    """Whether such an event ends or meets something; ``from`` does not concern that."""
    ends = (rule.resolve_when, rule.expect and rule.expect.event)
    return any(verdict(one, kind) != "never" for one in ends if one)

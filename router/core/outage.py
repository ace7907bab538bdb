"""Outage: the router's own rule and event for a source that cannot be reached."""

from collections.abc import Iterable

from router.core.event import Event, digest_id
from router.core.rule import Rule, Severity

#: The source, and the kind, of the event.
SOURCE = "router"
EVENT = "alert-router.source-unreachable"
#: What it has, and no more.
FIELDS = ("type", "message", "effect", "unreachable")
#: Such an alert does not end by itself: a hundred years, in microseconds.
_NEVER = 100 * 365 * 24 * 3600 * 1_000_000


def rule_name(source: str) -> str:
    """The name of the rule; a rule of a file cannot have it, for the full stop."""
    return f"source-unreachable.{source}"


def rule_for(source: str, rules: Iterable[Rule]) -> Rule:
    """The rule that tells every channel which hears of the source's events: nothing comes to it any more."""
    hearing = (rule for rule in rules if rule.mode == "on" and _hears(rule, source))
    channels = dict.fromkeys(channel for rule in hearing for channel in rule.to)
    return Rule(
        rule_name(source),
        when=None,
        to=tuple(channels),
        severity=Severity.CRITICAL,
        group_by=(),
        closes_after=_NEVER,
    )


def _hears(rule: Rule, source: str) -> bool:
    return rule.sources is None or source in rule.sources


def unreachable(source: str, problem: str, now: int) -> Event:
    """What is told of it.

    Args:
        problem: what keeps it from receiving and what to do; empty when it receives and is still behind.
    """
    said = f"could not be reached for an hour: {problem}"
    if not problem:
        said = "has not caught up for an hour: it receives, and more is still waiting for it"
    data = {
        "type": EVENT,
        "message": f"Source {source} {said}",
        "effect": "What waits for its events (hold, expect, absent) is judged without them",
        "unreachable": source,
    }
    return Event(digest_id("ev", f"{source}\nunreachable\n{now}"), SOURCE, now, data, now)

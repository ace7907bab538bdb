"""Explain: the decisions of the pipeline on one event, with their reasons, and nothing stored."""

from dataclasses import dataclass
from typing import Literal

from router.core import alert as alerts
from router.core import group as groups
from router.core.event import Event
from router.core.filter.clauses import Clause, clauses_of, reason_of
from router.core.message import Message
from router.core.policy import Policy, wants_source
from router.core.rule import Match, Rule
from router.core.text import render
from router.pipeline.dispatch import Tongue, notify
from router.ports import DueGroup

Verdict = Literal["matched", "shadow", "not matched", "failed", "not judged"]


@dataclass(frozen=True, slots=True)
class RuleExplained:
    """What a rule said of the event, and why in a sentence.

    Args:
        clauses: its filter, part by part; None for ``always`` and where it was not judged.
    """

    rule: str
    verdict: Verdict
    reason: str
    clauses: Clause | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What one target of a channel would be sent."""

    rule: str
    channel: str
    target: str
    kind: str
    message: Message


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every rule's verdict, in judged order, and every message that would be sent."""

    event: Event
    rules: tuple[RuleExplained, ...]
    told: tuple[Told, ...]


def explain(event: Event, policy: Policy, tongue: Tongue, now: int) -> Explanation:
    """Runs the decisions on an event as ingest and dispatch do, and keeps their reasons."""
    judgement = policy.judge(event)
    matched = {match.rule.name for match in judgement.matches}
    failed = {failure.rule.name: failure.error for failure in judgement.failures}
    rules: list[RuleExplained] = []
    stopper, taker = "", ""
    for rule in policy.rules:
        said = _explained(rule, event, rule.name in matched, failed.get(rule.name), stopper, taker)
        rules.append(said)
        if said.verdict == "matched":
            taker = taker or rule.name
            stopper = stopper or (rule.name if rule.stop else "")
    told = [
        one for match in judgement.matches if not match.shadow for one in _told(match, policy, tongue, now)
    ]
    return Explanation(event, tuple(rules), tuple(told))


def _explained(
    rule: Rule, event: Event, matched: bool, error: str | None, stopper: str, taker: str
) -> RuleExplained:
    clauses = clauses_of(rule.when, event.data) if rule.when else None
    if error is not None:
        why = reason_of(clauses) if clauses else error
        return RuleExplained(rule.name, "failed", why, clauses)
    if matched and rule.mode == "shadow":
        return RuleExplained(rule.name, "shadow", "it holds; in shadow: recorded, never told", clauses)
    if matched:
        return RuleExplained(rule.name, "matched", "tells " + ", ".join(rule.to), clauses)
    if rule.mode == "off":
        return RuleExplained(rule.name, "not judged", "its mode is off")
    if not wants_source(rule, event.source, None):
        wanted = ", ".join(sorted(rule.sources or ()))
        return RuleExplained(rule.name, "not judged", f"it looks only at events from {wanted}")
    if stopper:
        return RuleExplained(rule.name, "not judged", f"{stopper} has stop: true and took the event")
    if rule.catch_all and taker:
        return RuleExplained(rule.name, "not judged", f"it is a catch_all and {taker} took the event")
    why = reason_of(clauses) if clauses else "its filter does not hold"
    return RuleExplained(rule.name, "not matched", why, clauses)


def _told(match: Match, policy: Policy, tongue: Tongue, now: int) -> list[Told]:
    rule, event = match.rule, match.event
    alert = alerts.opened(match, policy.hash, now)
    told: list[Told] = []
    for channel in rule.to:
        if (plan := policy.channels.get(channel)) is None:
            continue
        notification = notify(DueGroup(groups.opened(alert, channel, now), (alert,), event), now)
        for target in plan.targets:
            message = render(
                notification,
                rule,
                target.kind,
                channel,
                now=now,
                timezone=tongue.timezone,
                language=tongue.language,
            )
            told.append(Told(rule.name, channel, target.name, target.kind, message))
    return told

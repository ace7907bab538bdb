"""Explain: the decisions of the pipeline on one event, with their reasons, and nothing stored."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from router.core import alert as alerts
from router.core import group as groups
from router.core.alert import Seat
from router.core.cause import cause_of
from router.core.event import Event
from router.core.filter.clauses import Clause, clauses_of, reason_of
from router.core.group import Reason, Tally
from router.core.key import Key, key_of
from router.core.message import Message
from router.core.policy import Policy, wants_source
from router.core.rule import Match, Rule
from router.core.text import render
from router.pipeline.dispatch import DueGroup, Tongue, notify

Verdict = Literal["matched", "shadow", "not matched", "failed", "not judged"]


@dataclass(frozen=True, slots=True)
class RuleExplained:
    """What a rule said of the event, and why in a sentence.

    Args:
        code: a short stable word for the reason.
        clauses: its filter, part by part; None for ``always``.
    """

    rule: str
    verdict: Verdict
    code: str
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
    told = [
        one
        for match in policy.judge(event).matches
        if not match.shadow
        for one in _told(match, policy, tongue, now)
    ]
    return Explanation(event, explain_rules(event, policy), tuple(told))


def explain_rules(
    event: Event, policy: Policy, wanted: Callable[[Rule], bool] = lambda rule: True
) -> tuple[RuleExplained, ...]:
    """Every rule's verdict, in judged order; of those that are wanted."""
    judgement = policy.judge(event)
    matched = {match.rule.name for match in judgement.matches}
    failed = {failure.rule.name: failure.error for failure in judgement.failures}
    rules: list[RuleExplained] = []
    stopper, taker = "", ""
    for rule in policy.rules:
        if wanted(rule):
            error = failed.get(rule.name)
            rules.append(_explained(rule, event, rule.name in matched, error, stopper, taker))
        if rule.name in matched and rule.mode == "on":
            taker = taker or rule.name
            stopper = stopper or (rule.name if rule.stop else "")
    return tuple(rules)


def _explained(
    rule: Rule, event: Event, matched: bool, error: str | None, stopper: str, taker: str
) -> RuleExplained:
    clauses = clauses_of(rule.when, event.data) if rule.when else None
    if error is not None:
        why = reason_of(clauses) if clauses else error
        return RuleExplained(rule.name, "failed", "failed", why, clauses)
    if matched and rule.mode == "shadow":
        why = "it holds; in shadow: recorded, never told"
        return RuleExplained(rule.name, "shadow", "shadow", why, clauses)
    if matched:
        return RuleExplained(rule.name, "matched", "matched", "tells " + ", ".join(rule.to), clauses)
    if rule.mode == "off":
        return RuleExplained(rule.name, "not judged", "off", "its mode is off", clauses)
    if not wants_source(rule, event.source, None):
        wanted = ", ".join(sorted(rule.sources or ()))
        came = f"this one came from {event.source}" if event.source else "this one has no source"
        why = f"it looks only at events from {wanted}, and {came}"
        return RuleExplained(rule.name, "not judged", "source", why, clauses)
    if stopper:
        why = f"{stopper} has stop: true and took the event"
        return RuleExplained(rule.name, "not judged", "stopped", why, clauses)
    if rule.catch_all and taker:
        why = f"it is a catch_all and {taker} took the event"
        return RuleExplained(rule.name, "not judged", "taken", why, clauses)
    why = reason_of(clauses) if clauses else "its filter does not hold"
    return RuleExplained(rule.name, "not matched", "clause", why, clauses)


def _first(match: Match, channel: str, policy: Policy, now: int) -> DueGroup:
    """The first telling of an alert that this event alone opens, as if it fired at once."""
    rule, event = match.rule, match.event
    opened = alerts.opened(match, key_of(rule, event), policy.hash, now, cause_of(event))
    alert = opened if opened.is_open else alerts.fired(opened, rule, now)
    group = groups.opened(channel, Key.of(alert.group_key), alert, now)
    joined = groups.joined(group, alert, rule.severity, alert.cause)
    part = groups.part_of(alert, Seat(group.id), group)
    counted = groups.counted(joined, rule.name, Tally(), part)
    return DueGroup(replace(counted, due_at=now, due_reason=Reason.FIRST), (alert,), event)


def _told(match: Match, policy: Policy, tongue: Tongue, now: int) -> list[Told]:
    rule = match.rule
    told: list[Told] = []
    for channel in rule.to:
        if (plan := policy.channels.get(channel)) is None:
            continue
        notification = notify(_first(match, channel, policy, now), now)
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

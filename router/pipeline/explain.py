"""Explain: the decisions of the pipeline on one event, with their reasons, and nothing stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from router.core import absence, drill, outage
from router.core import alert as alerts
from router.core import group as groups
from router.core.alert import Seat
from router.core.cause import cause_of
from router.core.event import Event
from router.core.filter.clauses import Clause, clauses_of, reason_of
from router.core.group import Reason
from router.core.key import Key, group_key_of, key_of, place_of
from router.core.message import Message
from router.core.policy import Policy, wants_source
from router.core.rule import Match, Rule
from router.core.text import render
from router.pipeline.contexts import about_job
from router.pipeline.notify import notify
from router.pipeline.shown import DueGroup
from router.pipeline.tongue import Tongue

Verdict = Literal["matched", "shadow", "not matched", "failed", "not judged"]


@dataclass(frozen=True, slots=True)
class RuleExplained:
    """What a rule said of the event, and why in a sentence.

    Args:
        code: a short stable word for the reason.
        clauses: its filter, part by part; None for ``always``.
        key: of a match: what makes two events the same trouble, by expression; empty for an event of its own.
        group: of a match: what is told together, by expression; empty for an alert that is told alone.
    """

    rule: str
    verdict: Verdict
    code: str
    reason: str
    clauses: Clause | None = None
    key: Mapping[str, Any] | None = None
    group: Mapping[str, Any] | None = None


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
    """Every rule's verdict, in judged order, and every message that would be sent.

    Args:
        note: what is to be known of the event's ``Job``, or empty.
    """

    event: Event
    rules: tuple[RuleExplained, ...]
    told: tuple[Told, ...]
    note: str = ""


def explain(
    event: Event, policy: Policy, tongue: Tongue, now: int, *, sent: Event | None = None
) -> Explanation:
    """Runs the decisions on an event as ingest and dispatch do, and keeps their reasons.

    Args:
        sent: the event as it was given, where it has been joined to its job since.
    """
    if name := _maker(event):
        return _of_the_router(event, name, policy, tongue, now)
    told = [
        one
        for match in policy.judge(event).matches
        if not match.shadow and not match.rule.absent
        for one in _told(match, policy, tongue, now)
    ]
    return Explanation(event, explain_rules(event, policy), tuple(told), about_job(event, sent))


#: Why the router's own rules hold.
_CUT_OFF = "the router's own: its source is cut off"
_WHY = {drill.NAME: "the router's own: a drill is due"}


def _maker(event: Event) -> str:
    """The name of the rule for which the router made an event of its own; empty for any other event."""
    if event.source == drill.NAME:
        return drill.NAME
    if event.source != absence.SOURCE:
        return ""
    if event.kind == outage.EVENT:
        return outage.rule_name(str(event.data.get("unreachable")))
    return str(event.data.get("rule")) if event.kind == absence.EVENT else ""


def _of_the_router(event: Event, name: str, policy: Policy, tongue: Tongue, now: int) -> Explanation:
    """An event of the router's own: no filter is asked, its rule is known."""
    others = "the router made this event itself: no filter is asked"
    rules = [
        RuleExplained(rule.name, "not judged", "own", others) for rule in policy.rules if rule.name != name
    ]
    rule = policy.rule(name)
    if rule is None or rule.mode == "off" or not rule.to:
        gone = RuleExplained(name, "not judged", "off", "it is not in force any more: nobody is told")
        return Explanation(event, (gone, *rules), ())
    match = Match(rule, event)
    why = "nothing came that it waits for (absent)" if rule.absent else _WHY.get(name, _CUT_OFF)
    verdict, code = ("shadow", "shadow") if match.shadow else ("matched", "matched")
    said = "in shadow: recorded, never told" if match.shadow else f"tells {', '.join(rule.to)}"
    made = RuleExplained(name, verdict, code, f"{why}; {said}", None, {}, {})
    return Explanation(
        event, (made, *rules), () if match.shadow else tuple(_told(match, policy, tongue, now))
    )


def preview(event: Event, rule: Rule, policy: Policy, tongue: Tongue, now: int) -> tuple[Told, ...]:
    """What each target of a rule would be sent for an event alone, in shadow too; nothing without a match."""
    found = next((match for match in policy.judge(event).matches if match.rule.name == rule.name), None)
    return tuple(_told(found, policy, tongue, now)) if found and not rule.absent else ()


def rehearse(event: Event, rule: Rule, policy: Policy, tongue: Tongue, now: int) -> tuple[Told, ...]:
    """What each target of a rule that is not in force would be sent, if it matched the event."""
    return tuple(_told(Match(rule, event), policy, tongue, now))


def explain_rules(
    event: Event, policy: Policy, wanted: Callable[[Rule], bool] = lambda rule: True
) -> tuple[RuleExplained, ...]:
    """Every rule's verdict, in judged order; of those that are wanted."""
    judgement = policy.judge(event)
    own = {id(rule.when) for rule in policy.rules}
    case = _Judged(
        event=event,
        matched=frozenset(match.rule.name for match in judgement.matches),
        ended=frozenset(rule.name for rule in judgement.ended),
        met=frozenset(rule.name for rule in judgement.met),
        failed={one.rule.name: one.error for one in judgement.failures if id(one.rule.when) in own},
        unjudged={one.rule.name: one.error for one in judgement.failures if id(one.rule.when) not in own},
    )
    # What an event ends or meets counts as matched for a catch_all, wherever it stands.
    taker = next((rule.name for rule in (*judgement.ended, *judgement.met) if rule.mode == "on"), "")
    rules: list[RuleExplained] = []
    stopper = ""
    for rule in policy.rules:
        if wanted(rule):
            rules.append(_explained(rule, case, stopper, taker))
        if rule.name in case.matched and rule.mode == "on":
            taker = taker or rule.name
            stopper = stopper or (rule.name if rule.stop else "")
    return tuple(rules)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What all rules together say of an event, by the names of rules.

    Args:
        ended: those whose ``resolve_when`` it meets.
        met: those whose ``expect.event`` it meets.
        failed: errors of ``when``.
        unjudged: errors of ``resolve_when`` and ``expect.event``.
    """

    event: Event
    matched: frozenset[str]
    ended: frozenset[str]
    met: frozenset[str]
    failed: Mapping[str, str]
    unjudged: Mapping[str, str]


def _explained(rule: Rule, case: _Judged, stopper: str, taker: str) -> RuleExplained:
    clauses = clauses_of(rule.when, case.event.data) if rule.when else None
    verdict, code, reason = _verdict(rule, case, stopper, taker, clauses)
    if rule.name in case.unjudged:
        reason += f"; its resolve_when or expect fails: {case.unjudged[rule.name]}"
    if code not in ("matched", "shadow"):
        return RuleExplained(rule.name, verdict, code, reason, clauses)
    key, group = key_of(rule, case.event), group_key_of(rule, case.event)
    return RuleExplained(rule.name, verdict, code, reason, clauses, _by_part(key), _by_part(group))


def _by_part(key: Key | None) -> dict[str, Any]:
    return dict(zip(key.parts, key.values, strict=False)) if key else {}


def _verdict(
    rule: Rule, case: _Judged, stopper: str, taker: str, clauses: Clause | None
) -> tuple[Verdict, str, str]:
    """The verdict, its code and its reason: the first that applies."""
    if rule.name in case.matched:
        if rule.mode == "shadow":
            return "shadow", "shadow", "it holds; in shadow: recorded, never told"
        if rule.absent:
            return "matched", "arrived", "it is what the rule waits for (absent): nobody is told"
        return "matched", "matched", f"tells {', '.join(rule.to)}{_condition(rule)}"
    if rule.mode == "off":
        return "not judged", "off", "its mode is off"
    # `from` is about `when` only: whatever source the end came from, it is one.
    if rule.name in case.ended:
        return "not matched", "ends", "it meets resolve_when: it ends what this rule told, and opens nothing"
    if rule.name in case.met:
        return (
            "not matched",
            "meets",
            "it meets expect.event: it is what this rule expects, and opens nothing",
        )
    if not wants_source(rule, case.event.source, None):
        source = case.event.source
        came = f"this one came from {source}" if source else "this one has no source (name one with --source)"
        wanted = ", ".join(sorted(rule.sources or ()))
        return "not judged", "source", f"it looks only at events from {wanted}, and {came}"
    if stopper and not rule.absent:
        return "not judged", "stopped", f"{stopper} has stop: true and took the event"
    if rule.catch_all and taker:
        return "not judged", "taken", f"it is a catch_all and {taker} took the event"
    why = reason_of(clauses) if clauses else "its filter does not hold"
    return ("failed", "failed", why) if rule.name in case.failed else ("not matched", "clause", why)


def _condition(rule: Rule) -> str:
    """What must happen besides before anybody is told, and what may keep it from being told."""
    said = [_waiting(rule)]
    if rule.inhibited_by:
        names = " or ".join(dict.fromkeys(one.rule for one in rule.inhibited_by))
        said.append(f"unless {names} fires (inhibited_by)")
    if rule.active_time_intervals:
        said.append(f"in {' or '.join(rule.active_time_intervals)} alone (active_time_intervals)")
    if rule.mute_time_intervals:
        said.append(f"not in {' or '.join(rule.mute_time_intervals)} (mute_time_intervals)")
    return "".join(f", {one}" for one in said if one)


def _waiting(rule: Rule) -> str:
    if rule.count:
        return f"at {rule.count.at_least} matches (count)"
    if rule.expect:
        return "unless what it expects follows in time (expect)"
    return "if it lasts (hold)" if rule.hold else ""


def _first(match: Match, channel: str, policy: Policy, now: int) -> DueGroup:
    """The first telling of an alert that this event alone opens, as if it fired at once."""
    rule, event = match.rule, match.event
    opened = alerts.opened(match, place_of(rule, event), policy.hash, now, cause_of(event))
    alert = opened if opened.is_open else alerts.fired(opened, rule, now)
    group = groups.opened(channel, alert, now)
    part = groups.part_of(alert, Seat(group.id), group.told)
    joined = groups.joined(group, alert, rule.severity, part)
    return DueGroup(replace(joined, due_at=now, due_reason=Reason.FIRST), (alert,), event)


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

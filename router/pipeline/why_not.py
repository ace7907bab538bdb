"""Why-not: the one reason why a rule, or a channel, did not tell of an event.

The reasons stand in an ordered list, each a function of the case; the first that applies is the one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from router.core.delivery import Delivery, State
from router.core.event import Event
from router.core.filter.clauses import Clause
from router.core.policy import Policy
from router.core.rule import Rule
from router.pipeline.explain import RuleExplained, explain_rules
from router.pipeline.fate import Fate, worst

Told = Literal["no", "not yet", "yes", "would be"]


class Reason(NamedTuple):
    """Why somebody did not hear of the event, or that they did.

    Args:
        code: a short stable word.
        text: the sentence without its subject, the rule.
    """

    code: str
    text: str
    told: Told = "no"


@dataclass(frozen=True, slots=True)
class Case:
    """One rule and one event.

    Args:
        channel: the only channel that is asked about; empty for all that the rule tells.
        fate: what the store knows of the event; None when it is not from the store.
    """

    rule: Rule
    channel: str
    event: Event
    policy: Policy
    said: RuleExplained
    fate: Fate | None

    @property
    def matched_then(self) -> bool:
        """Whether the rule matched when the event came, whatever the rules of now say."""
        return self.fate is not None and self.rule.name in self.fate.alerts

    @property
    def messages(self) -> list[Delivery]:
        """Those that told of it, the oldest first."""
        return self.fate.told_by(self.rule.name, self.channel) if self.fate else []


@dataclass(frozen=True, slots=True)
class Answer:
    """The reason for one rule (none for a channel that no rule tells), and what it rests on."""

    rule: str
    reason: Reason
    clauses: Clause | None = None
    messages: tuple[Delivery, ...] = ()


# The reasons


def _not_matched(case: Case) -> Reason | None:
    if case.said.verdict in ("matched", "shadow") or case.matched_then:
        return None
    return Reason(case.said.code, case.said.reason)


def _other_rules_then(case: Case) -> Reason | None:
    if case.fate is None or case.matched_then:
        return None
    record = case.fate.record
    failed = dict(record.failures).get(case.rule.name)
    then = f"its filter failed when the event came: {failed}" if failed else "it did not when the event came"
    rules = ", under other rules" if record.policy != case.policy.hash else ""
    return Reason("earlier-rules", f"it matches now, but {then}{rules}")


def _in_shadow(case: Case) -> Reason | None:
    if case.messages or case.rule.mode != "shadow":
        return None
    return Reason("shadow", "it matched, but its mode is shadow: recorded, never told")


def _other_channel(case: Case) -> Reason | None:
    if case.messages or case.channel in ("", *case.rule.to):
        return None
    of = [name for name in case.rule.to if _fallback(case.policy, name) == case.channel]
    only = f": {case.channel} is told only when a message to {of[0]} is given up" if of else ""
    return Reason("other-channel", f"it matched, but it tells {', '.join(case.rule.to)}{only}")


def _not_from_store(case: Case) -> Reason | None:
    if case.fate is not None:
        return None
    told = case.channel or ", ".join(case.rule.to)
    return Reason("matched", f"it matches and tells {told}; --id asks what became of an event", "would be")


def _group_waits(case: Case) -> Reason | None:
    groups = case.fate.groups.get(case.rule.name, ()) if case.fate and not case.messages else ()
    due = [(group.due_at, group) for group in groups if group.due_at is not None]
    waiting = [(at, group) for at, group in due if case.channel in ("", group.channel)]
    if not waiting:
        return None
    at, group = min(waiting, key=lambda pair: pair[0])
    said = f"it matched, and {group.channel} is due to be told at {_clock(at)} ({group.due_reason})"
    return Reason("not-due", said, "not yet")


def _nothing_written(case: Case) -> Reason | None:
    return None if case.messages else Reason("nothing-written", "it matched, but no message was written")


def _dead(case: Case) -> Reason | None:
    one = worst(case.messages)
    if one.state is not State.DEAD or case.fate is None:
        return None
    instead = case.fate.instead_of(one, case.rule.name)
    fallback = f"; the fallback {instead[-1].target} got it instead: {instead[-1].state}" if instead else ""
    return Reason("dead", f"it matched, but the message to {one.target} is dead: {_why(one)}{fallback}")


def _dropped(case: Case) -> Reason | None:
    one = worst(case.messages)
    if one.state is not State.DROPPED:
        return None
    return Reason("dropped", f"it matched, but the message to {one.target} was dropped: {one.reason}")


def _waiting(case: Case) -> Reason | None:
    one = worst(case.messages)
    if one.state is not State.WAITING:
        return None
    again = f"it is tried again at {_clock(one.due_at)} (attempts: {one.attempts})"
    return Reason("waiting", f"the message to {one.target} waits: {_why(one)}; {again}", "not yet")


def _not_sent(case: Case) -> Reason | None:
    one = worst(case.messages)
    if one.state not in (State.PENDING, State.SENDING):
        return None
    said = "is being sent" if one.state is State.SENDING else f"is due at {_clock(one.due_at)}, and not sent"
    return Reason(one.state.value, f"the message to {one.target} {said}", "not yet")


def _replaced(case: Case) -> Reason | None:
    one = worst(case.messages)
    if one.state is not State.REPLACED:
        return None
    return Reason("replaced", f"the message to {one.target} went into a later one: {one.replaced_by}", "yes")


def _sent(case: Case) -> Reason | None:
    one = worst(case.messages)
    status = f" ({one.status})" if one.status else ""
    answer = f" with {one.answer}" if one.answer else ""
    return Reason("sent", f"{one.target} accepted it at {_clock(one.ended_at)}{answer}{status}", "yes")


#: In the order of an event's life; those after ``_nothing_written`` have a message to speak of.
REASONS: tuple[Callable[[Case], Reason | None], ...] = (
    _not_matched,
    _other_rules_then,
    _in_shadow,
    _other_channel,
    _not_from_store,
    _group_waits,
    _nothing_written,
    _dead,
    _dropped,
    _waiting,
    _not_sent,
    _replaced,
    _sent,
)


def _why(delivery: Delivery) -> str:
    """Its reason, with the provider's words where they are not in it yet."""
    answer = "" if not delivery.answer or delivery.answer in delivery.reason else f" ({delivery.answer})"
    return f"{delivery.reason}{answer}"


def _clock(micros: int | None) -> str:
    return f"{datetime.fromtimestamp((micros or 0) // 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _fallback(policy: Policy, channel: str) -> str | None:
    plan = policy.channels.get(channel)
    return plan.fallback if plan else None


# What is asked


def why_not_rule(
    event: Event, policy: Policy, rule: str, *, channel: str = "", fate: Fate | None = None
) -> Answer:
    """Why a rule of the policy did not tell of the event (on that channel)."""
    return _answers(event, policy, channel, fate, lambda one: one.name == rule)[0]


def why_not_channel(
    event: Event, policy: Policy, channel: str, *, fate: Fate | None = None
) -> tuple[Answer, ...]:
    """Why a channel did not hear of the event: for each rule that tells it, the nearest to doing so first."""
    told = {rule for rule in fate.alerts if fate.told_by(rule, channel)} if fate else set[str]()
    answers = _answers(event, policy, channel, fate, lambda one: channel in one.to or one.name in told)
    if answers:
        return tuple(sorted(answers, key=_distance))
    of = [name for name in policy.channels if _fallback(policy, name) == channel]
    only = f"; it is told when a message to {', '.join(of)} is given up" if of else ""
    return (Answer("", Reason("no-rule", f"no rule tells {channel}{only}")),)


def _answers(
    event: Event, policy: Policy, channel: str, fate: Fate | None, wanted: Callable[[Rule], bool]
) -> list[Answer]:
    rules = [rule for rule in policy.rules if wanted(rule)]
    said = explain_rules(event, policy, wanted)
    cases = [Case(rule, channel, event, policy, one, fate) for rule, one in zip(rules, said, strict=True)]
    return [Answer(case.rule.name, _reason(case), case.said.clauses, tuple(case.messages)) for case in cases]


def _reason(case: Case) -> Reason:
    return next(reason for check in REASONS if (reason := check(case)))


#: How near a rule was to telling, by the code of its reason; what is not here had matched.
_FAR = {"failed": 1, "clause": 2, "stopped": 3, "taken": 3, "source": 4, "off": 5}
_BY_TOLD: dict[Told, int] = {"yes": 0, "would be": 0, "not yet": 1, "no": 2}


def _distance(answer: Answer) -> tuple[int, int, float]:
    reason = answer.reason
    return _BY_TOLD[reason.told], _FAR.get(reason.code, 0), -_held(answer.clauses)


def _held(clause: Clause | None) -> float:
    """How many of a filter's comparisons hold; one that a slip keeps from holding counts half."""
    if clause is None or not clause.parts:
        return 0 if clause is None else 1 if clause.held else 0.5 if clause.hint else 0
    return sum(_held(part) for part in clause.parts)

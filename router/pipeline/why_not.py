"""Why-not: the one reason why a rule, or a channel, did not tell of an event, and what it rests on."""

from collections.abc import Callable
from dataclasses import dataclass

from router.core.delivery import Delivery
from router.core.event import Event
from router.core.filter.clauses import Clause
from router.core.policy import Policy
from router.core.rule import Rule
from router.pipeline.explain import RuleExplained, explain_rules
from router.pipeline.fate import Fate
from router.pipeline.reasons import Case, Reason, Told, fallback_of, reason_of_case


@dataclass(frozen=True, slots=True)
class Answer:
    """The reason for one rule (none for a channel that no rule tells), and what it rests on."""

    rule: str
    reason: Reason
    clauses: Clause | None = None
    messages: tuple[Delivery, ...] = ()

    @property
    def has_matched(self) -> bool:
        """Whether the rule matched the event, told or not."""
        return self.reason.code not in _FAR


def why_not_rule(
    event: Event, policy: Policy, rule: str, *, channel: str = "", fate: Fate | None = None
) -> Answer:
    """Why a rule of the policy did not tell of the event (on that channel)."""
    return _answers(event, policy, channel, fate, lambda one: one.name == rule)[0]


def why_not_all(event: Event, policy: Policy, *, fate: Fate | None = None) -> tuple[Answer, ...]:
    """Why each rule told of the event or not, the nearest to doing so first; its own rules where they did."""
    named = {rule.name for rule in policy.rules} | (set(fate.alerts) if fate else set[str]())
    return tuple(sorted(_answers(event, policy, "", fate, lambda one: one.name in named), key=_distance))


def why_not_channel(
    event: Event, policy: Policy, channel: str, *, fate: Fate | None = None
) -> tuple[Answer, ...]:
    """Why a channel did not hear of the event: for each rule that tells it, the nearest to doing so first."""
    told = {rule for rule in fate.alerts if fate.told_by(rule, channel)} if fate else set[str]()
    named = {rule.name for rule in policy.rules if channel in _tells(rule)} | told
    answers = _answers(event, policy, channel, fate, lambda one: one.name in named)
    if answers:
        return tuple(sorted(answers, key=_distance))
    of = [name for name in policy.channels if fallback_of(policy, name) == channel]
    only = f"; it is told when a message to {', '.join(of)} is given up" if of else ""
    return (Answer("", Reason("no-rule", f"no rule tells {channel}{only}")),)


def _tells(rule: Rule) -> set[str]:
    return {*rule.to, *(name for step in rule.escalate for name in step.to)}


def _answers(
    event: Event, policy: Policy, channel: str, fate: Fate | None, wanted: Callable[[Rule], bool]
) -> list[Answer]:
    rules = [rule for rule in policy.rules if wanted(rule)]
    said = explain_rules(event, policy, wanted)
    own = [rule for rule in policy.own if wanted(rule)]
    pairs = [*zip(rules, said, strict=True), *((rule, _of_its_own(rule)) for rule in own)]
    cases = [Case(rule, channel, event, policy, one, fate) for rule, one in pairs]
    return [
        Answer(case.rule.name, reason_of_case(case), case.said.clauses, tuple(case.messages))
        for case in cases
    ]


def _of_its_own(rule: Rule) -> RuleExplained:
    said = "it is the router's own: it tells when its source could not be reached for an hour"
    return RuleExplained(rule.name, "not judged", "own", said)


#: How near a rule was to telling, by the code of its reason; what is not here had matched.
_FAR = {
    "failed": 1,
    "clause": 2,
    "stopped": 3,
    "taken": 3,
    "ends": 3,
    "meets": 3,
    "arrived": 3,
    "source": 4,
    "off": 5,
    "own": 6,
}
_BY_TOLD: dict[Told, int] = {"yes": 0, "would be": 0, "partly": 1, "not yet": 2, "no": 3}


def _distance(answer: Answer) -> tuple[int, int, float]:
    reason = answer.reason
    return _BY_TOLD[reason.told], _FAR.get(reason.code, 0), -_held(answer.clauses)


def _held(clause: Clause | None) -> float:
    """How many of a filter's comparisons hold; one that a slip keeps from holding counts half."""
    if clause is None or not clause.parts:
        return 0 if clause is None else 1 if clause.held else 0.5 if clause.hint else 0
    return sum(_held(part) for part in clause.parts)

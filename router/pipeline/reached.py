"""What no test reached: rules, parts of filters, events, texts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from router.core.coverage import coverage
from router.core.event import Event
from router.core.filter import Filter
from router.core.filter.clauses import Clause, clauses_of
from router.core.policy import Policy
from router.core.rule import Rule
from router.core.telling import Telling
from router.core.text.kinds import KINDS
from router.pipeline.trial import Trial


@dataclass(frozen=True, slots=True)
class Missed:
    """One thing that no test reached.

    Args:
        what: ``rule``, ``clause``, ``event`` or ``text``.
        rule: whose it is; empty for an event.
        name: which, in words.
    """

    what: str
    rule: str
    name: str


def missed(policy: Policy, trials: Sequence[Trial]) -> list[Missed]:
    """All that these trials left out, in the order of the rules."""
    rules = [rule for rule in policy.rules if rule.mode != "off"]
    events = [event for trial in trials for event in trial.events]
    fired = frozenset(name for trial in trials for name in trial.fired)
    told = [one for trial in trials for one in trial.told]
    found: list[Missed] = []
    for rule in rules:
        if rule.name not in fired:
            found.append(Missed("rule", rule.name, "no test made an alert of it"))
        found += _clauses(rule, events)
        found += _texts(rule, told)
    return found + list(_kinds(rules, events))


def _clauses(rule: Rule, events: Sequence[Event]) -> Iterator[Missed]:
    for key, expression in _filters(rule):
        seen: dict[str, set[bool]] = {}
        for event in events:
            for leaf in _leaves(clauses_of(expression, event.data)):
                seen.setdefault(leaf.text, set())
                if leaf.held is not None:
                    seen[leaf.text].add(leaf.held)
        for text, held in seen.items():
            never = " or ".join(
                word for word, value in (("true", True), ("false", False)) if value not in held
            )
            if never:
                yield Missed("clause", rule.name, f"{key}: never {never}: {text}")


def _filters(rule: Rule) -> Iterator[tuple[str, Filter]]:
    found = (
        ("when", rule.when),
        ("resolve_when", rule.resolve_when),
        ("expect.event", rule.expect.event if rule.expect else None),
    )
    yield from ((key, expression) for key, expression in found if expression is not None)


def _leaves(clause: Clause) -> Iterable[Clause]:
    return (leaf for part in clause.parts for leaf in _leaves(part)) if clause.parts else (clause,)


def _texts(rule: Rule, told: Sequence[Telling]) -> Iterator[Missed]:
    ours = [one for one in told if one.rule == rule.name]
    own = rule.texts.title is not None or rule.texts.body is not None
    if own and not any(rule.formats.keys().isdisjoint(_names(one)) for one in ours):
        yield Missed("text", rule.name, "title and body")
    for name in rule.formats:
        if not any(name in _names(one) for one in ours):
            yield Missed("text", rule.name, f"formats.{name}")


def _names(one: Telling) -> tuple[str, ...]:
    """The names under ``formats`` that mean its text."""
    return (one.channel, *(KINDS[one.kind].names if one.kind in KINDS else (one.kind,)))


def _kinds(rules: Sequence[Rule], events: Sequence[Event]) -> Iterator[Missed]:
    given = {event.kind for event in events}
    for row in coverage(rules).rows:
        cells = [cell for cell in row.cells if cell.rule.when is not None]
        if cells and row.kind.name not in given:
            yield Missed("event", "", f"{row.kind.name}: {', '.join(cell.rule.name for cell in cells)}")

"""Random rule sets and events for them, for hypothesis and for the bench.

Most filters are of the kinds that tables know, alone and under ``&&``, ``||``, ``!``; the rest is the whole
language. Events hold, miss and misspell what the filters ask for.
"""

import json
from random import Random
from typing import Any

from hypothesis import strategies as st

from router.core.event import Event
from router.core.filter import Filter
from router.core.policy import in_judged_order
from router.core.rule import Mode, Rule
from tests.core.filter.strategies import expression

NAMES = ("Event", "JobName", "ExitCode", "Job.State", "Tags")
WORDS = ("OnJobFailed", "OnTaskFailed", "train", "train-7", "rain", "a", "", "n-")
NUMBERS: tuple[float, ...] = (0, 1, 2, 137, 1.5, -3)
KINDS = ("==", "==", "==", "!=", "<", ">=", "in", "contains", "starts_with", "ends_with", "any", "inner")
SOURCES = ("queue", "push", "hook")


def event(random: Random) -> Event:
    """An event from one of the sources."""
    data: dict[str, Any] = {name: _value(random) for name in ("Event", "JobName", "ExitCode", "Tags")}
    data["Job"] = random.choice((None, {"State": _value(random)}))
    present = {name: value for name, value in data.items() if random.randrange(5)}
    return Event(id="e-1", source=random.choice(SOURCES), at=0, data=present, received_at=0)


def _value(random: Random) -> Any:
    kind = random.randrange(8)
    if kind < 4:
        return random.choice(WORDS)
    if kind < 6:
        return random.choice(NUMBERS)
    return random.choice((None, True, False, ["a", "train"], [1], {"a": 1}, [{"ExitCode": "x"}]))


def rules(random: Random) -> tuple[Rule, ...]:
    """Up to 60 rules, in judged order; many of one shape."""
    patterns = [_pattern(random) for _ in range(random.randrange(1, 8))]
    count = random.choice((1, 5, 20, 60))
    return in_judged_order([_rule(random, at, random.choice(patterns)) for at in range(count)])


Pattern = Any


def _rule(random: Random, at: int, pattern: Pattern) -> Rule:
    modes: tuple[Mode, ...] = ("on", "on", "on", "shadow", "off")
    named = frozenset(random.sample(SOURCES, random.randrange(1, 3))) if not random.randrange(4) else None
    return Rule(
        name=f"rule-{at}",
        when=Filter(_written(random, pattern)) if random.randrange(40) else None,
        sources=named,
        mode=random.choice(modes),
        stop=not random.randrange(25),
        catch_all=not random.randrange(10),
    )


def _pattern(random: Random, depth: int = 3) -> Pattern:
    """The form of a filter, its literals left open."""
    if depth and random.randrange(2):
        sign = random.choice(("&&", "&&", "||"))
        return (sign, _pattern(random, depth - 1), _pattern(random, depth - 1))
    if depth and not random.randrange(6):
        return ("!", _pattern(random, depth - 1))
    kind = random.choice(
        ("==", "==", "==", "!=", "<", ">=", "in", "contains", "starts_with", "ends_with", "any")
    )
    return (kind, random.choice(NAMES), random.randrange(2))


def _written(random: Random, pattern: Pattern) -> str:
    match pattern:
        case ("&&" | "||" as sign, left, right):
            return f"({_written(random, left)}) {sign} ({_written(random, right)})"
        case ("!", inner):
            return f"!({_written(random, inner)})"
        case ("any", _, _):
            return expression(random, 2)
        case ("inner", _, _):
            return f"Tags[?ExitCode > {_literal(random)}]"
        case ("in", name, 0):
            return f"contains([{_literal(random)}, {_literal(random)}], {name})"
        case ("in", name, _):
            return f"contains(`{json.dumps([random.choice(NUMBERS), random.choice(WORDS), [1]])}`, {name})"
        case ("contains" | "starts_with" | "ends_with" as name, field, _):
            return f"{name}({field}, {_literal(random)})"
        case (sign, name, 0):
            return f"{name} {sign} {_literal(random)}"
        case (sign, name, _):
            return f"{_literal(random)} {sign} {name}"
        case _:
            raise AssertionError(pattern)


def _literal(random: Random) -> str:
    if random.randrange(4):
        return f"'{random.choice(WORDS)}'"
    return f"`{json.dumps(random.choice((*NUMBERS, None, True, False)))}`"


def came_from(random: Random) -> frozenset[str] | None:
    """The sources that the same message came from before, mostly none."""
    return None if random.randrange(3) else frozenset(random.sample(SOURCES, random.randrange(1, 3)))


_RANDOM = st.randoms(use_true_random=False)
rule_sets = _RANDOM.map(rules)
events = _RANDOM.map(event)
earlier_sources = _RANDOM.map(came_from)

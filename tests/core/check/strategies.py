"""Random filters over the catalogue, random events of each kind, schemas and what is valid by them."""

import json
import os
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from router.core.catalogue import EVENTS, JOB_STATES, EventType, Field, FieldType
from tests.core.filter.strategies import COMPARATORS, Grown
from tests.core.filter.strategies import document as any_document

#: A law's size: 500 examples, or 100,000 where there is time.
EXAMPLES = 100_000 if os.environ.get("ALERT_ROUTER_TORTURE") == "1" else 250
LAW = settings(max_examples=EXAMPLES, deadline=None)

TEXTS = ("", "0", "5", "50", "137", "a", "nightly-1", "nightly-2", "Failed", "OnJobFailed", "Job", "é")
TIMES = ("2016-11-01T15:35:02.837728Z", "2017-01-01", "soon", "")
NUMBERS = (0, 1, 2, 3, 5, 50, 137, -1, 10**20)
STATES = (*JOB_STATES, "Starting", "Deleted", "Odd", "")

_OFTEN = ("Event", "Event", "ExitCode", "State", "JobName", "Category", "Progress", "Task", "InstanceId")
_SELDOM = ("StartTime", "Job", "Job.JobName", "Job.State", "Job.To", "To", "Message", "ErrorMessage")
_WRONG = ("Exitcode", "Colour", '"OnJobFailed"', "Job.Nobody", "JobName.x")
_WORDS = (*EVENTS, "Job", "Cluster", *JOB_STATES, "Stopping", "OnJobFaild", "Odd", *TEXTS)
_OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [1], 1.5)
_FITTING = {
    "any": ("Event", "ExitCode", "Job", "Message"),
    "list": ("['OnJobFailed', 'OnTaskFailed']", "[`0`, `137`]", "['Failed', Event]", "[ExitCode]", "JobName"),
    "number": ("ExitCode", "To", "`1`", "length(Event)"),
    "numbers": ("[ExitCode]", "`[1, 2.5]`", "[To, From]"),
    "object": ("Job", "@", "{a: Event}"),
    "text": ("Event", "JobName", "'nightly-'", "Task", "'On'", "lower(State)", "StartTime", "Job.JobName"),
    "texts": ("['a', 'b']", "[Event, Task]", "keys(@)"),
}


class _Filter(Grown):
    """Expressions as people write them, and worse ones."""

    def field(self) -> str:
        choice = self.random.randrange(20)
        return self.random.choice(_OFTEN if choice < 14 else _SELDOM if choice < 19 else _WRONG)

    def literal(self) -> str:
        choice = self.random.randrange(10)
        if choice < 6:
            return f"'{self.random.choice(_WORDS)}'"
        value = self.random.choice(NUMBERS if choice < 9 else _OTHERS)
        return f"`{json.dumps(value)}`"

    def confusing(self) -> str:
        return self.field() if self.random.randrange(2) else self.literal()

    def comparison(self, depth: int) -> str:
        if self.random.randrange(3):
            sides = [self.field(), self.literal()]
            self.random.shuffle(sides)
            return self.random.choice((*COMPARATORS[:2], *COMPARATORS)).join(sides)
        return super().comparison(depth)

    def picked(self, depth: int) -> str:
        parts = [self.any(depth - 1) for _ in range(self.random.randrange(1, 4))]
        if self.random.randrange(2):
            return f"[{', '.join(parts)}]"
        return "{" + ", ".join(f"{name}: {part}" for name, part in zip("abc", parts, strict=False)) + "}"

    def argument(self, kind: str, depth: int) -> str:
        return self.random.choice(_FITTING[kind]) if self.random.randrange(4) else self.any(depth)


def filter_text(random: Random) -> str:
    """Mostly a conjunction or a disjunction of what may be anything."""
    grown = _Filter(random, strays=not random.randrange(20))
    if not random.randrange(4):
        return grown.any(4)
    joint = random.choice((" && ", " && ", " || "))
    clauses = [f"({grown.any(random.randrange(1, 4))})" for _ in range(random.randrange(1, 4))]
    known = f"Event == '{random.choice(tuple(EVENTS))}'"
    return joint.join([known, *clauses] if random.randrange(2) else clauses)


def any_value(random: Random) -> Any:
    """What any field of anybody's event may hold, often what filters ask for."""
    choice = random.randrange(8)
    if choice < 3:
        return random.choice(_WORDS)
    if choice < 5:
        return random.choice(NUMBERS)
    return random.choice(_OTHERS) if choice < 6 else any_document(random, 2)


def event_of(random: Random, event: EventType) -> dict[str, Any]:
    """An event as the catalogue says it may be, sometimes with a field that nobody knows."""
    data = {name: _value(random, one) for name, one in event.fields.items()}
    if event.category == "Job" and "Task" in event.fields:
        data |= random.choice(({}, {"Job": None}, {"Job": _job(random)}, {"Job": _job(random)}))
    if not random.randrange(4):
        data[random.choice(("Exitcode", "Colour", "OnJobFailed"))] = any_document(random, 2)
    return data


def _value(random: Random, one: Field) -> Any:
    match one.type:
        case FieldType.NAME:
            return random.choice(one.known)
        case FieldType.STATE:
            return random.choice((*one.known, *one.known, *STATES))
        case FieldType.NUMBER:
            return random.choice((None, *NUMBERS))
        case FieldType.TIME:
            return random.choice((None, *TIMES))
        case _:
            return random.choice(TEXTS)


def _job(random: Random) -> dict[str, Any]:
    heard = random.choice([event for event in EVENTS.values() if event.key == ("JobId",)])
    return {name: _value(random, one) for name, one in heard.fields.items() if random.randrange(6)}


_ENUM = ("paid", "failed", 1, None, True, "Failed", 137)


def schema(random: Random, depth: int = 2) -> dict[str, Any]:
    """A JSON Schema of what a field holds."""
    choice = random.randrange(9 if depth else 6)
    if choice < 2:
        return {"type": random.choice(("string", ["string", "null"]))}
    if choice < 3:
        return {
            "enum": random.sample(["paid", "failed", 1, None, True, "Failed", 137], k=random.randrange(1, 4))
        }
    if choice < 5:
        bound = random.choice(({}, {"minimum": 1}, {"maximum": 50}, {"exclusiveMinimum": 0, "maximum": 137}))
        return {"type": random.choice(("integer", "number")), **bound}
    if choice < 6:
        return random.choice(({"type": "boolean"}, {"const": 0}, {}, {"type": "null"}))
    if choice < 7:
        return {"type": "array", "items": schema(random, depth - 1)}
    if choice < 8:
        return {random.choice(("anyOf", "oneOf")): [schema(random, depth - 1), schema(random, depth - 1)]}
    return event_schema(random, depth - 1)


#: Names as the filters use them.
_SCHEMA_FIELDS = ("Event", "State", "ExitCode", "JobName", "Task", "Job", "To", "Message")


def event_schema(random: Random, depth: int = 2) -> dict[str, Any]:
    """A JSON Schema of an object."""
    names = random.sample(_SCHEMA_FIELDS, k=random.randrange(1, 5))
    required = [name for name in names if random.randrange(2)]
    return {
        "type": "object",
        "properties": {name: schema(random, depth) for name in names},
        "required": required,
        **random.choice(({}, {"additionalProperties": False}, {"additionalProperties": True})),
    }


def valid(random: Random, given: dict[str, Any]) -> Any:
    """A value that is valid by such a schema."""
    if "enum" in given:
        return random.choice(given["enum"])
    if "const" in given:
        return given["const"]
    branches = given.get("anyOf") or given.get("oneOf")
    if branches:
        return valid(random, random.choice(branches))
    types: Any = given.get("type")
    kind: str | None = types if types is None or isinstance(types, str) else random.choice(types)
    match kind:
        case "object":
            names = [one for one in given["properties"] if one in given["required"] or random.randrange(2)]
            return {name: valid(random, given["properties"][name]) for name in names}
        case "array":
            return [valid(random, given["items"]) for _ in range(random.randrange(3))]
        case "integer" | "number":
            return random.choice([number for number in (*NUMBERS, 1.5) if _is_within(given, number)])
        case str():
            return random.choice({"string": TEXTS, "boolean": (True, False), "null": (None,)}[kind])
        case _:
            return any_document(random, 1)


def _is_within(given: dict[str, Any], number: float) -> bool:
    if given["type"] == "integer" and isinstance(number, float):
        return False
    is_high = number >= given.get("minimum", number) and number > given.get("exclusiveMinimum", number - 1)
    return is_high and number <= given.get("maximum", number)


#: Seeds instead of choices that hypothesis shrinks: ten times as quick.
randoms = st.integers(0, 2**64).map(Random)

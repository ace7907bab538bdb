"""Random filters and documents over the whole language, for hypothesis and for the bench.

Both are grown by a ``random.Random``: hypothesis hands in one whose choices it knows and shrinks, the
bench a seeded one. Fields come from a small set, so that paths meet values.
"""

import json
import os
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import strategies as st

#: So many times as many examples where there is time.
TIMES = 25 if os.environ.get("ALERT_ROUTER_TORTURE") == "1" else 1
FIELDS = ("a", "b", "c", "Event", "ExitCode")
TEXTS = ("", "a", "ab", "abc", "OnJobFailed", "0", "12", "1.5", "é\u00df", "2016-11-01T15:35:02Z", "b.*")
NUMBERS = (0, 1, -1, 2, 137, 0.0, 1.0, 1.5, -0.0, 1e300, 10**20)
FIXED: tuple[Any, ...] = (None, True, False, [], {}, [0], [False], [[1]], {"a": 0}, [1, 2, 3], ["a", "b"])

#: Values that Python takes for equal, or for true, where JMESPath does not.
ALIKE: tuple[Any, ...] = (True, False, 0, 1, 1.0, -0.0, "", "1", None, [], [0], [False])

#: What a function wants of each argument; any other value makes it raise.
CALLS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("abs", "ceil", "floor"), ("number",)),
    **dict.fromkeys(("avg", "sum"), ("numbers",)),
    **dict.fromkeys(("max", "min", "sort"), ("list",)),
    **dict.fromkeys(("keys", "values"), ("object",)),
    **dict.fromkeys(("lower", "upper"), ("text",)),
    **dict.fromkeys(("ends_with", "glob", "matches", "seconds_between", "starts_with"), ("text", "text")),
    **dict.fromkeys(("not_null", "to_array", "to_number", "to_string", "type"), ("any",)),
    "contains": ("list", "any"),
    "join": ("text", "texts"),
    "length": ("list",),
    "merge": ("object", "object"),
    "reverse": ("text",),
}
#: Where such values are found: fields that mostly hold them, literals, calls.
FITTING: dict[str, tuple[str, ...]] = {
    "any": ("a", "b", "ExitCode", "`null`"),
    "list": ("b", "a", "`[3, 1, 2]`", "['b', 'a']", "[a, Event]", "[ExitCode]"),
    "number": ("ExitCode", "`0`", "`-1.5`", "length(b)", "to_number(a)"),
    "numbers": ("`[1, 2.5]`", "b", "[ExitCode]", "`[]`"),
    "object": ("c", "@", '`{"a": 1}`', "{x: a}"),
    "text": ("a", "Event", "'ab'", "'b'", "to_string(b)", "lower(a)"),
    "texts": ("['a', 'b']", "[a, Event]", "b", "keys(c)"),
}
BY = ("sort_by", "min_by", "max_by")
COMPARATORS = ("==", "!=", "<", "<=", ">", ">=")


def document(random: Random, depth: int = 3) -> Any:
    """Any JSON value; objects and lists to the depth."""
    choice = random.randrange(10 if depth else 5)
    if choice < 2:
        return random.choice(TEXTS)
    if choice < 4:
        return random.choice(NUMBERS)
    if choice < 5:
        return random.choice(FIXED)
    if choice < 7:
        return _list(random, depth)
    return _object(random, depth)


def _object(random: Random, depth: int) -> dict[str, Any]:
    """Each field is mostly of one kind."""
    usual: dict[str, Callable[[], Any]] = {
        "a": lambda: random.choice(TEXTS),
        "b": lambda: _list(random, depth),
        "c": lambda: _object(random, depth - 1),
        "Event": lambda: random.choice(TEXTS),
        "ExitCode": lambda: random.choice(random.choice((NUMBERS, ALIKE))),
    }
    present = [name for name in FIELDS if random.randrange(6)] if depth > 0 else []
    return {name: usual[name]() if random.randrange(4) else document(random, depth - 1) for name in present}


def _list(random: Random, depth: int) -> list[Any]:
    """Half of them alike, as functions want them."""
    size = random.randrange(4) if depth > 0 else 0
    if random.randrange(2):
        return [document(random, depth - 1) for _ in range(size)]
    alike: tuple[Any, ...] = random.choice((TEXTS, NUMBERS))
    return [random.choice(alike) for _ in range(size)]


def event(random: Random) -> dict[str, Any]:
    """A document that is an object, as events are."""
    return _object(random, 3)


def expression(random: Random, depth: int = 4) -> str:
    """A filter. Where it holds expressions as values, ``&a``, it never writes one as text."""
    strays = not random.randrange(12)
    return Grown(random, strays).any(depth)


class Grown:
    """Grows expressions; other fields and literals come from a class of its own."""

    def __init__(self, random: Random, strays: bool) -> None:
        self.random = random
        self.strays = strays

    def any(self, depth: int) -> str:
        """An expression that may stand in brackets or as an argument."""
        if depth <= 0:
            return self.random.choice((self.field, self.field, self.literal, self.current))()
        return self.random.choice(self.kinds())(depth - 1)

    def kinds(self) -> tuple[Callable[[int], str], ...]:
        often = (self.comparison, self.logic, self.path, self.call)
        seldom = (self.pipe, self.negated, self.projected, self.picked, self.leaf, self.by, self.mapped)
        return often + often + seldom + ((self.stray,) if self.strays else ())

    def operand(self, depth: int) -> str:
        return f"({self.any(depth)})" if self.random.randrange(3) else self.leaf(depth)

    def leaf(self, depth: int) -> str:
        return self.random.choice((self.field, self.literal))()

    def field(self) -> str:
        name = self.random.choice(FIELDS)
        return name if self.random.randrange(8) else json.dumps(name)

    def current(self) -> str:
        return "@"

    def literal(self) -> str:
        value = self.random.choice((*TEXTS, *NUMBERS, *FIXED))
        if isinstance(value, str) and self.random.randrange(4):
            return f"'{value}'"
        return f"`{json.dumps(value)}`"

    def comparison(self, depth: int) -> str:
        if not self.random.randrange(4):
            return self.random.choice(COMPARATORS[:2]).join((self.confusing(), self.confusing()))
        sides = [self.operand(depth), self.operand(depth - 2)]
        self.random.shuffle(sides)
        return self.random.choice(COMPARATORS).join(sides)

    def confusing(self) -> str:
        return "ExitCode" if self.random.randrange(2) else f"`{json.dumps(self.random.choice(ALIKE))}`"

    def logic(self, depth: int) -> str:
        return f"{self.operand(depth)} {self.random.choice(('&&', '||'))} {self.operand(depth - 1)}"

    def negated(self, depth: int) -> str:
        return f"!{self.operand(depth)}"

    def pipe(self, depth: int) -> str:
        return f"{self.operand(depth)} | {self.any(depth - 1)}"

    def path(self, depth: int) -> str:
        steps = [self.step(depth - 1) for _ in range(self.random.randrange(1, 3))]
        return self.random.choice((self.field(), self.operand(depth))) + "".join(steps)

    def step(self, depth: int) -> str:
        return self.random.choice((self.named, self.indexed, self.sliced, self.starred, self.filtered))(depth)

    def named(self, depth: int) -> str:
        return f".{self.field()}"

    def indexed(self, depth: int) -> str:
        return f"[{self.random.choice((0, 1, -1, 7))}]"

    def sliced(self, depth: int) -> str:
        parts = [self.random.choice(("", "0", "1", "-1")) for _ in range(2)]
        step = self.random.choice(("", ":", ":2", ":-1", ":0"))
        return f"[{':'.join(parts)}{step}]{self.after(depth)}"

    def starred(self, depth: int) -> str:
        return self.random.choice(("[*]", ".*", "[]")) + self.after(depth)

    def filtered(self, depth: int) -> str:
        return f"[?{self.any(depth)}]{self.after(depth)}"

    def after(self, depth: int) -> str:
        """What a projection does to each element."""
        if depth <= 0 or not self.random.randrange(2):
            return ""
        return self.random.choice((f".{self.field()}", "[0]", "[]", f".{self.picked(depth - 1)}"))

    def projected(self, depth: int) -> str:
        return self.random.choice(("[*]", "*", "[]", f"[?{self.any(depth)}]")) + self.after(depth)

    def picked(self, depth: int) -> str:
        parts = [self.any(depth - 1) for _ in range(self.random.randrange(1, 4))]
        if self.random.randrange(2):
            return f"[{', '.join(parts)}]"
        return "{" + ", ".join(f"{self.field()}: {part}" for part in parts) + "}"

    def call(self, depth: int) -> str:
        if not self.random.randrange(40):
            return self.random.choice(("abs()", "unknown(a)", f"length({self.any(depth)}, b)", "not_null()"))
        name = self.random.choice([word for word in CALLS if not (self.strays and word == "to_string")])
        return f"{name}({', '.join(self.argument(kind, depth) for kind in CALLS[name])})"

    def argument(self, kind: str, depth: int) -> str:
        return self.random.choice(FITTING[kind]) if self.random.randrange(4) else self.any(depth)

    def by(self, depth: int) -> str:
        return f"{self.random.choice(BY)}({self.argument('list', depth)}, &{self.operand(depth - 1)})"

    def mapped(self, depth: int) -> str:
        return f"map(&{self.operand(depth)}, {self.argument('list', depth)})"

    def stray(self, depth: int) -> str:
        return f"&{self.operand(depth)}"


_RANDOM = st.randoms(use_true_random=False)
expressions = _RANDOM.map(expression)
documents = _RANDOM.map(document)
events = _RANDOM.map(event)

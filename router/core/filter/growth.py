"""How much an expression can make of an event, known before any event: work and size, as straight lines.

JMESPath cannot loop, but it can double: ``[@, @][]`` written 24 times makes 16 million elements. An
expression whose work is at most so many times the event's weight (:func:`router.core.filter.shape.weight`)
may run without being counted; any other one is counted at every step, see
:mod:`router.core.filter.stepwise`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from router.core.filter.shape import Node

#: What an expression may cost without being counted: so many times the event's weight, and so much besides.
MOST_PER_WEIGHT = 1_000
MOST_BESIDES = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """At most ``slope`` times the weight of the current value, and ``rest``."""

    slope: float
    rest: float

    def __add__(self, other: "Line") -> "Line":
        return Line(self.slope + other.slope, self.rest + other.rest)

    def __mul__(self, factor: float) -> "Line":
        return Line(_times(self.slope, factor), _times(self.rest, factor))

    def of(self, inner: "Line") -> "Line":
        """This line, over a value that itself is at most ``inner``."""
        return inner * self.slope + Line(0, self.rest)


def _times(one: float, other: float) -> float:
    return one * other if one and other else 0


NOTHING, ONE, SAME, UNKNOWN = Line(0, 0), Line(0, 1), Line(1, 0), Line(inf, inf)


@dataclass(frozen=True, slots=True)
class Growth:
    """The weight of what an expression finds, and the steps to find it."""

    size: Line
    work: Line


def is_bounded(node: Node) -> bool:
    """Whether the expression may run without being counted."""
    work = growth(node).work
    return work.slope <= MOST_PER_WEIGHT and work.rest <= MOST_BESIDES


def growth(node: Node) -> Growth:
    """Size and work of any node."""
    rule = _RULES.get(node.type)
    return rule(node) if rule else Growth(SAME, ONE)


def _constant(node: Node) -> Growth:
    return Growth(Line(0, node.value.weight), ONE)


def _chain(node: Node) -> Growth:
    size, work = SAME, ONE
    for child in node.children:
        grown = growth(child)
        work += grown.work.of(size)
        size = grown.size.of(size)
    return Growth(size, work)


def _together(node: Node) -> Growth:
    """A list or an object of all children."""
    parts = [growth(child) for child in node.children]
    size = sum((part.size + Line(0, 2) for part in parts), ONE)
    return Growth(size, sum((part.work for part in parts), ONE))


def _one_of(node: Node) -> Growth:
    """``&&`` and ``||``: one of the children's values."""
    parts = [growth(child) for child in node.children]
    size = Line(max(part.size.slope for part in parts), max(part.size.rest for part in parts))
    return Growth(size, sum((part.work for part in parts), ONE))


def _flag(node: Node) -> Growth:
    """A comparison walks over both values at most."""
    parts = [growth(child) for child in node.children]
    return Growth(ONE, sum((part.work + part.size for part in parts), ONE))


def _flatten(node: Node) -> Growth:
    base = growth(node.children[0])
    return Growth(base.size, base.work + base.size + ONE)


def _projection(node: Node) -> Growth:
    base = growth(node.children[0])
    each = [growth(child) for child in node.children[1:]]
    work = sum((_for_each(part.work, base.size) for part in each), base.work + base.size + ONE)
    return Growth(_for_each(each[0].size + ONE, base.size), work)


def _for_each(line: Line, elements: Line) -> Line:
    """Summed over elements that together weigh at most so much, each at least 1."""
    return elements * (line.slope + line.rest)


def _call(node: Node) -> Growth:
    arguments = [growth(child) for child in node.children]
    made = _FUNCTIONS.get(node.value)
    if made is None:
        return Growth(UNKNOWN, UNKNOWN)
    return made(node, arguments)


Made = Callable[[Node, list[Growth]], Growth]


def _sum_of(arguments: list[Growth], per_size: float = 1) -> Line:
    return sum((part.work + part.size * per_size for part in arguments), ONE)


def _makes(factor: float, work: float = 1) -> Made:
    """A function whose result weighs at most so many times its arguments; 0: a number, or true or false."""

    def made(node: Node, arguments: list[Growth]) -> Growth:
        size = sum((part.size for part in arguments), ONE)
        return Growth(size * factor + Line(0, 2), _sum_of(arguments, work))

    return made


def _join(node: Node, arguments: list[Growth]) -> Growth:
    if len(arguments) != 2 or node.children[0].type != "literal":
        return Growth(UNKNOWN, UNKNOWN)
    return _makes(1 + arguments[0].size.rest)(node, arguments)


def _by(node: Node, arguments: list[Growth]) -> Growth:
    """``map``, ``sort_by`` and their like: an expression for each element of a list."""
    kinds = [child.type == "expref" for child in node.children]
    if sorted(kinds) != [False, True]:
        return Growth(UNKNOWN, UNKNOWN)
    each, base = arguments[kinds.index(True)], arguments[kinds.index(False)]
    one = growth(node.children[kinds.index(True)].children[0])
    size = _for_each(one.size + ONE, base.size) if node.value == "map" else base.size
    return Growth(
        size, _for_each(one.work + one.size * 20, base.size) + each.work + base.work + base.size * 20 + ONE
    )


_SMALL_RESULT, _LIKE_ARGUMENTS = _makes(0), _makes(1)
_FUNCTIONS: dict[str, Made] = {
    **dict.fromkeys(
        ("abs", "avg", "ceil", "contains", "ends_with", "floor", "glob", "length"), _SMALL_RESULT
    ),
    **dict.fromkeys(("matches", "seconds_between", "starts_with", "sum", "to_number", "type"), _SMALL_RESULT),
    **dict.fromkeys(
        ("keys", "max", "merge", "min", "not_null", "reverse", "to_array", "values"), _LIKE_ARGUMENTS
    ),
    **dict.fromkeys(("map", "max_by", "min_by", "sort_by"), _by),
    "join": _join,
    "lower": _makes(3),
    "sort": _makes(1, work=20),
    "to_string": _makes(13),
    "upper": _makes(3),
}
_RULES: dict[str, Callable[[Node], Growth]] = {
    "and_expression": _one_of,
    "comparator": _flag,
    "expref": lambda node: Growth(ONE, ONE),
    "filter_projection": _projection,
    "flatten": _flatten,
    "function_expression": _call,
    "index_expression": _chain,
    "key_val_pair": _chain,
    "literal": _constant,
    "literal_list": _constant,
    "multi_select_dict": _together,
    "multi_select_list": _together,
    "not_expression": _flag,
    "or_expression": _one_of,
    "pipe": _chain,
    "projection": _projection,
    "subexpression": _chain,
    "value_projection": _projection,
}

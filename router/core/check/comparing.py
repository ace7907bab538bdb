"""What a comparison may find, and what a field holds where it is true or false."""

from router.core.check.equality import are_equal, may_equal, only
from router.core.check.lines import ALWAYS, NOTHING, OPPOSITE, Line, above, below
from router.core.check.outcome import Outcome, truth
from router.core.check.paths import Node, at, path_of, put
from router.core.check.values import BOOLEAN, EMPTY, FALSE, NULL, TRUE, Values, joined, met, without

_TURNED = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}


def compared(node: Node, left: Values, right: Values, scope: Values) -> Outcome:
    """The outcome of a comparison of these in the scope."""
    sign, (one, other) = node["value"], node["children"]
    if sign in ("eq", "ne"):
        equal, unlike = _equal(one, other, left, right, scope)
        return truth(equal, unlike) if sign == "eq" else truth(unlike, equal)
    values, fails = _ordered(sign, left, right)
    yes = scope if values.true else EMPTY
    yes = _where_ordered(sign, one, left, right, yes)
    yes = _where_ordered(_TURNED[sign], other, right, left, yes)
    return Outcome(values, fails, yes, scope if values.false or values.null else EMPTY)


def _equal(one: Node, other: Node, left: Values, right: Values, scope: Values) -> tuple[Values, Values]:
    """The scope where they are equal, and where they are not."""
    if not may_equal(left, right):
        return EMPTY, scope
    first, second = only(left), only(right)
    if first and second and are_equal(first[0], second[0]):
        return scope, EMPTY
    equal, unlike = scope, scope
    for node, values, aim, fixed in ((one, left, right, second), (other, right, left, first)):
        path = path_of(node)
        if path:
            equal = put(equal, path, met(values, aim))
            unlike = put(unlike, path, without(values, fixed[0])) if fixed else unlike
        if fixed and node["type"] == "function_expression" and node["value"] == "type":
            equal, unlike = _of_type(node, str(fixed[0]), equal, unlike)
    return equal, unlike


def _of_type(node: Node, name: str, equal: Values, unlike: Values) -> tuple[Values, Values]:
    """Of ``type(JobName) == 'string'``."""
    path = path_of(node["children"][0])
    if not path:
        return equal, unlike
    types = frozenset([name])
    like, other = at(equal, path), at(unlike, path)
    return put(equal, path, like.of_types(types)), put(unlike, path, other.of_types(other.types - types))


def _ordered(sign: str, left: Values, right: Values) -> tuple[Values, bool]:
    """Numbers and texts have an order, each among its own; unlike ones raise an error, all else is null."""
    found = EMPTY
    for one, other in ((left.numbers, right.numbers), (left.texts, right.texts)):
        if one and other:
            found = joined(found, _in_order(sign, one, other))
    fails = bool((left.numbers and right.texts) or (left.texts and right.numbers))
    if _has_more(left) or _has_more(right):
        found = joined(found, NULL)
    return found, fails


def _in_order(sign: str, one: Line, other: Line) -> Values:
    if ALWAYS[sign](one, other):
        return TRUE
    return FALSE if ALWAYS[OPPOSITE[sign]](one, other) else BOOLEAN


def _has_more(values: Values) -> bool:
    """Whether there is anything without an order."""
    return bool(values._replace(numbers=NOTHING, texts=NOTHING))


def _where_ordered(sign: str, node: Node, values: Values, aim: Values, scope: Values) -> Values:
    path = path_of(node)
    if not path or not scope:
        return scope
    side, equal = (below if sign in ("lt", "lte") else above), sign in ("lte", "gte")
    numbers = values.numbers.met(side(aim.numbers, equal=equal)) if aim.numbers else NOTHING
    texts = values.texts.met(side(aim.texts, equal=equal)) if aim.texts else NOTHING
    return put(scope, path, Values(numbers=numbers, texts=texts))

"""A filter worked out over sets of values instead of an event: what each part may find, and may it fail.

What holds of the sets holds of every event that is in them. What is not understood may be anything.
"""

from collections.abc import Callable

from router.core.check import signatures
from router.core.check.calls import call
from router.core.check.comparing import compared
from router.core.check.outcome import UNREACHED, Outcome, found, truth
from router.core.check.paths import Node, path_of, put
from router.core.check.values import (
    ANYTHING,
    EMPTY,
    NULL,
    Array,
    Object,
    Values,
    array_of,
    constant,
    joined,
)

#: What a part is told of: its node, its scope and its outcome.
Watch = Callable[[Node, Values, Outcome], None]


class _NotUnderstoodError(Exception):
    """An expression as a value, ``&name``, that is no function's argument."""


def read(node: Node, scope: Values, watch: Watch | None = None) -> Outcome:
    """What the expression may find in the scope. Every part that is reached is shown to ``watch``."""
    try:
        return _Reading(watch).visit(node, scope)
    except _NotUnderstoodError:
        return found(ANYTHING, scope, fails=True)


def is_understood(node: Node) -> bool:
    """Whether all parts of an expression can be worked out."""
    try:
        _Reading(None).visit(node, ANYTHING)
    except _NotUnderstoodError:
        return False
    return True


class _Reading:
    def __init__(self, watch: Watch | None) -> None:
        self._watch = watch

    def visit(self, node: Node, scope: Values) -> Outcome:
        if not scope:
            return UNREACHED
        outcome = _VISITS[node["type"]](self, node, scope)
        if self._watch:
            self._watch(node, scope, outcome)
        return outcome

    def each(self, nodes: list[Node], scope: Values) -> list[Outcome]:
        """Parts that are all worked out in one scope."""
        return [self.visit(node, scope) for node in nodes]

    def literal(self, node: Node, scope: Values) -> Outcome:
        return found(constant(node["value"]), scope)

    def current(self, node: Node, scope: Values) -> Outcome:
        return Outcome(scope, False, scope.holding(), scope.not_holding())

    def field(self, node: Node, scope: Values) -> Outcome:
        return _at_path((node["value"],), scope.get(node["value"]), scope)

    def subexpression(self, node: Node, scope: Values) -> Outcome:
        outcome = self.chain(node, scope)
        path = path_of(node)
        return _at_path(path, outcome.values, scope) if path else outcome

    def chain(self, node: Node, scope: Values) -> Outcome:
        """Parts of which each looks at what the one before has found."""
        values, fails = scope, False
        for child in node["children"]:
            outcome = self.visit(child, values)
            values, fails = outcome.values, fails or outcome.fails
        return found(values, scope, fails=fails)

    def and_expression(self, node: Node, scope: Values) -> Outcome:
        left = self.visit(node["children"][0], scope)
        right = self.visit(node["children"][1], left.yes)
        values = joined(left.values.not_holding(), right.values)
        return Outcome(values, left.fails or right.fails, right.yes, joined(left.no, right.no))

    def or_expression(self, node: Node, scope: Values) -> Outcome:
        left = self.visit(node["children"][0], scope)
        right = self.visit(node["children"][1], left.no)
        values = joined(left.values.holding(), right.values)
        return Outcome(values, left.fails or right.fails, joined(left.yes, right.yes), right.no)

    def not_expression(self, node: Node, scope: Values) -> Outcome:
        inner = self.visit(node["children"][0], scope)
        return truth(inner.no, inner.yes, fails=inner.fails)

    def comparator(self, node: Node, scope: Values) -> Outcome:
        left, right = self.each(node["children"], scope)
        if not left.values or not right.values:
            return Outcome(EMPTY, True, EMPTY, EMPTY)
        outcome = compared(node, left.values, right.values, scope)
        return outcome._replace(fails=outcome.fails or left.fails or right.fails)

    def function_expression(self, node: Node, scope: Values) -> Outcome:
        name, nodes = node["value"], node["children"]
        if name not in signatures.names() or not signatures.arity_fits(name, len(nodes)):
            self.each([one for one in nodes if one["type"] != "expref"], scope)
            return Outcome(EMPTY, True, EMPTY, EMPTY)
        if name in signatures.EXPRESSIONS:
            return self.with_expression(node, scope)
        outcomes = self.each(nodes, scope)
        if not all(one.values for one in outcomes):
            return Outcome(EMPTY, True, EMPTY, EMPTY)
        outcome = call(name, nodes, [one.values for one in outcomes], scope)
        return outcome._replace(fails=outcome.fails or any(one.fails for one in outcomes))

    def with_expression(self, node: Node, scope: Values) -> Outcome:
        """``map``, ``sort_by`` and the like."""
        place = signatures.EXPRESSIONS[node["value"]]
        by, listing = node["children"][place], node["children"][1 - place]
        if by["type"] != "expref":
            self.visit(by, scope)
            return Outcome(EMPTY, True, EMPTY, EMPTY)
        base = self.visit(listing, scope)
        array = base.values.array
        if array is None:
            return Outcome(EMPTY, True, EMPTY, EMPTY)
        inner = self.visit(by["children"][0], _each(array))
        fails = base.fails or not base.values.is_only("array")
        if node["value"] == "map":
            return found(Values(array=_array_like(array, inner.values)), scope, fails=fails or inner.fails)
        return found(signatures.given(node["value"], [Values(array=array)]), scope, fails=True)

    def index(self, node: Node, scope: Values) -> Outcome:
        array = scope.array
        if array is None:
            return found(NULL, scope)
        if array.items is None or scope._replace(array=None):
            return found(joined(_each(array), NULL), scope)
        place: int = node["value"]
        is_there = -len(array.items) <= place < len(array.items)
        return found(array.items[place] if is_there else NULL, scope)

    def slice(self, node: Node, scope: Values) -> Outcome:
        array, step = scope.array, node["children"][2]
        if array is None:
            return found(NULL, scope)
        if step == 0:
            return found(NULL if scope._replace(array=None) else EMPTY, scope, fails=True)
        part = Values(array=Array(None, array.each) if array.items is None else None)
        if array.items is not None:
            part = array_of(array.items[slice(*node["children"])])
        return found(joined(part, NULL) if scope._replace(array=None) else part, scope)

    def projection(self, node: Node, scope: Values) -> Outcome:
        left, right = node["children"]
        return self.projected(self.visit(left, scope), right, scope)

    def projected(self, base: Outcome, right: Node, scope: Values) -> Outcome:
        """What a part finds in each element of an array; nulls are left out."""
        array = base.values.array
        if array is None:
            return found(NULL if base.values else EMPTY, scope, fails=base.fails)
        inner = self.visit(right, _each(array))
        kept = Values(
            array=_array_like(array, inner.values._replace(null=False), is_shorter=inner.values.null)
        )
        is_other = bool(base.values._replace(array=None))
        return found(joined(kept, NULL) if is_other else kept, scope, fails=base.fails or inner.fails)

    def filter_projection(self, node: Node, scope: Values) -> Outcome:
        left, right, condition = node["children"]
        base = self.visit(left, scope)
        if base.values.array is None:
            return self.projected(base, right, scope)
        judged = self.visit(condition, _each(base.values.array))
        array = Array(None, judged.yes) if judged.yes else Array((), EMPTY)
        kept = base._replace(values=base.values._replace(array=array), fails=base.fails or judged.fails)
        return self.projected(kept, right, scope)

    def value_projection(self, node: Node, scope: Values) -> Outcome:
        left, right = node["children"]
        base = self.visit(left, scope)
        held, is_other = base.values.object, bool(base.values._replace(object=None))
        listed = Values(null=is_other, array=None if held is None else _values_of(held))
        return self.projected(base._replace(values=listed), right, scope)

    def flatten(self, node: Node, scope: Values) -> Outcome:
        base = self.visit(node["children"][0], scope)
        array = base.values.array
        if array is None:
            return found(NULL if base.values else EMPTY, scope, fails=base.fails)
        each = _each(array)
        inner = joined(each._replace(array=None), _each(each.array) if each.array else EMPTY)
        merged = Values(array=Array(None, inner) if inner else Array((), EMPTY))
        is_other = bool(base.values._replace(array=None))
        return found(joined(merged, NULL) if is_other else merged, scope, fails=base.fails)

    def multi_select_list(self, node: Node, scope: Values) -> Outcome:
        return self.selected(node, scope, lambda values: array_of(tuple(values)))

    def multi_select_dict(self, node: Node, scope: Values) -> Outcome:
        names = [child["value"] for child in node["children"]]
        return self.selected(
            node,
            scope,
            lambda values: Values(object=Object(dict(zip(names, values, strict=True)), NULL, True)),
        )

    def selected(self, node: Node, scope: Values, made: Callable[[list[Values]], Values]) -> Outcome:
        """Several parts of a scope as one value; of null they are null."""
        outcomes = self.each(node["children"], scope._replace(null=False))
        fails = any(one.fails for one in outcomes)
        values = EMPTY if not all(one.values for one in outcomes) else made([one.values for one in outcomes])
        return found(joined(values, NULL) if scope.null else values, scope, fails=fails)

    def key_val_pair(self, node: Node, scope: Values) -> Outcome:
        return self.visit(node["children"][0], scope)

    def expref(self, node: Node, scope: Values) -> Outcome:
        raise _NotUnderstoodError


def _at_path(path: tuple[str, ...], values: Values, scope: Values) -> Outcome:
    """Of a chain of fields: holding, it is one of its true-like values."""
    yes, no = values.holding(), values.not_holding()
    return Outcome(values, False, put(scope, path, yes) if no else scope, put(scope, path, no))


def _each(array: Array) -> Values:
    return ANYTHING if array.each is None else array.each


def _array_like(array: Array, each: Values, *, is_shorter: bool = False) -> Array:
    """An array with something for each element, or for some, of another."""
    if array.items == () or not each:
        return Array((), EMPTY)
    is_known = array.items is not None and not is_shorter
    return Array((each,) * len(array.items or ()) if is_known else None, each)


def _values_of(held: Object) -> Array:
    if not held.exact:
        return Array(None)
    return array_of(tuple(held.fields.values())).array or Array(())


_VISITS: dict[str, Callable[[_Reading, Node, Values], Outcome]] = {
    "and_expression": _Reading.and_expression,
    "comparator": _Reading.comparator,
    "current": _Reading.current,
    "expref": _Reading.expref,
    "field": _Reading.field,
    "filter_projection": _Reading.filter_projection,
    "flatten": _Reading.flatten,
    "function_expression": _Reading.function_expression,
    "identity": _Reading.current,
    "index": _Reading.index,
    "index_expression": _Reading.chain,
    "key_val_pair": _Reading.key_val_pair,
    "literal": _Reading.literal,
    "multi_select_dict": _Reading.multi_select_dict,
    "multi_select_list": _Reading.multi_select_list,
    "not_expression": _Reading.not_expression,
    "or_expression": _Reading.or_expression,
    "pipe": _Reading.chain,
    "projection": _Reading.projection,
    "slice": _Reading.slice,
    "subexpression": _Reading.subexpression,
    "value_projection": _Reading.value_projection,
}

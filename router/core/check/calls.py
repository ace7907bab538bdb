"""What a call may find: by trying it where the arguments are few, else by what the function gives."""

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import NamedTuple

from router.core.check import signatures
from router.core.check.equality import as_python, listed, only
from router.core.check.lines import NOTHING, Line, starting_with
from router.core.check.outcome import Outcome, found, truth
from router.core.check.paths import Node, at, path_of, put
from router.core.check.values import EMPTY, Values, constant, joined, met, without
from router.core.filter.functions import FUNCTIONS

#: The most calls that are tried.
_MOST = 64


class Argument(NamedTuple):
    """An argument's expression, all that it may be, and those of the types that the function takes."""

    node: Node
    values: Values
    fitting: Values


def call(name: str, nodes: Sequence[Node], values: Sequence[Values], scope: Values) -> Outcome:
    """What a call may find in a scope; it is known to the function, and has as many arguments as it takes."""
    arguments = [
        Argument(node, one, _fitting(name, place, one))
        for place, (node, one) in enumerate(zip(nodes, values, strict=True))
    ]
    if not all(one.fitting for one in arguments):
        return Outcome(EMPTY, True, EMPTY, EMPTY)
    misfits = any(one.values != one.fitting for one in arguments) or not _elements_fit(name, arguments)
    where = _where_it_fits(arguments, scope)
    outcome = _tried(name, arguments, where) or _reasoned(name, arguments, where)
    return outcome._replace(fails=outcome.fails or misfits)


def _fitting(name: str, place: int, values: Values) -> Values:
    types = signatures.takes(name, place)
    return values if types is None else values.of_types(types)


def _elements_fit(name: str, arguments: list[Argument]) -> bool:
    """Whether an array has only elements that the function takes, all of one type."""
    types = signatures.takes_only(name)
    array = arguments[-1].fitting.array
    if types is None or array is None:
        return True
    return array.each is not None and array.each.types <= types and len(array.each.types) < 2


def _where_it_fits(arguments: list[Argument], scope: Values) -> Values:
    """The scope in which no argument is of a wrong type."""
    for one in arguments:
        path = path_of(one.node) if one.values != one.fitting else None
        if path:
            scope = put(scope, path, met(at(scope, path), one.fitting))
    return scope


def _tried(name: str, arguments: list[Argument], scope: Values) -> Outcome | None:
    """The outcome of calling it with each value; None where they are too many."""
    choices = [listed(one.fitting) for one in arguments]
    if name in signatures.INEXACT and any(not one.values.is_only("string") for one in arguments):
        return None
    if None in choices or prod(len(choice or ()) for choice in choices) > _MOST:
        return None
    results, fails = EMPTY, False
    for combination in product(*(choice or () for choice in choices)):
        try:
            results = joined(results, constant(FUNCTIONS.call_function(name, [*combination])))
        except Exception:  # noqa: BLE001  whatever it raises, the filter fails
            fails = True
    outcome = found(results, scope, fails=fails)
    return outcome if len(choices) == 1 else _narrowed(name, arguments, outcome)


def _reasoned(name: str, arguments: list[Argument], scope: Values) -> Outcome:
    if name == "contains":
        return _contains(arguments, scope)
    if name == "starts_with":
        return _starts_with(arguments, scope)
    fails = name in signatures.FAILING
    if name == "merge":  # whose further arguments nobody checks
        fails = any(not one.values.is_only("object") for one in arguments)
    if name in ("matches", "glob"):
        fails, never = _pattern(name, arguments[1].fitting)
        if never and not any(one.values.null for one in arguments):
            return Outcome(EMPTY, True, EMPTY, EMPTY)
    return found(signatures.given(name, [one.fitting for one in arguments]), scope, fails=fails)


def _pattern(name: str, pattern: Values) -> tuple[bool, bool]:
    """Whether some, and whether every pattern cannot be read."""
    fixed = only(pattern)
    if fixed is None:
        return True, False
    try:
        FUNCTIONS.call_function(name, ["", *fixed])
    except Exception:  # noqa: BLE001  re2 has its own
        return True, True
    return False, False


def _contains(arguments: list[Argument], scope: Values) -> Outcome:
    within, wanted = arguments[0].fitting, arguments[1].fitting
    if within.texts and not wanted.texts:
        within = within._replace(texts=NOTHING)
    if not within:
        return Outcome(EMPTY, True, EMPTY, EMPTY)
    fails, array = bool(arguments[0].fitting.texts) and not wanted.is_only("string"), within.array
    if within.texts or array is None or array.each is None:
        return truth(scope, scope, fails=fails)
    each = as_python(array.each)
    is_surely_in = array.items is not None and _covers(array.items, wanted)
    is_there = bool(met(each, as_python(wanted)))
    return _narrowed(
        "contains",
        arguments,
        truth(scope if is_there else EMPTY, EMPTY if is_surely_in else scope, fails=fails),
    )


def _covers(items: tuple[Values, ...], wanted: Values) -> bool:
    """Whether every value that is wanted is surely one of the items."""
    values, fixed = listed(wanted), [one[0] for one in map(only, items) if one]
    return bool(values) and all(value in fixed for value in values or ())


def _narrowed(name: str, arguments: list[Argument], outcome: Outcome) -> Outcome:
    """With what it tells of a field that it is, or is not, among the elements of a list."""
    path, array = path_of(arguments[1].node), arguments[0].fitting.array
    if name != "contains" or not path or array is None or array.each is None or arguments[0].fitting.texts:
        return outcome
    wanted, no = arguments[1].fitting, outcome.no
    yes = outcome.yes and put(outcome.yes, path, met(wanted, as_python(array.each)))
    for item in map(only, array.items or ()):
        no = no and (put(no, path, without(at(no, path), item[0])) if item else no)
    return outcome._replace(yes=yes, no=no)


def _starts_with(arguments: list[Argument], scope: Values) -> Outcome:
    fixed = only(arguments[1].fitting)
    if fixed is None:
        return truth(scope, scope)
    line, prefixed = arguments[0].fitting.texts, starting_with(fixed[0])
    within = line.met(prefixed)
    path = path_of(arguments[0].node)
    yes = put(scope, path, Values(texts=within)) if path and within else scope if within else EMPTY
    is_always = line.only is None and _is_within(line, prefixed)
    return truth(yes, EMPTY if is_always else scope)


def _is_within(line: Line, other: Line) -> bool:
    return line.met(other) == line

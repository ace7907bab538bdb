"""What a function takes and gives, by ``jmespath``'s own signatures."""

from functools import cache
from typing import Any

from router.core.check.lines import NOTHING, End, Line, just
from router.core.check.values import (
    ANYTHING,
    BOOLEAN,
    EMPTY,
    NULL,
    NUMBER,
    OBJECT,
    TEXT,
    Array,
    Values,
    joined,
)
from router.core.filter.functions import FUNCTIONS

_TEXTS = Values(array=Array(None, TEXT))
_MAYBE_TEXT = joined(TEXT, NULL)
_MAYBE_NUMBER = joined(NUMBER, NULL)
_MAYBE = joined(BOOLEAN, NULL)
_COUNT = Values(numbers=Line(None, low=End(0)))

#: What a call gives when nothing else is known of its arguments than that they fit.
GIVES: dict[str, Values] = {
    "abs": NUMBER,
    "avg": _MAYBE_NUMBER,
    "ceil": NUMBER,
    "contains": BOOLEAN,
    "ends_with": BOOLEAN,
    "floor": NUMBER,
    "glob": _MAYBE,
    "join": TEXT,
    "keys": _TEXTS,
    "length": _COUNT,
    "lower": _MAYBE_TEXT,
    "matches": _MAYBE,
    "merge": OBJECT,
    "seconds_between": _MAYBE_NUMBER,
    "starts_with": BOOLEAN,
    "sum": NUMBER,
    "to_number": _MAYBE_NUMBER,
    "to_string": TEXT,
    "upper": _MAYBE_TEXT,
    "values": Values(array=Array(None)),
}
#: Fail for some values of the right type.
FAILING = frozenset({"ceil", "floor", "seconds_between", "sum", "avg", "sort", "max", "min"})
#: Give null when an argument is, and take no null inside.
NULL_ON_NULL = frozenset({"glob", "lower", "matches", "seconds_between", "upper"})
#: Their results differ for numbers that are equal: 1 and 1.0 are written unlike.
INEXACT = frozenset({"avg", "sum", "to_string"})
#: Take an expression, and where.
EXPRESSIONS = {"map": 0, "sort_by": 1, "min_by": 1, "max_by": 1}


def names() -> frozenset[str]:
    """All functions."""
    return frozenset(FUNCTIONS.FUNCTION_TABLE)


@cache
def takes(name: str, place: int) -> frozenset[str] | None:
    """The types that a function takes at a place, from 0; None for any."""
    signature: tuple[dict[str, Any], ...] = FUNCTIONS.FUNCTION_TABLE[name]["signature"]
    types: list[str] = signature[min(place, len(signature) - 1)]["types"]
    is_checked = place < len(signature)  # jmespath checks no further arguments of a variadic function
    return frozenset(one.split("-")[0] for one in types) if types and is_checked else None


@cache
def takes_only(name: str) -> frozenset[str] | None:
    """The types of the elements of the array that a function takes; None for any."""
    signature: tuple[dict[str, Any], ...] = FUNCTIONS.FUNCTION_TABLE[name]["signature"]
    inner = [one.split("-")[1] for part in signature for one in part["types"] if "-" in one]
    return frozenset(inner) or None


def arity_fits(name: str, count: int) -> bool:
    """Whether a call has as many arguments as the function takes."""
    signature: tuple[dict[str, Any], ...] = FUNCTIONS.FUNCTION_TABLE[name]["signature"]
    return count >= len(signature) if signature[-1].get("variadic") else count == len(signature)


def given(name: str, arguments: list[Values]) -> Values:
    """What a call may give, its arguments being of fitting types."""
    if name in GIVES:
        may_be_null = name not in NULL_ON_NULL or any(one.null for one in arguments)
        may_be_null = may_be_null or name == "seconds_between"
        return GIVES[name] if may_be_null else GIVES[name]._replace(null=False)
    return _OF_ARGUMENTS[name](arguments) if name in _OF_ARGUMENTS else ANYTHING


def _element(arguments: list[Values]) -> Values:
    """One of an array's, or null."""
    array = arguments[0].array
    each = EMPTY if array is None else ANYTHING if array.each is None else array.each
    return joined(each, NULL)


def _reordered(arguments: list[Values]) -> Values:
    first = arguments[0]
    array = first.array and Array(() if first.array.items == () else None, first.array.each)
    return Values(texts=TEXT.texts if first.texts else NOTHING, array=array)


def _first_there(arguments: list[Values]) -> Values:
    found, may_be_null = EMPTY, True
    for one in arguments:
        found = joined(found, one._replace(null=False))
        may_be_null = may_be_null and one.null
        if not one.null:
            break
    return found._replace(null=may_be_null)


def _as_array(arguments: list[Values]) -> Values:
    first = arguments[0]
    rest = first._replace(array=None)
    wrapped = Values(array=Array((rest,), rest)) if rest else EMPTY
    return joined(wrapped, Values(array=first.array))


def _type(arguments: list[Values]) -> Values:
    return Values(texts=just(*arguments[0].types))


_OF_ARGUMENTS = {
    "max": _element,
    "min": _element,
    "max_by": _element,
    "min_by": _element,
    "not_null": _first_there,
    "reverse": _reordered,
    "sort": _reordered,
    "sort_by": _reordered,
    "to_array": _as_array,
    "type": _type,
}

"""What generated code calls where its quick way ends; each does exactly what ``jmespath`` does."""

import operator
from collections.abc import Callable, Iterable
from numbers import Number
from typing import Any, cast

from router.core.filter.functions import FUNCTIONS

_NO_FIELDS: dict[str, Any] = {}


def mapping(value: Any) -> Any:
    """Something to ``get`` fields from: the value itself, or nothing at all."""
    return value if hasattr(value, "get") else _NO_FIELDS


def field(value: Any, name: str) -> Any:
    """A field of anything; null where there is none."""
    try:
        return value.get(name)
    except AttributeError:
        return None


def element(value: Any, index: int) -> Any:
    """An element of a list; null beyond its ends and in anything else."""
    if not isinstance(value, list):
        return None
    try:
        return cast("list[Any]", value)[index]
    except IndexError:
        return None


def flattened(value: Any) -> list[Any] | None:
    """A list with the lists in it opened, one level deep."""
    if not isinstance(value, list):
        return None
    merged: list[Any] = []
    for part in cast("list[Any]", value):
        if isinstance(part, list):
            merged += cast("list[Any]", part)
        else:
            merged.append(part)
    return merged


def values(value: Any) -> Iterable[Any] | None:
    """The values of an object; None for anything else."""
    try:
        return value.values()
    except AttributeError:
        return None


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    """Numbers and texts have an order, anything else has none; unlike types raise ``TypeError``."""

    def compared(left: Any, right: Any) -> bool | None:
        return compare(left, right) if _has_order(left) and _has_order(right) else None

    return compared


def _has_order(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Number | str)


class Expression:
    """An expression as a value, ``&name``."""

    def __init__(self, evaluate: Callable[[Any], Any]) -> None:
        self.expression = evaluate

    def visit(self, expression: Callable[[Any], Any], value: Any) -> Any:
        return expression(value)

    def __repr__(self) -> str:
        return "<expression>"


Expression.__name__ = "_Expression"  # by which jmespath's functions know it


#: All names that generated code uses, beside its own. ``do_NAME`` are the functions without checks.
NAMES: dict[str, Any] = {
    "mapping": mapping,
    "field": field,
    "element": element,
    "flattened": flattened,
    "values": values,
    "lt": _ordered(operator.lt),
    "lte": _ordered(operator.le),
    "gt": _ordered(operator.gt),
    "gte": _ordered(operator.ge),
    "expression": Expression,
    "call": FUNCTIONS.call_function,
    **{f"do_{name}": spec["function"].__get__(FUNCTIONS) for name, spec in FUNCTIONS.FUNCTION_TABLE.items()},
}

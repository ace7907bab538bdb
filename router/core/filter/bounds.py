"""What a filter may be and do: length, depth, parts, steps; and the error when it is not or does more."""

from collections.abc import Mapping
from typing import Any, cast

from router.errors import RouterError

#: Bounds of an expression, checked when it is loaded.
MAX_LENGTH = 4096
MAX_DEPTH = 64
MAX_NODES = 1000

#: Steps of one evaluation that is counted (see :mod:`router.core.filter.growth`), about a tenth of a second.
MAX_STEPS = 100_000


class FilterError(RouterError):
    """An expression that is not JMESPath, or is beyond its bounds.

    Args:
        column: where in the expression, counted from 0.
    """

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__("filter", message)
        self.column = column


def check_length(expression: str) -> None:
    """Raises :class:`FilterError` for a text that is too long to be parsed."""
    if len(expression) > MAX_LENGTH:
        raise FilterError(f"a filter has at most {MAX_LENGTH} characters; this one has {len(expression)}")


def check_size(ast: Mapping[str, Any]) -> None:
    """Raises :class:`FilterError` for a tree that is too deep or has too many parts."""
    nodes = 0
    waiting: list[tuple[Any, int]] = [(ast, 1)]
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        if depth > MAX_DEPTH:
            raise too_deep()
        if nodes > MAX_NODES:
            raise FilterError(f"a filter has at most {MAX_NODES} parts")
        waiting += [(child, depth + 1) for child in node["children"] if isinstance(child, dict)]
        if node["type"] == "literal":
            _check_literal(node["value"], depth)


def _check_literal(literal: Any, depth: int) -> None:
    """A literal may hold JSON as deep as Python reads it, which is deeper from 3.12 on."""
    level = [literal]
    while level := [inner for value in level for inner in _inside(value)]:
        depth += 1
        if depth > MAX_DEPTH:
            raise too_deep()


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def too_deep() -> FilterError:
    """The error of an expression that nests too deep."""
    return FilterError(f"a filter nests at most {MAX_DEPTH} deep")


def too_much_work() -> FilterError:
    """The error of an evaluation that goes on too long."""
    return FilterError(f"the filter needs more than {MAX_STEPS:,} steps for this event")

"""Whether a value is in a set of values; what a filter's parts find on one event."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, cast

from router.core.check.lines import ANY
from router.core.check.values import Array, Object, Values
from router.core.filter.stepwise import Stepwise


def is_in(values: Values, value: Any) -> bool:
    """Whether the set has the value."""
    match value:
        case None | True | False:
            return {None: values.null, True: values.true, False: values.false}[value]
        case str():
            return values.texts.has(value)
        case int() | float():
            return values.numbers.has(value) if value == value else values.numbers == ANY
        case list():
            return values.array is not None and _is_in_arrays(values.array, cast("list[Any]", value))
        case _:
            return values.object is not None and _is_in_objects(values.object, value)


def _is_in_arrays(array: Array, value: list[Any]) -> bool:
    if array.items is not None:
        return len(array.items) == len(value) and all(map(is_in, array.items, value))
    each = array.each
    return each is None or all(is_in(each, item) for item in value)


def _is_in_objects(held: Object, value: Mapping[str, Any]) -> bool:
    if held.exact:
        return value.keys() == held.fields.keys() and all(
            is_in(held.fields[name], value[name]) for name in value
        )
    names = held.fields.keys() | value.keys()
    return all(is_in(held.get(name), value.get(name)) for name in names)


class Failed:
    """What a part finds that raises an error."""


class _Tracing(Stepwise):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[int, list[Any]] = {}

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        values = self.found.setdefault(id(node), [])
        values.append(Failed)
        at = len(values) - 1
        values[at] = super().visit(node, *args, **kwargs)
        return values[at]


def traced(ast: Mapping[str, Any], data: Any) -> dict[int, list[Any]]:
    """What each part that is reached finds, by the ``id`` of its node."""
    tracing = _Tracing()
    with suppress(Exception):  # the parts say which of them failed
        tracing.visit(ast, data)
    return tracing.found

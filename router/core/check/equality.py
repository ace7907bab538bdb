"""Which values are equal, as ``jmespath`` takes it; sets of so few that each can be looked at."""

from typing import Any, cast

from router.core.check.lines import just
from router.core.check.values import Array, Object, Values, met


def as_python(values: Values) -> Values:
    """With what Python takes for equal: inside of arrays 0 and 1 equal false and true."""
    numbers = [number for number, is_in in ((0, values.false), (1, values.true)) if is_in]
    return values._replace(
        numbers=values.numbers.joined(just(*numbers)),
        true=values.true or values.numbers.has(1),
        false=values.false or values.numbers.has(0),
    )


def may_equal(one: Values, other: Values) -> bool:
    """Whether some value of the one equals some value of the other."""
    both = met(one, other)
    if both.array and one.array and other.array and not _may_equal_arrays(one.array, other.array):
        both = both._replace(array=None)
    return bool(both)


def _may_equal_arrays(one: Array, other: Array) -> bool:
    if one.items is None or other.items is None:
        return True
    return len(one.items) == len(other.items) and all(
        may_equal(as_python(left), as_python(right))
        for left, right in zip(one.items, other.items, strict=True)
    )


def are_equal(one: Any, other: Any) -> bool:
    """Whether ``jmespath`` takes two values for equal."""
    is_mixed = isinstance(one, bool) != isinstance(other, bool)
    return one == other and not is_mixed


#: The most values that are looked at one by one.
_MOST = 64


def listed(values: Values) -> list[Any] | None:
    """All values, if they are few."""
    if values.numbers.only is None or values.texts.only is None:
        return None
    if len(values.numbers.only) + len(values.texts.only) > _MOST:
        return None
    parts: list[Any] = [*values.numbers.only, *values.texts.only]
    parts += [
        word for word, is_in in ((None, values.null), (True, values.true), (False, values.false)) if is_in
    ]
    for held, read in ((values.array, _only_array), (values.object, _only_object)):
        if held is not None:
            found = read(cast(Any, held))
            if found is None:
                return None
            parts.append(found)
    return parts


def only(values: Values) -> tuple[Any] | None:
    """The one value of the set; None if there are more, or none."""
    found = listed(values)
    return (found[0],) if found and len(found) == 1 else None


def _only_array(array: Array) -> list[Any] | None:
    if array.items is None:
        return None
    found = [only(item) for item in array.items]
    return None if None in found else [one[0] for one in found if one]


def _only_object(held: Object) -> dict[str, Any] | None:
    if not held.exact:
        return None
    found = {name: only(inner) for name, inner in held.fields.items()}
    return None if None in found.values() else {name: one[0] for name, one in found.items() if one}

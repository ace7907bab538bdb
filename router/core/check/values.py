"""Sets of JSON values, as far as filters can tell them apart: what a field may hold, what a filter may find.

A set is never too small: what cannot be said is in it. A field that is missing is null.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from router.core.check.lines import ANY, NOTHING, Line, just


class Array(NamedTuple):
    """Arrays.

    Args:
        items: what each place holds, when their number is known.
        each: what any place may hold; None for anything.
    """

    items: "tuple[Values, ...] | None"
    each: "Values | None" = None


class Object(NamedTuple):
    """Objects.

    Args:
        fields: what each may hold.
        rest: what any other field may hold; None for anything.
        exact: the fields are all there, and no others.
        closed: naming any other field is a mistake (though one may come).
    """

    fields: "Mapping[str, Values]"
    rest: "Values | None" = None
    exact: bool = False
    closed: bool = False

    @property
    def may_be_empty(self) -> bool:
        """Whether one of them has no fields; then it is false-like."""
        return not self.fields if self.exact else all(inner.null for inner in self.fields.values())

    def get(self, name: str) -> "Values":
        """What a field may hold."""
        found = self.fields.get(name, self.rest)
        return ANYTHING if found is None else found


class Values(NamedTuple):
    """A set of JSON values, by their types."""

    null: bool = False
    true: bool = False
    false: bool = False
    numbers: Line = NOTHING
    texts: Line = NOTHING
    array: Array | None = None
    object: Object | None = None

    def __bool__(self) -> bool:
        """Whether there is any value in it."""
        return self != EMPTY

    @property
    def may_hold(self) -> bool:
        """Whether some value is true-like in JMESPath."""
        if self.true or self.numbers:
            return True
        if self.texts and self.texts.only != _EMPTY_TEXT:
            return True
        array, held = self.array, self.object
        return (array is not None and array.items != ()) or (
            held is not None and not (held.exact and not held.fields)
        )

    @property
    def may_not_hold(self) -> bool:
        """Whether some value is false-like in JMESPath."""
        if self.null or self.false or self.texts.has(""):
            return True
        array, held = self.array, self.object
        return (array is not None and not array.items) or (held is not None and held.may_be_empty)

    @property
    def types(self) -> frozenset[str]:
        """JMESPath's names of the types that are in it."""
        parts = {
            "null": self.null,
            "boolean": self.true or self.false,
            "number": self.numbers,
            "string": self.texts,
            "array": self.array,
            "object": self.object,
        }
        return frozenset(name for name, part in parts.items() if part)

    def is_only(self, name: str) -> bool:
        """Whether all are of this type."""
        return self.types == frozenset([name])

    @property
    def is_open(self) -> bool:
        """Whether it may be of about any type: then nobody has said what it is."""
        return bool(self.numbers and self.texts and self.array and self.object)

    def get(self, name: str) -> "Values":
        """What a field holds in one of these; null in anything but an object."""
        if self.object is None:
            return NULL if self else EMPTY
        found = self.object.get(name)
        return found if self[:6] == EMPTY[:6] else joined(found, NULL)

    def of_types(self, names: frozenset[str]) -> "Values":
        """Those of these types."""
        return Values(
            self.null and "null" in names,
            self.true and "boolean" in names,
            self.false and "boolean" in names,
            self.numbers if "number" in names else NOTHING,
            self.texts if "string" in names else NOTHING,
            self.array if "array" in names else None,
            self.object if "object" in names else None,
        )

    def holding(self) -> "Values":
        """Those that are true-like."""
        held, array = self.object, self.array
        return Values(
            true=self.true,
            numbers=self.numbers,
            texts=self.texts.but("") if self.texts else NOTHING,
            array=None if array and array.items == () else array,
            object=None if held and held.exact and not held.fields else held,
        )

    def not_holding(self) -> "Values":
        """Those that are false-like."""
        held, array = self.object, self.array
        return Values(
            null=self.null,
            false=self.false,
            texts=just("") if self.texts.has("") else NOTHING,
            array=None if array is None or array.items else Array((), EMPTY),
            object=Object({}, NULL, exact=True) if held and held.may_be_empty else None,
        )


_EMPTY_TEXT = frozenset([""])
EMPTY = Values()
NULL = Values(null=True)
TRUE = Values(true=True)
FALSE = Values(false=True)
BOOLEAN = Values(true=True, false=True)
NUMBER = Values(numbers=ANY)
TEXT = Values(texts=ANY)
OBJECT = Values(object=Object({}))
ANYTHING = Values(True, True, True, ANY, ANY, Array(None), Object({}))


def constant(value: Any) -> Values:
    """The set of one value. ``NaN`` is among all numbers: it is equal to none, not even to itself."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, str):
        return Values(texts=just(value))
    if isinstance(value, int | float):
        return Values(numbers=just(value)) if value == value else NUMBER
    if isinstance(value, dict):
        fields = {name: constant(inner) for name, inner in cast("dict[str, Any]", value).items()}
        return Values(object=Object(fields, NULL, exact=True))
    return array_of(tuple(constant(inner) for inner in value))


def array_of(items: tuple[Values, ...]) -> Values:
    """The arrays with these places."""
    each = EMPTY
    for item in items:
        each = joined(each, item)
    return Values(array=Array(items, each))


def joined(one: Values, other: Values) -> Values:
    """What is in either, and perhaps more."""
    if one is other or not other:
        return one
    if not one:
        return other
    return Values(
        one.null or other.null,
        one.true or other.true,
        one.false or other.false,
        one.numbers.joined(other.numbers),
        one.texts.joined(other.texts),
        _joined_arrays(one.array, other.array),
        _joined_objects(one.object, other.object),
    )


def _joined_arrays(one: Array | None, other: Array | None) -> Array | None:
    if one is None or other is None or one is other:
        return one or other
    items = one.items if one.items == other.items else None
    return Array(items, None if one.each is None or other.each is None else joined(one.each, other.each))


def _joined_objects(one: Object | None, other: Object | None) -> Object | None:
    if one is None or other is None or one is other:
        return one or other
    names = one.fields.keys() | other.fields.keys()
    fields = {name: joined(one.get(name), other.get(name)) for name in names}
    rest = None if one.rest is None or other.rest is None else joined(one.rest, other.rest)
    is_exact = one.exact and other.exact and one.fields.keys() == other.fields.keys()
    return Object(fields, rest, is_exact, one.closed and other.closed)


def met(one: Values, other: Values) -> Values:
    """What is in both, and perhaps more of the first's arrays and objects."""
    return Values(
        one.null and other.null,
        one.true and other.true,
        one.false and other.false,
        one.numbers.met(other.numbers),
        one.texts.met(other.texts),
        one.array if other.array else None,
        one.object if other.object else None,
    )


def without(values: Values, value: Any) -> Values:
    """All but one value; arrays and objects stay."""
    if value is None:
        return values._replace(null=False)
    if isinstance(value, bool):
        return values._replace(true=False) if value else values._replace(false=False)
    if isinstance(value, str):
        return values._replace(texts=values.texts.but(value))
    return values._replace(numbers=values.numbers.but(value)) if isinstance(value, int | float) else values

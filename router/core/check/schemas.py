"""What events of another source can hold, by the JSON Schema that a user gives for it.

Read are ``type``, ``enum``, ``const``, ``properties``, ``required``, ``items``, ``minimum`` and its like,
``anyOf``, ``oneOf``, ``allOf`` and references within the schema; of what holds on a condition (``then``,
``dependentSchemas``) which fields it names. Whatever else a schema says only makes fewer values valid, but
for references that lead elsewhere: then anything may stand there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, cast

from router.core.check.kinds import Kind
from router.core.check.lines import End, Line
from router.core.check.values import (
    ANYTHING,
    BOOLEAN,
    EMPTY,
    NULL,
    TEXT,
    Array,
    Object,
    Values,
    constant,
    joined,
    met,
)

#: Schemas that are read, one within another; deeper there may be anything.
_DEEPEST = 24
_TYPES = ["null", "boolean", "number", "string", "array", "object"]
_BRANCHES = ("anyOf", "oneOf")
_CONDITIONAL = ("if", "then", "else")
_DEPENDENT = ("dependentSchemas", "dependencies")
_FURTHER = {"additionalProperties", "patternProperties", "unevaluatedProperties"}


def kind_of_schema(name: str, schema: Mapping[str, Any]) -> Kind:
    """The kind of event that a JSON Schema describes; it is called by the source's name."""
    root = _Schema(schema).values(schema, 0)
    return Kind(name, Values(object=root.object or Object({})))


def widened(kind: Kind, schema_kind: Kind) -> Kind:
    """The catalogue's kind with what a schema adds: its fields are known, its types are united."""
    held, added = kind.root.object, schema_kind.root.object
    if held is None or added is None:
        return kind
    fields = {
        name: joined(held.get(name), added.fields[name])
        if name in held.fields
        else joined(added.fields[name], NULL)
        for name in added.fields
    }
    is_closed = held.closed and (added.closed or not added.fields)
    united = held._replace(fields={**held.fields, **fields}, closed=is_closed)
    return replace(kind, root=Values(object=united))


class _Schema:
    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._whole = whole
        self._known: dict[str, Values] = {}

    def values(self, schema: Any, depth: int) -> Values:
        """What is valid by a schema, and perhaps more."""
        if schema is False:
            return EMPTY
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return ANYTHING
        given = cast("dict[str, Any]", schema)
        parts = [self._plain(given, depth)]
        if "$ref" in given:
            parts.append(self._referred(given["$ref"], depth))
        parts += [self.values(one, depth + 1) for one in _listed(given.get("allOf"))]
        parts += [self._any_of(given[name], depth) for name in _BRANCHES if _listed(given.get(name))]
        parts += [self._named(one, depth) for one in _on_condition(given)]
        found = reduce(_both, parts)
        return joined(found, NULL) if given.get("nullable") is True else found

    def _plain(self, schema: Mapping[str, Any], depth: int) -> Values:
        if "const" in schema:
            return constant(schema["const"])
        if "enum" in schema:
            found = EMPTY
            for value in _listed(schema["enum"]):
                found = joined(found, constant(value))
            return found
        names = schema.get("type", _TYPES)
        found = EMPTY
        for name in [names] if isinstance(names, str) else _listed(names):
            found = joined(found, self._of_type(name, schema, depth))
        return found

    def _of_type(self, name: Any, schema: Mapping[str, Any], depth: int) -> Values:
        if name in ("number", "integer"):
            return Values(numbers=_bounded(schema))
        if name == "array":
            return self._array(schema, depth)
        if name == "object":
            return self._object(schema, depth)
        known = {"null": NULL, "boolean": BOOLEAN, "string": TEXT}
        return known.get(name, ANYTHING) if isinstance(name, str) else ANYTHING

    def _array(self, schema: Mapping[str, Any], depth: int) -> Values:
        has_places = "prefixItems" in schema or isinstance(schema.get("items"), list)
        each = None if has_places or "items" not in schema else self.values(schema["items"], depth + 1)
        return Values(array=Array(None, each))

    def _object(self, schema: Mapping[str, Any], depth: int) -> Values:
        properties = schema.get("properties")
        if not isinstance(properties, dict):
            return Values(object=Object({}))
        required = _listed(schema.get("required"))
        fields = {
            name: self._field(inner, name in required, depth)
            for name, inner in cast("dict[str, Any]", properties).items()
        }
        # What is required comes, also where no more is said of it.
        fields |= {name: ANYTHING for name in required if isinstance(name, str) and name not in fields}
        return Values(object=Object(fields, closed=not _FURTHER & _allowing(schema)))

    def _named(self, schema: Any, depth: int) -> Values:
        """Anything, but the fields that a schema names are known: it may hold of an event, or not."""
        held = self.values(schema, depth + 1).object or Object({})
        return ANYTHING._replace(object=Object(dict.fromkeys(held.fields, ANYTHING), closed=held.closed))

    def _field(self, schema: Any, is_required: bool, depth: int) -> Values:
        found = self.values(schema, depth + 1)
        return found if is_required else joined(found, NULL)

    def _any_of(self, branches: Any, depth: int) -> Values:
        found = EMPTY
        for branch in _listed(branches):
            found = joined(found, self.values(branch, depth + 1))
        return found

    def _referred(self, reference: Any, depth: int) -> Values:
        """What a reference within the schema, ``#/$defs/order``, says."""
        if not isinstance(reference, str) or not (reference + "/").startswith("#/"):
            return ANYTHING
        if reference not in self._known:
            self._known[reference] = ANYTHING  # what refers to itself has no end
            self._known[reference] = self.values(self._found(reference), depth + 1)
        return self._known[reference]

    def _found(self, reference: str) -> Any:
        """What stands at a reference; True, which allows anything, where nothing does."""
        found: Any = self._whole
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or name not in found:
                return True
            found = cast("dict[str, Any]", found)[name]
        return found


def _on_condition(schema: Mapping[str, Any]) -> list[Any]:
    """The schemas in it that hold of some events alone."""
    dependent = [schema[name] for name in _DEPENDENT if isinstance(schema.get(name), dict)]
    inner = [one for named in dependent for one in cast("dict[str, Any]", named).values()]
    return [schema[name] for name in _CONDITIONAL if name in schema] + inner


def _allowing(schema: Mapping[str, Any]) -> set[str]:
    """The keys that stand in it and are not false: they allow something."""
    return {name for name, value in schema.items() if value is not False}


def _both(one: Values, other: Values) -> Values:
    """What is valid by two schemas, and perhaps more."""
    found = met(one, other)
    if not found.object or not one.object or not other.object:
        return found
    names = one.object.fields.keys() | other.object.fields.keys()
    fields = {name: _both(one.object.get(name), other.object.get(name)) for name in names}
    naming = [held.closed for held in (one.object, other.object) if held.fields]
    is_closed = bool(naming) and all(naming)
    return found._replace(object=Object(fields, closed=is_closed))


def _bounded(schema: Mapping[str, Any]) -> Line:
    low, high = _number(schema, "minimum"), _number(schema, "maximum")
    line = Line(None, low=End(low) if low is not None else None)
    line = line.met(Line(None, high=End(high))) if high is not None else line
    above, below = _number(schema, "exclusiveMinimum"), _number(schema, "exclusiveMaximum")
    line = line.met(Line(None, low=End(above, within=False))) if above is not None else line
    return line.met(Line(None, high=End(below, within=False))) if below is not None else line


def _number(schema: Mapping[str, Any], name: str) -> Any:
    value = schema.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None


def _listed(value: Any) -> Sequence[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else ()

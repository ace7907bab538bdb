"""As much of JSON Schema (draft 2020-12) as our schemas use; any other keyword is an error of the schema."""

import re
from collections.abc import Callable
from typing import Any

from router.config.yaml import listed, mapping

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
_REMARKS = {"$schema", "$defs", "title", "description", "default", "format", "writeOnly", "discriminator"}


def holds(schema: dict[str, Any], value: Any, root: dict[str, Any] | None = None) -> bool:
    """Whether the value is valid."""
    root = root or schema
    checks: dict[str, Callable[[Any], bool]] = {
        "$ref": lambda ref: holds(root["$defs"][ref.rpartition("/")[2]], value, root),
        "type": lambda name: isinstance(value, _TYPES[name]) and (name != "integer" or value is not True),
        "enum": lambda known: any(value == one and type(value) is type(one) for one in known),
        "const": lambda one: value == one,
        "pattern": lambda form: not isinstance(value, str) or re.search(form, value) is not None,
        "minLength": lambda least: not isinstance(value, str) or len(value) >= least,
        "minItems": lambda least: not isinstance(value, list) or len(listed(value)) >= least,
        "minimum": lambda least: not isinstance(value, int) or value >= least,
        "maximum": lambda most: not isinstance(value, int) or value <= most,
        "items": lambda item: all(holds(item, one, root) for one in listed(value)),
        "anyOf": lambda choices: any(holds(one, value, root) for one in choices),
        "oneOf": lambda choices: sum(holds(one, value, root) for one in choices) == 1,
        "required": lambda keys: not isinstance(value, dict) or all(key in value for key in keys),
    }
    assert schema.keys() <= checks.keys() | _REMARKS | _OBJECT, schema.keys()
    return all(check(schema[key]) for key, check in checks.items() if key in schema) and (
        not isinstance(value, dict) or _object(schema, mapping(value), root)
    )


_OBJECT = {"properties", "patternProperties", "additionalProperties"}


def _object(schema: dict[str, Any], value: dict[str, Any], root: dict[str, Any]) -> bool:
    for key, inner in value.items():
        known = [schema["properties"][key]] if key in schema.get("properties", {}) else []
        patterns = schema.get("patternProperties", {}).items()
        known += [one for form, one in patterns if re.search(form, key)]
        if not known:
            rest = schema.get("additionalProperties", True)
            if rest is False:
                return False
            known = [mapping(rest)]
        if not all(holds(one, inner, root) for one in known):
            return False
    return True

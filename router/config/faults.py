"""pydantic's errors as findings: with their place, in words of the files."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from router.config.yaml import Document, Way, listed, mapping
from router.errors import Finding

_WORDS = {
    "missing": "is missing",
    "string_type": "expected a text",
    "int_type": "expected a whole number",
    "bool_type": "expected true or false",
    "dict_type": "expected keys with values",
    "tuple_type": "expected a list",
    "model_type": "expected keys with values",
}


def findings_of(
    document: Document, error: ValidationError, way: Way, model: type[BaseModel]
) -> list[Finding]:
    """One finding for each fault; secrets' values are never shown."""
    return [
        _finding(document, fault, _way(document, (*way, *fault["loc"])), model)
        for fault in error.errors(include_url=False, include_context=False)
    ]


def _way(document: Document, loc: tuple[int | str, ...]) -> Way:
    """Without the names of union members that pydantic puts in between."""
    way: Way = ()
    value: Any = document.value
    for position, step in enumerate(loc):
        inside: dict[str | int, Any] = {**dict(enumerate(listed(value))), **mapping(value)}
        if step in inside or position == len(loc) - 1:
            way, value = (*way, step), inside.get(step)
    return way


def _finding(document: Document, fault: Any, way: Way, model: type[BaseModel]) -> Finding:
    name = ".".join(str(step) for step in way)
    match fault["type"]:
        case "extra_forbidden":
            return _unknown(document, way, model)
        case "missing":
            place, said, fix = document.place(way[:-1]), f"{way[-1]} is missing", ""
        case "literal_error" | "union_tag_invalid":
            place, said, fix = document.place(way), f"{name}: {_choice(fault)}", ""
        case "value_error":
            place, said, fix = (
                document.place(way),
                f"{name}: {fault['msg'].removeprefix('Value error, ')}",
                "",
            )
        case "string_pattern_mismatch" if fault["loc"][-1] in ("name", "[key]") or way[-1] == "name":
            place, said, fix = document.place(way), f"{name}: a name is kebab-case, such as job-failed", ""
        case "union_tag_not_found":
            place, said, fix = document.place(way), f"{name}: kind is missing", ""
        case other:
            place, said, fix = document.place(way), f"{name}: {_WORDS.get(other, fault['msg'])}", ""
    return Finding("Y010", "error", place, said, fix)


def _choice(fault: Any) -> str:
    if fault["type"] == "union_tag_invalid":
        tags = fault["msg"].partition("expected tags: ")[2]
        kind = mapping(fault["input"]).get("kind")
        return f"no kind is named {kind!r}; there are {tags}"
    expected = fault["msg"].removeprefix("Input should be ")
    return (
        f"expected {expected}, got {fault['input']!r}"
        if isinstance(fault["input"], str | bool | int)
        else (f"expected {expected}")
    )


def _unknown(document: Document, way: Way, model: type[BaseModel]) -> Finding:
    key = str(way[-1])
    near = difflib.get_close_matches(key, known_keys(model), 1, 0.6)
    fix = f"did you mean {near[0]}?" if near else ""
    return Finding("Y011", "error", document.key_place(way), f"unknown key {key}", fix)


def known_keys(model: type[BaseModel]) -> Iterable[str]:
    """Every key that a model and those inside it know, by its name in the file."""
    keys: dict[str, None] = {}
    for name, field in model.model_fields.items():
        keys[field.alias or name] = None
    for inner in _inner(model):
        keys |= dict.fromkeys(known_keys(inner))
    return list(keys)


def _inner(model: type[BaseModel]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []
    waiting: list[Any] = [field.annotation for field in model.model_fields.values()]
    while waiting:
        annotation = waiting.pop()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.append(annotation)
        waiting += get_args(annotation)
    return found


def not_yet(document: Document, way: Way, value: Any, keys: Iterable[str]) -> list[Finding]:
    """A finding for each key whose meaning comes with a later version."""
    present = [key for key in keys if isinstance(value, Mapping) and key in value]
    return [
        Finding("Y012", "error", document.key_place((*way, key)), f"{key} is not yet supported", "remove it")
        for key in present
    ]

"""pydantic's errors as findings: with their place, in words of the files."""

import difflib
import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from router.config.yaml import Document, Way, listed, mapping
from router.errors import Finding

_EXPECTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "tuple_type": "a list",
}


def findings_of(
    document: Document, error: ValidationError, way: Way, model: type[BaseModel], subject: str = ""
) -> None:
    """Adds a finding for each fault that has none yet. What stands for a secret is never shown.

    Args:
        way: where the value that was validated stands; what has a fault counts as broken then.
        subject: what a message begins with, such as ``rule job-failed``.
    """
    faults = [_Fault(document, fault, way, model, subject) for fault in error.errors(include_url=False)]
    new = [fault for fault in faults if not fault.is_known]
    document.findings += [fault.finding() for fault in new]
    document.broken |= {fault.way for fault in new}


class _Fault:
    """One of pydantic's errors.

    ``way`` is its location without what is in no file: the tags of unions, ``[key]``.
    """

    def __init__(
        self, document: Document, fault: Any, base: Way, model: type[BaseModel], subject: str
    ) -> None:
        self._document = document
        self._fault = fault
        self._subject = subject
        self._base = base
        inner, self._models = _walked(model, fault["loc"])
        self.way = (*base, *inner)
        self._of_key = fault["loc"][-1:] == ("[key]",)

    @property
    def is_known(self) -> bool:
        """Whether the value, or what it stands in, has a finding already."""
        if self._fault["type"] == "too_short" and _at(self._document.value, self.way):
            return True  # pydantic counts only the parts that have no fault
        return any(self.way[:length] in self._document.broken for length in range(len(self.way) + 1))

    def finding(self) -> Finding:
        match self._fault["type"]:
            case "extra_forbidden":
                return self._unknown()
            case "missing" | "union_tag_not_found":
                return self._missing()
            case "literal_error":
                return self._no_choice(self.way, self._fault["ctx"]["expected"])
            case "union_tag_invalid":
                return self._no_choice((*self.way, "kind"), self._fault["ctx"]["expected_tags"])
            case kind:
                return self._said(self.way, *self._wrong(kind))

    def _said(self, way: Way, message: str, fix: str = "", code: str = "Y010") -> Finding:
        place = self._document.key_place(way) if self._of_key else self._document.place(way)
        dotted = ".".join(str(step) for step in way[len(self._base) :])
        start = ": ".join(part for part in (self._subject, dotted) if part)
        return Finding(code, "error", place, f"{start}: {message}" if start else message, fix)

    def _unknown(self) -> Finding:
        key, known = str(self.way[-1]), list(_keys(self._models))
        said = f"unknown key {key}"
        message = f"{self._subject}: {said}" if self._subject else said
        return Finding("Y011", "error", self._document.key_place(self.way), message, near(key, known))

    def _missing(self) -> Finding:
        whole = self.way if self._fault["type"] != "missing" else self.way[:-1]
        key = "kind" if self._fault["type"] != "missing" else self.way[-1]
        return self._said(whole, f"{key} is missing")

    def _no_choice(self, way: Way, expected: str) -> Finding:
        choices = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
        given = _at(self._document.value, way)
        said = f"expected {' or '.join(choices)}, got {_shown(given)}"
        near_to = difflib.get_close_matches(str(given), choices, 1)
        return self._said(way, said, f"did you mean {near_to[0]}?" if near_to else "")

    def _wrong(self, kind: str) -> tuple[str, str]:
        given = self.way[-1] if self._of_key else _at(self._document.value, self.way)
        context = self._fault.get("ctx", {})
        match kind:
            case "string_type" if isinstance(given, bool | int | float):
                return "expected a text, got " + _kind(given), "put it in quotes"
            case "tuple_type" if isinstance(given, str):
                return "expected a list, got a text", "put it in brackets: […]"
            case "value_error":
                said = str(context["error"])
                return (f"{said}, got {_shown(given)}" if said.startswith("expected") else said), ""
            case "greater_than_equal" | "less_than_equal":
                bound = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
                return f"expected {bound}, got {_shown(given)}", ""
            case "too_short" | "string_too_short":
                return "it is empty", ""
            case other:
                return f"expected {_EXPECTED.get(other, self._fault['msg'])}, got {_kind(given)}", ""


def near(name: str, known: Iterable[str]) -> str:
    """What to write instead of a name that nobody knows."""
    names = sorted(known)
    found = difflib.get_close_matches(name, names, 1, 0.6)
    if found:
        return f"did you mean {found[0]}?"
    return f"there is {', '.join(names)}" if names else "there is none"


def _kind(value: Any) -> str:
    """What a value is, without showing it: it may be a secret in the wrong place."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "keys with values"
        case list():
            return "a list"
        case str():
            return "a text"
        case bool():
            return "true or false"
        case _:
            return "a number"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:60] + "…")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else _kind(value)


def _at(value: Any, way: Way) -> Any:
    """What stands there in the file: references, not what they stand for."""
    for step in way:
        inside: dict[str | int, Any] = {**dict(enumerate(listed(value))), **mapping(value)}
        value = inside.get(step)
    return value


# The models along a location


def _walked(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[Way, list[Any]]:
    """The steps of a location that are in the file, and the types that the last one is looked up in."""
    way: Way = ()
    inside: list[Any] = []
    at: list[Any] = [model]
    for step in loc:
        if step == "[key]":
            break
        tagged = [option for option in at if _has_tag(option, step)]
        if len(at) > 1 and tagged:
            at = tagged
            continue
        way, inside = (*way, step), at
        at = [part for option in at for part in _inner(option, step)]
    return way, inside


def _has_tag(option: Any, tag: Any) -> bool:
    kind = option.model_fields.get("kind") if _is_model(option) else None
    return kind is not None and tag in get_args(kind.annotation)


def _is_model(option: Any) -> bool:
    return isinstance(option, type) and issubclass(option, BaseModel)


def _inner(option: Any, step: int | str) -> list[Any]:
    if _is_model(option):
        found = [f.annotation for name, f in option.model_fields.items() if (f.alias or name) == step]
        return _options(found[0]) if found else []
    arguments = get_args(option)
    return _options(arguments[-1 if get_origin(option) is dict else 0]) if arguments else []


def _options(annotation: Any) -> list[Any]:
    """A type without what wraps it: the members of a union, or itself."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _options(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [option for member in get_args(annotation) for option in _options(member)]
    return [] if origin is Literal else [annotation]


def _keys(models: Iterable[Any]) -> Iterable[str]:
    for model in models:
        if _is_model(model):
            yield from (field.alias or name for name, field in model.model_fields.items())

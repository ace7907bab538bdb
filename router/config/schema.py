"""JSON Schemas of both files, for editors; made from the models that read them."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from router.config import later
from router.config.rules import RuleFile
from router.config.settings import Settings
from router.config.units import spoken
from router.config.yaml import listed, mapping

Schema = dict[str, Any]

_REFERENCE: Schema = {
    "title": "Reference",
    "description": "A value of the environment or of a file.",
    "type": "string",
    "pattern": r"\$\{(env|file):[^}]+\}",
}


def schemas() -> dict[str, Schema]:
    """The schemas by name: ``router`` and ``rules``. What a later version will know is not in them."""
    router = _schema(Settings, "router.yaml of alert-router")
    _refuse_later(router)
    _allow_references(router)
    rules = _schema(RuleFile, "A rule file of alert-router")
    return {"router": _tidy(router), "rules": _tidy(rules)}


def _schema(model: type[BaseModel], title: str) -> Schema:
    made = model.model_json_schema(by_alias=True)
    _speak(made)
    return {"$schema": GenerateJsonSchema.schema_dialect} | made | {"title": title}


def _refuse_later(schema: Schema) -> None:
    for way, works in later.SETTINGS.items():
        *outer, key = way.split(".")
        for part in _parts(schema, schema, outer):
            _narrow(part, key, works)


def _parts(schema: Schema, at: Schema, way: list[str]) -> list[Schema]:
    """The schemas that hold for what stands there: several behind a choice."""
    if "$ref" in at:
        return _parts(schema, schema["$defs"][at["$ref"].rpartition("/")[2]], way)
    choices = [*listed(at.get("anyOf")), *listed(at.get("oneOf"))]
    if choices and "properties" not in at:
        return [part for choice in choices for part in _parts(schema, choice, way)]
    if not way:
        return [at] if "properties" in at else []
    inner = at.get("patternProperties") if way[0] == "*" else mapping(at.get("properties"))
    return [
        part
        for key, value in mapping(inner).items()
        if way[0] in ("*", key)
        for part in _parts(schema, value, way[1:])
    ]


def _narrow(schema: Schema, key: str, works: tuple[Any, ...]) -> None:
    """Leaves of a key only what works in this version."""
    known = mapping(schema.get("properties"))
    if works and key in known:
        said = mapping(known[key]).get("description", "")
        known[key] = {"description": f"{said} In this version only {works[0]}.", "enum": list(works)}
    else:
        known.pop(key, None)


def _nodes(schema: Any) -> Iterator[Schema]:
    """Every schema within a schema, itself first."""
    if isinstance(schema, dict):
        node = mapping(schema)
        yield node
        for inner in node.values():
            yield from _nodes(inner)
    for inner in listed(schema):
        yield from _nodes(inner)


def _speak(schema: Schema) -> None:
    """Without what says nothing; defaults as a file would say them, not in microseconds."""
    for node in _nodes(schema):
        if "patternProperties" in node:
            node["additionalProperties"] = False
        for key in mapping(node.get("properties")).values():
            key.pop("title", None)
            if key.get("default", 0) in (None, {}, []):
                del key["default"]
            forms = [key, *(mapping(choice) for choice in listed(key.get("anyOf")))]
            if type(key.get("default")) is int and any(form.get("type") == "string" for form in forms):
                key["default"] = spoken(key["default"])


def _allow_references(schema: Schema) -> None:
    """``${env:NAME}`` may stand for any single value of router.yaml."""
    for node in list(_nodes(schema)):
        for key, value in mapping(node.get("properties")).items():
            form = mapping(value)
            if form.get("type") in ("integer", "boolean") or "pattern" in form or "enum" in form:
                told = {name: form.pop(name) for name in ("description", "default") if name in form}
                node["properties"][key] = {"anyOf": [form, {"$ref": "#/$defs/Reference"}]} | told
            elif "anyOf" in form:
                form["anyOf"].append({"$ref": "#/$defs/Reference"})
    schema["$defs"]["Reference"] = _REFERENCE


def _tidy(schema: Schema) -> Schema:
    """Without definitions that nothing names any more."""
    while True:
        named = {str(node["$ref"]).rpartition("/")[2] for node in _nodes(schema) if "$ref" in node}
        gone = [name for name in schema["$defs"] if name not in named]
        if not gone:
            return schema
        for name in gone:
            del schema["$defs"][name]

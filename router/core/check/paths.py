"""Chains of fields, ``Job.State``: which they are, and a scope in which one holds something."""

from collections.abc import Mapping
from typing import Any

from router.core.check.values import EMPTY, Values

Node = Mapping[str, Any]
Path = tuple[str, ...]


def parts_of(node: Node) -> list[Node]:
    """The expressions that a part is made of."""
    children: list[Any] = node["children"]
    return [child for child in children if isinstance(child, dict)]


def path_of(node: Node) -> Path | None:
    """The names of a chain of fields; None for anything else. ``@`` is an empty chain."""
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] == "current":
        return ()
    if node["type"] != "subexpression":
        return None
    paths = [path_of(child) for child in node["children"]]
    return None if None in paths else tuple(name for path in paths for name in path or ())


def at(scope: Values, path: Path) -> Values:
    """What may stand there."""
    for name in path:
        scope = scope.get(name)
    return scope


def put(scope: Values, path: Path, found: Values) -> Values:
    """The scope where the chain holds one of the values found; empty where that cannot be."""
    if not found or not path:
        return found
    name, rest = path[0], path[1:]
    inner = put(scope.get(name), rest, found)
    if not inner:
        return EMPTY
    held = scope.object
    if held is not None and not (held.exact and name not in held.fields):
        held = held._replace(fields={**held.fields, name: inner})
    return scope._replace(object=held) if inner.null else Values(object=held)

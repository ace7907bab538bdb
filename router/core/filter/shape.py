"""The shape of an expression: its tree with the literals taken out, so that code is made once a shape.

``Event == 'a' && JobName == 'b'`` and ``Event == 'c' && JobName == 'd'`` have one shape and the
literals ``('a', 'b')`` and ``('c', 'd')``.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, cast

Kind = Literal["text", "number", "zero_or_one", "true", "false", "null", "array", "object"]

#: Literals up to this weight count as this much, whatever they are: they do not tell shapes apart.
SMALL = 16


class Node(NamedTuple):
    """A node of the tree; ``type`` as ``jmespath`` names it.

    Args:
        value: a name, an index, a comparator …; a slice's three parts; a :class:`Hole` for literals.
    """

    type: str
    value: Any
    children: tuple["Node", ...]


class Hole(NamedTuple):
    """Where a literal stood.

    Args:
        at: its place in the literals.
        weight: at least its weight, see :func:`weight`.
    """

    at: int
    kind: Kind
    weight: int


def shape_of(ast: Mapping[str, Any]) -> tuple[Node, tuple[Any, ...]]:
    """The tree without its literals, and the literals.

    A list of literals, ``['a', 'b']``, is one literal: its node has the type ``literal_list``.
    """
    literals: list[Any] = []
    return _node(ast, literals), tuple(literals)


def _node(ast: Mapping[str, Any], literals: list[Any]) -> Node:
    kind, children = ast["type"], ast["children"]
    if kind == "literal":
        return Node("literal", _hole(ast["value"], literals), ())
    if kind == "slice":
        return Node(kind, tuple(children), ())
    if kind == "multi_select_list" and all(child["type"] == "literal" for child in children):
        return Node("literal_list", _hole([child["value"] for child in children], literals), ())
    return Node(kind, ast.get("value"), tuple([_node(child, literals) for child in children]))


def _hole(literal: Any, literals: list[Any]) -> Hole:
    literals.append(sys.intern(literal) if isinstance(literal, str) else literal)
    heavy = weight(literal)
    return Hole(len(literals) - 1, kind_of(literal), SMALL if heavy <= SMALL else heavy)


def ast_of(node: Node, literals: tuple[Any, ...]) -> dict[str, Any]:
    """The tree as ``jmespath`` parsed it, its literals put back."""
    children = [ast_of(child, literals) for child in node.children]
    match node.type:
        case "literal":
            return _literal(literals[node.value.at])
        case "literal_list":
            listed = [_literal(literal) for literal in literals[node.value.at]]
            return {"type": "multi_select_list", "children": listed}
        case "slice":
            return {"type": "slice", "children": list(node.value)}
        case _:
            value = {} if node.value is None else {"value": node.value}
            return {"type": node.type, "children": children, **value}


def _literal(literal: Any) -> dict[str, Any]:
    return {"type": "literal", "value": literal, "children": []}


def kind_of(literal: Any) -> Kind:
    """What a literal is, as far as comparisons care: 0 and 1 are equal to false and true in Python."""
    if literal is None:
        return "null"
    if isinstance(literal, bool):
        return "true" if literal else "false"
    if isinstance(literal, str):
        return "text"
    if isinstance(literal, list):
        return "array"
    if isinstance(literal, dict):
        return "object"
    return "zero_or_one" if literal in (0, 1) else "number"


def weight(value: Any, limit: int = 1 << 62) -> int:
    """How much work it is to walk over a value: one for each part, and one for every 32 letters of a text.

    Stops counting beyond the limit, so that what is small in memory and vast to walk is weighed in time.
    """
    total, waiting = 0, [value]
    while waiting and total <= limit:
        part = waiting.pop()
        total += 1
        if isinstance(part, str):
            total += len(part) // 32
        elif isinstance(part, list | tuple):
            waiting += cast("list[Any]", part)
        elif isinstance(part, dict):
            waiting += _items(cast("dict[Any, Any]", part))
    return total


def _items(mapping: dict[Any, Any]) -> Iterator[Any]:
    yield from mapping
    yield from mapping.values()

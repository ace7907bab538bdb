"""A parsed expression as text again: the same expression, written plainly."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from jmespath.lexer import Lexer

Node = Mapping[str, Any]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
#: What binds weaker than a comparison, and so stands in parentheses inside another expression.
_WEAK = frozenset({"and_expression", "or_expression", "comparator", "pipe", "not_expression", "expref"})


#: What would take in whatever follows it.
_PROJECTIONS = frozenset({"projection", "value_projection", "filter_projection"})
#: What ``!`` takes without parentheses.
_SIMPLE = frozenset({"field", "literal", "function_expression", "current"})


def text_of(node: Node) -> str:
    """The expression of a node of ``jmespath``'s tree; parsed, it gives the same tree."""
    return _WRITERS[node["type"]](node)


def _children(node: Node) -> list[Node]:
    return node["children"]


def _in_parentheses(node: Node) -> str:
    return f"({text_of(node)})" if node["type"] in _WEAK else text_of(node)


def _field(node: Node) -> str:
    name = node["value"]
    return name if needs_no_quotes(name) and not node.get("quoted") else json.dumps(name, ensure_ascii=False)


def needs_no_quotes(name: str) -> bool:
    """Whether the name of a field can stand as it is."""
    return _PLAIN_NAME.fullmatch(name) is not None


def quoted_names(text: str) -> frozenset[str]:
    """The names that an expression has in double quotes: its tree does not say."""
    if '"' not in text:
        return frozenset()
    return frozenset(one["value"] for one in Lexer().tokenize(text) if one["type"] == "quoted_identifier")


def with_quotes(node: Node, names: frozenset[str]) -> Node:
    """The tree with these fields marked, so that they are written in quotes as they were."""
    if not names:
        return node
    held: list[Any] = node["children"]
    children = [with_quotes(cast("Node", one), names) if isinstance(one, dict) else one for one in held]
    is_quoted = node["type"] == "field" and node["value"] in names
    return {**node, "children": children, **({"quoted": True} if is_quoted else {})}


def _literal(node: Node) -> str:
    value = node["value"]
    if isinstance(value, str) and "\\" not in value and value.isprintable():
        return "'" + value.replace("'", "\\'") + "'"
    return "`" + json.dumps(value, ensure_ascii=False).replace("`", "\\`") + "`"


def _joined(mark: str) -> Callable[[Node], str]:
    return lambda node: f" {mark} ".join(_in_parentheses(child) for child in _children(node))


def _comparator(node: Node) -> str:
    left, right = _children(node)
    return f"{_in_parentheses(left)} {_COMPARED[node['value']]} {_in_parentheses(right)}"


def _negated(node: Node) -> str:
    return f"!{text_of(node)}" if node["type"] in _SIMPLE else f"!({text_of(node)})"


def _call(node: Node) -> str:
    return f"{node['value']}({', '.join(text_of(child) for child in _children(node))})"


def _left(node: Node) -> str:
    """An operand that something follows."""
    return f"({text_of(node)})" if node["type"] in _WEAK | _PROJECTIONS else text_of(node)


def _after(left: Node, right: str) -> str:
    """Something that follows a dot or a bracket: nothing stands before it at the beginning."""
    if left["type"] == "identity":
        return right
    # a.b[0] is a.(b[0]).
    return (f"({text_of(left)})" if left["type"] == "subexpression" else _left(left)) + right


def _begins_bare(node: Node) -> bool:
    """Whether its leftmost part is a bracket on what is projected, not a list of its own."""
    while node["type"] in _PROJECTIONS | {"subexpression", "index_expression", "flatten"}:
        node = _children(node)[0]
    return node["type"] == "identity"


def _subexpression(node: Node) -> str:
    first, *rest = _children(node)
    return ".".join([_left(first), *map(text_of, rest)])


def _index_expression(node: Node) -> str:
    left, *rest = _children(node)
    return _after(left, "".join(text_of(child) for child in rest))


def _slice(node: Node) -> str:
    start, stop, step = ("" if part is None else str(part) for part in node["children"])
    return f"[{start}:{stop}:{step}]" if step else f"[{start}:{stop}]"


def _projection(node: Node) -> str:
    left, right = _children(node)
    star = "" if left["type"] == "flatten" or _is_sliced(left) else "[*]"
    written = _after(left, star) if star else text_of(left)
    return _followed(written, right)


def _is_sliced(node: Node) -> bool:
    return node["type"] == "index_expression" and _children(node)[-1]["type"] == "slice"


def _followed(written: str, right: Node) -> str:
    if right["type"] == "identity":
        return written
    text = text_of(right)
    return f"{written}{text}" if text.startswith("[") and _begins_bare(right) else f"{written}.{text}"


def _flatten(node: Node) -> str:
    return _after(_children(node)[0], "[]")


def _value_projection(node: Node) -> str:
    left, right = _children(node)
    written = "*" if left["type"] == "identity" else f"{_left(left)}.*"
    return _followed(written, right)


def _filter_projection(node: Node) -> str:
    left, right, condition = _children(node)
    return _followed(_after(left, f"[?{text_of(condition)}]"), right)


_WRITERS: dict[str, Callable[[Node], str]] = {
    "field": _field,
    "literal": _literal,
    "comparator": _comparator,
    "and_expression": _joined("&&"),
    "or_expression": _joined("||"),
    "not_expression": lambda node: _negated(_children(node)[0]),
    "pipe": _joined("|"),
    "function_expression": _call,
    "expref": lambda node: f"&{_in_parentheses(_children(node)[0])}",
    "current": lambda node: "@",
    "identity": lambda node: "@",
    "subexpression": _subexpression,
    "index_expression": _index_expression,
    "index": lambda node: f"[{node['value']}]",
    "slice": _slice,
    "projection": _projection,
    "flatten": _flatten,
    "value_projection": _value_projection,
    "filter_projection": _filter_projection,
    "multi_select_list": lambda node: f"[{', '.join(text_of(child) for child in _children(node))}]",
    "multi_select_dict": lambda node: "{" + ", ".join(text_of(child) for child in _children(node)) + "}",
    "key_val_pair": lambda node: f"{_field(node)}: {text_of(_children(node)[0])}",
}

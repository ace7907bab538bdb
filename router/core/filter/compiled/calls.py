"""Function calls: the quick way where the arguments have the types that the function wants.

With any other argument ``jmespath``'s own ``call`` runs, and raises what it raises:
``(t1.startswith(p0) if (t1 := fields.get('JobName')).__class__ is str else call('starts_with', [t1, p0]))``.
"""

from typing import Any, NamedTuple, cast

from router.core.filter.compiled.scope import Code, Scope
from router.core.filter.functions import FUNCTIONS
from router.core.filter.shape import Kind, Node

#: Written in place; all others are called by name.
_IN_PLACE = {
    "abs": "abs({0})",
    "contains": "{1} in {0}",
    "ends_with": "{0}.endswith({1})",
    "keys": "list({0})",
    "length": "len({0})",
    "starts_with": "{0}.startswith({1})",
    "values": "list({0}.values())",
}

#: Their results are never numbers.
_PLAIN = {
    *("contains", "ends_with", "glob", "join", "keys", "lower", "map", "matches", "merge", "reverse"),
    *("sort", "sort_by", "starts_with", "to_array", "to_string", "type", "upper", "values"),
}

_CLASSES = {
    "string": ("str",),
    "number": ("int", "float"),
    "boolean": ("bool",),
    "array": ("list",),
    "object": ("dict",),
}
_LITERAL_TYPES: dict[Kind, str] = {
    "text": "string",
    "number": "number",
    "zero_or_one": "number",
    "true": "boolean",
    "false": "boolean",
    "null": "null",
    "array": "array",
    "object": "object",
}


def call(scope: Scope, node: Node, current: str) -> Code:
    """A function on what its arguments find."""
    if not current.isidentifier():
        name, bound = scope.bound(current)
        code = call(scope, node, name)
        return Code(f"({bound}, {code.text})[1]", code.plain)
    if node.value == "map" and [child.type for child in node.children[:-1]] == ["expref"]:
        return _mapped(scope, node, current)
    types = _types(node)
    if types is None or not any(types):
        arguments = ", ".join(scope.value(child, current).text for child in node.children)
        text = f"call({node.value!r}, [{arguments}])" if types is None else f"do_{node.value}({arguments})"
    else:
        pairs = zip(node.children, types, strict=True)
        text = _checked(node.value, [_argument(scope, child, current, wanted) for child, wanted in pairs])
    return Code(text, plain=node.value in _PLAIN)


def expression(scope: Scope, node: Node, current: str) -> Code:
    """``&name``: a function of its own."""
    text = f"expression({scope.program.function(node.children[0])})"
    return Code(text if current.isidentifier() else f"({current}, {text})[1]", plain=True)


def _mapped(scope: Scope, node: Node, current: str) -> Code:
    """``map(&a, b)``: ``([… for e2 in t1] if (t1 := …).__class__ is list else call('map', …))``."""
    expref, array = node.children
    name, bound = scope.bound(scope.value(array, current).text)
    element = scope.program.name("e")
    each = scope.value(expref.children[0], element).text
    refused = f"call('map', [expression(None), {name}])"
    return Code(f"([{each} for {element} in {name}] if {bound}.__class__ is list else {refused})", plain=True)


def _types(node: Node) -> list[list[str]] | None:
    """The types that each argument may have (none: any), or None when ``call`` must look at them."""
    spec = cast("dict[str, Any]", FUNCTIONS.FUNCTION_TABLE).get(node.value)
    if spec is None:
        return None
    wanted = [cast("list[str]", argument["types"]) for argument in spec["signature"]]
    variadic, given = bool(spec["signature"][-1].get("variadic")), len(node.children)
    if given < len(wanted) or (given > len(wanted) and not variadic):
        return None
    if any("-" in word or word == "expref" for types in wanted for word in types):
        return None
    if any(
        types and _literal_type(node.children[at]) not in (None, *types) for at, types in enumerate(wanted)
    ):
        return None
    return wanted + [[]] * (given - len(wanted))


def _literal_type(node: Node) -> str | None:
    return _LITERAL_TYPES[node.value.kind] if node.type == "literal" else None


class _Argument(NamedTuple):
    """An argument that is needed in several places.

    Args:
        name: what the quick way uses.
        given: what ``call`` is given.
        first: its code where it is evaluated; the same as ``name`` when that costs nothing.
        check: whether it has a type that the function wants, ``{}`` for its first use; empty when known.
    """

    name: str
    given: str
    first: str
    check: str


def _argument(scope: Scope, node: Node, current: str, types: list[str]) -> _Argument:
    text = scope.value(node, current).text
    if node.type == "literal":
        return _Argument(text, text, text, "")
    if node.type == "literal_list" and "array" in types:
        name = f"p{node.value.at}"
        return _Argument(name, text, name, f"{current} is not None")
    name, first = scope.bound(text)
    return _Argument(name, name, first, _check(name, types))


def _check(name: str, types: list[str]) -> str:
    classes = [f"__class__ is {python}" for word in types for python in _CLASSES.get(word, ())]
    checks = [f"{name}.{check}" for check in classes] + ([f"{name} is None"] if "null" in types else [])
    if not checks:
        return ""
    checks[0] = checks[0].replace(name, "{}", 1)
    return checks[0] if len(checks) == 1 else f"({' or '.join(checks)})"


def _checked(word: str, arguments: list[_Argument]) -> str:
    names = [argument.name for argument in arguments]
    quick = _IN_PLACE.get(word, f"do_{word}({', '.join(names)})").format(*names)
    checked = [argument for argument in arguments if argument.check]
    bound = [argument for argument in arguments if argument.first != argument.name]
    inside = bound if len(bound) == 1 and bound == checked[:1] else []
    text = f"({quick})"
    if checked:
        checks = [
            argument.check.format(argument.first if argument in inside else argument.name)
            for argument in checked
        ]
        given = ", ".join(argument.given for argument in arguments)
        text = f"({quick} if {' and '.join(checks)} else call({word!r}, [{given}]))"
    if not bound or inside:
        return text
    return f"({', '.join(argument.first for argument in bound)}, {text})[{len(bound)}]"

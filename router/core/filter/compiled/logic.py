"""``&&``, ``||``, ``!`` as values, and the comparators."""

from router.core.filter.compiled.scope import Code, Scope, jmespath_truth
from router.core.filter.shape import Kind, Node

_SIGNS = {"eq": "==", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def both(scope: Scope, node: Node, current: str) -> Code:
    """``&&``: the left value where that is not true, else the right one."""
    name, first = scope.bound(current)
    left, right = scope.value(node.children[0], name), scope.value(node.children[1], name)
    if left.plain:
        return _after(first, name, Code(f"({left.text} and {right.text})", right.plain))
    kept, bound = scope.bound(left.text)
    text = f"({right.text} if {jmespath_truth(kept, bound)} else {kept})"
    return _after(first, name, Code(text, right.plain))


def either(scope: Scope, node: Node, current: str) -> Code:
    """``||``: the left value where that is true, else the right one."""
    name, first = scope.bound(current)
    left, right = scope.value(node.children[0], name), scope.value(node.children[1], name)
    if left.plain:
        return _after(first, name, Code(f"({left.text} or {right.text})", right.plain))
    kept, bound = scope.bound(left.text)
    return _after(first, name, Code(f"({kept} if {jmespath_truth(kept, bound)} else {right.text})"))


def negated(scope: Scope, node: Node, current: str) -> Code:
    """``!x``."""
    name, first = scope.bound(current)
    return _after(first, name, Code(f"(not {scope.truth(node.children[0], name)})", plain=True))


def comparator(scope: Scope, node: Node, current: str) -> Code:
    """``a == b`` and the other comparisons."""
    name, first = scope.bound(current)
    left, right = (scope.value(child, name).text for child in node.children)
    kinds = _literal_kind(node.children[0]), _literal_kind(node.children[1])
    compare = _equality if node.value in ("eq", "ne") else _order
    return _after(first, name, Code(compare(scope, node.value, (left, right), kinds), plain=True))


def _after(first: str, name: str, code: Code) -> Code:
    """The code, after the current value got its name."""
    return code if first == name else Code(f"({first}, {code.text})[1]", code.plain)


def _literal_kind(node: Node) -> Kind | None:
    return node.value.kind if node.type == "literal" else None


Sides = tuple[str, str]
Kinds = tuple[Kind | None, Kind | None]


def _equality(scope: Scope, word: str, sides: Sides, kinds: Kinds) -> str:
    """In Python ``1 == True``; in JMESPath a boolean equals booleans only."""
    if kinds[0] is not None and kinds[1] is None:
        sides, kinds = (sides[1], sides[0]), (kinds[1], kinds[0])
    left, right = sides
    match kinds[1]:
        case "null" | "true" | "false":
            return f"({left} {'is' if word == 'eq' else 'is not'} {right})"
        case "text" | "number" | "array" | "object":
            return f"({left} {_SIGNS[word]} {right})"
        case "zero_or_one":
            name, bound = scope.bound(left)
            alike = f"({bound} == {right} and {name}.__class__ is not bool)"
        case None:
            (one, first), (two, second) = scope.bound(left), scope.bound(right)
            alike = f"({first} == {second} and ({one}.__class__ is bool) is ({two}.__class__ is bool))"
    return alike if word == "eq" else f"(not {alike})"


def _order(scope: Scope, word: str, sides: Sides, kinds: Kinds) -> str:
    """``(t1 > p0 if (t1 := …).__class__ is int else gt(t1, p0))`` where one side is a literal."""
    for at, kind in enumerate(kinds):
        if kind in ("text", "number", "zero_or_one") and kinds[1 - at] is None:
            name, bound = scope.bound(sides[1 - at])
            pair = (sides[at], name) if at == 0 else (name, sides[at])
            quick = f"{pair[0]} {_SIGNS[word]} {pair[1]}"
            expected = "str" if kind == "text" else "int"
            return f"({quick} if {bound}.__class__ is {expected} else {word}({pair[0]}, {pair[1]}))"
    return f"{word}({sides[0]}, {sides[1]})"

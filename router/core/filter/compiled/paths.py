"""Fields, elements, slices, pipes, literals, and the lists and objects that an expression makes."""

from router.core.filter.compiled.scope import Code, Scope
from router.core.filter.shape import Hole, Node


def field(scope: Scope, node: Node, current: str) -> Code:
    """``fields.get('Event')`` for the function's own value, else ``(t1.get('a') if t1 is a dict …)``."""
    if current == "data":
        scope.reads_fields = True
        return Code(f"fields.get({node.value!r})")
    name, bound = scope.bound(current)
    return Code(
        f"({name}.get({node.value!r}) if {bound}.__class__ is dict else field({name}, {node.value!r}))"
    )


def element(scope: Scope, node: Node, current: str) -> Code:
    """``[0]``: one element of a list."""
    if node.value == 0:
        name, bound = scope.bound(current)
        return Code(f"({name}[0] if isinstance({bound}, list) and {name} else None)")
    return Code(f"element({current}, {node.value})")


def cut(scope: Scope, node: Node, current: str) -> Code:
    """A slice: ``t1[0:5:None]``."""
    name, bound = scope.bound(current)
    start, stop, step = node.value
    return Code(f"({name}[{start}:{stop}:{step}] if isinstance({bound}, list) else None)", plain=True)


def same(scope: Scope, node: Node, current: str) -> Code:
    """``@``."""
    return Code(current)


def chain(scope: Scope, node: Node, current: str) -> Code:
    """``a.b``, ``a[0]``, ``a | b``: each part's value is the next one's current value."""
    code = Code(current)
    for child in node.children:
        code = scope.value(child, code.text)
    return code


def literal(scope: Scope, node: Node, current: str) -> Code:
    """A literal, which is a parameter of the generated function."""
    hole: Hole = node.value
    text = f"p{hole.at}" if current.isidentifier() else f"({current}, p{hole.at})[1]"
    return Code(text, plain=hole.kind not in ("number", "zero_or_one"))


def literal_list(scope: Scope, node: Node, current: str) -> Code:
    """``['a', 'b']``: null where the current value is."""
    return Code(f"(p{node.value.at} if {current} is not None else None)", plain=True)


def new_list(scope: Scope, node: Node, current: str) -> Code:
    """``[a, b]``: a list of what its parts find."""
    name, bound = scope.bound(current)
    parts = ", ".join(scope.value(child, name).text for child in node.children)
    return Code(f"(None if {bound} is None else [{parts}])", plain=True)


def new_object(scope: Scope, node: Node, current: str) -> Code:
    """``{a: b}``: an object of what its parts find."""
    name, bound = scope.bound(current)
    parts = ", ".join(f"{child.value!r}: {scope.value(child, name).text}" for child in node.children)
    return Code(f"(None if {bound} is None else {{{parts}}})", plain=True)


def pair(scope: Scope, node: Node, current: str) -> Code:
    """The value in ``{name: value}``."""
    return scope.value(node.children[0], current)

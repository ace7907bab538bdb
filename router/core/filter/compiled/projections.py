"""Projections: an expression for each element, nulls left out."""

from router.core.filter.compiled.scope import Code, Scope
from router.core.filter.shape import Node


def flatten(scope: Scope, node: Node, current: str) -> Code:
    """``[]``."""
    base = scope.value(node.children[0], current)
    return Code(f"flattened({base.text})", plain=True)


def list_projection(scope: Scope, node: Node, current: str) -> Code:
    """``a[*].b`` and ``a[?c].b``; children: the list, the expression for each element, the condition.

    ``([t3 for e2 in t1 if (t3 := …) is not None] if isinstance(t1 := …, list) else None)``
    """
    base, name = scope.value(node.children[0], current).text, scope.program.name("t")
    found = _found(scope, node, name)
    return Code(f"({found} if isinstance({name} := {base}, list) else None)", plain=True)


def value_projection(scope: Scope, node: Node, current: str) -> Code:
    """``a.*.b``."""
    base, name = scope.value(node.children[0], current).text, scope.program.name("t")
    found = _found(scope, node, name)
    return Code(f"({found} if ({name} := values({base})) is not None else None)", plain=True)


def _found(scope: Scope, node: Node, elements: str) -> str:
    element = scope.program.name("e")
    kept, bound = scope.bound(scope.value(node.children[1], element).text)
    conditions = [scope.truth(condition, element) for condition in node.children[2:]]
    conditions.append(f"{bound} is not None")
    return f"[{kept} for {element} in {elements} if {' and '.join(conditions)}]"

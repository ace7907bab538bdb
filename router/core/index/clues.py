"""What a filter cannot hold without, read from its shape.

A *clue* is something that a table can find in an event: a field equals a literal, starts with one, is more
than one. A *need* is a set of clues with a promise: on an event that has none of them the filter is false
**and raises nothing**, so that whoever skips it also counts the same failures. In ``A && B`` the clues of
``B`` count only together with what would make ``A`` raise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from router.core.filter.compiled.program import Shape
from router.core.filter.shape import Hole, Node

ClueKind = Literal["equal", "among", "starts", "ends", "within", "lt", "lte", "gt", "gte", "is"]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing to look for in the field at the path.

    Args:
        at: which of the filter's literals it is compared with; for ``is``: the kind of value,
            ``text``, ``number`` or ``no text``.
    """

    kind: ClueKind
    path: Path
    at: int | str


@dataclass(frozen=True, slots=True)
class Together:
    """All parts' clues make one need; without parts: never."""

    parts: tuple["Need", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Each part is a need of its own."""

    parts: tuple["Need", ...]


Need = Clue | Together | Choice

_NEVER = Together(())
_FLIPPED: dict[str, ClueKind] = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}
_TEXT_CALLS: dict[str, ClueKind] = {"contains": "within", "starts_with": "starts", "ends_with": "ends"}


def need_of(shape: Shape) -> Need | None:
    """What filters of this shape cannot hold without, or None when nothing is known."""
    return _need(shape.node) if shape.bounded else None


def _need(node: Node) -> Need | None:
    """If no clue is found: false, and nothing raised."""
    reading = _NEEDS.get(node.type)
    return reading(node) if reading else None


def _need_of_and(node: Node) -> Need | None:
    left, right = node.children
    choices = [need for need in (_need(left), _together(may_raise(left), _need(right))) if need is not None]
    return Choice(tuple(choices)) if choices else None


def _need_of_or(node: Node) -> Need | None:
    left, right = node.children
    return _together(_need(left), _need(right))


def _need_of_not(node: Node) -> Need | None:
    """``!(a != 'x')`` is an equality."""
    child = node.children[0]
    if child.type == "comparator" and child.value == "ne":
        return _need(child._replace(value="eq"))
    return None


def _need_of_comparator(node: Node) -> Need | None:
    sides = _field_and_literal(node)
    if sides is None or node.value == "ne":
        return None
    path, hole, flipped = sides
    if node.value == "eq":
        return None if hole.kind in ("array", "object") else Clue("equal", path, hole.at)
    order = _FLIPPED[node.value] if flipped else node.value
    return _together(Clue(order, path, hole.at), may_raise(node)) if _has_order(hole) else None


def _need_of_call(node: Node) -> Need | None:
    if (call := _text_call(node)) is not None:
        kind, path, hole = call
        return Together((Clue(kind, path, hole.at), Clue("is", path, "no text")))
    if node.value == "contains" and len(node.children) == 2:
        subject, sought = node.children[0], path_of(node.children[1])
        if sought and (subject.type == "literal_list" or _is_literal(subject, "array")):
            return Clue("among", sought, subject.value.at)
    return None


_NEEDS: dict[str, Callable[[Node], Need | None]] = {
    "and_expression": _need_of_and,
    "comparator": _need_of_comparator,
    "function_expression": _need_of_call,
    "not_expression": _need_of_not,
    "or_expression": _need_of_or,
}

#: They raise when one of their parts does; all parts look at the same value.
_SAME_VALUE = {
    *("and_expression", "current", "field", "flatten", "identity", "index", "key_val_pair", "literal"),
    *("literal_list", "multi_select_dict", "multi_select_list", "not_expression", "or_expression"),
}
#: The same, but all parts after the first look at what the first found.
_OTHER_VALUE = {
    *("filter_projection", "index_expression", "pipe", "projection", "subexpression", "value_projection"),
}


def may_raise(node: Node) -> Need | None:
    """Clues without which the node raises nothing; None when it may raise at any time."""
    if node.type in _SAME_VALUE or (node.type == "slice" and node.value[2] != 0):
        return _all_may_raise(node)
    if node.type in _OTHER_VALUE:
        return may_raise(node.children[0]) if all(map(never_raises, node.children[1:])) else None
    if node.type == "comparator":
        return _comparator_may_raise(node)
    if node.type == "function_expression":
        return _call_may_raise(node)
    return None


def never_raises(node: Node) -> bool:
    """Whether the node raises for no event."""
    return may_raise(node) == _NEVER


def _all_may_raise(node: Node) -> Need | None:
    return _together(*(may_raise(child) for child in node.children))


def _comparator_may_raise(node: Node) -> Need | None:
    """Order is undefined between a text and a number; two deep values may be too deep to compare."""
    sides = _field_and_literal(node)
    if node.value in ("eq", "ne"):
        return _all_may_raise(node) if any(child.type == "literal" for child in node.children) else None
    if sides is None or not _has_order(sides[1]):
        return None
    return Clue("is", sides[0], "number" if sides[1].kind == "text" else "text")


def _call_may_raise(node: Node) -> Need | None:
    if (call := _text_call(node)) is not None:
        return Clue("is", call[1], "no text")
    need = _need_of_call(node)
    return _NEVER if isinstance(need, Clue) and need.kind == "among" else None


def _together(*needs: Need | None) -> Need | None:
    """One need of all; None when one of them is."""
    known = [need for need in needs if need is not None]
    if len(known) < len(needs):
        return None
    parts = [part for need in known for part in (need.parts if isinstance(need, Together) else (need,))]
    return parts[0] if len(parts) == 1 else Together(tuple(parts))


def path_of(node: Node) -> Path | None:
    """``Job.State`` as its names; None for anything but fields."""
    if node.type == "field":
        return (node.value,)
    if node.type == "subexpression" and all(child.type == "field" for child in node.children):
        return tuple(child.value for child in node.children)
    return None


def _field_and_literal(node: Node) -> tuple[Path, Hole, bool] | None:
    """A field compared with a literal; the last says whether the literal stands on the left."""
    for flipped in (False, True):
        field, literal = node.children[flipped], node.children[not flipped]
        path = path_of(field)
        if path is not None and literal.type == "literal":
            return path, literal.value, flipped
    return None


def _text_call(node: Node) -> tuple[ClueKind, Path, Hole] | None:
    """``contains``, ``starts_with`` or ``ends_with`` of a field and a text."""
    kind = _TEXT_CALLS.get(node.value)
    if kind is None or len(node.children) != 2 or not _is_literal(node.children[1], "text"):
        return None
    path = path_of(node.children[0])
    return (kind, path, node.children[1].value) if path else None


def _is_literal(node: Node, kind: str) -> bool:
    return node.type == "literal" and node.value.kind == kind


def _has_order(hole: Hole) -> bool:
    return hole.kind in ("text", "number", "zero_or_one")

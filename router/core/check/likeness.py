"""Filters that are judged alike: they differ only in texts that nobody knows, ``JobName == 'a'`` and ``'b'``.

Such a text counts only by what it is to those that the same field is compared with: another one, a part of
it, greater or less. So of thousands of rules for as many jobs one is judged: if it is faultless, all are.
"""

from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

from router.core.check.kinds import Kind, Path
from router.core.filter import Filter
from router.core.filter.compiled.program import Shape
from router.core.filter.shape import Node

_LOGIC = ("and_expression", "or_expression", "not_expression")
T = TypeVar("T")
_PARTS = ("contains", "starts_with", "ends_with")


class _Use(NamedTuple):
    """Where a field stands.

    Args:
        sort: ``compared`` with a text, ``bare`` as a clause of its own, or ``other``.
        hole: the place among the filter's literals of what it is compared with.
    """

    path: Path
    sort: str
    hole: int | None = None


class Memory(Generic[T]):
    """What is known of filters, by their likeness; when it is full all is forgotten."""

    def __init__(self, most: int = 8192) -> None:
        self._most = most
        self._known: dict[Hashable, T] = {}

    def find(self, likeness: Hashable) -> T | None:
        """What is known of filters that are alike, or None."""
        return self._known.get(likeness)

    def keep(self, likeness: Hashable, known: T) -> T:
        """Remembers it, and returns it."""
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[likeness] = known
        return known


def likeness_of(expression: Filter, kinds: tuple[Kind, ...]) -> Hashable:
    """Something that is equal for filters that are judged alike over these kinds."""
    roles = _roles(expression.shape, kinds)
    names: dict[tuple[Path, str], int] = {}
    literals = zip(expression.literals, roles, strict=True)
    alike = tuple([_alike(literal, role, names) for literal, role in literals])
    return expression.shape, kinds, alike, _relations(list(names)) if len(names) > 1 else ()


def _relations(names: list[tuple[Path, str]]) -> Hashable:
    """What the texts of one field are to one another."""
    return tuple(
        [
            (one < other, *_parts_of(one, other), *_parts_of(other, one))
            for place, (path, one) in enumerate(names)
            for field, other in names[place + 1 :]
            if field == path
        ]
    )


def _alike(literal: Any, role: Path | None, names: dict[tuple[Path, str], int]) -> Hashable:
    """The literal, or a number in place of a text."""
    if isinstance(literal, list):
        return tuple([_alike(one, role, names) for one in literal])  # type: ignore[reportUnknownVariableType]
    if role is not None and isinstance(literal, str) and literal:
        return names.setdefault((role, literal), len(names))
    return literal if isinstance(literal, str) else repr(literal)


def _parts_of(one: str, other: str) -> tuple[bool, bool, bool]:
    return other in one, one.startswith(other), one.endswith(other)


@lru_cache(maxsize=4096)
def _roles(shape: Shape, kinds: tuple[Kind, ...]) -> tuple[Path | None, ...]:
    """For each literal the field by which it is just one text among others, if that is all that it is."""
    roles: list[Path | None] = [None] * shape.holes
    uses = list(_uses(shape.node))
    for path in {use.path for use in uses}:
        if _is_just_compared(path, uses) and _holds_any_text(path, kinds):
            for use in uses:
                if use.path == path and use.hole is not None:
                    roles[use.hole] = path
    return tuple(roles)


def _is_just_compared(path: Path, uses: list[_Use]) -> bool:
    """Whether nothing is made of it, and of what it is in or what is in it."""
    around = [use for use in uses if use.sort == "other" and path[: len(use.path)] == use.path]
    holders = [use for use in uses if len(use.path) > len(path) and use.path[: len(path)] == path]
    return not around and not holders


def _holds_any_text(path: Path, kinds: Sequence[Kind]) -> bool:
    found = [kind.values_at(path).texts for kind in kinds if path not in kind.words]
    return len(found) == len(kinds) and all(texts.only is None or not texts for texts in found)


def _uses(node: Node) -> Iterator[_Use]:
    """All fields of the filter, and whatever looks at the event as a whole: an empty path."""
    if node.type in _LOGIC:
        for child in node.children:
            path = _path(child)
            yield from [_Use(path, "bare")] if path else _uses(child)
    else:
        compared = _compared(node)
        yield from [compared] if compared else _others(node)


def _compared(node: Node) -> _Use | None:
    """The field that is compared with a literal, or looked for in a list of them."""
    if node.type not in ("comparator", "function_expression") or len(node.children) != 2:
        return None
    left, right = node.children
    if node.value in ("eq", "ne"):
        field, literal = (right, left) if left.type == "literal" else (left, right)
        return _use(field, literal)
    if node.value == "contains" and left.type == "literal_list":
        return _use(right, left)
    return _use(left, right) if node.value in _PARTS else None


def _use(field: Node, literal: Node) -> _Use | None:
    path = _path(field)
    if not path or literal.type not in ("literal", "literal_list"):
        return None
    is_text = literal.value.kind in ("text", "array")
    return _Use(path, "compared" if is_text else "bare", literal.value.at if is_text else None)


def _others(node: Node) -> Iterator[_Use]:
    path = _path(node)
    if path is not None:
        yield _Use(path, "other")
    elif node.type not in ("comparator", "function_expression", *_LOGIC) and node.type != "literal":
        yield _Use((), "other")
    for child in () if path is not None else node.children:
        yield from _others(child)


def _path(node: Node) -> Path | None:
    """The names of a chain of fields."""
    if node.type == "field":
        return (node.value,)
    if node.type != "subexpression" or not all(child.type == "field" for child in node.children):
        return None
    return tuple(child.value for child in node.children)

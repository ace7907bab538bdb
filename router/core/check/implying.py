"""Whether one filter takes whatever another takes (R201), and what a filter is about."""

from collections.abc import Sequence, Set

from router.core.catalogue import EVENTS, FIELDS, JOB
from router.core.check.kinds import Kind, without
from router.core.check.lines import just
from router.core.check.paths import Node, parts_of, path_of
from router.core.check.reading import read
from router.core.check.values import EMPTY, Values
from router.core.filter import Filter
from router.core.filter.near import nearest
from router.core.filter.unparse import text_of

#: Fields of the catalogue that any other producer's events may have too.
_COMMON = frozenset({"Category", "Detail", "From", "Group", "Message", "State", "Task", "To"})


def implies(narrow: Filter, wide: Filter, kinds: Sequence[Kind]) -> bool:
    """Whether the wide filter surely holds for every event of these kinds for which the narrow one does."""
    return all(_takes_all(narrow.ast, wide.ast, kind.root) for kind in kinds)


def _takes_all(narrow: Node, wide: Node, scope: Values) -> bool:
    if narrow["type"] == "or_expression":
        left, right = narrow["children"]
        rest = read(left, scope)
        return _takes_all(left, wide, scope) and _takes_all(right, wide, rest.no)
    where = read(narrow, scope).yes
    return not where or _follows(wide, where, frozenset(map(text_of, _conjuncts(narrow))))


def _conjuncts(node: Node) -> list[Node]:
    if node["type"] != "and_expression":
        return [node]
    return [part for child in node["children"] for part in _conjuncts(child)]


def _follows(wide: Node, scope: Values, known: frozenset[str]) -> bool:
    """Whether it surely holds in the scope, where the known clauses hold."""
    if text_of(wide) in known or read(wide, scope).always:
        return True
    children = wide["children"]
    if wide["type"] == "and_expression":
        return all(_follows(child, scope, known) for child in children)
    if wide["type"] == "or_expression":
        left, right = children
        is_sound = not read(left, scope).fails
        return _follows(left, scope, known) or (is_sound and _follows(right, scope, known))
    return False


def finds_nothing(expression: Filter, kind: Kind) -> bool:
    """Whether it surely finds null or ``''``, or fails, in all events that have the kind's fields alone."""
    unknown = [path for path in _paths(expression.ast) if kind.has(path) is False]
    values = read(expression.ast, without(kind, unknown)).values
    return values._replace(null=False) in (EMPTY, Values(texts=just("")))


def about_catalogue(expression: Filter, beside: Set[str] = frozenset()) -> bool:
    """Whether a filter is meant for the catalogue's events: it names a field of theirs, maybe mistyped.

    A field that many producers have, as ``Message``, says so only if the filter names no field of others.

    Args:
        beside: names that are no field of an event.
    """
    names = {path[0] for path in _paths(expression.ast)} - beside
    exact = {name for name in names if name in FIELDS or name == JOB}
    if exact - _COMMON:
        return True
    near = {name for name in names - exact if name[:1].isupper() and nearest(name, FIELDS)}
    return (bool(exact or near) and names == exact | near) or _names_an_event(expression.ast)


def _paths(node: Node) -> list[tuple[str, ...]]:
    path = path_of(node)
    if path is not None:
        return [path] if path else []
    return [path for part in parts_of(node) for path in _paths(part)]


def _names_an_event(node: Node) -> bool:
    if node["type"] == "literal":
        return isinstance(node["value"], str) and node["value"] in EVENTS
    return any(map(_names_an_event, parts_of(node)))

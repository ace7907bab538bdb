"""Which events a rule can use, read from its filter and the catalogue.

A filter is worked out with what is known of an event before it happens: its name, its category,
mostly its state, and which fields it has not. Whatever depends on anything else may be true. So
an event that is left out can never match; one that is asked for may turn out never to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jmespath.visitor import Options, TreeInterpreter

from router.core.catalogue import EVENTS, EventType
from router.core.filter import Filter
from router.core.filter.functions import FUNCTIONS
from router.core.rule import Rule

#: The value of what is only known once the event happens.
_OPEN = object()
_HAS_JOB = "Task"
#: Nodes whose first part looks at the event, and the others at what the first has found.
_INSIDE = ("subexpression", "index_expression", "projection", "filter_projection", "flatten", "pipe")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Events by name with the rules that can use them, and those that none can use."""

    rules: Mapping[str, tuple[str, ...]]

    @property
    def events(self) -> list[str]:
        """Those that some rule can use, in the catalogue's order."""
        return [name for name, rules in self.rules.items() if rules]

    @property
    def left_out(self) -> list[str]:
        """Those that no rule can use."""
        return [name for name, rules in self.rules.items() if not rules]


def wanted(rules: Sequence[Rule], category: str) -> Wanted:
    """What the rules can use of the ``Job`` or ``Cluster`` events. Rules that are off use nothing."""
    judged = [rule for rule in rules if rule.mode != "off"]
    return Wanted(
        {
            event.name: tuple(rule.name for rule in judged if can_match(rule.when, event))
            for event in EVENTS.values()
            if event.category == category
        }
    )


def can_match(when: Filter | None, event: EventType) -> bool:
    """Whether some event of this kind can pass the filter."""
    if when is None:
        return True
    known: dict[str, Any] = {
        name: field.known[0] for name, field in event.fields.items() if len(field.known) == 1
    }
    open_fields = set(event.fields) - set(known)
    if _HAS_JOB in event.fields:
        open_fields.add("Job")
    found = _value(when.ast, known, open_fields)
    return found is _OPEN or _is_true(found)


def _value(node: Mapping[str, Any], known: Mapping[str, Any], open_fields: set[str]) -> Any:
    """The node's value, or ``_OPEN``."""
    kind, children = node["type"], node["children"]
    if kind == "and_expression":
        return _and(*(_value(child, known, open_fields) for child in children))
    if kind == "or_expression":
        return _or(*(_value(child, known, open_fields) for child in children))
    if kind == "not_expression":
        inner = _value(children[0], known, open_fields)
        return inner if inner is _OPEN else not _is_true(inner)
    if open_fields & set(_fields(node)) or _takes_all(node):
        return _OPEN
    interpreter: Any = TreeInterpreter(Options(custom_functions=FUNCTIONS))
    try:
        return interpreter.visit(node, dict(known))
    except Exception:  # noqa: BLE001  a filter that fails does not match
        return None


def _and(left: Any, right: Any) -> Any:
    if left is not _OPEN:
        return right if _is_true(left) else left
    return _OPEN if right is _OPEN or _is_true(right) else None


def _or(left: Any, right: Any) -> Any:
    if left is not _OPEN:
        return left if _is_true(left) else right
    return True if right is not _OPEN and _is_true(right) else _OPEN


def _fields(node: Mapping[str, Any]) -> Iterator[str]:
    """The event's own fields in the node; those inside of what was found are not the event's."""
    if node["type"] == "field":
        yield node["value"]
    children = node["children"]
    for child in children[:1] if node["type"] in _INSIDE else children:
        yield from _fields(child)


def _takes_all(node: Mapping[str, Any]) -> bool:
    """Whether the node looks at the event as a whole: then nothing can be said."""
    return node["type"] in ("current", "value_projection") or any(
        _takes_all(child) for child in node["children"]
    )


def _is_true(value: Any) -> bool:
    return not (value is None or value is False or value == "" or value == [] or value == {})

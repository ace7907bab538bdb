"""What makes two events the same trouble, and which alerts are told together.

A key is a list of JMESPath expressions, its *parts*, and their values on the event that opened the alert.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from router.core.catalogue import EVENTS, JOB
from router.core.event import Event, digest_id
from router.core.filter import Filter
from router.core.json_text import canonical_json
from router.core.rule import Rule

#: The keys that an event of the catalogue may have where a rule names none.
_DEFAULTS: tuple[tuple[str, ...], ...] = tuple(dict.fromkeys(kind.key for kind in EVENTS.values()))
#: What tells things apart that are counted, and alerts that are told together, where a rule does not say.
_WHOLES = ("JobId", "ClusterId")


class Key(NamedTuple):
    """The parts of a key and their values on one event.

    Args:
        parts: the expressions; none for an event that is a trouble of its own.
        values: JSON values, one for each part; the event's id where there is no part.
    """

    parts: tuple[str, ...]
    values: tuple[Any, ...]

    @property
    def text(self) -> str:
        """The values as canonical JSON text."""
        return canonical_json(self.values)

    @property
    def whole(self) -> str:
        """Parts and values as canonical JSON text."""
        return canonical_json((self.parts, self.values))

    @classmethod
    def of(cls, whole: str) -> "Key":
        """The reverse of :attr:`whole`."""
        parts, values = json.loads(whole)
        return cls(tuple(parts), tuple(values))


class Place(NamedTuple):
    """Where a match belongs.

    Args:
        slot: names the place of its key among the open alerts of its rule.
        group_key: the values that its alert shares with others, as :attr:`Key.whole`; empty where it is
            told alone.
    """

    key: Key
    slot: str
    group_key: str


def place_of(rule: Rule, event: Event) -> Place:
    """The place of an alert that this event opens or updates."""
    return placed(rule, event, key_of(rule, event))


def placed(rule: Rule, event: Event, key: Key) -> Place:
    """The place of an alert with this key."""
    group_key = group_key_of(rule, event)
    return Place(key, slot(rule.name, key), group_key.whole if group_key else "")


def key_of(rule: Rule, event: Event) -> Key:
    """The key of an alert that this event opens; missing, null and ``''`` are the same."""
    parts = _parts(rule, event)
    values = tuple([_value(part, event.data) for part in parts])
    if not values or None in values:
        return Key((), (event.id,))
    return Key(parts, values)


def group_key_of(rule: Rule, event: Event) -> Key | None:
    """The values that alerts share which are told together; None for an alert that is told alone."""
    if rule.group_by == ():
        return None
    if rule.group_by:
        parts = tuple(expression.text for expression in rule.group_by)
        values = tuple([_value(part, event.data) for part in parts])
        if any(value is not None for value in values):
            return Key(parts, values)
    for part in _WHOLES:
        value = _value(part, event.data)
        if value is not None:
            return Key((part,), (value,))
    return None


def slot(name: str, key: Key) -> str:
    """Names the place of a key among the open alerts of a rule, or among the groups of a channel."""
    return slot_of(name, key.whole)


@lru_cache(maxsize=8192)
def slot_of(name: str, whole: str) -> str:
    """The same of a key's :attr:`Key.whole`, or of one part of it; they are asked for again and again."""
    return digest_id("k", f"{name}\n{whole}")


def key_of_absence(rule: str) -> Key:
    """The key of the one alert that a rule with ``absent`` may have."""
    return Key((), (rule,))


def arrival(rule: str) -> str:
    """The name under which the newest match of a rule with ``absent`` is remembered."""
    return digest_id("e", f"{rule}\nabsent")


# What ends an alert is another event: it is compared in the parts that its kind carries.


def anchor(rule: str, part: str, value: Any) -> str:
    """Where alerts of a rule are found by one part of their key alone."""
    return slot_of(rule, canonical_json((part, value)))


def keyless(rule: str) -> str:
    """Where alerts of a rule are found whose key names no trouble."""
    return anchor(rule, "", None)


def anchors(rule: Rule, event: Event) -> list[str]:
    """Where the alerts may be that this event ends, also those that opened under another key of the rule."""
    parts = dict.fromkeys((*anchor_parts(rule), *_WHOLES))
    found = ((part, _value(part, event.data)) for part in parts)
    return [anchor(rule.name, part, value) for part, value in found if value is not None]


def anchor_parts(rule: Rule) -> tuple[str, ...]:
    """The parts by which alerts of a rule may be found."""
    if rule.key is None:
        return _WHOLES
    parts = tuple(expression.text for expression in rule.key)
    return (parts[anchored(parts)],)


@lru_cache(maxsize=4096)
def anchored(parts: tuple[str, ...]) -> int:
    """Which part an alert is found by: its job or cluster, else what most kinds of event carry."""
    kinds = [sum(part in carried(parts, kind) for kind in EVENTS) for part in parts]
    return max(range(len(parts)), key=lambda number: (parts[number] in _WHOLES, kinds[number]))


def is_ended_by(key: Key, event: Event) -> bool:
    """Whether the event, which meets the condition, is about this key: equal in all parts that it carries."""
    values = dict(zip(key.parts, key.values, strict=False))
    named = _named(key.parts, event)
    return bool(named) and all(values[part] == value for part, value in named.items())


def ends_of(rule: Rule, event: Event) -> Iterator[str]:
    """The names under which it is remembered that this event ended alerts of a rule."""
    for parts in _possible_parts(rule):
        values = _named(parts, event)
        if values:
            yield _end(rule.name, parts, values)


def _named(parts: tuple[str, ...], event: Event) -> dict[str, Any]:
    """What an event says of a key: nothing where a part is null, or that is missing which finds the alert.

    Nobody knows what an event outside the catalogue carries: it may leave out the last parts.
    """
    held = carried(parts, event.kind)
    values = [_value(part, event.data) for part in held]
    while event.kind not in EVENTS and values and values[-1] is None:
        values.pop()
    named = dict(zip(held, values, strict=False))
    return {} if None in values or not parts or parts[anchored(parts)] not in named else named


def ends_for(rule: Rule, key: Key) -> list[str]:
    """The names under which an end may be remembered that concerns this key."""
    values = dict(zip(key.parts, key.values, strict=False))
    return [
        _end(rule.name, key.parts, {part: values[part] for part in parts}) for parts in _subsets(key.parts)
    ]


def _end(rule: str, parts: tuple[str, ...], values: Mapping[str, Any]) -> str:
    return digest_id("e", f"{rule}\n{canonical_json((parts, sorted(values.items())))}")


def _possible_parts(rule: Rule) -> tuple[tuple[str, ...], ...]:
    if rule.key:
        return (tuple(expression.text for expression in rule.key),)
    return tuple((whole,) for whole in _WHOLES) if rule.count else _DEFAULTS


@lru_cache(maxsize=4096)
def _subsets(parts: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The parts that some kind of event carries, and all of them without the last ones."""
    found = [carried(parts, kind) for kind in EVENTS]
    found += [parts[: number + 1] for number in range(len(parts))]
    return tuple(dict.fromkeys(filter(None, found)))


@lru_cache(maxsize=16_384)
def carried(parts: tuple[str, ...], kind: str) -> tuple[str, ...]:
    """Those parts of a key that an event of this kind carries; all of them outside the catalogue."""
    known = EVENTS.get(kind)
    if known is None:
        return parts
    fields = {*known.fields, *([JOB] if known.has_job else [])}
    return tuple(part for part in parts if fields_of(_filter(part).ast) <= fields)


def default_parts(rule: Rule, kind: str) -> tuple[str, ...]:
    """The parts of the key that an event of this kind gives an alert of the rule."""
    if rule.key is not None:
        return tuple(expression.text for expression in rule.key)
    known = EVENTS.get(kind)
    if known is None:
        return ()
    return known.key[:1] if rule.count else known.key


def fields_of_text(part: str) -> set[str]:
    """The fields that an expression reads, at the least."""
    return fields_of(_filter(part).ast)


def fields_of(node: Mapping[str, Any]) -> set[str]:
    """The fields of the event that an expression reads, at the least."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        return {node["value"]}
    if kind in ("subexpression", "pipe", "index_expression", "projection", "value_projection"):
        return fields_of(children[0])
    found: set[str] = set()
    for child in children:
        if isinstance(child, Mapping):
            found |= fields_of(cast("Mapping[str, Any]", child))
    return found


def values_of(expressions: Sequence[Filter], data: Mapping[str, Any]) -> tuple[Any, ...]:
    """What expressions find; null where they find nothing or fail."""
    return tuple(_value(expression.text, data) for expression in expressions)


def _parts(rule: Rule, event: Event) -> tuple[str, ...]:
    if rule.key is not None:
        return tuple(expression.text for expression in rule.key)
    if rule.count:
        return next(((whole,) for whole in _WHOLES if _value(whole, event.data) is not None), ())
    known = EVENTS.get(event.kind)
    return known.key if known else ()


def _value(part: str, data: Mapping[str, Any]) -> Any:
    if part.isalnum():
        value = data.get(part)
    else:
        try:
            value = _filter(part).search(data)
        except Exception:  # noqa: BLE001  jmespath lets a bare TypeError out; a key that fails names no trouble
            return None
    return None if value == "" else value


@lru_cache(maxsize=4096)
def _filter(text: str) -> Filter:
    return Filter(text)

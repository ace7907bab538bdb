"""The fields of an event that nobody described to us, as its producer names them."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, cast

from router.core.text.clip import clip
from router.core.text.dialects import one_line

_MOST = 12
_LONGEST_NAME = 40
#: Fields below one another; deeper ones are not shown.
_DEEPEST = 3
#: Fields looked at, however many an event has.
_MOST_LOOKED_AT = 200
#: Said elsewhere, or of no use to a person who is woken.
_LEFT_OUT = frozenset({"specversion", "datacontenttype", "dataschema", "Event", "type"})
#: Told after what the event says.
_LAST = frozenset({"id", "source", "time"})
#: Names under which producers say in words what happened, the best first.
_TELLING = ("title", "summary", "subject", "message", "alertname", "name", "reason", "description", "error")


def shown(value: Any) -> str:
    """A scalar as text; nothing for null and for what is no scalar."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, Mapping | list):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def telling(data: Mapping[str, Any]) -> str:
    """The words in which an event says what happened, wherever it has them; or nothing."""
    named: dict[str, str] = {}
    for name, text in _some(data):
        if text:
            named.setdefault(name.rpartition(".")[2], text)
    return next((named[name] for name in _TELLING if name in named), "")


def plain_fields(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and value of the first fields that hold something; ``labels.host`` for one inside another."""
    said = telling(data)
    fields = [(name, text) for name, text in _some(data) if text and text != said]
    return islice(sorted(fields, key=lambda field: field[0] in _LAST), _MOST)


def _some(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return islice(_flat(data, "", 1), _MOST_LOOKED_AT)


def _flat(data: Mapping[str, Any], above: str, depth: int) -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        if depth == 1 and name in _LEFT_OUT:
            continue
        full = clip(one_line(f"{above}{name}"), _LONGEST_NAME)
        if isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _flat(cast("Mapping[str, Any]", value), f"{full}.", depth + 1)
        elif isinstance(value, list):
            yield full, _listed(cast("list[Any]", value))
        else:
            yield full, shown(value)


def _listed(values: list[Any]) -> str:
    """The first scalars, and how many there are in all where that is not all."""
    scalars = [shown(value) for value in values[:5] if not isinstance(value, Mapping | list)]
    left = [f"… ({len(values)})"] if len(scalars) < len(values) else []
    return ", ".join([*scalars, *left])

"""Fields of a notification for providers that fill a template of their own: by name, as text, fitted."""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from router.core.message import Message
from router.core.text.dialects import one_line

#: The fields of docs/webhook.md, and the texts as they are told.
_ROOTS = frozenset(
    {"title", "body", "version", "id", "reason", "channel", "rule", "severity", "labels"}
    | {"group", "alerts", "event", "text", "links"}
)
_PATH = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
#: No value is longer before it is fitted.
_LONGEST = 400


def is_field(path: str) -> bool:
    """Whether it names a field, such as ``title``, ``rule``, ``event.data.JobName``, ``alerts.0.key.0``."""
    return _PATH.fullmatch(path) is not None and path.partition(".")[0] in _ROOTS


def value_of(message: Message, path: str) -> str:
    """The field as one line of text; ``-`` where there is none, because templates take nothing empty."""
    first, _, _ = message.body.partition("\n")
    found: Any = {**message.data, "title": message.title or first, "body": message.body}
    for name in path.split("."):
        found = _inside(found, name)
    return one_line(_text(found)[:_LONGEST]) or "-"


def _inside(found: Any, name: str) -> Any:
    if isinstance(found, Mapping):
        return cast(Mapping[str, Any], found).get(name)
    if isinstance(found, list | tuple) and name.isdecimal():
        listed = cast("list[Any]", found)
        return listed[int(name)] if int(name) < len(listed) else None
    return None


def _text(found: Any) -> str:
    if found is None:
        return ""
    if isinstance(found, str):
        return found
    if isinstance(found, list | tuple):
        return ", ".join(_text(each) for each in cast("list[Any]", found))
    return json.dumps(found, ensure_ascii=False)

"""CloudEvents 1.0 over HTTP: structured and binary mode become the same JSON document.

Source: https://github.com/cloudevents/spec, JSON event format and HTTP protocol binding. Attributes stand at
the top, the payload under ``data``; what is neither JSON nor text stays under ``data_base64``.
"""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from router.core.event import digest_id
from router.core.json_text import JsonError, is_json_type, read_json
from router.decoders.base64_text import strict_base64

_REQUIRED = ("specversion", "id", "source", "type")
_HEADER = re.compile(r"ce-([a-z0-9]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether the headers hold an event's attributes."""
    return "ce-specversion" in headers and all(headers.get(f"ce-{name}") for name in _REQUIRED)


def is_structured(data: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a CloudEvent."""
    return "specversion" in data and all(isinstance(data.get(name), str) and data[name] for name in _REQUIRED)


def from_headers(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The document of an event in binary mode."""
    names = {found[1]: value for name, value in headers.items() if (found := _HEADER.fullmatch(name))}
    names.pop("data", None)
    document: dict[str, Any] = {name: unquote(value, errors="replace") for name, value in names.items()}
    content_type = headers.get("content-type", "")
    if content_type:
        document["datacontenttype"] = content_type
    return document | _payload(body, content_type) if body else document


def open_payload(document: dict[str, Any]) -> None:
    """Puts JSON or text that came as ``data_base64`` under ``data``, in place."""
    packed = document.get("data_base64")
    plain = strict_base64(packed.encode("utf-8")) if isinstance(packed, str) else None
    if plain is not None and "data" not in document:
        content_type = document.get("datacontenttype")
        del document["data_base64"]
        document |= _payload(plain, content_type if isinstance(content_type, str) else "")


def _payload(body: bytes, content_type: str) -> dict[str, Any]:
    try:
        if is_json_type(content_type):
            return {"data": read_json(body)}
        if content_type.lower().startswith("text/"):
            return {"data": body.decode("utf-8")}
    except (JsonError, UnicodeDecodeError):
        pass  # whatever it is, it is kept
    return {"data_base64": base64.b64encode(body).decode("ascii")}


def identity(document: Mapping[str, Any]) -> str:
    """What ``source`` and ``id`` together say: the same for the same message."""
    return digest_id("ce", f"{len(document['source'])} {document['source']}{document['id']}")


def time_of(document: Mapping[str, Any]) -> int | None:
    """The attribute ``time`` in microseconds UTC, or None when there is none that can be read."""
    time = document.get("time")
    if not isinstance(time, str):
        return None
    try:
        parsed = datetime.fromisoformat(time)
    except ValueError:
        return None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)

"""JSON as it comes from outside: strict, bounded, never slow.

All that RFC 8259's grammar allows is read: of a name that stands twice the last value counts, an integer
beyond 64 bits becomes a float, half a surrogate pair becomes U+FFFD. ``NaN``, ``Infinity``, numbers beyond a
float, bytes that are no UTF-8 and nesting beyond :data:`MAX_DEPTH` are refused.
"""

import json
import re
from typing import Any, cast

import orjson

MAX_DEPTH = 64

_BOM = b"\xef\xbb\xbf"
# Escapes one after the other, so that the u of an escaped backslash's "\\u" is not taken for an escape.
_ESCAPE = re.compile(
    rb"\\(?:(?P<lone>u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|.)",
    re.DOTALL,
)


class JsonError(ValueError):
    """A text that is no JSON, or nests too deep; says where, in words."""


def read_json(text: bytes) -> Any:
    """The value of a JSON text, with or without a byte order mark.

    Raises:
        JsonError: with the place of the fault.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        value = _read_again(text.removeprefix(_BOM), error)
    # Most events are flat: finding that out costs a tenth of counting.
    is_flat = text.find(b"{", 1) < 0 and b"[" not in text
    if not is_flat and text.count(b"{") + text.count(b"[") > MAX_DEPTH and _is_deep(value):
        raise JsonError(f"it nests deeper than {MAX_DEPTH} levels")
    return value


def _read_again(text: bytes, first: orjson.JSONDecodeError) -> Any:
    # Producers that cut a text at a number of UTF-16 units leave half a pair: the event is worth more.
    try:
        return orjson.loads(_ESCAPE.sub(_without_half_pairs, text))
    except orjson.JSONDecodeError as error:
        told = first if error.msg == first.msg else error
        raise JsonError(
            f"{told.msg[:1].lower()}{told.msg[1:]} (line {told.lineno}, column {told.colno})"
        ) from None


def _without_half_pairs(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["lone"] else escape[0]


def _is_deep(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
    return any(isinstance(value, dict | list) for value in level)


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(cast(dict[str, Any], value).values())
    return cast(list[Any], value) if isinstance(value, list) else []


def write_json(value: Any) -> str:
    """JSON text: ASCII, so that every store and log keeps it, without spaces, names as they stand."""
    return _written(value, 0)


def write_text(value: Any) -> str:
    """JSON text whose letters stand as they are, for what people may read."""
    try:
        return orjson.dumps(value, _listed).decode()
    except (TypeError, ValueError):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: Any) -> str:
    """The same with names in order: equal values give equal texts."""
    return _written(value, orjson.OPT_SORT_KEYS)


def _written(value: Any, options: int) -> str:
    try:
        text = orjson.dumps(value, _listed, options)
    except (TypeError, ValueError):
        # Half a surrogate pair, or a number beyond 64 bits.
        text = b"\xff"
    if text.isascii():
        return text.decode()
    return json.dumps(value, separators=(",", ":"), sort_keys=bool(options))


def _listed(value: Any) -> list[Any]:
    """Of named tuples, which orjson does not know."""
    if isinstance(value, tuple):
        return list(cast(tuple[Any, ...], value))
    raise TypeError


def is_json_type(content_type: str) -> bool:
    """Whether a media type is JSON's; an empty one is taken for JSON."""
    media = content_type.partition(";")[0].strip().lower()
    return media in ("", "application/json", "text/json") or media.endswith("+json")


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return {dict: "object", list: "array", str: "text", int: "number", float: "number"}[type(value)]

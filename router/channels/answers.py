"""What providers say: their words, and their own codes where an HTTP status does not tell.

The codes are from the providers' documentation, as linked at each rule.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

from router.channels.recording import Exchange
from router.core.delivery import Outcome

_FIELDS = (
    "errmsg", "error_description", "error-text", "message", "msg", "description", "detail", "details",
    "reason", "title", "errors", "error", "StatusMessage", "status",
)  # fmt: skip
_CODES = ("errcode", "code", "StatusCode", "error_code", "errorCode", "ErrorCode", "ret")
_HTML_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider's own code means.

    Args:
        wait: seconds after which to come back, if it says so.
        broken: see router.core.delivery.Verdict.
    """

    outcome: Outcome
    wait: float | None = None
    broken: bool = False


Rule = Callable[[Exchange], Said | None]
"""Reads an answer; None leaves it to the HTTP status."""

ACCEPTED = Said(Outcome.ACCEPTED)
REFUSED = Said(Outcome.REFUSED)
BROKEN = Said(Outcome.REFUSED, broken=True)
THROTTLED = Said(Outcome.THROTTLED)
BUSY = Said(Outcome.UNREACHABLE)
UNCLEAR = Said(Outcome.UNKNOWN)


def json_of(exchange: Exchange) -> Any:
    """The answer as JSON, or None when it is not."""
    try:
        return orjson.loads(exchange.body)
    except orjson.JSONDecodeError:
        return None


def words_of(exchange: Exchange) -> str:
    """The provider's words: from the usual fields of a JSON answer, an HTML page's title, or the text."""
    text = exchange.body.decode("utf-8", "replace")
    found = json_of(exchange)
    if isinstance(found, dict):
        return _words(cast(Mapping[str, Any], found)) or text
    title = _HTML_TITLE.search(text)
    return title[1] if title else text


def _words(found: Mapping[str, Any]) -> str:
    code = next((str(found[name]) for name in _CODES if isinstance(found.get(name), int | str)), "")
    said = next((_text(found[name]) for name in _FIELDS if found.get(name) not in (None, "", [], {})), "")
    return ": ".join(part for part in (code, said) if part)


def _text(found: Any) -> str:
    if isinstance(found, str):
        return found
    if isinstance(found, dict):
        return _words(cast(Mapping[str, Any], found)) or orjson.dumps(found).decode()
    return orjson.dumps(found).decode()

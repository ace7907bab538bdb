"""What providers say: their words, and their own codes where an HTTP status does not tell.

The codes are from the providers' documentation, as linked at each rule.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, cast

import orjson

from router.channels.recording import Exchange
from router.core.delivery import Outcome

_FIELDS = (
    "errmsg", "error_description", "error-text", "message", "msg", "description", "detail", "details",
    "reason", "title", "errors", "error", "StatusMessage", "Message", "status",
)  # fmt: skip
_CODES = ("errcode", "code", "StatusCode", "error_code", "errorCode", "ErrorCode", "Code", "ret")
_NUMBER = re.compile(r"-?[0-9]{1,10}")
_HTML_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_XML_CODE = re.compile(r"<Code>([^<]*)</Code>")
_XML_WORDS = re.compile(r"<Message>([^<]*)</Message>")
#: So much of an answer is looked at for its words; more would cost seconds where a tag is never closed.
_LOOKED_AT = 4096


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


def coded(exchange: Exchange, names: Sequence[str], codes: Mapping[int, Said]) -> Said | None:
    """Reads an answer whose code is 0 when the provider accepted.

    Args:
        names: the fields that may hold the code.
        codes: what is not simply refused. These count with any status: some gateways say 400 and why.
    """
    code = code_of(fields_of(exchange), *names)
    if not 200 <= (exchange.status or 0) < 300:
        return None if code is None else codes.get(code)
    if code is None:
        return UNCLEAR
    return ACCEPTED if code == 0 else codes.get(code, REFUSED)


def code_of(answer: Mapping[str, Any], *names: str) -> int | None:
    """The code in the first of these fields that there is; some gateways write it as text."""
    code = next((answer[name] for name in names if name in answer), None)
    if isinstance(code, str) and _NUMBER.fullmatch(code):
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def json_of(exchange: Exchange) -> Any:
    """The answer as JSON, or None when it is not."""
    try:
        return orjson.loads(exchange.body)
    except orjson.JSONDecodeError:
        return None


def fields_of(exchange: Exchange) -> Mapping[str, Any]:
    """The fields of the answer as a JSON object; none when it is not one."""
    return as_fields(json_of(exchange))


def as_fields(found: Any) -> Mapping[str, Any]:
    """A JSON object's fields; none for another value."""
    return cast(Mapping[str, Any], found) if isinstance(found, dict) else {}


def wait_of(found: Any) -> Said | None:
    """A pause in seconds that an answer names, or None."""
    named = isinstance(found, int | float) and not isinstance(found, bool)
    return Said(Outcome.THROTTLED, wait=float(found)) if named else None


def words_of(exchange: Exchange) -> str:
    """The provider's words: the usual fields of JSON or XML, an HTML page's title, or the text."""
    text = exchange.body.decode("utf-8", "replace")
    try:
        if found := _words(fields_of(exchange)):
            return found
    except (RecursionError, orjson.JSONEncodeError):
        # It is nested deeper than anybody reads.
        return text
    if code := xml_code(exchange):
        told = _XML_WORDS.search(text[:_LOOKED_AT])
        return f"{code}: {unescape(told[1])}" if told else code
    title = _HTML_TITLE.search(text[:_LOOKED_AT])
    return title[1] if title else text


def xml_code(exchange: Exchange) -> str:
    """``Code`` of an XML answer, as clouds give it; empty where there is none."""
    found = _XML_CODE.search(exchange.body[:_LOOKED_AT].decode("utf-8", "replace"))
    return unescape(found[1]) if found else ""


def _words(found: Mapping[str, Any]) -> str:
    code = next((str(found[name]) for name in _CODES if isinstance(found.get(name), int | str)), "")
    said = next((_text(found[name]) for name in _FIELDS if found.get(name) not in (None, "", [], {})), "")
    return ": ".join(part for part in (code, said) if part)


def _text(found: Any) -> str:
    if isinstance(found, str):
        return found
    return _words(as_fields(found)) or orjson.dumps(found).decode()


def usual(exchange: Exchange) -> Said | None:
    """What a JSON answer with status 2xx says in the usual words, for services whose plugin does not look."""
    if not 200 <= (exchange.status or 0) < 300:
        return None
    answer = fields_of(exchange)
    failed = answer.get("success") is False or answer.get("ok") is False
    failed = failed or answer.get("errcode", 0) not in (0, "0", None)
    # As PushDeer says it.
    failed = failed or (code_of(answer, "code") not in (0, None) and bool(answer.get("error")))
    failed = failed or str(answer.get("status", "")).lower() in ("error", "fail", "failed", "failure")
    return REFUSED if failed else None

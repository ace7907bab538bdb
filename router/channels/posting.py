"""What our own senders share: a JSON request, and texts made fit for a provider."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import orjson
import requests

from router.channels.answers import ACCEPTED, Rule, fields_of
from router.channels.plugins import Plugin
from router.channels.recording import Exchange, current
from router.channels.transport import TRANSPORT
from router.channels.wire import Request
from router.core.message import Message
from router.core.text.clip import clip
from router.core.text.sizes import utf16

USER_AGENT = "alert-router"
#: What every request says, unless it says otherwise.
DEFAULTS = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}

_COLOURS = {"critical": "#d32f2f", "warning": "#f9a825", "info": "#1976d2"}
_GREEN = "#2e7d32"

#: What chat services read as a ping of many, a forged link or a command, split by an invisible space.
_FORGED = re.compile(
    r"(@)(?=\**(?:all|here|channel|everyone|room|online|team|stream|topic))"
    r"|(\])(?=[(\[:])"
    r"|(<)(?=[!@#]|users/|https?:|mailto:)",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[!-~]*", re.IGNORECASE)
ZERO_WIDTH_SPACE = "\u200b"


def post_json(plugin: Plugin, url: str, payload: Mapping[str, Any], **parts: Any) -> bool:
    """Posts a JSON object; always true: the answer decides."""
    asked_json(plugin, url, payload, **parts)
    return True


def asked_json(
    plugin: Plugin,
    url: str,
    payload: Mapping[str, Any],
    headers: Mapping[str, str] = MappingProxyType({}),
    params: Mapping[str, Any] = MappingProxyType({}),
) -> Mapping[str, Any]:
    """Posts a JSON object; the fields of the answer."""
    kind = {"Content-Type": "application/json; charset=utf-8", **headers}
    return fields_of(post(plugin, url, encoded(payload), kind, params))


def post_form(
    plugin: Plugin, url: str, fields: Mapping[str, str], headers: Mapping[str, str] = MappingProxyType({})
) -> bool:
    """Posts a form; always true: the answer decides."""
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **headers}
    post(plugin, url, urlencode(fields).encode(), kind)
    return True


def post(
    plugin: Plugin,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    params: Mapping[str, Any] = MappingProxyType({}),
) -> Exchange:
    """Posts over the transport of the send that runs in this thread.

    Raises:
        requests.ConnectionError: no answer came; the exchange on record says why.
    """
    whole = f"{quoted(url)}?{urlencode(params)}" if params else quoted(url)
    request = Request("POST", whole, {**DEFAULTS, **headers}, body)
    return TRANSPORT.get().ask(current(), request, plugin.verify_certificate)


def found_nobody(rule: Rule, words: str) -> bool:
    """Ends a send whose look-up found nobody to tell; always false. One that was refused says why itself.

    Args:
        rule: the provider's; to a look-up that finds nobody it may well say yes.
    """
    recording = current()
    for exchange in recording.exchanges[-1:]:
        exchange.sent = False  # no part of the message
        if rule(exchange) is ACCEPTED:
            recording.forget()
            recording.begin(Exchange("POST", exchange.origin, fault=words, hopeless=True))
    return False


@lru_cache(maxsize=256)
def quoted(url: str) -> str:
    """The URL with all quoted that must be, as requests does it."""
    return str(requests.Request("POST", url).prepare().url)


def basic(user: str, password: str) -> dict[str, str]:
    """The header for a user and a password."""
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def encoded(payload: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8; a half of a surrogate pair, which UTF-8 has not, stays an escape."""
    try:
        return orjson.dumps(payload)
    except TypeError:
        return json.dumps(payload).encode()


def colour(message: Message) -> str:
    """``#rrggbb`` for its severity; green when all is well again."""
    return _GREEN if is_resolved(message) else _COLOURS.get(message.severity, _COLOURS["info"])


def is_resolved(message: Message) -> bool:
    """Whether it says that the trouble is over."""
    return message.data.get("reason") == "resolved"


_STEPS = {"resolved": "resolve", "acknowledged": "acknowledge"}


def step(message: Message) -> str:
    """What becomes of an incident at a service that keeps them: ``trigger``, ``acknowledge``, ``resolve``."""
    return _STEPS.get(str(message.data.get("reason")), "trigger")


def unforged(text: str) -> str:
    """Plain text in which no chat service finds a ping of all, a link under another text or a command.

    An event's text may hold ``@all`` or ``[your bank](https://…)``; people see it, nothing acts on it.
    """
    return _FORGED.sub(lambda found: found[0] + ZERO_WIDTH_SPACE, text)


def joined(message: Message) -> str:
    """Title and body in one text."""
    return "\n".join(part for part in (message.title, message.body) if part)


def speakable(text: str) -> str:
    """The text for a voice: without links, which nobody can follow in a call."""
    lines = (" ".join(_URL.sub("", line).split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def cut_units(text: str, most: int) -> str:
    """The text, or its beginning with ``…``: at most so many UTF-16 units, cut between characters."""
    room = most
    while utf16(made := clip(text, room)) > most:
        room -= 1
    return made

"""What our own senders share: a JSON request, and texts made fit for a provider."""

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson
import requests

from router.channels.answers import fields_in
from router.channels.plugins import Plugin
from router.channels.shim import SHIM
from router.core.message import Message
from router.core.text.clip import clip
from router.core.text.sizes import utf16

USER_AGENT = "alert-router"

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
_ZERO_WIDTH_SPACE = "\u200b"


def post_json(plugin: Plugin, url: str, payload: Mapping[str, Any], **parts: Any) -> bool:
    """Posts a JSON object; always true: the answer decides."""
    _posted(plugin, url, payload, **parts)
    return True


def asked_json(plugin: Plugin, url: str, payload: Mapping[str, Any], **parts: Any) -> Mapping[str, Any]:
    """Posts a JSON object; the fields of the answer."""
    return fields_in(_posted(plugin, url, payload, **parts).content)


def _posted(plugin: Plugin, url: str, payload: Mapping[str, Any], **parts: Any) -> requests.Response:
    headers = {"User-Agent": USER_AGENT, "Content-Type": "application/json; charset=utf-8"}
    headers |= parts.pop("headers", {})
    return SHIM.post(url, data=encoded(payload), headers=headers, verify=plugin.verify_certificate, **parts)


def post_form(plugin: Plugin, url: str, fields: Mapping[str, str], **parts: Any) -> bool:
    """Posts a form; always true: the answer decides."""
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
    SHIM.post(url, data=dict(fields), headers=headers, verify=plugin.verify_certificate, **parts)
    return True


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
    return _FORGED.sub(lambda found: found[0] + _ZERO_WIDTH_SPACE, text)


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

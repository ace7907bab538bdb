"""DingTalk's custom robot: Markdown, plain text or an action card, signed.

Not as Apprise sends it: that quotes the signature twice and does not read the answer.
https://open.dingtalk.com/document/robots/custom-robot-access
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

from router.channels.answers import BROKEN, BUSY, THROTTLED, Said, coded
from router.channels.plugins import Plugin
from router.channels.posting import joined, post_json
from router.channels.recording import Exchange
from router.core.delivery import Delivery
from router.core.message import Message

_URL = "https://oapi.dingtalk.com/robot/send"
_CODES = {
    -1: BUSY,
    130101: THROTTLED,  # more than 20 in a minute
    410100: THROTTLED,
    660026: THROTTLED,
    310000: BROKEN,  # keyword, signature or address list
    300001: BROKEN,
    300005: BROKEN,
    400013: BROKEN,
    400101: BROKEN,
    400102: BROKEN,
    400106: BROKEN,
    40014: BROKEN,
}


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """One message; the people of the URL are mentioned, which their numbers in the text do."""
    make = _FORMS.get(delivery.kind, _markdown)
    payload = make(message, " ".join(f"@{phone}" for phone in plugin.targets)) | {
        "at": {"atMobiles": list(plugin.targets), "isAtAll": False}
    }
    return post_json(plugin, _URL, payload, params={"access_token": plugin.token} | signature(plugin.secret))


def _markdown(message: Message, mentions: str) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": _titled(message, mentions)}


def _text(message: Message, mentions: str) -> dict[str, Any]:
    content = "\n".join(filter(None, (joined(message), mentions)))
    return {"msgtype": "text", "text": {"content": content}}


def _card(message: Message, mentions: str) -> dict[str, Any]:
    """A card with a button for each link; DingTalk takes no card without one."""
    if not message.links:
        return _markdown(message, mentions)
    buttons = [{"title": words, "actionURL": url} for words, url in message.links]
    card = _titled(message, mentions) | {"btnOrientation": "1", "btns": buttons}
    return {"msgtype": "actionCard", "actionCard": card}


def _titled(message: Message, mentions: str) -> dict[str, Any]:
    text = f"#### {message.title}\n\n{message.body}" if message.title else message.body
    return {
        "title": message.title or joined(message)[:60],  # shown in the list of conversations
        "text": f"{text}\n\n{mentions}" if mentions else text,
    }


_FORMS: dict[str, Callable[[Message, str], dict[str, Any]]] = {"dingtalk-text": _text, "dingtalk-card": _card}


def signature(secret: str | None) -> dict[str, str]:
    """The parameters that prove the sender: HMAC-SHA256 over time and secret; quoted once, by the request."""
    if not secret:
        return {}
    timestamp = str(round(time.time() * 1000))
    digest = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}


def said(exchange: Exchange) -> Said | None:
    """``errcode`` of an answer with status 200."""
    return coded(exchange, ("errcode",), _CODES)

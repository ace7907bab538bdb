"""The custom bots of Feishu and Lark: rich text or a card, in which nothing of a text is a command; signed.

Not as Apprise sends it: that has no signature, does not read the answer, and sleeps before Lark.
The secret stands before the token, as for DingTalk: ``feishu://SECRET@TOKEN``; or ``?secret=``.
https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
"""

import base64
import hashlib
import hmac
import re
import time
from typing import Any

from router.channels.answers import ACCEPTED, BROKEN, BUSY, THROTTLED, Said, coded, words_of
from router.channels.plugins import Plugin, parameters
from router.channels.posting import is_resolved, post_json
from router.channels.recording import Exchange
from router.core.delivery import Delivery, Outcome
from router.core.message import Message

_HOSTS = {"feishu": "https://open.feishu.cn", "lark": "https://open.larksuite.com"}
_COLOURS = {"critical": "red", "warning": "orange", "info": "blue"}
_CODES = {
    11232: THROTTLED,  # more than 100 in a minute, or 5 in a second
    99991400: THROTTLED,
    2200: BUSY,
    19001: BROKEN,  # the token
    19021: BROKEN,  # the signature
    19022: BROKEN,  # the list of addresses
    19024: BROKEN,  # the keyword
}
#: Seconds until it takes more: https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control
_RESET = "x-ogw-ratelimit-reset"
_SECONDS = re.compile("[0-9]{1,6}")


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """A post, or a card where its URL asks for one."""
    payload = _card(message) if delivery.kind == "feishu-card" else _post(message)
    secret = plugin.user or parameters(plugin).get("secret")
    host = _HOSTS[plugin.secure_protocol]
    signed = signature(secret) | payload
    return post_json(plugin, f"{host}/open-apis/bot/v2/hook/{plugin.token}", signed)


def _post(message: Message) -> dict[str, Any]:
    """The title, and a paragraph for each line."""
    post = {
        "title": message.title,
        "content": [[{"tag": "text", "text": line}] for line in message.body.split("\n")],
    }
    return {"msg_type": "post", "content": {"post": {"zh_cn": post}}}


def _card(message: Message) -> dict[str, Any]:
    """A coloured head, the text, and a button for each link.

    https://open.feishu.cn/document/common-capabilities/message-card/message-cards-content
    """
    elements: list[dict[str, Any]] = [{"tag": "div", "text": _plain(message.body)}] if message.body else []
    if message.links:
        buttons = [{"tag": "button", "text": _plain(words), "url": url} for words, url in message.links]
        elements.append({"tag": "action", "actions": buttons})
    colour = "green" if is_resolved(message) else _COLOURS.get(message.severity, "blue")
    head = {"template": colour, "title": _plain(message.title)}
    return {"msg_type": "interactive", "card": {"header": head, "elements": elements}}


def _plain(text: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": text}


def signature(secret: str | None) -> dict[str, object]:
    """The fields that prove the sender: an HMAC-SHA256 of nothing, whose key is time and secret."""
    if not secret:
        return {}
    timestamp = str(int(time.time()))
    digest = hmac.new(f"{timestamp}\n{secret}".encode(), digestmod=hashlib.sha256).digest()
    return {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}


def said(exchange: Exchange) -> Said | None:
    """``code``, in old answers ``StatusCode``; "too fast" comes with status 200, 400 or 429."""
    found = coded(exchange, ("code", "StatusCode"), _CODES)
    # 9499 is a bad request as well as one too many.
    if found is not ACCEPTED and "too many request" in words_of(exchange).lower():
        found = THROTTLED
    reset = exchange.headers.get(_RESET, "")
    is_throttled = found is THROTTLED or exchange.status == 429
    return Said(Outcome.THROTTLED, wait=float(reset)) if is_throttled and _SECONDS.fullmatch(reset) else found

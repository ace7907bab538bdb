"""DingTalk's custom robot: Markdown, signed.

Not as Apprise sends it: that quotes the signature twice and does not read the answer.
https://open.dingtalk.com/document/robots/custom-robot-access
"""

import base64
import hashlib
import hmac
import time

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
    310000: BROKEN,  # keyword, signature or address list
    300001: BROKEN,
    300005: BROKEN,
    400013: BROKEN,
    400101: BROKEN,
    400102: BROKEN,
    400106: BROKEN,
    40014: BROKEN,
}


def send(plugin: Plugin, message: Message, _delivery: Delivery) -> bool:
    """One Markdown message; the people of the URL are mentioned, which their numbers in the text do."""
    mentions = " ".join(f"@{phone}" for phone in plugin.targets)
    text = f"#### {message.title}\n\n{message.body}" if message.title else message.body
    payload = {
        "msgtype": "markdown",
        "markdown": {
            "title": message.title or joined(message)[:60],  # shown in the list of conversations
            "text": f"{text}\n\n{mentions}" if mentions else text,
        },
        "at": {"atMobiles": list(plugin.targets), "isAtAll": False},
    }
    return post_json(plugin, _URL, payload, params={"access_token": plugin.token} | signature(plugin.secret))


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

"""WeCom's group robot: Markdown, or plain text, which WeChat shows too.

Not as Apprise sends it: that does not read the answer, and counts characters where WeCom counts bytes.
https://developer.work.weixin.qq.com/document/path/91770
"""

from router.channels.answers import BROKEN, BUSY, THROTTLED, Said, coded
from router.channels.plugins import Plugin
from router.channels.posting import post_json
from router.channels.recording import Exchange
from router.core.delivery import Delivery
from router.core.message import Message
from router.core.text.clip import clip_bytes

_URL = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
_LONGEST = {"markdown": 4096, "text": 2048}
_CODES = {
    -1: BUSY,
    45009: THROTTLED,  # more than 20 in a minute
    45033: THROTTLED,
    93000: BROKEN,  # the key
    93017: BROKEN,
    40058: BROKEN,
}


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """One message; the title of Markdown is a heading."""
    form = "text" if delivery.kind == "wecom-text" else "markdown"
    head = f"#### {message.title}" if message.title and form == "markdown" else message.title
    content = clip_bytes("\n".join(filter(None, (head, message.body))), _LONGEST[form])
    payload = {"msgtype": form, form: {"content": content}}
    return post_json(plugin, _URL, payload, params={"key": plugin.key})


def said(exchange: Exchange) -> Said | None:
    """``errcode`` of an answer with status 200."""
    return coded(exchange, ("errcode",), _CODES)

"""Twilio: a short message, or with ``?method=call`` a call in which a voice reads the text.

https://www.twilio.com/docs/messaging/api/message-resource
https://www.twilio.com/docs/voice/api/call-resource
"""

import re
from html import escape

from router.channels.answers import (
    ACCEPTED,
    BROKEN,
    BUSY,
    REFUSED,
    THROTTLED,
    UNCLEAR,
    Said,
    code_of,
    fields_of,
)
from router.channels.plugins import Plugin, parameters
from router.channels.posting import basic, joined, post_form, speakable
from router.channels.recording import Exchange
from router.core.delivery import Delivery
from router.core.message import Message

_ACCOUNTS = "https://api.twilio.com/2010-04-01/Accounts"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_HAN = re.compile("[\u3400-\u9fff]")

#: https://www.twilio.com/docs/api/errors
_CODES = {
    20429: THROTTLED,
    21611: THROTTLED,  # the queue of this sender is full for hours
    30001: THROTTLED,  # the queue is full
    30022: THROTTLED,
    63017: THROTTLED,
    63018: THROTTLED,
    63038: THROTTLED,  # too many in a day
    20500: BUSY,
    30008: BUSY,  # "unknown error"
    20003: BROKEN,  # who we are
    30002: BROKEN,  # the account is suspended
    21210: BROKEN,  # the number that sends
    21212: BROKEN,
    21606: BROKEN,
    21659: BROKEN,
    21660: BROKEN,
    21211: BROKEN,  # the number that is told
    21214: BROKEN,
    21215: BROKEN,  # its country
    21408: BROKEN,
    21610: BROKEN,  # it wants no messages
    21614: BROKEN,  # it takes no messages
    30006: BROKEN,
}


def send(plugin: Plugin, message: Message, _delivery: Delivery) -> bool:
    """One message or one call to one number."""
    ((mode, number),) = plugin.targets or [(plugin.default_mode, plugin.source)]
    prefix = "whatsapp:" if mode == "W" else ""
    fields = {"From": prefix + plugin.source, "To": prefix + number}
    if plugin.method == "call":
        resource, fields["Twiml"] = "Calls", spoken(joined(message), parameters(plugin).get("language", ""))
    else:
        resource, fields["Body"] = "Messages", joined(message)
    headers = basic(plugin.apikey or plugin.account_sid, plugin.auth_token)
    return post_form(plugin, f"{_ACCOUNTS}/{plugin.account_sid}/{resource}.json", fields, headers)


def spoken(text: str, language: str) -> str:
    """TwiML that reads a text aloud, twice and without its links; nothing in the text is a command.

    Args:
        language: a tag as Twilio knows it (``de-DE``); else Chinese where the text is, or what Twilio takes.
    """
    if not _LANGUAGE.fullmatch(language):
        language = "zh-CN" if _HAN.search(text) else ""
    attribute = f' language="{language}"' if language else ""
    said = escape(speakable(text), quote=False)
    return f'<Response><Say{attribute} loop="2">{said}</Say></Response>'


def said(exchange: Exchange) -> Said | None:
    """``sid`` of what was made; ``code`` of a refusal, ``error_code`` of what failed at once."""
    answer = fields_of(exchange)
    if not 200 <= (exchange.status or 0) < 300:
        return _CODES.get(code_of(answer, "code") or 0)
    if answer.get("status") in ("failed", "undelivered"):
        return _CODES.get(code_of(answer, "error_code") or 0, REFUSED)
    return ACCEPTED if answer.get("sid") else UNCLEAR

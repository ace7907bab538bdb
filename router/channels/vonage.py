"""Vonage's short messages. A text with other letters than those of GSM-7 must say so, or it arrives as ``?``.

Not as Apprise sends it: that never says so, and does not read the answer.
https://developer.vonage.com/en/api/sms
"""

from typing import Any, cast

from router.channels.answers import (
    ACCEPTED,
    BROKEN,
    BUSY,
    REFUSED,
    THROTTLED,
    UNCLEAR,
    Said,
    as_fields,
    code_of,
    fields_of,
)
from router.channels.plugins import Plugin
from router.channels.posting import joined, post_form
from router.channels.recording import Exchange
from router.core.delivery import Delivery
from router.core.message import Message
from router.core.text.sizes import is_gsm7

_URL = "https://rest.nexmo.com/sms/json"

#: https://developer.vonage.com/en/api-errors/sms
_CODES = {
    0: ACCEPTED,
    1: THROTTLED,
    10: THROTTLED,  # too many connections
    5: BUSY,
    4: BROKEN,  # who we are
    7: BROKEN,  # the number is barred
    8: BROKEN,  # the account is barred
    9: BROKEN,  # the account is empty
    11: BROKEN,
    14: BROKEN,
    15: BROKEN,  # the number that sends
    29: BROKEN,  # the number is not on the list of a demonstration
}


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """One text to one number; Vonage divides it into its segments."""
    text = joined(message)
    fields = {
        "api_key": plugin.apikey,
        "api_secret": plugin.secret,
        "from": plugin.source,
        "to": (plugin.targets or [plugin.source])[0],
        "text": text,
        "type": "text" if is_gsm7(text) else "unicode",
        "ttl": str(plugin.ttl),
        "client-ref": delivery.id,
    }
    return post_form(plugin, _URL, fields)


def said(exchange: Exchange) -> Said | None:
    """A ``status`` for each segment. Where only some were taken, a part may have arrived."""
    if exchange.status != 200:
        return None
    parts: Any = fields_of(exchange).get("messages")
    listed = cast(list[Any], parts) if isinstance(parts, list) else []
    found = {_of(code_of(as_fields(part), "status")) for part in listed}
    if len(found) != 1:
        return UNCLEAR if not found or ACCEPTED in found else REFUSED
    return found.pop()


def _of(code: int | None) -> Said:
    return UNCLEAR if code is None else _CODES.get(code, REFUSED)

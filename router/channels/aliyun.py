"""Aliyun's short messages and calls: the fields of a notification in a template that Aliyun has approved.

https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms
https://help.aliyun.com/zh/vms/developer-reference/api-dyvmsapi-2017-05-25-singlecallbytts
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from urllib.parse import quote

from router.channels.answers import ACCEPTED, BROKEN, BUSY, REFUSED, THROTTLED, UNCLEAR, Said, fields_of
from router.channels.fields import value_of
from router.channels.plugins import Plugin
from router.channels.posting import cut_units, encoded, post, speakable
from router.channels.recording import Exchange
from router.core.delivery import Delivery
from router.core.message import Message

_VERSION = "2017-05-25"  # of both services
_SMS, _VOICE = "dysmsapi.aliyuncs.com", "dyvmsapi.aliyuncs.com"

#: Of one variable of a short message: https://help.aliyun.com/zh/document_detail/3041859.html
_LONGEST_VARIABLE = 35
#: Of all variables of a call together: https://help.aliyun.com/document_detail/114035.htm
_LONGEST_VARIABLES = 249

#: Names of hosts and addresses, which a variable must not hold; and what a voice template must not.
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|[A-Za-z0-9-]+(?:\.[A-Za-z][A-Za-z0-9-]*)+")
_SCHEME = re.compile(r"(?i)https?://")
_BRACKETS = str.maketrans("【】", "[]")
_UNSPOKEN = str.maketrans(dict.fromkeys("#/:-%$¥[]【】{}<>_", " "))

#: https://help.aliyun.com/document_detail/101346.html, and the gateway's own codes
_CODES = {
    "OK": ACCEPTED,
    "isv.BUSINESS_LIMIT_CONTROL": THROTTLED,
    "isv.DAY_LIMIT_CONTROL": THROTTLED,
    "isv.MONTH_LIMIT_CONTROL": THROTTLED,
    "isp.SYSTEM_ERROR": BUSY,
    "isp.GATEWAY_ERROR": BUSY,
    "isp.UNKNOWN": BUSY,
    "isp.RAM_PERMISSION_DENY": BROKEN,
    "isv.ACCOUNT_ABNORMAL": BROKEN,
    "isv.ACCOUNT_NOT_EXISTS": BROKEN,
    "isv.AMOUNT_NOT_ENOUGH": BROKEN,
    "isv.OUT_OF_SERVICE": BROKEN,
    "isv.PRODUCT_UN_SUBSCRIPT": BROKEN,
    "isv.PRODUCT_UNSUBSCRIBE": BROKEN,
    "isv.DENY_IP_RANGE": BROKEN,
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": BROKEN,
    "isv.MOBILE_NUMBER_ILLEGAL": BROKEN,
    "isv.SIGN_STATE_ILLEGAL": BROKEN,
    "isv.SMS_SIGN_ILLEGAL": BROKEN,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": BROKEN,
    "isv.SMS_TEST_NUMBER_LIMIT": BROKEN,
    "isv.SMS_SIGNATURE_ILLEGAL": BROKEN,
    "isv.SMS_TEMPLATE_ILLEGAL": BROKEN,
    "isv.TEMPLATE_MISSING_PARAMETERS": BROKEN,
    "SignatureDoesNotMatch": BROKEN,
    "SignatureNonceUsed": UNCLEAR,  # something between here and there sent it twice
    "IllegalTimestamp": BUSY,  # the clock
    "ServiceUnavailable": BUSY,
    "InternalError": BUSY,
}
#: Of codes in several parts (``Throttling.User``), the first.
_FAMILIES = {
    "Throttling": THROTTLED,
    "InvalidTimeStamp": BUSY,
    "InvalidAccessKeyId": BROKEN,
    "Forbidden": BROKEN,
    "NoPermission": BROKEN,
}


def send_sms(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """One short message to one number."""
    values = {name: _harmless(value_of(message, field)) for name, field in plugin.variables.items()}
    filled = {name: cut_units(value, _LONGEST_VARIABLE) for name, value in values.items()}
    fields = {
        "PhoneNumbers": plugin.targets[0],
        "SignName": plugin.sign,
        "TemplateCode": plugin.template,
        "OutId": delivery.id,
    }
    return _call(plugin, _SMS, "SendSms", fields | _parameter("TemplateParam", filled))


def send_voice(plugin: Plugin, message: Message, _delivery: Delivery) -> bool:
    """One call to one number, in which the template is read three times."""
    most = _LONGEST_VARIABLES // max(1, len(plugin.variables))
    values = {name: _spoken(value_of(message, field)) for name, field in plugin.variables.items()}
    filled = {name: cut_units(value, most) for name, value in values.items()}
    fields = {"CalledNumber": plugin.targets[0], "TtsCode": plugin.template}
    shown = {"CalledShowNumber": plugin.source} if plugin.source else {}
    return _call(plugin, _VOICE, "SingleCallByTts", fields | shown | _parameter("TtsParam", filled))


def _parameter(name: str, values: Mapping[str, str]) -> dict[str, str]:
    """The variables as JSON; nothing for a template without any."""
    return {name: encoded(values).decode()} if values else {}


def _harmless(text: str) -> str:
    """Text in which no link, address or signature of a sender is found, which Aliyun refuses."""
    bare = _SCHEME.sub("", text).translate(_BRACKETS)
    return _ADDRESS.sub(lambda found: found[0].replace(".", "．"), bare)


def _spoken(text: str) -> str:
    """Text for a voice: without the signs that Aliyun refuses in what is read."""
    return " ".join(_harmless(speakable(text)).translate(_UNSPOKEN).split()) or "-"


def _call(plugin: Plugin, host: str, action: str, fields: Mapping[str, str]) -> bool:
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(fields.items()))
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    named = {"host": host, "x-acs-action": action, "x-acs-version": _VERSION}
    headers = signed(plugin.key_id, plugin.key_secret, query, named, moment, secrets.token_hex(16))
    post(plugin, f"https://{host}/?{query}", b"", headers | {"Accept": "application/json"})
    return True


def signed(
    key_id: str, key_secret: str, query: str, headers: Mapping[str, str], moment: str, nonce: str
) -> dict[str, str]:
    """The headers of a POST to ``/`` without a body, with Aliyun's signature V3.

    https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature

    Args:
        query: sorted and quoted as it is sent.
        headers: ``host``, ``x-acs-action``, ``x-acs-version``.
        moment: ``2023-10-26T10:22:32Z``, at most 15 minutes old.
        nonce: never used twice.
    """
    empty = hashlib.sha256(b"").hexdigest()
    also = {"x-acs-content-sha256": empty, "x-acs-date": moment, "x-acs-signature-nonce": nonce}
    named = dict(sorted({**headers, **also}.items()))
    lines, names = "".join(f"{name}:{value}\n" for name, value in named.items()), ";".join(named)
    request = f"POST\n/\n{query}\n{lines}\n{names}\n{empty}"
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(key_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    by = f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"
    return {**named, "Authorization": by}


def _quoted(text: str) -> str:
    return quote(text, safe="~")


def said(exchange: Exchange) -> Said | None:
    """``Code``, also of an answer with status 200."""
    code = fields_of(exchange).get("Code")
    if not isinstance(code, str):
        return UNCLEAR if 200 <= (exchange.status or 0) < 300 else None
    known = _CODES.get(code) or _FAMILIES.get(code.partition(".")[0])
    return known or (REFUSED if 200 <= (exchange.status or 0) < 300 else None)

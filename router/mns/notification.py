"""What a subscription gets: the notification's text in its format, and the push that carries it.

Source: documentation pages 27482, 27498 (bodies), 27488 (headers and signature).
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from router.mns.keys import PushKey
from router.mns.messages import SECOND, body_md5
from router.mns.signature import string_to_sign
from router.mns.topics import Published, Subscription
from router.mns.wire import document

VERSION = "2015-06-06"
ACCOUNT = "1234567890123456"
_CONTENT_TYPES = {
    "XML": "text/xml;charset=utf-8",
    "JSON": "application/json;charset=utf-8",
    "SIMPLIFIED": "text/plain;charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A push as it goes out: ``POST target`` with these headers, in this case and order."""

    target: str
    headers: dict[str, str]
    body: bytes


def notification_text(message: Published, subscription: Subscription, *, number_time: bool = False) -> str:
    """The text that the subscription's format makes of a message."""
    if subscription.content_format == "SIMPLIFIED":
        return message.body
    fields = _fields(message, subscription)
    if subscription.content_format == "XML":
        return document("Notification", list(fields.items())).decode()
    said: dict[str, object] = dict(fields)
    if number_time:
        said["PublishTime"] = int(fields["PublishTime"])
    return json.dumps(said, ensure_ascii=False)


def push_request(
    message: Published,
    subscription: Subscription,
    text: str,
    key: PushKey,
    certificate: str,
    request_id: str,
    now: int,
) -> PushRequest:
    """The signed push of a notification's text.

    Args:
        certificate: the address of the key's certificate.
    """
    body = text.encode()
    simplified = subscription.content_format == "SIMPLIFIED"
    digest = body_md5(text) if simplified else base64.b64encode(body_md5(text).lower().encode()).decode()
    mns = {
        "x-mns-version": VERSION,
        "x-mns-request-id": request_id,
        "x-mns-signing-cert-url": base64.b64encode(certificate.encode()).decode(),
    }
    if simplified:
        mns |= _metadata(message, subscription)
    headers = {
        "Content-Type": _CONTENT_TYPES[subscription.content_format],
        "Content-md5": digest,
        "Date": format_datetime(datetime.fromtimestamp(now / SECOND, UTC), usegmt=True),
        **mns,
    }
    target = _target(subscription.endpoint)
    lower = {name.lower(): value for name, value in headers.items()}
    headers["Authorization"] = key.sign(string_to_sign("POST", target, lower))
    headers |= {
        "Content-length": str(len(body)),
        "Accept": "*/*",
        "User-Agent": "Aliyun Notification Service Agent",
        "Connection": "keep-alive",
        "Host": urlsplit(subscription.endpoint).netloc.rpartition("@")[2],
    }
    return PushRequest(target, headers, body)


def _fields(message: Published, subscription: Subscription) -> dict[str, str]:
    fields = {
        "TopicOwner": ACCOUNT,
        "TopicName": message.topic,
        "Subscriber": ACCOUNT,
        "SubscriptionName": subscription.name,
        "MessageId": message.id,
        "Message": message.body,
        "MessageMD5": body_md5(message.body),
        "PublishTime": str(message.published_at // 1000),
    }
    return fields | ({"MessageTag": message.tag} if message.tag else {})


def _metadata(message: Published, subscription: Subscription) -> dict[str, str]:
    headers = {
        "x-mns-message-id": message.id,
        "x-mns-publish-time": str(message.published_at // 1000),
        "x-mns-topic-owner": ACCOUNT,
        "x-mns-topic-name": message.topic,
        "x-mns-subscriber": ACCOUNT,
        "x-mns-subscription-name": subscription.name,
    }
    return headers | ({"x-mns-message-tag": message.tag} if message.tag else {})


def _target(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    path = parts.path or "/notifications"
    return f"{path}?{parts.query}" if parts.query else path

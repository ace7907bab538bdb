"""Every form in which MNS hands on one published message; for the tests of decoders and sources."""

import base64
import json
from typing import Literal
from xml.sax.saxutils import escape

Form = Literal["JSON", "XML", "SIMPLIFIED"]
FORMS: tuple[Form, ...] = ("JSON", "XML", "SIMPLIFIED")

MESSAGE_ID = "5F290C926D472878-2-14D9529A8FA-200000001"
PUBLISHED_MS = 1_449_556_920_975

_FIELDS = {
    "TopicOwner": "1234567890",
    "TopicName": "batch-alerts",
    "Subscriber": "1234567890",
    "SubscriptionName": "alert-router",
    "MessageId": MESSAGE_ID,
    "MessageMD5": "F1E92841751D795AB325861034B5CB55",
    "MessageTag": "important",
    "PublishTime": str(PUBLISHED_MS),
}


def in_form(form: Form, published: str, *, encoded: bool = False, message_id: str = MESSAGE_ID) -> bytes:
    """What a subscriber receives.

    Args:
        encoded: the publisher put the message into base64.
    """
    message = base64.b64encode(published.encode()).decode() if encoded else published
    fields = _FIELDS | {"MessageId": message_id, "Message": message}
    if form == "SIMPLIFIED":
        return message.encode()
    if form == "JSON":
        return json.dumps(fields).encode()
    children = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<Notification xmlns="http://mns.aliyuncs.com/doc/v1/">{children}</Notification>'
    ).encode()

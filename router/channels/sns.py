"""AWS SNS: a short message to a number, said to be urgent; or a message to a topic.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
"""

from urllib.parse import urlencode

from router.channels.answers import ACCEPTED, BROKEN, BUSY, THROTTLED, UNCLEAR, Said, xml_code
from router.channels.plugins import Plugin
from router.channels.posting import joined, post
from router.channels.recording import Exchange
from router.core.delivery import Delivery
from router.core.message import Message

#: https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
_CODES = {
    "Throttled": THROTTLED,
    "Throttling": THROTTLED,
    "ThrottlingException": THROTTLED,
    "ThrottledException": THROTTLED,
    "KMSThrottling": THROTTLED,
    "InternalError": BUSY,
    "InternalFailure": BUSY,
    "ServiceUnavailable": BUSY,
    "RequestExpired": BUSY,  # the clock
    "OptedOut": BROKEN,  # the number wants no messages
    "EndpointDisabled": BROKEN,
    "NotFound": BROKEN,
    "InvalidAction": BROKEN,
    "OptInRequired": BROKEN,
    "IncompleteSignature": BROKEN,
    "ExpiredToken": BROKEN,
    "InvalidClientTokenId": BROKEN,
}


def send(plugin: Plugin, message: Message, _delivery: Delivery) -> bool:
    """One message, signed by Apprise's plugin; a topic takes two requests, which are its own."""
    if plugin.topics:
        return plugin.notify(body=message.body, title=message.title)
    fields = {
        "Action": "Publish",
        "Version": "2010-03-31",
        "PhoneNumber": plugin.phone[0],
        "Message": joined(message),
        # Else it goes with the advertisements: cheap, late, or not at all.
        "MessageAttributes.entry.1.Name": "AWS.SNS.SMS.SMSType",
        "MessageAttributes.entry.1.Value.DataType": "String",
        "MessageAttributes.entry.1.Value.StringValue": "Transactional",
    }
    body = urlencode(fields)
    post(plugin, plugin.notify_url, body.encode(), plugin.aws_prepare_request(body))
    return True


def said(exchange: Exchange) -> Said | None:
    """``MessageId`` of what was taken; ``Code`` of a refusal, which may be "too fast" with status 400."""
    if 200 <= (exchange.status or 0) < 300:
        return (
            ACCEPTED if b"<PublishResponse" in exchange.body and b"<MessageId>" in exchange.body else UNCLEAR
        )
    return _CODES.get(xml_code(exchange))

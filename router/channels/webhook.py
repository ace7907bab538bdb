"""``json://`` and ``jsons://``: the whole notification as JSON, with an idempotency key and a signature."""

import time
from collections.abc import Mapping
from typing import Any

from router.channels.plugins import Plugin
from router.channels.posting import USER_AGENT, encoded
from router.channels.shim import SHIM
from router.channels.signing import secrets_of, signature_headers
from router.core.delivery import Delivery
from router.core.message import Message
from router.core.text.values import VERSION


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """Sends ``message.data``; always true: the answer decides.

    The URL's parameters are Apprise's: ``+Name=`` a header, ``-name=`` a parameter of the request,
    ``:name=`` a field more, or for an existing field its new name (without a value: none), ``method=``.
    ``secret=`` is ours.
    """
    body = encoded(payload(message, delivery, plugin.payload_extras))
    # These come last: they must be this delivery's, whatever the URL says.
    ours = {"Idempotency-Key": delivery.id}
    if secrets := secrets_of(plugin):
        ours |= signature_headers(secrets, delivery.id, int(time.time()), body)
    headers = {"User-Agent": USER_AGENT, "Content-Type": "application/json"}
    port = f":{plugin.port}" if plugin.port else ""
    SHIM.request(
        plugin.method,
        f"{'https' if plugin.secure else 'http'}://{plugin.host}{port}{plugin.fullpath}",
        params=plugin.params,
        data=body,
        headers=headers | plugin.headers | ours,
        auth=(plugin.user, plugin.password or "") if plugin.user else None,
        verify=plugin.verify_certificate,
    )
    return True


def payload(message: Message, delivery: Delivery, extras: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object that is sent: docs/webhook.md. A message that is no notification is its text only."""
    text = {
        "version": VERSION,
        "severity": message.severity,
        "text": {"title": message.title, "body": message.body},
    }
    fields: dict[str, Any] = {**(message.data or text), "possible_duplicate": delivery.may_repeat}
    for name, value in extras.items():
        if name not in fields:
            fields[name] = value
        elif value:
            fields[value] = fields.pop(name)
        else:
            del fields[name]
    return fields

"""``json://`` and ``jsons://``: the whole notification as JSON, with an idempotency key and a signature."""

import time
from collections.abc import Mapping
from typing import Any

import requests

from router.channels.plugins import Plugin
from router.channels.posting import DEFAULTS, encoded
from router.channels.recording import current
from router.channels.signing import secrets_of, signature_headers
from router.channels.transport import TRANSPORT
from router.channels.wire import Request, text
from router.core.delivery import Delivery
from router.core.message import Message
from router.core.text.values import VERSION

#: Headers that are each delivery's own, whatever the URL says.
_OURS = frozenset({"idempotency-key", "webhook-id", "webhook-timestamp", "webhook-signature"})


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """Sends ``message.data``; always true: the answer decides.

    The URL's parameters are Apprise's: ``+Name=`` a header, ``-name=`` a parameter of the request,
    ``:name=`` a field more, or for an existing field its new name (without a value: none), ``method=``.
    ``secret=`` is ours.
    """
    prepared = _prepared(plugin)
    body = encoded(payload(message, delivery, plugin.payload_extras))
    ours = {"Idempotency-Key": delivery.id}
    if secrets := secrets_of(plugin):
        ours |= signature_headers(secrets, delivery.id, int(time.time()), body)
    asked = Request(plugin.method, prepared.url, {**prepared.headers, **ours}, body)
    TRANSPORT.get().ask(current(), asked, plugin.verify_certificate)
    return True


def _prepared(plugin: Plugin) -> Request:
    """What is the same in every request of this URL; made once."""
    made = plugin.__dict__.get("router_request")
    if made is None:
        made = plugin.__dict__["router_request"] = _prepare(plugin)
    return made


def _prepare(plugin: Plugin) -> Request:
    port = f":{plugin.port}" if plugin.port else ""
    prepared = requests.Request(
        plugin.method,
        f"{'https' if plugin.secure else 'http'}://{plugin.host}{port}{plugin.fullpath}",
        params=plugin.params,
        headers=DEFAULTS | {"Content-Type": "application/json"} | plugin.headers,
        auth=(plugin.user, plugin.password or "") if plugin.user else None,
    ).prepare()
    given = {name: text(value) for name, value in prepared.headers.items() if name.lower() not in _OURS}
    return Request(plugin.method, str(prepared.url), given)


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

"""Discord's webhooks: our Markdown as it is, which mentions nobody.

https://discord.com/developers/docs/resources/webhook#execute-webhook
"""

from collections.abc import Mapping
from typing import Any

from router.channels.answers import ACCEPTED, UNCLEAR, Said, fields_of, wait_of
from router.channels.plugins import Plugin
from router.channels.posting import cut_units, joined, post_json
from router.channels.recording import Exchange
from router.core.delivery import Delivery
from router.core.message import Message

_LONGEST = 2000


def send(plugin: Plugin, message: Message, _delivery: Delivery) -> bool:
    """One message; only those whom the URL names (``ping=``) are mentioned."""
    if plugin.template:
        return plugin.notify(body=message.body, title=message.title, body_format="text")
    pinged: Mapping[str, Any] = plugin.ping_payload(" ".join(plugin.ping)) if plugin.ping else {}
    ping: str = pinged.get("content", "")
    payload: dict[str, Any] = {
        "content": cut_units(joined(message), _LONGEST - len(ping)) + ping,
        "allowed_mentions": pinged.get("allow_mentions", {"parse": []}),
    }
    if plugin.user:
        payload["username"] = plugin.user
    if plugin.avatar and plugin.avatar_url:
        payload["avatar_url"] = plugin.avatar_url
    if plugin.flags:
        payload["flags"] = plugin.flags
    params = {"wait": "true"} | ({"thread_id": plugin.thread_id} if plugin.thread_id else {})
    url = f"{plugin.notify_url}/{plugin.webhook_id}/{plugin.webhook_token}"
    return post_json(plugin, url, payload, params=params)


def said(exchange: Exchange) -> Said | None:
    """``id`` of the message; ``retry_after`` in seconds, with a fraction that the header lacks."""
    answer = fields_of(exchange)
    if exchange.status == 200:  # asked for by wait=true
        return ACCEPTED if answer.get("id") else UNCLEAR
    return wait_of(answer.get("retry_after")) if exchange.status == 429 else None

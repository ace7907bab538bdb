"""Telegram: plain text with a bold title, by entities, so that no text is markup.

https://core.telegram.org/bots/api#sendmessage
"""

from collections.abc import Mapping
from typing import Any, cast

from router.channels.answers import ACCEPTED, UNCLEAR, Said, json_of
from router.channels.plugins import Plugin
from router.channels.posting import cut, joined, post_json
from router.channels.recording import Exchange
from router.core.delivery import Delivery, Outcome
from router.core.message import Message

_LONGEST = 4096


def send(plugin: Plugin, message: Message, _delivery: Delivery) -> bool:
    """One message to the chat, in its topic where the URL names one."""
    if not plugin.targets:  # Apprise asks Telegram who owns the bot
        return plugin.notify(body=message.body, title=message.title, body_format="text")
    ((chat, topic),) = plugin.targets
    title = len(message.title.encode("utf-16-le")) // 2  # Telegram counts UTF-16 units
    payload: dict[str, Any] = {
        "chat_id": chat,
        "text": cut(joined(message), _LONGEST),
        "disable_notification": plugin.silent,
        "disable_web_page_preview": not plugin.preview,
    }
    if title:
        payload["entities"] = [{"type": "bold", "offset": 0, "length": title}]
    if topic:
        payload["message_thread_id"] = topic
    return post_json(plugin, f"{plugin.notify_url}{plugin.bot_token}/sendMessage", payload)


def said(exchange: Exchange) -> Said | None:
    """``ok``, and after a refusal for now ``parameters.retry_after`` in seconds."""
    found = json_of(exchange)
    if not isinstance(found, dict):
        return UNCLEAR if exchange.status == 200 else None
    answer = cast(Mapping[str, Any], found)
    if answer.get("ok") is True:
        return ACCEPTED
    wait = cast(Mapping[str, Any], answer.get("parameters") or {}).get("retry_after")
    return Said(Outcome.THROTTLED, wait=float(wait)) if isinstance(wait, int | float) else None

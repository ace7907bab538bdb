"""Telegram: plain text with a bold title, by entities, so that no text is markup.

https://core.telegram.org/bots/api#sendmessage
"""

from typing import Any

from router.channels.answers import ACCEPTED, UNCLEAR, Said, as_fields, code_of, fields_of, wait_of
from router.channels.plugins import Plugin
from router.channels.posting import asked_json, cut_units, found_nobody, joined
from router.channels.recording import Exchange, current
from router.core.delivery import Delivery
from router.core.message import Message
from router.core.text.sizes import utf16

_LONGEST = 4096


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """One message to the chat, in its topic where the URL names one; later ones answer a group's first."""
    if not plugin.targets and not _find_chat(plugin):
        return found_nobody(said, "nobody has written to this bot of late; write the chat into its URL")
    ((chat, topic),) = plugin.targets
    title = utf16(message.title)
    payload: dict[str, Any] = {
        "chat_id": chat,
        "text": cut_units(joined(message), _LONGEST),
        "disable_notification": plugin.silent,
        "disable_web_page_preview": not plugin.preview,
    }
    if title:
        payload["entities"] = [{"type": "bold", "offset": 0, "length": title}]
    if topic:
        payload["message_thread_id"] = topic
    first = _first(delivery, chat)
    if first is not None:
        payload["reply_parameters"] = {"message_id": first, "allow_sending_without_reply": True}
    answer = asked_json(plugin, f"{plugin.notify_url}{plugin.bot_token}/sendMessage", payload)
    number = code_of(as_fields(answer.get("result")), "message_id")
    if first is None and number is not None:
        current().reference = f"{chat} {number}"
    return True


def _find_chat(plugin: Plugin) -> bool:
    """Whom the bot has heard of, where the URL names no chat; kept for the next message."""
    owner = plugin.detect_bot_owner() if plugin.detect_owner else 0
    if owner:
        current().forget()
        plugin.targets.append((str(owner), plugin.topic))
    return bool(owner)


def _first(delivery: Delivery, chat: object) -> int | None:
    """The number of the group's first message in this chat."""
    of, _, number = delivery.thread.reference.rpartition(" ") if delivery.thread else ("", "", "")
    return int(number) if of == str(chat) and number.isdecimal() else None


def said(exchange: Exchange) -> Said | None:
    """``ok``, and after a refusal for now ``parameters.retry_after`` in seconds."""
    found = fields_of(exchange)
    if found.get("ok") is True:
        return ACCEPTED
    if exchange.status == 200:
        return UNCLEAR
    return wait_of(as_fields(found.get("parameters")).get("retry_after"))

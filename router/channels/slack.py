"""Slack: incoming webhooks and ``chat.postMessage``, with our mrkdwn as it is.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
https://docs.slack.dev/reference/methods/chat.postMessage
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import requests

from router.channels.answers import ACCEPTED, BROKEN, BUSY, REFUSED, THROTTLED, UNCLEAR, Said, fields_of
from router.channels.plugins import Plugin
from router.channels.posting import asked_json, colour, found_nobody, post_json
from router.channels.recording import Exchange, current
from router.core.delivery import Delivery
from router.core.message import Message

_TARGET = re.compile(r"(?P<channel>[+#@]?[A-Za-z0-9_-]+)(:(?P<thread>[0-9.]+))?")
_LATER = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_BUSY = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_BROKEN = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope"}
    | {"no_permission", "org_login_required", "ekm_access_denied", "access_denied", "team_access_not_granted"}
    | {"channel_not_found", "not_in_channel", "is_archived", "user_not_found", "users_not_found"}
)


#: What the text of a block may hold.
_LONGEST_BLOCK = 3_000
#: The channel as the URL names it and as Slack does, and the message: another URL begins another thread.
_REFERENCE = re.compile(r"(?P<named>\S+) (?P<channel>[A-Z0-9]{1,40}) (?P<ts>[0-9.]{1,40})")
#: The message above is gone, or nothing may stand below it.
_NO_THREAD = frozenset(
    {"thread_not_found", "message_not_found", "cannot_reply_to_message", "invalid_thread_ts"}
    | {"channel_not_found", "not_in_channel"}
)
#: Below another message, these are shown in the channel, too.
_SHOWN_TO_ALL = frozenset({"worse", "escalation"})


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """The title as the message, which notifications show, and the body beside a coloured bar."""
    if plugin.mode not in ("hook", "gov-hook", "bot") or plugin.template:
        return plugin.send(message.body, message.title, body_passthrough=False)
    target = _target(plugin)
    if target is None:
        return found_nobody(said, "it does not say who has this address")
    payload = _payload(plugin, message) | target
    if plugin.mode == "bot":
        return _post(plugin, payload, message, None if "thread_ts" in target else delivery)
    base = plugin.webhook_url if plugin.mode == "hook" else plugin.webhook_gov_url
    return post_json(plugin, f"{base}/{plugin.token_a}/{plugin.token_b}/{plugin.token_c}", payload)


def _payload(plugin: Plugin, message: Message) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "text": message.title or message.body,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    if message.title:
        payload["attachments"] = [{"color": colour(message), "fallback": message.title} | _body(message.body)]
    if plugin.user:
        payload["username"] = plugin.user
    return payload


def _body(text: str) -> dict[str, Any]:
    """A block, which is shown whole; what is too long for one is folded by Slack."""
    if not 0 < len(text) <= _LONGEST_BLOCK:
        return {"text": text, "mrkdwn_in": ["text"]}
    return {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}, "expand": True}]}


def _post(plugin: Plugin, payload: dict[str, Any], message: Message, delivery: Delivery | None) -> bool:
    """A bot's message: below the first of its group, which then shows how things stand now.

    Args:
        delivery: None where the URL names a thread of its own.
    """
    thread = delivery.thread if delivery else None
    found = _REFERENCE.fullmatch(thread.reference) if thread else None
    if thread is None or found is None or found["named"] != payload["channel"]:
        return _begin(plugin, payload, keep=delivery is not None)
    below = {"channel": found["channel"], "thread_ts": found["ts"]}
    if message.data.get("reason") in _SHOWN_TO_ALL:
        below["reply_broadcast"] = True
    answer = _ask(plugin, "chat.postMessage", payload | below)
    if answer.get("error") in _NO_THREAD:
        current().forget()
        return _begin(plugin, payload, keep=True)
    if answer.get("ok") is True:
        began = Message.from_json(thread.content)
        edited = _payload(plugin, replace(message, body=began.body if message.title else message.body))
        edited.pop("username", None)
        with current().aside(), suppress(requests.RequestException):
            _ask(plugin, "chat.update", edited | {"channel": found["channel"], "ts": found["ts"]})
    return True


def _begin(plugin: Plugin, payload: dict[str, Any], *, keep: bool) -> bool:
    answer = _ask(plugin, "chat.postMessage", payload)
    reference = f"{payload['channel']} {answer.get('channel')} {answer.get('ts')}"
    if keep and answer.get("ok") is True and _REFERENCE.fullmatch(reference):
        current().reference = reference
    return True


def _ask(plugin: Plugin, method: str, payload: dict[str, Any]) -> Mapping[str, Any]:
    headers = {"Authorization": f"Bearer {plugin.access_token}"}
    return asked_json(plugin, plugin.api_url.format(method), payload, headers=headers)


def _target(plugin: Plugin) -> dict[str, str] | None:
    """The fields that say where to; None when a person's address is not known to Slack."""
    (written,) = plugin.channels
    if written is None:  # the webhook's own channel
        return {}
    if "@" in written[1:]:
        person = plugin.lookup_userid(written)
        if not person:
            return None
        current().forget()
        return {"channel": person}
    found = _TARGET.fullmatch(written)
    if found is None:
        return None
    channel = found["channel"]
    named = channel[1:] if channel[0] == "+" else channel if channel[0] in "#@" else f"#{channel}"
    return {"channel": named} | ({"thread_ts": found["thread"]} if found["thread"] else {})


def said(exchange: Exchange) -> Said | None:
    """Webhooks answer ``ok``; the API a JSON object with ``ok`` and ``error``."""
    if exchange.status != 200:
        return None
    found = fields_of(exchange)
    if "ok" in found:
        return ACCEPTED if found["ok"] is True else _refusal(str(found.get("error", "")))
    return None if exchange.body.strip() in (b"ok", b"") else UNCLEAR


def _refusal(error: str) -> Said:
    if error in _LATER:
        return THROTTLED
    if error in _BUSY:
        return BUSY
    return BROKEN if error in _BROKEN else REFUSED

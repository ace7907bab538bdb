"""Slack: incoming webhooks and ``chat.postMessage``, with our mrkdwn as it is.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
https://docs.slack.dev/reference/methods/chat.postMessage
"""

import re
from typing import Any

from router.channels.answers import ACCEPTED, BROKEN, BUSY, REFUSED, THROTTLED, UNCLEAR, Said, fields_of
from router.channels.plugins import Plugin
from router.channels.posting import colour, post_json
from router.channels.recording import Exchange
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


def send(plugin: Plugin, message: Message, _delivery: Delivery) -> bool:
    """The title as the message, which notifications show, and the body beside a coloured bar."""
    if plugin.mode not in ("hook", "gov-hook", "bot") or plugin.template:
        return plugin.send(message.body, message.title, body_passthrough=False)
    target = _target(plugin)
    if target is None:
        return False
    payload: dict[str, Any] = {
        "text": message.title or message.body,
        "unfurl_links": False,
        "unfurl_media": False,
        **target,
    }
    if message.title:
        payload["attachments"] = [
            {"color": colour(message), "text": message.body, "mrkdwn_in": ["text"], "fallback": message.title}
        ]
    if plugin.user:
        payload["username"] = plugin.user
    if plugin.mode == "bot":
        headers = {"Authorization": f"Bearer {plugin.access_token}"}
        return post_json(plugin, plugin.api_url.format("chat.postMessage"), payload, headers=headers)
    base = plugin.webhook_url if plugin.mode == "hook" else plugin.webhook_gov_url
    return post_json(plugin, f"{base}/{plugin.token_a}/{plugin.token_b}/{plugin.token_c}", payload)


def _target(plugin: Plugin) -> dict[str, str] | None:
    """The fields that say where to; None when a person's address is not known to Slack."""
    (written,) = plugin.channels
    if written is None:  # the webhook's own channel
        return {}
    if "@" in written[1:]:
        person = plugin.lookup_userid(written)
        return {"channel": person} if person else None
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

"""Workflows of Microsoft Teams: an Adaptive Card of rich text blocks, which have no markup.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
"""

from typing import Any

from router.channels.plugins import Plugin
from router.channels.posting import is_resolved, post_json
from router.core.delivery import Delivery
from router.core.message import Message

_COLOURS = {"critical": "attention", "warning": "warning", "info": "accent"}


def send(plugin: Plugin, message: Message, _delivery: Delivery) -> bool:
    """One card: the title, and a block for each line."""
    if plugin.template:
        return plugin.notify(body=message.body, title=message.title, body_format="text")
    return post_json(plugin, _url(plugin), _card(message), params=_params(plugin))


def _url(plugin: Plugin) -> str:
    port = f":{plugin.port}" if plugin.port else ""
    path = "/powerautomate/automations/direct" if plugin.power_automate else ""
    routing = f"/cu/{plugin.routing_id}" if path and plugin.routing_id else ""
    return (
        f"https://{plugin.host}{port}{path}{routing}/workflows/{plugin.workflow}/triggers/manual/paths/invoke"
    )


def _params(plugin: Plugin) -> dict[str, str]:
    return {
        "api-version": plugin.api_version,
        "sp": "/triggers/manual/run",
        "sv": "1.0",
        "sig": plugin.signature,
    }


def _card(message: Message) -> dict[str, Any]:
    colour = "good" if is_resolved(message) else _COLOURS.get(message.severity, "default")
    title = [_line(message.title, weight="bolder", size="large", color=colour)] if message.title else []
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": title + [_line(line) for line in message.body.split("\n")],
        "msteams": {"width": "full"},
    }
    if message.links:
        card["actions"] = [
            {"type": "Action.OpenUrl", "title": words, "url": url} for words, url in message.links
        ]
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "summary": message.title, "attachments": [content]}


def _line(text: str, **style: str) -> dict[str, Any]:
    # An empty run is not valid.
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text or " ", **style}]}

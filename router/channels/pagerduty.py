"""PagerDuty's Events API v2: one incident for each group, closed when the group has ended.

https://developer.pagerduty.com/docs/events-api-v2-overview
"""

from typing import Any

from router.channels.answers import ACCEPTED, UNCLEAR, Said, fields_of
from router.channels.plugins import Plugin
from router.channels.posting import post_json, step
from router.channels.recording import Exchange
from router.core.delivery import Delivery
from router.core.message import Message
from router.core.text.clip import clip

_URLS = {"us": "https://events.pagerduty.com/v2/enqueue", "eu": "https://events.eu.pagerduty.com/v2/enqueue"}
_LONGEST = 1024


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """An event with the group as its key: a repeat of it changes nothing at PagerDuty."""
    event: dict[str, Any] = {
        "routing_key": plugin.integration_key,
        "dedup_key": plugin.dedup or delivery.group_id,
        "event_action": "resolve" if plugin.action == "resolve" else step(message),
    }
    if event["event_action"] == "trigger":
        event |= {"client": "alert-router", "payload": _payload(plugin, message)}
        links = [{"href": url, "text": words} for words, url in message.links]
        if plugin.click:
            links.insert(0, {"href": plugin.click, "text": plugin.click})
        if links:
            event["links"] = links
    headers = {"Authorization": f"Token token={plugin.apikey}"}
    return post_json(plugin, _URLS[plugin.region_name], event, headers=headers)


def _payload(plugin: Plugin, message: Message) -> dict[str, Any]:
    defaults = plugin.template_tokens
    component = "" if plugin.component == defaults["component"]["default"] else plugin.component
    optional = {"component": component, "group": plugin.group, "class": plugin.class_id}
    return {
        "summary": clip(message.title or message.body, _LONGEST),
        "severity": plugin.severity or message.severity,
        "source": "alert-router" if plugin.source == defaults["source"]["default"] else plugin.source,
        "custom_details": {"text": message.body} | plugin.details,
        **{name: value for name, value in optional.items() if value},
    }


def said(exchange: Exchange) -> Said | None:
    """``status`` of what PagerDuty took is ``success``."""
    if not 200 <= (exchange.status or 0) < 300:
        return None
    return ACCEPTED if fields_of(exchange).get("status") == "success" else UNCLEAR

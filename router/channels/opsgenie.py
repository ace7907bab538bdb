"""Opsgenie's alerts: one alert for each group, under the group's key, closed when the group has ended.

https://docs.opsgenie.com/docs/alert-api; Jira Service Management has taken the interface over:
https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v2/api-group-integration-events/
"""

from typing import Any
from urllib.parse import quote

from router.channels.answers import ACCEPTED, UNCLEAR, Said, fields_of
from router.channels.plugins import Plugin, module_of, parameters
from router.channels.posting import post_json, step
from router.channels.recording import Exchange
from router.core.delivery import Delivery
from router.core.message import Message
from router.core.text.clip import clip

_URLS = {"us": "https://api.opsgenie.com/v2/alerts", "eu": "https://api.eu.opsgenie.com/v2/alerts"}
_JIRA = "https://api.atlassian.com/jsm/ops/integration/v2/alerts"
_LONGEST = 130
_PRIORITIES = {"critical": "P1", "warning": "P3", "info": "P5"}
_STEPS = {"trigger": "create", "acknowledge": "acknowledge", "resolve": "close"}
_BY_APPRISE = ("delete", "note")


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """An alert with the group as its alias: while it is open, a repeat of it only counts up."""
    if plugin.action in _BY_APPRISE:
        return plugin.notify(body=message.body, title=message.title, body_format="text")
    wanted = plugin.action if plugin.action in _STEPS.values() else _STEPS[step(message)]
    alias = plugin.alias or delivery.group_id
    url = _JIRA if module_of(plugin) == "jira" else _URLS[plugin.region_name]
    headers = {"Authorization": f"GenieKey {plugin.apikey}"}
    if wanted == "create":
        return post_json(plugin, url, _alert(plugin, message) | {"alias": alias}, headers=headers)
    change = {"source": "alert-router", "note": message.title or message.body}
    url = f"{url}/{quote(alias, safe='')}/{wanted}"
    return post_json(plugin, url, change, headers=headers, params={"identifierType": "alias"})


def _alert(plugin: Plugin, message: Message) -> dict[str, Any]:
    chosen = "priority" in parameters(plugin)
    optional = {
        "responders": plugin.targets,
        "entity": plugin.entity,
        "user": plugin.user,
        "details": plugin.details,
        "tags": [tag for tag in parameters(plugin).get("tags", "").replace(",", " ").split() if tag],
    }
    return {
        "message": clip(message.title or message.body, _LONGEST),
        "description": message.body,
        "priority": f"P{plugin.priority}" if chosen else _PRIORITIES.get(message.severity, "P3"),
        "source": "alert-router",
        **{name: value for name, value in optional.items() if value},
    }


def said(exchange: Exchange) -> Said | None:
    """What Opsgenie takes it puts into a queue, under a ``requestId``."""
    if not 200 <= (exchange.status or 0) < 300:
        return None
    return ACCEPTED if fields_of(exchange).get("requestId") else UNCLEAR

"""What a template sees, and what a webhook is sent: docs/templates.md and docs/webhook.md list it."""

from collections.abc import Mapping
from typing import Any, cast

import orjson

from router.core.alert import Alert
from router.core.event import Event
from router.core.notification import Notification
from router.core.rule import Rule
from router.core.times import iso

#: Of the form of a webhook's JSON: a new version changes the meaning of a field, not a new field.
VERSION = 1

LINKS = ("ack", "silence", "explain")

#: The names that a template sees of every event; they hide fields of the event that are named so.
NAMES = ("event", "rule", "severity", "labels", "reason", "group", "alerts", "links")


class Link(str):
    """A URL of ours inside a template: escaped for its place, not as an event's words."""

    __slots__ = ()


def values(notification: Notification) -> dict[str, Any]:
    """Every field of the newest event by its name, and :data:`NAMES`. Times are ISO 8601 text."""
    event = notification.event
    heading = notification.heading
    return {
        **event.data,
        "event": event_values(event),
        "rule": heading.rule,
        "severity": heading.severity,
        "labels": heading.labels,
        "reason": notification.reason.value,
        "group": _group(notification),
        "alerts": [_alert(alert) for alert in notification.alerts],
        "links": {name: Link(notification.links.get(name, "")) for name in LINKS},
    }


def event_values(event: Event) -> dict[str, Any]:
    """The whole event: its fields, and its ``id``, ``source`` and ``time``."""
    return whole_event(event.data, event.id, event.source, event.at)


def whole_event(data: Mapping[str, Any], event_id: str, source: str, at: int) -> dict[str, Any]:
    """As :func:`event_values`, for an event of which no more is known."""
    return {**data, "id": event_id, "source": source, "time": iso(at)}


def whole(notification: Notification, rule: Rule, title: str, body: str) -> dict[str, Any]:
    """The whole notification as JSON, for webhooks.

    Args:
        title: as rendered, as is ``body``.
    """
    heading, event = notification.heading, notification.event
    return {
        "version": VERSION,
        "id": notification.id,
        "reason": notification.reason.value,
        "channel": notification.channel,
        "rule": rule.name,
        "severity": heading.severity,
        "labels": dict(heading.labels),
        "group": {"id": notification.group.id, **_group(notification)},
        "alerts": [{"id": alert.id, **_alert(alert)} for alert in notification.alerts],
        "event": _event(event),
        "text": {"title": title, "body": body},
        "links": dict(notification.links),
    }


def _event(event: Event) -> dict[str, Any]:
    return {"id": event.id, "source": event.source, "time": iso(event.at), "data": dict(event.data)}


def _group(notification: Notification) -> dict[str, Any]:
    group = notification.group
    return {
        "key": key_values(group.key),
        "count": group.alerts,
        "new": notification.new,
        "firing": notification.firing,
        "resolved": notification.resolved,
        "causes": [{"text": cause.text, "count": cause.count} for cause in notification.causes],
    }


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "rule": alert.rule,
        "severity": alert.severity,
        "state": alert.state.value,
        "key": key_values(alert.key),
        "count": alert.count,
        "since": iso(alert.opened_at),
    }


def key_values(key: str) -> list[Any]:
    """A key's values; keys are kept as canonical JSON text."""
    try:
        found: Any = orjson.loads(key)
    except ValueError:
        return [key]
    return cast("list[Any]", found) if isinstance(found, list) else [found]

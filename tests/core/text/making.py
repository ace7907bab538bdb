"""Notifications for the tests of texts, and for the gallery in docs/texts.md."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from router.core.alert import opened
from router.core.catalogue import EVENTS, NUMBERS
from router.core.event import Event
from router.core.group import Reason
from router.core.group import opened as group_opened
from router.core.key import place_of
from router.core.message import Message
from router.core.notification import Cause, Notification
from router.core.rule import Match, Rule, Severity, Texts
from router.core.text import render

#: 2016-11-01T15:45:02.837728Z, the end of the documented samples.
AT = 1_478_015_102_837_728
MINUTE = 60_000_000
LINKS = {
    "ack": "https://alerts.example.com/ack/Zm9v_YmFy-1?x=1&y=2",
    "silence": "https://alerts.example.com/silence/Zm9v_YmFy-1",
    "explain": "https://alerts.example.com/explain/n-1",
}


def sample(name: str, **fields: Any) -> dict[str, Any]:
    """A documented sample, its numbers decoded, with other values laid over it."""
    data = EVENTS[name].sample()
    decoded = {
        field: (int(value) if value else None) if field in NUMBERS else value for field, value in data.items()
    }
    return {**decoded, **fields}


def a_rule(name: str = "job-failed", severity: str = "critical", **texts: str | None) -> Rule:
    """A rule with these templates for all kinds: ``title``, ``body``."""
    return Rule(
        name,
        None,
        ("oncall",),
        severity=Severity.of(severity),
        labels={"team": "render"},
        texts=Texts(**texts),
    )


def notified(
    data: Mapping[str, Any],
    rule: Rule | None = None,
    reason: Reason = Reason.FIRST,
    *,
    source: str = "batch",
    keys: tuple[str, ...] = (),
    **changes: Any,
) -> Notification:
    """What is told of an event.

    Args:
        keys: of further alerts, oldest first.
        changes: to the notification.
    """
    rule = rule or a_rule()
    event = Event(id="e-1", source=source, at=AT, data=data, received_at=AT)
    alert = opened(Match(rule, event), place_of(rule, event), "p", AT)
    group = group_opened("oncall", alert, AT)
    others = tuple(
        replace(alert, id=f"a-{key}", key=json.dumps(key.split("/")), event_at=AT - MINUTE) for key in keys
    )
    count = changes.pop("count", 1 + len(others))
    key = json.dumps([data.get("JobId") or "e-1"])
    group = replace(group, key=key, alerts=count)
    return replace(
        Notification("n-1", "oncall", reason, group, (*others, alert), event, AT, "p"),
        **{"firing": count, "links": LINKS, **changes},
    )


def rendered(
    notification: Notification,
    kind: str,
    rule: Rule | None = None,
    *,
    now: int = AT + 3 * MINUTE,
    language: str = "en",
    timezone: str = "Asia/Shanghai",
) -> Message:
    """The message of a kind, three minutes after the event."""
    return render(
        notification, rule or a_rule(), kind, "oncall", now=now, timezone=timezone, language=language
    )


def told(kind: str, body: str, data: Mapping[str, Any], **keys: Any) -> Message:
    """What a rule's own text makes of an event."""
    rule = a_rule(body=body)
    return rendered(notified(data, rule, **keys), kind, rule)


CAUSES = (
    Cause("exit code 137", 9_870),
    Cause("exit code 1: No space left on device", 96),
    Cause("NodeLost", 34),
)

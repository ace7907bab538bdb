"""A notification to a message for one kind of channel: the rule's templates, or the built-in text."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from router.core.message import Message
from router.core.notification import Notification
from router.core.rule import Rule
from router.core.text import builtin
from router.core.text.escape import ESCAPES, one_line
from router.core.text.fit import cut, fit
from router.core.text.kinds import KINDS, Kind
from router.core.text.mail import mail
from router.core.text.story import Story, story_of
from router.core.text.template import compile_template
from router.core.text.times import at
from router.errors import RouterError

#: Of the form of ``Message.data``; a webhook's receiver may rely on it. See docs/webhook.md.
VERSION = 1
#: The longest title, in characters.
LONGEST_TITLE = 200


def render(
    notification: Notification,
    rule: Rule,
    kind: str,
    channel: str,
    *,
    now: int,
    timezone: str = "UTC",
    language: str = "en",
) -> Message:
    """What a target of this kind is sent. Never raises: a template that fails leaves the built-in text.

    Args:
        now: microseconds UTC.
    """
    form = KINDS.get(kind, KINDS["plain"])
    story = story_of(notification, now, timezone, language)
    texts = rule.formats.get(channel) or rule.formats.get(kind) or rule.texts
    faults: list[str] = []
    own_title = _own(texts.title or rule.texts.title, notification, form, now, faults)
    own_body = _own(texts.body or rule.texts.body, notification, form, now, faults)
    title = cut(one_line(own_title or builtin.title(story, form)), LONGEST_TITLE, len, "…")
    body = _fitted(own_body, title, story, form)
    return Message(
        title=title if form.titled else "",
        body=body,
        html=_html(own_body, title, story) if kind == "email" else "",
        severity=story.severity,
        data=data_of(notification, rule, title, body)
        if kind == "webhook"
        else {"reason": notification.reason.value},
        faults=tuple(faults),
    )


def _own(
    template: str | None, notification: Notification, form: Kind, now: int, faults: list[str]
) -> str | None:
    if template is None:
        return None
    try:
        return compile_template(template).render(values(notification), now, ESCAPES[form.markup])
    except RouterError as error:
        faults.append(error.message)
        return None


def _fitted(own: str | None, title: str, story: Story, form: Kind) -> str:
    room = form.limit - (form.size(title) if form.titled else 0)
    if own is not None:
        return cut(own, room, form.size)
    return fit(builtin.bodies(story, form), room, form.size)


def _html(own: str | None, title: str, story: Story) -> str:
    """A mail with a template of its own is sent as it stands: the text part alone."""
    return mail(story) if own is None else ""


def values(notification: Notification) -> dict[str, Any]:
    """What a template sees; docs/rules.md lists it."""
    event, group = notification.event, notification.group
    named = {name: value for name, value in event.data.items() if name.isidentifier()}
    return named | {
        "event": dict(event.data) | {"id": event.id, "source": event.source, "time": event.time},
        "rule": notification.heading.rule,
        "severity": notification.heading.severity,
        "labels": dict(notification.heading.labels),
        "reason": notification.reason.value,
        "group": {
            "key": group.key,
            "count": group.alerts,
            "new": notification.new,
            "firing": notification.firing,
            "resolved": notification.resolved,
            "causes": [asdict(cause) for cause in notification.causes],
        },
        "alerts": [_alert(alert) for alert in notification.alerts],
        "links": dict(notification.links),
    }


def _alert(alert: Any) -> dict[str, Any]:
    return {
        "id": alert.id,
        "rule": alert.rule,
        "severity": alert.severity,
        "state": alert.state.value,
        "key": alert.key,
        "count": alert.count,
        "opened_at": at(alert.opened_at),
    }


def data_of(notification: Notification, rule: Rule, title: str, body: str) -> dict[str, Any]:
    """The whole notification as JSON, for webhooks; its form is ``VERSION``."""
    seen = values(notification)
    event = notification.event
    return {
        "version": VERSION,
        "id": notification.id,
        "reason": notification.reason.value,
        "channel": notification.channel,
        "rule": rule.name,
        "severity": seen["severity"],
        "labels": seen["labels"],
        "group": {"id": notification.group.id} | seen["group"],
        "alerts": [alert | {"opened_at": _iso(alert["opened_at"])} for alert in seen["alerts"]],
        "event": {
            "id": event.id,
            "source": event.source,
            "time": _iso(event.time),
            "data": dict(event.data),
        },
        "text": {"title": title, "body": body},
        "links": seen["links"],
    }


def _iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")

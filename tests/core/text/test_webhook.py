"""What a webhook is sent: docs/webhook.md."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from router.core.group import Reason
from router.core.message import Message
from tests.core.text.making import CAUSES, notified, rendered, sample

DOCS = Path(__file__).parents[3] / "docs" / "webhook.md"
FAILED = sample("OnInstanceFailed", ExitCode=137, Job={"JobName": "nightly"})


#: As a link looks.
ACK = "https://alerts.example.com/a/AXyDnlMmZBc0QeAHfVdZr1zzYy6jHqVbI9eLQpWm"


def example() -> dict[str, Any]:
    """The example in the documentation."""
    found = re.search(r"```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


def sent() -> dict[str, Any]:
    """The notification that the example shows, as the texts make it."""
    data = sample("OnJobFailed", Message="1 of 3 tasks failed", JobName="nightly-render")
    notification = notified(data, causes=CAUSES[:1], links={"ack": ACK})
    key = json.dumps([data["JobId"]])
    alerts = tuple(replace(alert, id="a-1", key=key) for alert in notification.alerts)
    group = replace(notification.group, id="g-1")
    return dict(rendered(replace(notification, alerts=alerts, group=group), "webhook", timezone="UTC").data)


def test_the_documented_example_is_what_is_sent() -> None:
    """Field by field, with what the channel adds taken away."""
    shown = example()
    assert shown.pop("possible_duplicate") is False
    assert shown == sent()


def test_the_whole_notification_is_json() -> None:
    """It survives the way through the store and back, event and all."""
    message = rendered(notified(FAILED), "webhook")
    assert Message.from_json(message.to_json()) == message
    assert message.data["event"]["data"] == FAILED
    assert message.data["text"] == {"title": message.title, "body": message.body}


def test_other_kinds_are_given_the_reason_alone() -> None:
    """A channel that closes incidents of its own needs to know an end; nothing more is stored twice."""
    message = rendered(notified(FAILED, reason=Reason.RESOLVED), "pagerduty")
    assert message.data["reason"] == "resolved"

"""Channels, messages and deliveries for tests."""

from dataclasses import replace
from typing import Any

from router.channels import ChannelSpec, kind_of_url, make_channel
from router.core.delivery import Delivery, Verdict
from router.core.message import Message
from router.ports import Channel

#: 2023-11-14 22:13:20 UTC, in microseconds.
NOW = 1_700_000_000_000_000

#: Seconds in which a busy machine notices that a deadline is over; what hangs here hangs for a minute.
SOON = 20.0

MESSAGE = Message(
    title="job-1 failed",
    body="exit code 137",
    html="<p>exit code <b>137</b></p>",
    severity="critical",
    data={"reason": "first", "rule": "job-failed", "event": {"JobId": "job-1"}},
)

DELIVERY = Delivery(
    id="d-0123456789abcdef",
    notification_id="n-1",
    group_id="g-1",
    channel="oncall",
    target="oncall/1",
    kind="webhook",
    severity="critical",
    content="",
    created_at=NOW,
    due_at=NOW,
    attempts=1,
)


def channel(url: str, **changes: Any) -> Channel:
    """A channel with enough time for a machine that is busy."""
    spec = ChannelSpec(name="oncall/1", url=url, kind=kind_of_url(url), timeout=30_000_000)
    return make_channel(replace(spec, **changes), lambda: NOW)


def send(url: str, message: Message = MESSAGE, delivery: Delivery = DELIVERY, **changes: Any) -> Verdict:
    """What one send of a new channel comes to."""
    made = channel(url, **changes)
    try:
        return made.send(message, replace(delivery, kind=kind_of_url(url)))
    finally:
        made.close()

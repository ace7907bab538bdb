"""What the pipeline asks of the world: a clock, a store, channels, sources. Adapters implement it.

Every implementation of a port passes the same suite in ``tests/contract``.
"""

from router.ports.channel import Channel
from router.ports.clock import Clock
from router.ports.questions import AlertsSeen, Counted, Counting, Feed, Mark, Page
from router.ports.records import (
    Attempt,
    Deed,
    EventRecord,
    Job,
    Known,
    NotificationRecord,
    SetAside,
    Standing,
    TargetState,
    Timer,
)
from router.ports.sources import EventOutcome, HttpSource, Intake, PullSource, Receipt, Request
from router.ports.store import GROUPS, Store
from router.ports.unit import Unit, Urgency

__all__ = [
    "GROUPS",
    "AlertsSeen",
    "Attempt",
    "Channel",
    "Clock",
    "Counted",
    "Counting",
    "Deed",
    "EventOutcome",
    "EventRecord",
    "Feed",
    "HttpSource",
    "Intake",
    "Job",
    "Known",
    "Mark",
    "NotificationRecord",
    "Page",
    "PullSource",
    "Receipt",
    "Request",
    "SetAside",
    "Standing",
    "Store",
    "TargetState",
    "Timer",
    "Unit",
    "Urgency",
]

"""Nouns for tests of the store: short to write, with every field that a test does not name."""

import json
from collections.abc import Mapping
from typing import Any

from router.core.alert import Alert, AlertState
from router.core.delivery import SECOND, Delivery, Outcome, Verdict
from router.core.event import Envelope, Event, Undecodable
from router.core.group import Group, Reason
from router.ports import Attempt, EventRecord, NotificationRecord, SetAside, Unit

#: When tests begin.
START = 1_800_000_000 * SECOND


def event_record(
    name: str, at: int = START, data: Mapping[str, Any] | None = None, **changed: Any
) -> EventRecord:
    """A routed event."""
    held = {"Event": "Job.State.Failed", "JobId": f"job-{name}"} if data is None else dict(data)
    event = Event(name, "hook", at, held, at, f"key:{name}")
    envelope = Envelope("hook", json.dumps(held).encode(), at, {"x": "y"}, "place", f"key:{name}")
    given: dict[str, Any] = {"policy": "p", "outcome": "routed", "reason": "matched a"}
    given |= {"matches": (("a", f"a-{name}"),)} | changed
    return EventRecord(event, envelope, **given)


def alert(name: str, event: str, at: int = START, **changed: Any) -> Alert:
    """A firing alert of its own."""
    given: dict[str, Any] = {"state": AlertState.FIRING, "severity": "warning", "labels": {"team": "ours"}}
    given["slot"] = f"slot-{name}"
    return Alert(
        id=name,
        rule="failed",
        key=f'["{name}"]',
        opened_at=at,
        event_id=event,
        event_at=at,
        received_at=at,
        policy="p",
        **(given | changed),
    )


def group(name: str, due_at: int | None = START, **changed: Any) -> Group:
    """A group on the channel oncall that is due."""
    reason = Reason.FIRST if due_at is not None else None
    given: dict[str, Any] = {"due_reason": reason, "key": f'["{name}"]', "opened_at": START}
    given |= {"slot": f"slot-{name}", "severity": "warning"} | changed
    return Group(id=name, channel="oncall", policy="p", due_at=due_at, **given)


def notification(name: str, of: str, event: str = "e", at: int = START) -> NotificationRecord:
    """A first notification of a group."""
    return NotificationRecord(name, of, "oncall", Reason.FIRST, "warning", at, "p", event, ("a fault",))


def delivery(name: str, target: str = "oncall/1", at: int = START, **changed: Any) -> Delivery:
    """A pending delivery of a group and a notification of its own."""
    given: dict[str, Any] = {"notification_id": f"n-{name}", "group_id": f"g-{name}", "due_at": at}
    given |= {"content": '{"title": "Ärger \u2028"}', "severity": "warning"} | changed
    return Delivery(
        id=name,
        channel=target.partition("/")[0],
        target=target,
        kind="webhook",
        created_at=at,
        **given,
    )


def attempt(of: str, number: int = 1, answer: str = "ok") -> Attempt:
    """An accepted attempt."""
    return Attempt(of, number, START, START + 1, Verdict(Outcome.ACCEPTED, answer, 200))


def set_aside(name: str, at: int = START, body: bytes = b"\xff\x00") -> SetAside:
    """A message that could not be decoded."""
    envelope = Envelope("hook", body, at, {"content-type": "text/plain"}, "place", f"key:{name}")
    return SetAside(name, Undecodable(envelope, "it is no JSON"))


def ingest(unit: Unit, name: str, at: int = START) -> None:
    """An event with its alert and its group, as the ingest writes them."""
    unit.add_events([event_record(name, at)])
    unit.put_alerts([alert(f"a-{name}", name, at)])
    unit.put_groups([group(f"g-{name}", at, opened_at=at)])
    unit.join_groups([(f"g-{name}", f"a-{name}")])

"""Records as programs read them: what the API answers and what ``-o json`` prints are the same.

Times are ISO 8601 text in UTC, null where something has not happened.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

# Pydantic reads this one on every version of Python that we run on.
from typing_extensions import TypedDict

from router.core.alert import Alert
from router.core.delivery import Delivery
from router.core.group import Group
from router.core.message import Message
from router.core.mute.silence import Silence, state
from router.core.times import at
from router.ports import Attempt, Deed, EventRecord, SetAside

if TYPE_CHECKING:
    from router.core.filter.clauses import Clause
    from router.pipeline.explain import Explanation, RuleExplained

_HALF = re.compile("[\ud800-\udfff]")


def sound(value: Any) -> Any:
    """What an event holds, as JSON can carry it: U+FFFD stands for half a surrogate pair."""
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub("\ufffd", value)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        return {sound(name): sound(part) for name, part in items.items()}
    return (
        [sound(part) for part in cast("Sequence[Any]", value)] if isinstance(value, list | tuple) else value
    )


def iso(time: int | None) -> str | None:
    """A time as programs read it."""
    return None if time is None else at(time).isoformat()


class AlertJson(TypedDict):
    """An alert."""

    id: str
    rule: str
    key: str
    state: str
    severity: str
    labels: dict[str, str]
    cause: str
    event: str
    count: int
    muted_by: str
    acknowledged_by: str
    acknowledged_until: str | None
    shadow: bool
    opened_at: str | None
    fired_at: str | None
    ended_at: str | None
    end_reason: str


def alert_json(a: Alert) -> AlertJson:
    """See :class:`AlertJson`."""
    return {
        "id": a.id,
        "rule": a.rule,
        "key": a.key,
        "state": a.state,
        "severity": a.severity,
        "labels": sound(a.labels),
        "cause": a.cause,
        "event": a.event_id,
        "count": a.count,
        "muted_by": a.muted_by,
        "acknowledged_by": a.acknowledged_by,
        "acknowledged_until": iso(a.acknowledged_until),
        "shadow": a.shadow,
        "opened_at": iso(a.opened_at),
        "fired_at": iso(a.fired_at),
        "ended_at": iso(a.ended_at),
        "end_reason": a.end_reason,
    }


class GroupJson(TypedDict):
    """A group: how often it was told on its channel, and when it will be."""

    id: str
    channel: str
    told: int
    due_at: str | None
    ended_at: str | None


def group_json(group: Group) -> GroupJson:
    """See :class:`GroupJson`."""
    return {
        "id": group.id,
        "channel": group.channel,
        "told": max(0, group.told),
        "due_at": iso(group.due_at),
        "ended_at": iso(group.ended_at),
    }


class TroubleJson(GroupJson):
    """A group with what stands in it."""

    key: str
    severity: str
    opened_at: str | None
    due_reason: str | None
    firing: int
    acknowledged: int
    muted: int
    rules: list[str]
    causes: dict[str, int]


def trouble_json(group: Group) -> TroubleJson:
    """See :class:`TroubleJson`."""
    tallies = group.tallies.values()
    return {
        **group_json(group),
        "key": group.key,
        "severity": group.severity,
        "opened_at": iso(group.opened_at),
        "due_reason": group.due_reason,
        "firing": sum(one.firing for one in tallies),
        "acknowledged": sum(one.acknowledged for one in tallies),
        "muted": sum(one.held for one in tallies),
        "rules": sorted(group.tallies),
        "causes": sound(group.causes),
    }


class DeliveryJson(TypedDict):
    """A delivery: where it stands, and the provider's last words."""

    id: str
    channel: str
    target: str
    state: str
    severity: str
    attempts: int
    unknown: int
    answer: str
    status: int | None
    reason: str
    created_at: str | None
    due_at: str | None
    ended_at: str | None
    notification: str
    group: str


def delivery_json(d: Delivery) -> DeliveryJson:
    """See :class:`DeliveryJson`."""
    return {
        "id": d.id,
        "channel": d.channel,
        "target": d.target,
        "state": d.state,
        "severity": d.severity,
        "attempts": d.attempts,
        "unknown": d.unknown,
        "answer": d.answer,
        "status": d.status,
        "reason": d.reason,
        "created_at": iso(d.created_at),
        "due_at": iso(d.due_at),
        "ended_at": iso(d.ended_at),
        "notification": d.notification_id,
        "group": d.group_id,
    }


class TextJson(TypedDict):
    """A message's text."""

    title: str
    body: str


def text_of(delivery: Delivery) -> TextJson:
    """The text that a delivery carries."""
    message = Message.from_json(delivery.content)
    return {"title": sound(message.title), "body": sound(message.body)}


class AttemptJson(TypedDict):
    """One attempt, and what the provider answered."""

    number: int
    started_at: str | None
    ended_at: str | None
    verdict: str
    status: int | None
    answer: str


def attempt_json(attempt: Attempt) -> AttemptJson:
    """See :class:`AttemptJson`."""
    return {
        "number": attempt.number,
        "started_at": iso(attempt.started_at),
        "ended_at": iso(attempt.ended_at),
        "verdict": attempt.verdict.outcome,
        "status": attempt.verdict.status,
        "answer": attempt.verdict.answer,
    }


class SilenceJson(TypedDict):
    """A silence."""

    id: str
    state: str
    matcher: str
    starts_at: str | None
    ends_at: str | None
    author: str
    comment: str
    created_at: str | None
    recurs: bool


def silence_json(s: Silence, now: int) -> SilenceJson:
    """See :class:`SilenceJson`."""
    return {
        "id": s.id,
        "state": state(s, now),
        "matcher": s.matcher.text,
        "starts_at": iso(s.starts_at),
        "ends_at": iso(s.over_at),
        "author": s.author,
        "comment": s.comment,
        "created_at": iso(s.created_at),
        "recurs": bool(s.interval),
    }


class MatchJson(TypedDict):
    """A rule that matched, and the alert that it opened or went on with."""

    rule: str
    alert: str


class FailureJson(TypedDict):
    """A rule whose filter failed, and how."""

    rule: str
    error: str


class EventJson(TypedDict):
    """An event as it was understood, and what became of it."""

    id: str
    event: str
    source: str
    time: str | None
    received_at: str | None
    outcome: str
    reason: str
    matches: list[MatchJson]
    failures: list[FailureJson]


def event_json(record: EventRecord) -> EventJson:
    """See :class:`EventJson`."""
    event = record.event
    return {
        "id": event.id,
        "event": sound(event.kind),
        "source": event.source,
        "time": iso(event.at),
        "received_at": iso(event.received_at),
        "outcome": record.outcome,
        "reason": record.reason,
        "matches": [{"rule": rule, "alert": alert} for rule, alert in record.matches],
        "failures": [{"rule": rule, "error": sound(error)} for rule, error in record.failures],
    }


class SetAsideJson(TypedDict):
    """A message that could not be decoded, whole."""

    id: str
    source: str
    received_at: str | None
    reason: str
    replayed_at: str | None
    body: str


def set_aside_json(message: SetAside) -> SetAsideJson:
    """See :class:`SetAsideJson`."""
    envelope = message.undecodable.envelope
    return {
        "id": message.id,
        "source": envelope.source,
        "received_at": iso(envelope.received_at),
        "reason": message.undecodable.reason,
        "replayed_at": iso(message.replayed_at),
        "body": envelope.body.decode("utf-8", "backslashreplace"),
    }


class DeedJson(TypedDict):
    """What a person did."""

    at: str | None
    by: str
    what: str
    subject: str
    number: int


def deed_json(deed: Deed) -> DeedJson:
    """See :class:`DeedJson`."""
    return {
        "at": iso(deed.at),
        "by": deed.by,
        "what": deed.what,
        "subject": deed.subject,
        "number": deed.number,
    }


class TopJson(TypedDict):
    """One of what is counted."""

    name: str
    counts: dict[str, int]
    per_minute: float
    last: str | None
    note: str


class ClauseJson(TypedDict):
    """A part of a filter, and what it came to: true, false, or null where it was not reached."""

    clause: str
    joint: str
    held: bool | None
    decided: bool
    values: dict[str, Any]
    error: str
    hint: str
    parts: "list[ClauseJson]"


def clause_json(clause: "Clause") -> ClauseJson:
    """See :class:`ClauseJson`."""
    return {
        "clause": sound(clause.text),
        "joint": clause.joint,
        "held": clause.held,
        "decided": clause.decided,
        "values": sound(dict(clause.values)),
        "error": sound(clause.error),
        "hint": sound(clause.hint),
        "parts": [clause_json(part) for part in clause.parts],
    }


class RuleSaidJson(TypedDict):
    """What a rule says of an event, and why."""

    rule: str
    verdict: str
    reason: str
    code: str
    key: dict[str, Any] | None
    group: dict[str, Any] | None
    clauses: ClauseJson | None


def rule_said_json(said: "RuleExplained") -> RuleSaidJson:
    """See :class:`RuleSaidJson`."""
    return {
        "rule": said.rule,
        "verdict": said.verdict,
        "reason": sound(said.reason),
        "code": said.code,
        "key": None if said.key is None else sound(said.key),
        "group": None if said.group is None else sound(said.group),
        "clauses": clause_json(said.clauses) if said.clauses else None,
    }


class ToldJson(TextJson):
    """What one target would be sent."""

    rule: str
    channel: str
    target: str
    kind: str


class ExplainedEventJson(TypedDict):
    """The event that is explained."""

    id: str
    event: str
    source: str
    time: str | None
    data: dict[str, Any]


class ExplanationJson(TypedDict):
    """Every rule's verdict on an event, in judged order, and every message that would be sent.

    ``note`` says why the event's ``Job`` is null or not the one that was sent; it is empty otherwise.
    """

    event: ExplainedEventJson
    note: str
    rules: list[RuleSaidJson]
    messages: list[ToldJson]


def explanation_json(explanation: "Explanation") -> ExplanationJson:
    """See :class:`ExplanationJson`."""
    event = explanation.event
    return {
        "event": {
            "id": event.id,
            "event": sound(event.kind),
            "source": event.source,
            "time": iso(event.at),
            "data": sound(event.data),
        },
        "note": sound(explanation.note),
        "rules": [rule_said_json(said) for said in explanation.rules],
        "messages": [
            {
                "rule": told.rule,
                "channel": told.channel,
                "target": told.target,
                "kind": told.kind,
                "title": sound(told.message.title),
                "body": sound(told.message.body),
            }
            for told in explanation.told
        ],
    }

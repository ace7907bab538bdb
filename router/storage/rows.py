"""Nouns to rows and back."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from router.core.alert import Alert, AlertState, Seat
from router.core.breaker import Breaker
from router.core.changed import made
from router.core.delivery import Delivery, Outcome, State, Verdict
from router.core.event import Envelope, Event, Undecodable
from router.core.filter import Filter
from router.core.group import Group, Reason, Tally
from router.core.json_text import write_json
from router.core.mute.interval import ClockSpan, Span, TimeInterval
from router.core.mute.silence import Silence, document
from router.core.text.values import whole_event
from router.ports import (
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

Row = Mapping[str, Any]

#: Most lists of an event are empty.
_EMPTY: dict[type, str] = {tuple: "[]", list: "[]", dict: "{}"}
#: Columns that :func:`event_of` reads: the body may be large.
OF_EVENT = ("id", "source", "at", "data", "received_at", "identity", "odd_fields")
#: Columns that :func:`document_of` reads.
OF_ALERT, OF_NEWEST = ("rule", "severity", "labels", "key"), ("id", "source", "at", "data")
_ALERT_STATES = {state.value: state for state in AlertState}
_REASONS: dict[str | None, Reason | None] = {None: None, **{reason.value: reason for reason in Reason}}
_UNKEPT = re.compile("[\0\ud800-\udfff]")


def kept(text: str) -> str:
    """The text as every engine keeps it: U+FFFD stands for NUL and for half a surrogate pair."""
    return text if text.isascii() and "\0" not in text else _UNKEPT.sub("\ufffd", text)


def _json(value: Any) -> str:
    """ASCII only, so that a lone surrogate or a NUL inside an event is text that every engine keeps."""
    return write_json(value) if value else _EMPTY[value.__class__]


def event_row(record: EventRecord) -> dict[str, Any]:
    """An event with its envelope."""
    event, envelope = record.event, record.envelope
    job = event.data.get("JobId")
    return {
        "id": event.id,
        "identity": event.identity,
        "source": event.source,
        "kind": kept(event.kind),
        "job_id": kept(job) if isinstance(job, str) else None,
        "at": event.at,
        "received_at": event.received_at,
        "data": _json(event.data),
        "body": envelope.body,
        "headers": _json(dict(envelope.headers)),
        "position": kept(envelope.position),
        "policy": record.policy,
        "outcome": record.outcome,
        "reason": kept(record.reason),
        "matches": _json(record.matches),
        "failures": _json(record.failures),
        "odd_fields": _json(event.odd_fields),
        "number": record.number,
    }


def event_of(row: Row) -> Event:
    """The event of a row, without its envelope."""
    return Event(
        id=row["id"],
        source=row["source"],
        at=row["at"],
        data=_loaded(row["data"]),
        received_at=row["received_at"],
        identity=row["identity"],
        odd_fields=tuple(_loaded(row["odd_fields"])),
    )


def document_of(row: Sequence[Any]) -> dict[str, Any]:
    """What a silence's filter sees of an alert: the columns :data:`OF_ALERT`, of its event :data:`OF_NEWEST`.

    Nothing else is read, and no noun made: thousands are looked at while a person waits.
    """
    rule, severity, labels, key, event_id, source, at, data = row
    if event_id is None:
        return document({}, {}, rule, severity, _loaded(labels), key)
    fields = _loaded(data)
    return document(fields, whole_event(fields, event_id, source, at), rule, severity, _loaded(labels), key)


def event_record(row: Row) -> EventRecord:
    """The event of a row as it is kept."""
    envelope = Envelope(
        source=row["source"],
        body=bytes(row["body"]),
        received_at=row["received_at"],
        headers=_loaded(row["headers"]),
        position=row["position"],
        identity=row["identity"],
    )
    return EventRecord(
        event=event_of(row),
        envelope=envelope,
        policy=row["policy"],
        outcome=row["outcome"],
        reason=row["reason"],
        matches=_pairs(row["matches"]),
        failures=_pairs(row["failures"]),
        number=row["number"],
    )


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((first, second) for first, second in _loaded(text))


def known_row(known: Known, now: int) -> dict[str, Any]:
    """A message that was received."""
    sources = _json(sorted(known.sources))
    return {"identity": known.identity, "event_id": known.event_id, "sources": sources, "seen_at": now}


def known_of(row: Row) -> Known:
    """The reverse of :func:`known_row`."""
    return Known(row["identity"], row["event_id"], frozenset(_loaded(row["sources"])))


def deed_row(deed: Deed) -> dict[str, Any]:
    """What a person did."""
    return {
        "id": deed.id,
        "at": deed.at,
        "by": kept(deed.by),
        "what": deed.what,
        "subject": kept(deed.subject),
        "number": deed.number,
    }


def deed_of(row: Row) -> Deed:
    """The reverse of :func:`deed_row`."""
    return Deed(row["id"], row["at"], row["by"], row["what"], row["subject"], row["number"])


def set_aside_row(message: SetAside) -> dict[str, Any]:
    """A message that could not be decoded."""
    envelope = message.undecodable.envelope
    return {
        "id": message.id,
        "source": envelope.source,
        "received_at": envelope.received_at,
        "body": envelope.body,
        "headers": _json(dict(envelope.headers)),
        "position": kept(envelope.position),
        "identity": envelope.identity,
        "reason": kept(message.undecodable.reason),
        "replayed_at": message.replayed_at,
    }


def set_aside_of(row: Row) -> SetAside:
    """The reverse of :func:`set_aside_row`."""
    envelope = Envelope(
        source=row["source"],
        body=bytes(row["body"]),
        received_at=row["received_at"],
        headers=_loaded(row["headers"]),
        position=row["position"],
        identity=row["identity"],
    )
    return SetAside(row["id"], Undecodable(envelope, row["reason"]), row["replayed_at"])


def _loaded(text: str) -> Any:
    """Most lists are empty: they need no parser. Half a surrogate pair is read by the slower one."""
    if text in ("[]", "{}"):
        return [] if text == "[]" else {}
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def _fields(noun: Any) -> dict[str, Any]:
    return {name: getattr(noun, name) for name in noun.__dataclass_fields__}


def _with(row: Row, **changed: Any) -> dict[str, Any]:
    return dict(row) | changed


def alert_row(alert: Alert) -> dict[str, Any]:
    """An alert."""
    return vars(alert) | {
        "key": kept(alert.key),
        "state": alert.state.value,
        "labels": _json(dict(alert.labels)),
        "end_reason": kept(alert.end_reason),
        "muted_by": kept(alert.muted_by),
        "parts": _json(alert.parts),
        "cause": kept(alert.cause),
        "times": _json(alert.times),
        "acknowledged_by": kept(alert.acknowledged_by),
        "shadow": int(alert.shadow),
        "seats": _json(alert.seats),
    }


def alert_of(row: Row) -> Alert:
    """The reverse of :func:`alert_row`."""
    fields = _with(
        row,
        state=_ALERT_STATES[row["state"]],
        labels=_loaded(row["labels"]),
        parts=tuple(_loaded(row["parts"])),
        times=tuple(_loaded(row["times"])),
        shadow=bool(row["shadow"]),
        seats=tuple([Seat(*seat) for seat in _loaded(row["seats"])]),
    )
    return made(Alert, fields)


def group_row(group: Group) -> dict[str, Any]:
    """A group."""
    return vars(group) | {
        "key": kept(group.key),
        "due_reason": group.due_reason and group.due_reason.value,
        "tallies": _json(dict(group.tallies)),
        "shown": _json(group.shown),
        "causes": _json(dict(group.causes)),
        "escalation": _json(group.escalation),
        "covered": _json(dict(group.covered)),
        "is_storm": int(group.is_storm),
        "quiet": int(group.quiet),
    }


def group_of(row: Row) -> Group:
    """The reverse of :func:`group_row`."""
    fields = _with(
        row,
        due_reason=_REASONS[row["due_reason"]],
        tallies={name: Tally(*tally) for name, tally in _loaded(row["tallies"]).items()},
        shown=tuple(_loaded(row["shown"])),
        causes=_loaded(row["causes"]),
        escalation=tuple(_loaded(row["escalation"])),
        covered={name: tuple(until) for name, until in _loaded(row["covered"]).items()},
        is_storm=bool(row["is_storm"]),
        quiet=bool(row["quiet"]),
    )
    return made(Group, fields)


def notification_row(record: NotificationRecord) -> dict[str, Any]:
    """A notification."""
    return _fields(record) | {"reason": record.reason.value, "faults": _json(record.faults)}


def notification_of(row: Row) -> NotificationRecord:
    """The reverse of :func:`notification_row`."""
    faults = tuple(_loaded(row["faults"]))
    return NotificationRecord(**_with(row, reason=Reason(row["reason"]), faults=faults))


def delivery_row(delivery: Delivery) -> dict[str, Any]:
    """A delivery, without its thread."""
    return vars(delivery) | {
        "state": delivery.state.value,
        "content": kept(delivery.content),
        "reason": kept(delivery.reason),
        "answer": kept(delivery.answer),
        "reference": None if delivery.reference is None else kept(delivery.reference),
    }


def delivery_of(row: Row) -> Delivery:
    """The reverse of :func:`delivery_row`."""
    return made(Delivery, _with(row, state=State(row["state"]), thread=None))


def attempt_row(attempt: Attempt) -> dict[str, Any]:
    """An attempt."""
    return {
        "delivery_id": attempt.delivery_id,
        "number": attempt.number,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "verdict": attempt.verdict.outcome.value,
        "status": attempt.verdict.status,
        "answer": kept(attempt.verdict.answer),
    }


def attempt_of(row: Row) -> Attempt:
    """The reverse of :func:`attempt_row`."""
    verdict = Verdict(Outcome(row["verdict"]), row["answer"], row["status"])
    return Attempt(row["delivery_id"], row["number"], row["started_at"], row["ended_at"], verdict)


def rows_of(nouns: Sequence[Any], to_row: Any) -> list[dict[str, Any]]:
    """One row for each noun."""
    return [to_row(noun) for noun in nouns]


def timer_row(timer: Timer) -> dict[str, Any]:
    """A timer."""
    return _fields(timer) | {"subject": kept(timer.subject), "data": _json(dict(timer.data))}


def timer_of(row: Row) -> Timer:
    """The reverse of :func:`timer_row`."""
    return Timer(**_with(row, data=_loaded(row["data"])))


def silence_row(silence: Silence) -> dict[str, Any]:
    """A silence."""
    interval = [_intervals_row(one) for one in silence.interval]
    return _fields(silence) | {
        "matcher": kept(silence.matcher.text),
        "author": kept(silence.author),
        "comment": kept(silence.comment),
        "interval": _json(interval) if interval else None,
    }


def silence_of(row: Row) -> Silence:
    """The reverse of :func:`silence_row`."""
    found: list[dict[str, Any]] = _loaded(row["interval"] or "[]")
    interval = tuple(_interval_of(one) for one in found)
    return Silence(**_with(row, matcher=Filter(row["matcher"]), interval=interval))


def _intervals_row(interval: TimeInterval) -> dict[str, Any]:
    spans = {name: [(one.first, one.last) for one in getattr(interval, name)] for name in _SPANS}
    times = [(one.start, one.end) for one in interval.times]
    return spans | {"times": times, "location": interval.location}


def _interval_of(row: Mapping[str, Any]) -> TimeInterval:
    spans = {name: tuple(Span(*one) for one in row[name]) for name in _SPANS}
    return TimeInterval(tuple(ClockSpan(*one) for one in row["times"]), location=row["location"], **spans)


_SPANS = ("weekdays", "days_of_month", "months", "years")


def standing_of(row: Row) -> Standing:
    """A count of alerts that stand alike."""
    return Standing(
        rule=row["rule"],
        severity=row["severity"],
        state=AlertState(row["state"]),
        alerts=row["alerts"],
        events=int(row["events"]),
        since=row["since"],
        by=row["acknowledged_by"],
        until=row["until"],
    )


def job_row(job: Job, now: int) -> dict[str, Any]:
    """What was last heard of a job."""
    return {"job_id": kept(job.id), "data": _json(dict(job.data)), "at": job.at, "seen_at": now}


def job_of(row: Row) -> Job:
    """The reverse of :func:`job_row`."""
    return Job(row["job_id"], _loaded(row["data"]), row["at"])


def target_row(state: TargetState) -> dict[str, Any]:
    """What is known of a target."""
    row: dict[str, Any] = {name: getattr(state.breaker, name) for name in Breaker.__slots__}
    row |= {"broken": kept(state.breaker.broken), "answer": kept(state.breaker.answer)}
    return row | {"name": kept(state.name), "tokens": state.tokens, "tokens_at": state.tokens_at}


def target_of(row: Row) -> TargetState:
    """The reverse of :func:`target_row`."""
    breaker = Breaker(**{name: row[name] for name in Breaker.__slots__})
    return TargetState(row["name"], row["tokens"], row["tokens_at"], breaker)

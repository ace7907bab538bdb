"""Events: what came, why it was told or not, what it would do now."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from router.core.event import Envelope, Event, Undecodable
from router.core.filter.clauses import clauses_of
from router.errors import RouterError
from router.pipeline.contexts import as_if_it_came, is_of_part
from router.pipeline.explain import Explanation, explain
from router.pipeline.fate import Fate, fate_of, stored_event
from router.pipeline.tongue import Tongue
from router.ports import EventRecord, Unit
from router.web.api.asked import Before, Limit, Within, filter_of, mark_of, text_of
from router.web.inside import Inside
from router.web.shapes import (
    AlertJson,
    ClauseJson,
    DeliveryJson,
    EventJson,
    ExplanationJson,
    SetAsideJson,
    alert_json,
    clause_json,
    delivery_json,
    event_json,
    explanation_json,
    set_aside_json,
    sound,
)

router = APIRouter(tags=["events"])

Text = Annotated[str, Query(max_length=200)]


class Events(TypedDict):
    """A page of events."""

    events: list[EventJson]
    next: str | None


class EventShown(TypedDict):
    """An event: what became of it when it came, and what the rules of now say of it."""

    event: EventJson
    data: dict[str, Any]
    alerts: list[AlertJson]
    deliveries: list[DeliveryJson]
    explanation: ExplanationJson


class SetAsides(TypedDict):
    """Messages that could not be decoded."""

    undecodable: list[SetAsideJson]


class Tried(TypedDict):
    """What the rules say of an event, and what a filter of one's own comes to on it."""

    explanation: ExplanationJson
    filter: ClauseJson | None


class Trial(BaseModel):
    """An event to try, and perhaps a filter."""

    event: Annotated[Any, Field(description="The event as a source would send it: JSON.")]
    source: Annotated[str, Field(max_length=100, description="Where it came from, by name.")] = ""
    filter: Annotated[str, Field(max_length=10_000, description="JMESPath, to see what it comes to.")] = ""


@router.get("/v1/events")
def list_events(
    inside: Within,
    name: Text = "",
    job: Text = "",
    outcome: Text = "",
    rule: Text = "",
    before: Before = "",
    limit: Limit = 100,
) -> Events:
    """Events by receipt, the newest first."""
    at = mark_of(before)
    page = inside.store.look(
        lambda unit: unit.page_of_events(at, limit, name=name, job=job, outcome=outcome, rule=rule)
    )
    return {"events": [event_json(one) for one in page.found], "next": text_of(page.next)}


@router.get("/v1/events/{event_id}")
def show_event(inside: Within, event_id: str) -> EventShown:
    """One event."""

    def look(unit: Unit) -> tuple[EventRecord, Fate]:
        record = stored_event(unit, event_id)
        return record, fate_of(record, unit)

    record, fate = inside.store.look(look)
    told = {one.id: one for sent in fate.deliveries.values() for one in sent}
    return {
        "event": event_json(record),
        "data": sound(record.event.data),
        "alerts": [alert_json(one) for one in fate.alerts.values()],
        "deliveries": [delivery_json(one) for one in told.values()],
        "explanation": explanation_json(explained(inside, record.event)),
    }


@router.get("/v1/undecodable")
def list_undecodable(inside: Within, limit: Limit = 100) -> SetAsides:
    """Messages that were set aside, the newest first."""
    found = inside.store.look(lambda unit: unit.set_aside_messages(limit=limit))
    return {"undecodable": [set_aside_json(one) for one in found]}


@router.post("/v1/try")
def try_event(inside: Within, trial: Trial) -> Tried:
    """Every rule's verdict on an event and what would be sent; nothing is stored, nobody is told."""
    sent = event_of(inside, json.dumps(trial.event).encode(), trial.source)
    event = with_job(inside, sent)
    return {
        "explanation": explanation_json(explained(inside, event, sent)),
        "filter": clause_json(clauses_of(filter_of("filter", trial.filter), event.data))
        if trial.filter
        else None,
    }


def with_job(inside: Inside, event: Event) -> Event:
    """An event that is tried, with what was last heard of its job."""
    return inside.store.look(lambda unit: as_if_it_came(event, unit)) if is_of_part(event) else event


def explained(inside: Inside, event: Event, sent: Event | None = None) -> Explanation:
    """What the rules in force say of an event; of one that is tried, also as it was sent."""
    settings = inside.config().settings
    tongue = Tongue(settings.timezone, settings.language)
    return explain(event, inside.policy, tongue, inside.now(), sent=sent)


def event_of(inside: Inside, body: bytes, source: str) -> Event:
    """An event as if a source had sent it; without a name the only source.

    Raises:
        RouterError: ``bad-request``.
    """
    names = list(inside.config().settings.sources)
    if source and source not in names:
        raise RouterError("bad-request", "no source is named so", f"There are: {', '.join(names) or 'none'}")
    came_from = source or (names[0] if len(names) == 1 else "")
    event = inside.decode(Envelope(came_from, body, inside.now()))
    if isinstance(event, Undecodable):
        raise RouterError("bad-request", f"this is no event: {event.reason}")
    return event

"""The outbox and the dead letters: list, show, retry, drop."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from router.config import duration
from router.config.faults import near
from router.core.delivery import Delivery, State
from router.errors import RouterError
from router.pipeline import people
from router.ports import Unit
from router.web.api.alerts import Changed
from router.web.api.asked import Administrator, Before, By, Ids, Limit, Within, mark_of, text_of, who
from router.web.gate import Person
from router.web.inside import Inside
from router.web.shapes import (
    AttemptJson,
    DeliveryJson,
    TextJson,
    attempt_json,
    delivery_json,
)
from router.web.shapes import (
    text_of as message_of,
)

router = APIRouter(tags=["deliveries"])


class Deliveries(TypedDict):
    """A page of deliveries."""

    deliveries: list[DeliveryJson]
    next: str | None


class DeliveryShown(TypedDict):
    """A delivery, its text and every attempt with the provider's answer."""

    delivery: DeliveryJson
    text: TextJson
    tried: list[AttemptJson]


class WhichDeliveries(BaseModel):
    """Deliveries by id, or all dead ones of a channel, of a time, or of both."""

    ids: Ids | None = None
    channel: Annotated[str, Field(max_length=100, description="All dead ones of this channel.")] = ""
    since: Annotated[
        str, Field(max_length=20, description="All that were given up in the last `90s`, `15m`, `2h`, `1d`.")
    ] = ""
    by: By = ""


def _change(inside: Inside, person: Person, which: WhichDeliveries, change: people.Change) -> Changed:
    now, by = inside.now(), who(person, which.by)
    ids = which.ids
    if bool(ids) == bool(which.channel or which.since):
        said = "expected ids, or a channel, since, or both"
        raise RouterError("bad-request", said, "See /v1/openapi.json")
    if ids:

        def changed(unit: Unit) -> Changed:
            before = {one.id: one.state.value for one in unit.deliveries(ids=ids, limit=len(ids))}
            return {"ids": change(unit, ids, now, by), "before": before}

        return inside.store.write(changed)
    dead = people.DeadLetters(which.channel, since_of(which.since, now))
    done = people.change_dead(inside.store, change, dead, now, by)
    channels = inside.policy.channels
    # One that is gone may have left dead letters.
    if which.channel and which.channel not in channels and not done:
        said = near(which.channel, channels)
        raise RouterError("not-found", f"no channel is named {which.channel}", said[:1].upper() + said[1:])
    return {"ids": done, "before": {}}


def since_of(lasted: str, now: int) -> int:
    """When the last ``90s``, ``15m``, ``2h``, ``1d`` began; 0 for an empty text.

    Raises:
        RouterError: ``bad-request``.
    """
    try:
        return now - duration(lasted) if lasted else 0
    except RouterError as error:
        raise RouterError("bad-request", f"since: {error.message}", error.remedy) from error


@router.get("/v1/deliveries")
def list_deliveries(
    inside: Within,
    state: State | None = None,
    channel: Annotated[str, Query(max_length=100)] = "",
    event: Annotated[str, Query(max_length=200, description="Only those that this event caused.")] = "",
    before: Before = "",
    limit: Limit = 100,
) -> Deliveries:
    """Deliveries, the newest first."""
    at = mark_of(before)
    if event:
        found = inside.store.look(lambda unit: _caused_by(unit, event, state, channel, limit))
        return {"deliveries": [delivery_json(one) for one in found], "next": None}
    page = inside.store.look(
        lambda unit: unit.page_of_deliveries(at, limit, state=state or "", channel=channel)
    )
    return {"deliveries": [delivery_json(one) for one in page.found], "next": text_of(page.next)}


def _caused_by(unit: Unit, event: str, state: str | None, channel: str, limit: int) -> list[Delivery]:
    return unit.deliveries(state=state, channel=channel or None, event_id=event, limit=limit)


@router.get("/v1/deliveries/{delivery_id}")
def show_delivery(inside: Within, delivery_id: str) -> DeliveryShown:
    """One delivery."""

    def look(unit: Unit) -> DeliveryShown:
        found = unit.deliveries(ids=[delivery_id])
        if not found:
            raise RouterError(
                "not-found", f"no delivery has the id {delivery_id}", "`deliveries list` shows ids"
            )
        tried = [attempt_json(one) for one in unit.attempts([delivery_id])]
        return {"delivery": delivery_json(found[0]), "text": message_of(found[0]), "tried": tried}

    return inside.store.look(look)


@router.post("/v1/deliveries/retry")
def retry(inside: Within, person: Administrator, which: WhichDeliveries) -> Changed:
    """Makes dead deliveries due again."""
    return _change(inside, person, which, people.retry)


@router.post("/v1/deliveries/drop")
def drop(inside: Within, person: Administrator, which: WhichDeliveries) -> Changed:
    """Ends deliveries that are not being sent, for good."""
    return _change(inside, person, which, people.drop)

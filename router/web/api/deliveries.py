"""The outbox and the dead letters: list, show, retry, drop."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from typing_extensions import TypedDict

from router.core.delivery import State
from router.errors import RouterError
from router.pipeline import people
from router.ports import Unit
from router.web.api.alerts import Changed
from router.web.api.asked import Administrator, Before, By, Ids, Limit, Within, mark_of, text_of, who
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
    """Deliveries by id."""

    ids: Ids
    by: By = ""


@router.get("/v1/deliveries")
def list_deliveries(
    inside: Within,
    state: State | None = None,
    channel: Annotated[str, Query(max_length=100)] = "",
    before: Before = "",
    limit: Limit = 100,
) -> Deliveries:
    """Deliveries, the newest first."""
    at = mark_of(before)
    page = inside.store.look(
        lambda unit: unit.page_of_deliveries(at, limit, state=state or "", channel=channel)
    )
    return {"deliveries": [delivery_json(one) for one in page.found], "next": text_of(page.next)}


@router.get("/v1/deliveries/{delivery_id}")
def show_delivery(inside: Within, delivery_id: str) -> DeliveryShown:
    """One delivery."""

    def look(unit: Unit) -> DeliveryShown:
        found = unit.deliveries(ids=[delivery_id])
        if not found:
            raise RouterError("not-found", "no delivery has this id", "GET /v1/deliveries lists them")
        tried = [attempt_json(one) for one in unit.attempts([delivery_id])]
        return {"delivery": delivery_json(found[0]), "text": message_of(found[0]), "tried": tried}

    return inside.store.look(look)


@router.post("/v1/deliveries/retry")
def retry(inside: Within, person: Administrator, which: WhichDeliveries) -> Changed:
    """Makes dead deliveries due again."""
    now, by = inside.now(), who(person, which.by)
    return {"ids": inside.store.write(lambda unit: people.retry(unit, which.ids, now, by))}


@router.post("/v1/deliveries/drop")
def drop(inside: Within, person: Administrator, which: WhichDeliveries) -> Changed:
    """Ends deliveries that are not being sent, for good."""
    now, by = inside.now(), who(person, which.by)
    return {"ids": inside.store.write(lambda unit: people.drop(unit, which.ids, now, by))}

"""Alerts and their groups: list, show, acknowledge, resolve."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from router.core.alert import AlertState
from router.core.times import iso
from router.errors import RouterError
from router.pipeline import people
from router.ports import Unit
from router.web.api.asked import Administrator, Before, By, Ids, Limit, Within, mark_of, text_of, who
from router.web.shapes import (
    AlertJson,
    DeliveryJson,
    GroupJson,
    TroubleJson,
    alert_json,
    delivery_json,
    group_json,
    trouble_json,
)

router = APIRouter(tags=["alerts"])


class Alerts(TypedDict):
    """A page of alerts."""

    alerts: list[AlertJson]
    next: str | None


class AlertShown(TypedDict):
    """An alert, the groups that it is told with, and the newest messages of these."""

    alert: AlertJson
    groups: list[GroupJson]
    deliveries: list[DeliveryJson]


class Troubles(TypedDict):
    """Groups that have not ended, and how many there are in all."""

    groups: list[TroubleJson]
    number: int


class Which(BaseModel):
    """Alerts by id."""

    ids: Ids
    by: By = ""


class WhichToAcknowledge(Which):
    """Alerts by id, and how far it goes."""

    group: Annotated[bool, Field(description="All alerts that are told together with them too.")] = False
    most: Annotated[
        int | None,
        Field(ge=1, description="With `group`: stop after about so many; ask again while `more` is true."),
    ] = None


class Changed(TypedDict):
    """The ids of those that were changed; how those asked for stood before, but for unknown ones."""

    ids: list[str]
    before: dict[str, str]


class Acknowledged(Changed):
    """The same, until when each holds, and whether the groups may have more that fire."""

    until: dict[str, str]
    more: bool


@router.get("/v1/alerts")
def list_alerts(
    inside: Within, rule: str = "", state: AlertState | None = None, before: Before = "", limit: Limit = 100
) -> Alerts:
    """Alerts, the one that matched last first."""
    at = mark_of(before)
    page = inside.store.look(lambda unit: unit.page_of_alerts(at, limit, rule=rule, state=state or ""))
    return {"alerts": [alert_json(one) for one in page.found], "next": text_of(page.next)}


@router.get("/v1/groups")
def list_groups(inside: Within, limit: Limit = 100) -> Troubles:
    """What stands now: groups that have not ended, first those that fire, of them the most severe."""
    found, number = inside.store.look(lambda unit: unit.groups_now(limit))
    return {"groups": [trouble_json(one) for one in found], "number": number}


@router.get("/v1/alerts/{alert_id}")
def show_alert(inside: Within, alert_id: str) -> AlertShown:
    """One alert."""

    def look(unit: Unit) -> AlertShown:
        found = unit.alerts([alert_id])
        if not found:
            raise RouterError("not-found", f"no alert has the id {alert_id}", "`alerts list` shows ids")
        groups = unit.groups_of([alert_id])
        sent = unit.deliveries(group_ids=[one.id for one in groups], limit=20)
        return {
            "alert": alert_json(found[0]),
            "groups": [group_json(one) for one in groups],
            "deliveries": [delivery_json(one) for one in sent],
        }

    return inside.store.look(look)


@router.post("/v1/alerts/acknowledge")
def acknowledge(inside: Within, person: Administrator, which: WhichToAcknowledge) -> Acknowledged:
    """Takes alerts as seen: they are not repeated and do not escalate."""
    policy, now, by = inside.policy, inside.now(), who(person, which.by)
    if which.group:
        before = inside.store.look(lambda unit: _states(unit, which.ids))
        ids, more = people.acknowledge_beside(inside.store, policy, which.ids, now, by, which.most)
        until = inside.store.look(lambda unit: _until(unit, ids))
        return {"ids": ids, "before": before, "until": until, "more": more}

    def change(unit: Unit) -> Acknowledged:
        unit.serialise()
        before = _states(unit, which.ids)
        ids = people.acknowledge(unit, policy, which.ids, now, by)
        return {"ids": ids, "before": before, "until": _until(unit, ids), "more": False}

    return inside.store.write(change)


@router.post("/v1/alerts/resolve")
def resolve(inside: Within, person: Administrator, which: Which) -> Changed:
    """Ends alerts; who was told of them hears of the end."""
    policy, now, by = inside.policy, inside.now(), who(person, which.by)

    def change(unit: Unit) -> Changed:
        unit.serialise()
        before = _states(unit, which.ids)
        return {"ids": people.resolve(unit, policy, which.ids, now, by), "before": before}

    return inside.store.write(change)


def _until(unit: Unit, ids: Collection[str]) -> dict[str, str]:
    return {alert.id: iso(alert.acknowledged_until) for alert in unit.alerts(ids) if alert.acknowledged_until}


def _states(unit: Unit, ids: Collection[str]) -> dict[str, str]:
    return {alert.id: alert.state.value for alert in unit.alerts(ids)}

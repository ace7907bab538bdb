"""The pages that list: now, events, alerts, deliveries, rules."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from router.core.alert import Alert, AlertState
from router.core.catalogue import EVENTS
from router.core.delivery import State
from router.core.group import Group
from router.errors import RouterError
from router.ports import EventRecord, Mark, Page, Unit
from router.web.api.asked import Reader, Within, mark_of, text_of
from router.web.api.process import counted_rules
from router.web.inside import Inside
from router.web.pages.drawing import draw
from router.web.pages.named import abouts_of, in_events, in_keys, names_of, silencing
from router.web.shapes import set_aside_json
from router.web.shapes import text_of as message_of

router = APIRouter(include_in_schema=False)

#: Records of one page.
SHOWN = 100
MOST_CAUSES = 3


def trouble(group: Group, about: str, names: dict[str, str]) -> dict[str, Any]:
    """A group as pages show it.

    Args:
        about: the key that says what it is about.
        names: of jobs, by their ids.
    """
    tallies = group.tallies.values()
    causes = sorted(group.causes.items(), key=lambda one: (-one[1], one[0]))[:MOST_CAUSES]
    rules = sorted(group.tallies)
    return {
        "group": group,
        "about": about,
        "rules": rules,
        "firing": sum(one.firing for one in tallies),
        "acknowledged": sum(one.acknowledged for one in tallies),
        "muted": sum(one.held for one in tallies),
        "causes": causes,
        "silencing": silencing(about, rules, names),
    }


@router.get("/")
def now_page(request: Request, inside: Within, person: Reader) -> HTMLResponse:
    """What stands now."""
    found, number, abouts, names = inside.store.look(_standing)
    troubles = [trouble(one, abouts[one.id], names) for one in found]
    firing = [one for one in troubles if one["firing"]]
    quiet = [one for one in troubles if not one["firing"]]
    return draw(
        request,
        inside,
        person,
        "now.html",
        firing=firing,
        quiet=quiet,
        number=number,
        shown=len(found),
        problems=list(inside.problems()),
        faults=list(inside.loaded().faults),
        names=names,
    )


def _standing(unit: Unit) -> tuple[list[Group], int, dict[str, str], dict[str, str]]:
    found, number = unit.groups_now(SHOWN)
    abouts = abouts_of(unit, found)
    return found, number, abouts, names_of(unit, in_keys(abouts.values()))


@router.get("/events")
def events_page(
    request: Request,
    inside: Within,
    person: Reader,
    name: str = "",
    job: str = "",
    rule: str = "",
    outcome: str = "",
    before: str = "",
) -> HTMLResponse:
    """What came."""
    asked = {"name": name.strip(), "job": job.strip(), "rule": rule.strip(), "outcome": outcome}
    at = mark_of(before)

    def look(unit: Unit) -> tuple[Page[EventRecord], dict[str, str]]:
        page = unit.page_of_events(at, SHOWN, **asked)
        return page, names_of(unit, in_events(page.found))

    page, names = inside.store.look(look)
    wrong = asked["outcome"] == "undecodable"
    aside = inside.store.look(lambda unit: unit.set_aside_messages(limit=SHOWN)) if wrong else []
    return draw(
        request,
        inside,
        person,
        "events.html",
        aside=[set_aside_json(one) for one in aside],
        events=page.found,
        names=names,
        asked=asked,
        kinds=EVENTS,
        rules=sorted(_known(inside)),
        more=_more(asked, page.next),
    )


@router.get("/alerts")
def alerts_page(
    request: Request, inside: Within, person: Reader, rule: str = "", state: str = "", before: str = ""
) -> HTMLResponse:
    """Alerts, the one that matched last first."""
    asked = {"rule": rule.strip(), "state": state}
    at = mark_of(before)

    def look(unit: Unit) -> tuple[Page[Alert], dict[str, str]]:
        page = unit.page_of_alerts(at, SHOWN, **asked)
        return page, names_of(unit, in_keys(one.key for one in page.found))

    page, names = inside.store.look(look)
    states = [one.value for one in AlertState]
    return draw(
        request,
        inside,
        person,
        "alerts.html",
        alerts=page.found,
        names=names,
        rules=sorted(_known(inside)),
        asked=asked,
        states=states,
        more=_more(asked, page.next),
    )


@router.get("/deliveries")
def deliveries_page(
    request: Request, inside: Within, person: Reader, state: str = "", channel: str = "", before: str = ""
) -> HTMLResponse:
    """The outbox and the dead letters."""
    asked = {"state": state, "channel": channel.strip()}
    at = mark_of(before)
    page = inside.store.look(lambda unit: unit.page_of_deliveries(at, SHOWN, **asked))
    return draw(
        request,
        inside,
        person,
        "deliveries.html",
        deliveries=page.found,
        asked=asked,
        states=[one.value for one in State],
        channels=sorted(inside.policy.channels),
        more=_more(asked, page.next),
    )


@router.get("/deliveries/{delivery_id}")
def delivery_page(request: Request, inside: Within, person: Reader, delivery_id: str) -> HTMLResponse:
    """One message, and each attempt with the provider's answer."""
    found = inside.store.look(lambda unit: unit.deliveries(ids=[delivery_id]))
    if not found:
        raise RouterError("not-found", "no delivery has this id", "It may be older than the retention")
    tried = inside.store.look(lambda unit: unit.attempts([delivery_id]))
    return draw(
        request, inside, person, "delivery.html", one=found[0], message=message_of(found[0]), tried=tried
    )


@router.get("/rules")
def rules_page(request: Request, inside: Within, person: Reader) -> HTMLResponse:
    """Each rule with what came of it in a day."""
    return draw(request, inside, person, "rules.html", rules=counted_rules(inside, 24), known=_known(inside))


def _known(inside: Inside) -> set[str]:
    return {rule.name for rule in inside.policy.rules}


def _more(asked: dict[str, str], mark: Mark | None) -> dict[str, str]:
    """What asks for the next page; nothing where there is none."""
    return {**asked, "before": text_of(mark) or ""} if mark else {}

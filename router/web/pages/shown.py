"""The pages that show: now, events, alerts, deliveries, rules, try."""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from router.core.alert import AlertState
from router.core.delivery import State
from router.core.filter.clauses import clauses_of
from router.core.group import Group
from router.core.text.values import key_values
from router.errors import RouterError
from router.pipeline.fate import fate_of
from router.ports import Job, Mark, Unit
from router.web.api.asked import Reader, Within, filter_of, mark_of, text_of
from router.web.api.events import event_of, explained
from router.web.api.process import counted_rules
from router.web.inside import Inside
from router.web.pages.drawing import draw
from router.web.shapes import clause_json, explanation_json, sound
from router.web.shapes import text_of as message_of

router = APIRouter(include_in_schema=False)

#: Records of one page.
SHOWN = 100
MOST_CAUSES = 3


def trouble(group: Group, jobs: dict[str, Job]) -> dict[str, Any]:
    """A group as the first page shows it."""
    tallies = group.tallies.values()
    causes = sorted(group.causes.items(), key=lambda one: (-one[1], one[0]))[:MOST_CAUSES]
    return {
        "group": group,
        "rules": sorted(group.tallies),
        "firing": sum(one.firing for one in tallies),
        "acknowledged": sum(one.acknowledged for one in tallies),
        "muted": sum(one.held for one in tallies),
        "causes": causes,
        "job": next((_named(jobs[part]) for part in _texts(group) if part in jobs), None),
    }


def jobs_of(groups: list[Group], unit: Unit) -> dict[str, Job]:
    """The jobs that groups are about, as far as their keys name one."""
    parts = {part for group in groups for part in _texts(group)}
    return {job.id: job for job in unit.jobs(parts)} if parts else {}


def _texts(group: Group) -> list[str]:
    return [part for part in key_values(group.key) if isinstance(part, str)]


def _named(job: Job) -> dict[str, str]:
    name = job.data.get("JobName")
    return {"id": job.id, "name": name if isinstance(name, str) else ""}


@router.get("/")
def now_page(request: Request, inside: Within, person: Reader) -> HTMLResponse:
    """What stands now."""
    found, number = inside.store.look(lambda unit: unit.groups_now(SHOWN))
    jobs = inside.store.look(lambda unit: jobs_of(found, unit))
    troubles = [trouble(one, jobs) for one in found]
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
        faults=list(inside.faults()),
    )


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
    page = inside.store.look(lambda unit: unit.page_of_events(at, SHOWN, **asked))
    return draw(
        request, inside, person, "events.html", events=page.found, asked=asked, more=_more(asked, page.next)
    )


@router.get("/events/{event_id}")
def event_page(request: Request, inside: Within, person: Reader, event_id: str) -> HTMLResponse:
    """One event: what became of it, and why."""

    def look(unit: Unit) -> dict[str, Any]:
        record = unit.event(event_id)
        if record is None:
            raise RouterError("not-found", "no event has this id", "It may be older than the retention")
        fate = fate_of(record, unit)
        told = {one.id: one for sent in fate.deliveries.values() for one in sent}
        return {"record": record, "alerts": list(fate.alerts.values()), "deliveries": list(told.values())}

    found = inside.store.look(look)
    said = explanation_json(explained(inside, found["record"].event))
    return draw(request, inside, person, "event.html", said=said, **found)


@router.get("/alerts")
def alerts_page(
    request: Request, inside: Within, person: Reader, rule: str = "", state: str = "", before: str = ""
) -> HTMLResponse:
    """Alerts, the one that matched last first."""
    asked = {"rule": rule.strip(), "state": state}
    at = mark_of(before)
    page = inside.store.look(lambda unit: unit.page_of_alerts(at, SHOWN, **asked))
    states = [one.value for one in AlertState]
    return draw(
        request,
        inside,
        person,
        "alerts.html",
        alerts=page.found,
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


@router.get("/try")
def try_page(
    request: Request,
    inside: Within,
    person: Reader,
    event: str = "",
    filter: str = "",  # noqa: A002  its name in the address
    id: str = "",  # noqa: A002
) -> HTMLResponse:
    """What the rules, and a filter of one's own, say of an event; nothing is stored."""
    if id and not event:
        record = inside.store.look(lambda unit: unit.event(id))
        event = json.dumps(sound(record.event.data), indent=2, ensure_ascii=False) if record else ""
    said, clause, problem = None, None, ""
    try:
        if event.strip():
            happened = event_of(inside, event.encode(), "")
            said = explanation_json(explained(inside, happened))
            clause = (
                clause_json(clauses_of(filter_of("filter", filter), happened.data))
                if filter.strip()
                else None
            )
    except RouterError as error:
        problem = f"{error.message}. {error.remedy}".strip()
    return draw(
        request,
        inside,
        person,
        "try.html",
        event=event,
        filter=filter,
        said=said,
        clause=clause,
        problem=problem,
    )


def _more(asked: dict[str, str], mark: Mark | None) -> dict[str, str]:
    """What asks for the next page; nothing where there is none."""
    return {**asked, "before": text_of(mark) or ""} if mark else {}

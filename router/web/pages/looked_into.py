"""Pages about one event, group, job, rule: what came of it, what was told of it."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from router.errors import RouterError
from router.pipeline.beside import beside
from router.pipeline.explain import Told, preview
from router.pipeline.fate import fate_of
from router.pipeline.story import story_of
from router.pipeline.tongue import Tongue
from router.ports import EventRecord, Unit
from router.web.api.asked import Reader, Within
from router.web.api.events import explained
from router.web.api.process import counted_rule
from router.web.inside import Inside
from router.web.pages.drawing import draw
from router.web.pages.named import abouts_of, in_events, in_keys, names_of
from router.web.pages.plots import WIDTH, time_line
from router.web.pages.shown import trouble
from router.web.pages.told import messages_of
from router.web.shapes import explanation_json

router = APIRouter(include_in_schema=False)

#: Of one thing so many events, alerts or messages are shown, the newest.
SHOWN = 20
#: Alerts of a rule in shadow that are compared with what was told.
COMPARED = 100
#: Alerts of a group that are shown.
MEMBERS = 100


@router.get("/events/{event_id}")
def event_page(request: Request, inside: Within, person: Reader, event_id: str) -> HTMLResponse:
    """One event: what became of it, what was told since, and what the rules of now say of it."""

    def look(unit: Unit) -> dict[str, Any]:
        record = unit.event(event_id)
        if record is None:
            raise RouterError("not-found", "no event has this id", "It may be older than the retention")
        fate = fate_of(record, unit)
        groups = {group.id: group for found in fate.groups.values() for group in found}
        alerts = list(fate.alerts.values())
        return {
            "record": record,
            "alerts": alerts,
            "told": [(one, messages_of(unit, fate.deliveries[one.id][:SHOWN])) for one in groups.values()],
            "names": names_of(unit, [*in_events([record]), *in_keys(one.key for one in alerts)]),
        }

    found = inside.store.look(look)
    said = explanation_json(explained(inside, found["record"].event))
    return draw(request, inside, person, "event.html", said=said, **found)


@router.get("/groups/{group_id}")
def group_page(request: Request, inside: Within, person: Reader, group_id: str) -> HTMLResponse:
    """One group: its alerts, and what its channel was told."""

    def look(unit: Unit) -> dict[str, Any]:
        group = next(iter(unit.groups([group_id])), None)
        if group is None:
            raise RouterError("not-found", "no group has this id", "It may be older than the retention")
        about = abouts_of(unit, [group])[group.id]
        # A storm has no alerts of its own.
        alerts = (
            unit.firing_members(group.id, MEMBERS)
            if group.is_storm
            else unit.members(group.id, limit=MEMBERS)
        )
        names = names_of(unit, in_keys([about, *(one.key for one in alerts)]))
        return {
            "one": trouble(group, about, names),
            "alerts": alerts,
            "names": names,
            "messages": messages_of(unit, unit.deliveries(group_ids=[group.id], limit=SHOWN)),
        }

    return draw(request, inside, person, "group.html", most=SHOWN, **inside.store.look(look))


@router.get("/job")
def job_page(request: Request, inside: Within, person: Reader, id: str = "") -> HTMLResponse:  # noqa: A002
    """One job from its first event to its last message."""
    story = inside.store.look(lambda unit: story_of(id, unit))
    if not story.events:
        raise RouterError("not-found", "no event is about this job", "They may be older than the retention")
    return draw(
        request,
        inside,
        person,
        "job.html",
        story=story,
        line=time_line(story),
        width=WIDTH,
        names={id: story.name},
    )


@router.get("/rules/{name}")
def rule_page(request: Request, inside: Within, person: Reader, name: str) -> HTMLResponse:
    """One rule: how often it matched, what it tells on each of its channels."""
    rule = inside.policy.rule(name)
    if rule is None:
        raise RouterError("not-found", "no rule in force is named so", "GET /v1/rules lists them")
    counts = counted_rule(inside, name, 24)

    def look(unit: Unit) -> dict[str, Any]:
        events = unit.page_of_events(None, SHOWN, rule=name).found
        newest = unit.page_of_alerts(None, COMPARED, rule=name).found
        compared = beside(unit, newest) if rule.mode == "shadow" else []
        alerts = newest[:SHOWN]
        about = [*in_events(events), *in_keys(one.key for one in alerts)]
        return {"events": events, "alerts": alerts, "compared": compared, "names": names_of(unit, about)}

    found = inside.store.look(look)
    return draw(
        request,
        inside,
        person,
        "rule.html",
        rule=rule,
        counts=counts,
        channels={one.name: one.to for one in inside.policy.rules},
        told=_told(inside, name, found["events"]),
        **found,
    )


def _told(inside: Inside, name: str, events: list[EventRecord]) -> tuple[Told, ...]:
    """What it would send for the newest event that it still matches."""
    rule, settings = inside.policy.rule(name), inside.config().settings
    tongue = Tongue(settings.timezone, settings.language)
    if rule is None:
        return ()
    shown = (preview(one.event, rule, inside.policy, tongue, inside.now()) for one in events)
    return next((told for told in shown if told), ())

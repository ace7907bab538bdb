"""Pages about one job and one rule: what came of it, what it tells."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from router.errors import RouterError
from router.pipeline.dispatch import Tongue
from router.pipeline.explain import Told, preview
from router.pipeline.story import story_of
from router.ports import EventRecord
from router.web.api.asked import Reader, Within
from router.web.api.process import counted_rules
from router.web.inside import Inside
from router.web.pages.drawing import draw
from router.web.pages.plots import WIDTH, time_line

router = APIRouter(include_in_schema=False)

#: Of one rule so many events and alerts are shown, the newest.
SHOWN = 20


@router.get("/job")
def job_page(request: Request, inside: Within, person: Reader, id: str = "") -> HTMLResponse:  # noqa: A002
    """One job from its first event to its last message."""
    story = inside.store.look(lambda unit: story_of(id, unit))
    if not story.events:
        raise RouterError("not-found", "no event is about this job", "They may be older than the retention")
    return draw(request, inside, person, "job.html", story=story, line=time_line(story), width=WIDTH)


@router.get("/rules/{name}")
def rule_page(request: Request, inside: Within, person: Reader, name: str) -> HTMLResponse:
    """One rule: how often it matched, what it tells on each of its channels."""
    rule = inside.policy.rule(name)
    if rule is None:
        raise RouterError("not-found", "no rule in force is named so", "GET /v1/rules lists them")
    counts = next(one for one in counted_rules(inside, 24) if one["name"] == name)
    events = inside.store.look(lambda unit: unit.page_of_events(None, SHOWN, rule=name)).found
    alerts = inside.store.look(lambda unit: unit.page_of_alerts(None, SHOWN, rule=name)).found
    return draw(
        request,
        inside,
        person,
        "rule.html",
        rule=rule,
        counts=counts,
        events=events,
        alerts=alerts,
        told=_told(inside, name, events),
    )


def _told(inside: Inside, name: str, events: list[EventRecord]) -> tuple[Told, ...]:
    """What it would send for the newest event that it still matches."""
    rule, settings = inside.policy.rule(name), inside.config().settings
    tongue = Tongue(settings.timezone, settings.language)
    if rule is None:
        return ()
    shown = (preview(one.event, rule, inside.policy, tongue, inside.now()) for one in events)
    return next((told for told in shown if told), ())

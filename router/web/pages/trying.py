"""Try: what a filter that somebody edits, and the rules in force, say of an event. Nothing is stored."""

import json
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from router.core.catalogue import EVENTS
from router.core.check import judge
from router.core.event import Event
from router.core.filter.clauses import clauses_of
from router.core.rule import Rule
from router.errors import RouterError
from router.pipeline.explain import rehearse
from router.pipeline.tongue import Tongue
from router.web.api.asked import Reader, Within, filter_of, headers_of
from router.web.api.events import event_of, explained, with_job
from router.web.gate import Person
from router.web.inside import Inside
from router.web.pages.drawing import draw
from router.web.pages.forms import fields_of
from router.web.shapes import clause_json, explanation_json, sound

router = APIRouter(include_in_schema=False)

#: The rule that a filter is tried in where none is chosen.
OWN = "your-rule"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is tried.

    Args:
        event: JSON.
        rule: the name of the rule that the filter is tried in; empty for one that tells every channel.
        source: the name of the source that the event is from.
    """

    event: str = ""
    filter: str = ""
    rule: str = ""
    source: str = ""


@router.get("/try")
def try_page(
    request: Request,
    inside: Within,
    person: Reader,
    event: str = "",
    filter: str = "",  # noqa: A002  its name in the address
    rule: str = "",
    source: str = "",
    id: str = "",  # noqa: A002
    sample: str = "",
) -> HTMLResponse:
    """An event that is pasted, one of the store by its id, or a sample by its name."""
    asked = Asked(event, filter, rule, source)
    return _answered(request, inside, person, asked if event.strip() else _taken(inside, asked, id, sample))


@router.post("/try")
def try_form(
    request: Request,
    inside: Within,
    person: Reader,
    fields: Annotated[dict[str, list[str]], Depends(fields_of)],
) -> HTMLResponse:
    """The same for events that are too long for an address; it changes nothing, so that readers may."""
    inside.gate().refuse_other_sites(headers_of(request))
    given = {name: fields.get(name, [""])[0] for name in ("event", "filter", "rule", "source")}
    return _answered(request, inside, person, Asked(**given))


def _taken(inside: Inside, asked: Asked, event_id: str, sample: str) -> Asked:
    record = inside.store.look(lambda unit: unit.event(event_id)) if event_id else None
    if record is not None:
        known = record.event.source in inside.config().settings.sources
        source = record.event.source if known else ""
        return replace(asked, event=_pretty(sound(record.event.data)), source=asked.source or source)
    return replace(asked, event=_pretty(EVENTS[sample].sample())) if sample in EVENTS else asked


def _pretty(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)


def _answered(request: Request, inside: Inside, person: Person, asked: Asked) -> HTMLResponse:
    base = inside.policy.rule(asked.rule)
    if base is not None and base.when is not None and not asked.filter.strip():
        asked = replace(asked, filter=base.when.text)
    sent, problems = None, list[str]()
    try:
        sent = (
            event_of(inside, asked.event.encode("utf-8", "replace"), asked.source)
            if asked.event.strip()
            else None
        )
    except RouterError as error:
        problems.append(_said(error))
    happened = with_job(inside, sent) if sent else None
    own: dict[str, Any] = {"clause": None, "remarks": [], "told": None}
    try:
        own |= _tried(inside, happened, asked.filter, base) if asked.filter.strip() else {}
    except RouterError as error:
        problems.append(_said(error))
    return draw(
        request,
        inside,
        person,
        "try.html",
        asked=asked,
        problems=problems,
        said=explanation_json(explained(inside, happened, sent)) if happened else None,
        rules=[rule.name for rule in inside.policy.rules],
        sources=list(inside.config().settings.sources),
        samples=EVENTS,
        **own,
    )


def _tried(inside: Inside, event: Event | None, text: str, base: Rule | None) -> dict[str, Any]:
    """The filter part by part, what is to be said about it, and what its rule would send.

    Raises:
        RouterError: ``usage``: what is wrong with the filter, and where.
    """
    if text.strip() == "always":
        raise RouterError(
            "usage", "always matches every event, in a rule; here it would be the name of a field"
        )
    when, settings = filter_of("the filter", text), inside.config().settings
    rule = replace(base, when=when) if base else Rule(OWN, when, tuple(sorted(inside.policy.channels)))
    remarks = judge(when, inside.config().events.kinds_for(rule, when))
    if event is None:
        return {"remarks": remarks}
    clause = clauses_of(when, event.data)
    tongue = Tongue(settings.timezone, settings.language)
    told = rehearse(event, rule, inside.policy, tongue, inside.now()) if clause.held else ()
    return {"remarks": remarks, "clause": clause_json(clause), "told": told}


def _said(error: RouterError) -> str:
    return f"{error.message}. {error.remedy}".strip(" .") + "."

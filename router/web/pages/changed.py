"""What the forms of the pages do, and the log-in. After each the browser is sent to a page that shows it."""

import contextlib
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from router.core.text.clip import clip
from router.core.text.dialects import one_line
from router.errors import RouterError
from router.pipeline import people
from router.web.api.asked import MOST_IDS, Reader, Within, address_of, headers_of, who
from router.web.api.deliveries import since_of
from router.web.api.silences import SHOWN, NewSilence, silence_of, warnings_of
from router.web.gate import COOKIE, SESSION_LASTS, Person
from router.web.inside import Inside
from router.web.pages.drawing import draw
from router.web.pages.forms import Fields, Form, fields_of, form_of
from router.web.pages.named import in_keys, names_of

router = APIRouter(include_in_schema=False)

#: A form that is proved to be ours; it is read before a thread does what it asks.
Sent = Annotated[Form, Depends(form_of)]

SECOND = 1_000_000
LONGEST_NAME = 64


@router.get("/login")
def login_page(request: Request, inside: Within) -> HTMLResponse:
    """Asks for a token."""
    return draw(request, inside, None, "login.html", problem="")


@router.post("/login")
def log_in(request: Request, inside: Within, fields: Annotated[Fields, Depends(fields_of)]) -> Response:
    """Begins a session."""
    gate, address = inside.gate(), address_of(request)
    gate.refuse_other_sites(headers_of(request))
    try:
        cookie = gate.log_in(fields.get("token", [""])[0].strip(), address)
    except RouterError as error:
        code = 429 if error.code == "too-many" else 401
        return draw(request, inside, None, "login.html", code, problem=f"{error.message}. {error.remedy}.")
    _note(inside, gate.person({"cookie": f"{COOKIE}={cookie}"}, address), "log in", address)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=SESSION_LASTS // SECOND,
        path=gate.path or "/",
        secure=gate.secure,
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post("/logout")
def log_out(request: Request, inside: Within) -> Response:
    """Ends a session in this browser."""
    gate, headers, address = inside.gate(), headers_of(request), address_of(request)
    gate.refuse_other_sites(headers)
    _note(inside, gate.person(headers, address), "log out", address)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path=inside.gate().path or "/")
    return answer


@router.post("/groups/{group_id}/acknowledge")
def acknowledge(inside: Within, form: Sent, group_id: str) -> Response:
    """Takes what fires in a group, and beside it, as seen."""
    people.acknowledge_group(inside.store, inside.policy, group_id, inside.now(), _by(form))
    return RedirectResponse("/", 303)


@router.post("/groups/{group_id}/resolve")
def resolve_group(inside: Within, form: Sent, group_id: str) -> Response:
    """Ends what is open in a group."""
    people.resolve_group(inside.store, inside.policy, group_id, inside.now(), _by(form))
    return RedirectResponse("/", 303)


@router.post("/alerts/acknowledge")
def acknowledge_picked(inside: Within, form: Sent) -> Response:
    """Takes alerts as seen."""
    ids, now, by = form.all("id")[:MOST_IDS], inside.now(), _by(form)
    policy = inside.policy
    inside.store.write(lambda unit: people.acknowledge(unit, policy, ids, now, by))
    return RedirectResponse("/alerts", 303)


@router.post("/alerts/resolve")
def resolve(inside: Within, form: Sent) -> Response:
    """Ends alerts."""
    ids, now, by = form.all("id")[:MOST_IDS], inside.now(), _by(form)
    policy = inside.policy
    inside.store.write(lambda unit: people.resolve(unit, policy, ids, now, by))
    return RedirectResponse("/alerts", 303)


@router.post("/deliveries/change")
def change_deliveries(inside: Within, form: Sent) -> Response:
    """Tries dead letters again, or drops them: those that are picked, or all of a channel, of a time."""
    ids, now, by = form.all("id")[:MOST_IDS], inside.now(), _by(form)
    verb, _, every = form.one("what").partition(" ")
    change = people.drop if verb == "drop" else people.retry
    if every:
        dead = people.DeadLetters(form.one("channel"), since_of(form.one("since"), now))
        people.change_dead(inside.store, change, dead, now, by)
    else:
        inside.store.write(lambda unit: change(unit, ids, now, by))
    return RedirectResponse("/deliveries?state=dead", 303)


@router.get("/silences")
def silences_page(
    request: Request, inside: Within, person: Reader, matcher: str = "", lasts: str = "2h", comment: str = ""
) -> HTMLResponse:
    """Silences, and a form that makes one; with a matcher what it would mute."""
    return _silences(
        request, inside, Form(person, {"matcher": [matcher], "lasts": [lasts], "comment": [comment]})
    )


@router.post("/silences")
def make_silence(request: Request, inside: Within, form: Sent) -> Response:
    """Makes a silence."""
    try:
        silence = silence_of(_asked(form), inside, form.person, form.one("comment"))
    except RouterError as error:
        return _silences(request, inside, form, f"{error.message}. {error.remedy}".strip(" ."), 400)
    inside.store.write(lambda unit: people.silence(unit, silence, inside.now()))
    return RedirectResponse("/silences", 303)


@router.post("/silences/{silence_id}/expire")
def expire(inside: Within, form: Sent, silence_id: str) -> Response:
    """Ends a silence."""
    now, by = inside.now(), _by(form)
    inside.store.write(lambda unit: people.expire(unit, silence_id, now, by))
    return RedirectResponse("/silences", 303)


def _silences(
    request: Request, inside: Inside, form: Form, problem: str = "", status: int = 200
) -> HTMLResponse:
    now = inside.now()
    given = {name: form.one(name) for name in ("matcher", "lasts", "comment", "by")}
    picked, warnings = None, list[str]()
    if given["matcher"] and not problem:
        try:
            silence = silence_of(_asked(form), inside, form.person, given["comment"] or "preview")
            picked = inside.store.look(lambda unit: people.picked_by(unit, silence, now, SHOWN))
            warnings = warnings_of(silence, inside, picked)
        except RouterError as error:
            problem = f"{error.message}. {error.remedy}".strip(" .")
    silences = inside.store.look(lambda unit: unit.silences(now))
    shown = [*picked.being_open, *picked.ended][:SHOWN] if picked else []
    names = inside.store.look(lambda unit: names_of(unit, in_keys(one.key for one in shown)))
    return draw(
        request,
        inside,
        form.person,
        "silences.html",
        status,
        silences=silences,
        given=given,
        problem=problem,
        picked=picked,
        warnings=warnings,
        looked_at=people.LOOKED_AT,
        shown=shown,
        names=names,
    )


def _asked(form: Form) -> NewSilence:
    # Longer than it may be is cut, not refused: what was typed stays in the form.
    return NewSilence(
        matcher=form.one("matcher")[:10_000], lasts=form.one("lasts")[:20], comment="", by=form.one("by")[:64]
    )


def _note(inside: Inside, person: Person | None, what: str, address: str) -> None:
    """On record; who comes because the store takes nothing is let in, and out, all the same."""
    if person is not None and person.name:
        name, now = person.name, inside.now()
        with contextlib.suppress(RouterError):
            inside.store.write(lambda unit: people.note(unit, now, name, what, address))


def _by(form: Form) -> str:
    return who(form.person, clip(one_line(form.one("by")), LONGEST_NAME))

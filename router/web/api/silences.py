"""Silences: list, preview, add, expire."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from router.config import duration
from router.core.check import Remark, judge, judged, kind_of_alerts
from router.core.filter import Filter
from router.core.filter.unparse import quoted_names
from router.core.mute.silence import Silence, made
from router.core.times import parsed
from router.errors import RouterError
from router.pipeline import people
from router.pipeline.people import Picked
from router.web.api.asked import Administrator, By, Within, filter_of, who
from router.web.gate import Person
from router.web.inside import Inside
from router.web.shapes import AlertJson, SilenceJson, alert_json, silence_json

router = APIRouter(tags=["silences"])

#: Alerts of a preview that are shown.
SHOWN = 100


class Silences(TypedDict):
    """Silences in the order in which they were made."""

    silences: list[SilenceJson]


class Preview(TypedDict):
    """What a silence would mute now, and would have muted in the last day: the first, and how many."""

    open: list[AlertJson]
    open_number: int
    last_day: list[AlertJson]
    last_day_number: int
    whole: bool
    """Whether all alerts were looked at; else 2,000: first those that are open, the newest of each."""
    warnings: list[str]
    """What may be wrong with it and is not refused: a field that no known event has, no alert at all."""


class Made(TypedDict):
    """The silence that was made, and what may be wrong with it."""

    silence: SilenceJson
    warnings: list[str]


class Expired(TypedDict):
    """The silence that was ended, and how many alerts are judged again."""

    silence: SilenceJson
    judged_again: int


class NewSilence(BaseModel):
    """What is to be held back, and for how long."""

    matcher: Annotated[
        str,
        Field(max_length=10_000, description="JMESPath over an alert and its event: `rule == 'job-failed'`."),
    ]
    comment: Annotated[str, Field(max_length=1000, description="Why: others will ask.")] = ""
    lasts: Annotated[str, Field(max_length=20, description="How long: `2h`. Either this or `ends_at`.")] = ""
    starts_at: Annotated[str, Field(max_length=40, description="ISO 8601; now, if nothing is said.")] = ""
    ends_at: Annotated[str, Field(max_length=40, description="ISO 8601.")] = ""
    interval: Annotated[
        str, Field(max_length=100, description="Only within this one of `time_intervals`.")
    ] = ""
    by: By = ""


class Ender(BaseModel):
    """Who ends a silence."""

    by: By = ""


def silence_of(asked: NewSilence, inside: Inside, person: Person, comment: str) -> Silence:
    """The silence that somebody asks for.

    Raises:
        RouterError: ``usage``: what is wrong with it.
    """
    now = inside.now()
    starts_at = _time("the start", asked.starts_at) if asked.starts_at else now
    if bool(asked.lasts) == bool(asked.ends_at):
        raise RouterError("usage", "say how long it lasts, or when it ends: one of both")
    ends_at = _time("the end", asked.ends_at) if asked.ends_at else starts_at + duration(asked.lasts)
    intervals = inside.policy.intervals
    if asked.interval and asked.interval not in intervals:
        known = ", ".join(sorted(intervals)) or "none"
        raise RouterError(
            "usage", f"no entry of time_intervals is named {asked.interval!r}; there are: {known}"
        )
    matcher = filter_of("the matcher", asked.matcher)
    _refuse_slips(matcher, inside)
    within = intervals[asked.interval] if asked.interval else ()
    return made(matcher, starts_at, ends_at, who(person, asked.by), comment, now, within)


def _refuse_slips(matcher: Filter, inside: Inside) -> None:
    """A silence that can mute nothing is a mistake: a rule that there is not, a text in double quotes."""
    names = _rules(inside)
    for name in sorted(quoted_names(matcher.text) & names):
        said = f'the matcher: "{name}" in double quotes is the name of a field'
        raise RouterError("usage", said, f"Write a text in single quotes: '{name}'")
    found = [
        one for one in judge(matcher, [kind_of_alerts(names)]) if one.level == "error" or one.code == "F101"
    ]
    for remark in found or (_slips(matcher, inside) if inside.config().events.is_known else ()):
        raise RouterError(
            "usage", f"the matcher: {remark.message}", remark.advice[:1].upper() + remark.advice[1:]
        )


def _slips(matcher: Filter, inside: Inside) -> list[Remark]:
    """What can never hold for an alert of the events that are known."""
    kinds = inside.config().events.kinds_of_alerts(matcher, _rules(inside))
    return [one for one in judged(matcher, kinds) if one.level == "error"] if kinds else []


def _rules(inside: Inside) -> frozenset[str]:
    return frozenset(rule.name for rule in (*inside.policy.rules, *inside.policy.own))


def warnings_of(silence: Silence, inside: Inside, picked: Picked | None = None) -> list[str]:
    """What may be wrong with a silence that is not refused, since nobody knows all that comes.

    Args:
        picked: what it would mute, where that was looked at.
    """
    slips = [f"{one.message}; {one.advice}".strip("; ") for one in _slips(silence.matcher, inside)]
    if picked is not None and not picked.open_number + picked.ended_number:
        slips.append("it matches no alert that is open or of the last day")
    return slips


def _time(name: str, text: str) -> int:
    time = parsed(text)
    if time is None:
        expected = "expected a time such as 2026-11-01T08:00+08:00 (without an offset it is UTC)"
        raise RouterError("usage", f"{name}: {expected}, got {text!r}")
    return time


@router.get("/v1/silences")
def list_silences(
    inside: Within,
    all: Annotated[bool, Field(description="Those that are over, too.")] = False,  # noqa: A002  its name outside
) -> Silences:
    """Silences in the order in which they were made."""
    now = inside.now()
    found = inside.store.look(lambda unit: unit.silences(0 if all else now))
    return {"silences": [silence_json(one, now) for one in found]}


@router.post("/v1/silences")
def add_silence(inside: Within, person: Administrator, asked: NewSilence) -> Made:
    """Holds alerts back for a while."""
    silence = silence_of(asked, inside, person, asked.comment)
    now = inside.now()
    inside.store.write(lambda unit: people.silence(unit, silence, now))
    return {"silence": silence_json(silence, now), "warnings": warnings_of(silence, inside)}


@router.post("/v1/silences/preview")
def preview_silence(inside: Within, person: Administrator, asked: NewSilence) -> Preview:
    """What it would hold back; nothing is made."""
    silence = silence_of(asked, inside, person, asked.comment or "preview")
    picked = inside.store.look(lambda unit: people.picked_by(unit, silence, inside.now(), SHOWN))
    return {
        "open": [alert_json(one) for one in picked.being_open],
        "open_number": picked.open_number,
        "last_day": [alert_json(one) for one in picked.ended],
        "last_day_number": picked.ended_number,
        "whole": picked.is_whole,
        "warnings": warnings_of(silence, inside, picked),
    }


@router.post("/v1/silences/{silence_id}/expire")
def expire_silence(
    inside: Within, person: Administrator, silence_id: str, asked: Ender | None = None
) -> Expired:
    """Ends a silence now; what it held back is judged again."""
    now, by = inside.now(), who(person, asked.by if asked else "")
    ended, judged = inside.store.write(lambda unit: people.expire(unit, silence_id, now, by))
    return {"silence": silence_json(ended, now), "judged_again": judged}

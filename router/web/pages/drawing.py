"""How a page is drawn: templates that escape everything, one style, headers that allow nothing else."""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from router.core.delivery import Delivery
from router.core.text.clip import clip
from router.core.text.dialects import clean, one_line
from router.core.text.values import key_values
from router.core.times import local, parsed
from router.version import __version__
from router.web.gate import Person
from router.web.inside import Inside
from router.web.shapes import text_of

#: Characters of a value in a table.
_LONGEST = 300
#: Characters of a time without its zone.
_TO_SECONDS = 19
SECOND = 1_000_000


@cache
def _style() -> str:
    return (files("router.web.pages") / "templates" / "page.css").read_text(encoding="utf-8")


@cache
def headers() -> dict[str, str]:
    """What a browser may do with a page: show it, with our style and our script, and send its forms to us."""
    style = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return {
        "content-security-policy": f"default-src 'none'; style-src 'sha256-{style}'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "referrer-policy": "same-origin",
        "x-frame-options": "DENY",
        "x-robots-tag": "noindex, nofollow",
    }


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("router.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    # The types of Jinja's own filters leave no room for ours.
    filters = cast("dict[str, Any]", made.filters)
    filters.update(
        text=_text,
        lines=_lines,
        json=_json,
        query=_query,
        plural=_plural,
        parts=_parts,
        heading=_heading,
        written=_written,
        micros=parsed,
    )
    return made


def draw(
    request: Request, inside: Inside, person: Person | None, template: str, status: int = 200, **given: Any
) -> HTMLResponse:
    """A page.

    Args:
        person: who sees it; None for the log-in.
    """
    now = inside.now()
    zone = inside.config().settings.timezone

    def when(time: int | None) -> str:
        # The foot of each page names the zone.
        return "" if time is None else local(time, zone)[:_TO_SECONDS]

    def ago(time: int | None) -> str:
        return "" if time is None else _ago(now - time)

    def span(seconds: float) -> str:
        return _ago(int(seconds * SECOND))

    text = (
        _templates()
        .get_template(template)
        .render(
            here=request.url.path,
            base=inside.gate().path,
            person=person,
            asks=inside.gate().asks,
            may_change=person is not None and person.role == "admin",
            style=Markup(_style()),  # noqa: S704  our own file
            version=__version__,
            now=now,
            zone=zone,
            when=when,
            ago=ago,
            span=span,
            **{"names": {}, **given},
        )
    )
    return HTMLResponse(text.encode("utf-8", "replace"), status, headers())


def _harmless(value: Any) -> Any:
    """A value on one line that acts on nothing; escaping comes after it."""
    return (
        clip(one_line(value), _LONGEST)
        if isinstance(value, str) and not hasattr(value, "__html__")
        else value
    )


def _text(value: str) -> Markup:
    """Text of several lines."""
    return Markup("<pre>{}</pre>").format(clean(value))


def _lines(value: str) -> Markup:
    """Text of several lines inside a field."""
    return escape(clean(value))


def _json(value: Any) -> Markup:
    return _text(json.dumps(value, indent=2, ensure_ascii=False))


def _parts(key: str) -> list[str]:
    """The values of a key."""
    return [str(part) for part in key_values(key) if part not in (None, "")]


def _written(value: Any) -> str:
    """A value beside its name: a text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _heading(delivery: Delivery) -> str:
    """A message's title, or where its channel has none the first line of its text."""
    text = text_of(delivery)
    return text["title"] or text["body"].partition("\n")[0]


def _query(values: dict[str, Any]) -> Markup:
    return escape(urlencode({name: value for name, value in values.items() if value}))


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _ago(micros: int) -> str:
    seconds = max(0, micros // SECOND)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"

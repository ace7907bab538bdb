"""What the routes of the API share: who asks, how pages are asked for, how errors look."""

from typing import Annotated, cast

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from router.config.accidents import bare_number, other_sign
from router.core.filter import Filter, FilterError
from router.errors import RouterError
from router.ports import Mark
from router.web.gate import Person, Role
from router.web.inside import Inside

#: Ids in one request.
MOST_IDS = 1000
#: Records in one page.
MOST = 1000


class Fault(BaseModel):
    """What is wrong, and what to do."""

    code: str = Field(description="A short stable word.")
    message: str
    remedy: str


class Refusal(BaseModel):
    """How every error is answered."""

    error: Fault


def inside_of(request: Request) -> Inside:
    """The process behind a request."""
    return cast("Inside", request.app.state.inside)


def headers_of(request: Request) -> dict[str, str]:
    """Headers by their names in lower case."""
    return dict(request.headers.items())


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


def admitted(request: Request, role: Role) -> Person:
    """See :meth:`router.web.gate.Gate.admit`."""
    return inside_of(request).gate().admit(headers_of(request), address_of(request), role)


def reader(request: Request) -> Person:
    """Whoever may read."""
    return admitted(request, Role.READ)


def administrator(request: Request) -> Person:
    """Whoever may change things."""
    return admitted(request, Role.ADMIN)


Within = Annotated[Inside, Depends(inside_of)]
Reader = Annotated[Person, Depends(reader)]
Administrator = Annotated[Person, Depends(administrator)]

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
Before = Annotated[
    str,
    Query(
        description="Go on behind `next` of the page before. A page may be short though `next` is not null.",
        max_length=200,
    ),
]
Ids = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100)]], Field(min_length=1, max_length=MOST_IDS)
]
By = Annotated[
    str, Field(max_length=64, description="Who does it, where no token says so. Nobody has proved it.")
]


def mark_of(before: str) -> Mark | None:
    """Where a page begins.

    Raises:
        RouterError: ``bad-request``: no page has ended so.
    """
    if not before:
        return None
    at, dot, name = before.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) < 19 and dot and name):
        raise RouterError("bad-request", "before: expected what stood in `next`", "Begin without it")
    return Mark(int(at), name)


def text_of(mark: Mark | None) -> str | None:
    """The reverse of :func:`mark_of`."""
    return f"{mark.at}.{mark.id}" if mark else None


def who(person: Person, by: str) -> str:
    """Who did something: the token's name, else what they say."""
    return person.name or by.strip() or "somebody"


def filter_of(what: str, text: str) -> Filter:
    """A filter that somebody asks with.

    Raises:
        RouterError: ``usage``: what is wrong with it, and where.
    """
    try:
        return Filter(text)
    except FilterError as error:
        number = bare_number(text, error.column)
        known = "; ".join(number) if number else other_sign(text, error.column)
        said = known or error.message.removesuffix(", for expression")
        raise RouterError("usage", f"{what}: {said} (character {error.column + 1})") from error

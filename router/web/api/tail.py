"""News: events and what becomes of them, as they come; an object on a line for each."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from router.config import duration
from router.config.faults import near
from router.core.policy import Policy
from router.core.times import parsed
from router.errors import RouterError
from router.pipeline.tail import Tail, Wanted
from router.web.api.asked import Within, filter_of
from router.web.inside import Inside
from router.web.news import NewsJson, news_json
from router.web.streams import LOOKS, LOOKS_EVERY, counted

router = APIRouter(tags=["events"])

#: Lines from before that are sent where nothing is said.
LINES = 10


class Followed:
    """What is new since the last call.

    Args:
        lines: how many of those that are there already; None: all.
    """

    def __init__(self, inside: Inside, tail: Tail, lines: int | None) -> None:
        self._inside = inside
        self._tail = tail
        self._lines = lines

    def new(self) -> list[NewsJson]:
        """The oldest first; the first call has what is there already."""
        found = self._tail.new(self._inside.now())
        last, self._lines = self._lines, None
        return [news_json(one) for one in (found if last is None else deque(found, last))]


def followed(
    inside: Inside,
    since: str = "",
    after: str = "",
    rule: str = "",
    pattern: str = "",
    lines: int | None = None,
) -> Followed:
    """What somebody asks to follow.

    Raises:
        RouterError: ``usage``, ``not-found``: what is wrong with it.
    """
    _known(rule, inside.policy)
    start = _start(inside.now(), since, after)
    wanted = Wanted(rule, filter_of("the filter", pattern) if pattern else None)
    return Followed(
        inside, Tail(inside.store, start, wanted), LINES if lines is None and start is None else lines
    )


def _start(now: int, since: str, after: str) -> int | None:
    if not after:
        return now - duration(since) if since else None
    start = parsed(after)
    if start is None:
        raise RouterError("usage", f"after: expected a time of the API, got {after!r}")
    return start


def _known(rule: str, policy: Policy) -> None:
    if rule and policy.rule(rule) is None:
        said = near(rule, [one.name for one in (*policy.rules, *policy.own)])
        raise RouterError("not-found", f"no rule is named {rule}", said[:1].upper() + said[1:])


@router.get(
    "/v1/tail",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
async def tail(
    request: Request,
    inside: Within,
    since: Annotated[str, Query(max_length=20, description="Begin with what came in the last `2h`.")] = "",
    after: Annotated[str, Query(max_length=40, description="Begin with this time: go on with it.")] = "",
    rule: Annotated[str, Query(max_length=200, description="Only what this rule matched.")] = "",
    pattern: Annotated[str, Query(max_length=10_000, description="Only what this filter holds for.")] = "",
    lines: Annotated[int | None, Query(ge=0, le=1000, description="So many of what is there.")] = None,
    follow: Annotated[bool, Query(description="Go on with what comes.")] = False,
) -> StreamingResponse:
    """News as they come, a line of JSON each; an empty line says that there is nothing new."""
    told = await asyncio.to_thread(followed, inside, since, after, rule, pattern, lines)
    first = await asyncio.to_thread(told.new)
    rest = counted(request.app.state, _rest(inside, told)) if follow else None
    return StreamingResponse(_lines(first, rest), media_type="application/x-ndjson")


async def _rest(inside: Inside, told: Followed) -> AsyncIterator[list[NewsJson]]:
    for _ in range(LOOKS):
        await asyncio.sleep(LOOKS_EVERY)
        if inside.stopping():
            return
        yield await asyncio.to_thread(told.new)


async def _lines(first: list[NewsJson], rest: AsyncIterator[list[NewsJson]] | None) -> AsyncIterator[str]:
    yield _text(first)
    if rest is not None:
        async for news in rest:
            yield _text(news) or "\n"


def _text(news: list[NewsJson]) -> str:
    return "".join(json.dumps(one) + "\n" for one in news)

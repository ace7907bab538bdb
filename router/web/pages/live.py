"""What keeps an open page up to date: a small script, and a stream that says when to look again."""

import asyncio
from collections.abc import AsyncIterator
from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from router.web.api.asked import Reader, Within
from router.web.inside import Inside
from router.web.pages.drawing import headers
from router.web.streams import LOOKS, LOOKS_EVERY, counted

router = APIRouter(include_in_schema=False)

#: Looks after which a line is sent that says nothing, so that a dead connection is noticed.
SPEAKS_EVERY = 15


@router.get("/live.js")
def script() -> Response:
    """The script; it holds nothing that is secret."""
    return Response(_script(), media_type="text/javascript", headers=headers())


@cache
def _script() -> str:
    return (files("router.web.pages") / "templates" / "live.js").read_text(encoding="utf-8")


@router.get("/live")
async def stream(request: Request, inside: Within, person: Reader) -> StreamingResponse:
    """Server-sent events without content: each says that something was written.

    Raises:
        RouterError: ``overloaded``: too many look already; a browser shows the page as it was.
    """
    said = counted(request.app.state, _said(inside))
    # Proxies such as nginx would keep a stream back until there is enough of it.
    at_once = headers() | {"x-accel-buffering": "no"}
    return StreamingResponse(said, media_type="text/event-stream", headers=at_once)


async def _said(inside: Inside) -> AsyncIterator[str]:
    known = inside.store.writes
    yield "retry: 5000\n\n"
    for look in range(LOOKS):
        await asyncio.sleep(LOOKS_EVERY)
        if inside.stopping():
            return
        found = inside.store.writes
        if found != known:
            yield "data: look\n\n"
        elif look % SPEAKS_EVERY == 0:
            yield ": still here\n\n"
        known = found

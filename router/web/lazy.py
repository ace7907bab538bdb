"""The site, made with the first request for it: a router that nobody looks at does not pay for it."""

import asyncio
from typing import TYPE_CHECKING, Any

from router.web.inside import Inside

if TYPE_CHECKING:
    from fastapi import FastAPI


class Site:
    """The ASGI application of the API and the pages."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._app: FastAPI | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """See the ASGI specification, version 3."""
        async with self._making:
            if self._app is None:
                self._app = await asyncio.to_thread(self._made)
        await self._app(scope, receive, send)

    def _made(self) -> "FastAPI":
        from router.web.site import make_site

        return make_site(self._inside)

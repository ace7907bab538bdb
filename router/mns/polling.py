"""Receives that wait for a message."""

import asyncio
import contextlib


class Polling:
    """Who waits at which queue. Used by one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def wake(self, queue: str) -> None:
        """There may be a message in the queue: everybody who waits there looks again."""
        for waiting in self._waiting.pop(queue, ()):
            if not waiting.done():
                waiting.set_result(None)

    async def wait(self, queue: str, seconds: float) -> None:
        """Waits until somebody wakes the queue, at most that long."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(queue, set()).add(waiting)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(waiting, max(seconds, 0.001))
        self._waiting.get(queue, set()).discard(waiting)

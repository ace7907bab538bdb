"""What the event loop says while the process has no file handle left: one line a minute."""

import asyncio
import errno
import time
from collections.abc import Callable
from typing import Any

from router import telemetry

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
#: Seconds between two lines.
_PAUSE = 60.0


class OutOfHandles:
    """An exception handler of asyncio.

    Its ``accept`` fails some thousand times in a row when there is no handle, once a second, and by
    itself it would write a traceback for each.

    Args:
        monotonic: seconds that only grow.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._quiet_until = float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Says it once in a while; leaves everything else to the loop."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _EXHAUSTED:
            loop.default_exception_handler(context)
            return
        now = self._monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _PAUSE
            telemetry.log("router.out_of_handles", "error", error=str(error))

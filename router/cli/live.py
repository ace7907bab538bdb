"""How commands that show what happens go on, and how they end."""

import contextlib
import select
import signal
import sys
from collections.abc import Generator
from types import FrameType


@contextlib.contextmanager
def until_told() -> Generator[None]:
    """Ends what runs inside, quietly, at Ctrl-C and at SIGTERM."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def wait(seconds: float) -> bool:
    """Waits that long; true at once when nobody reads standard output any more."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return bool(poll.poll(seconds * 1000))

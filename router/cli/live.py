"""How commands that show what happens go on, and how they end."""

import contextlib
import os
import select
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from types import FrameType


@contextlib.contextmanager
def until_told() -> Generator[None]:
    """Ends what runs inside, quietly: at Ctrl-C, at SIGTERM, and when nobody reads what it prints."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # What is still buffered must not fail again when the process ends.
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
    finally:
        signal.signal(signal.SIGTERM, before)


def wait(seconds: float) -> bool:
    """Waits that long; true at once when nobody reads standard output any more."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return bool(poll.poll(seconds * 1000))

"""Threads that drive the loops: each calls its step again and again, and no fault ends it."""

import threading
import time
from collections.abc import Callable

from router import telemetry
from router.errors import RouterError

#: Pauses after a fault grow from the first to the second, in seconds.
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
#: Seconds after a fault of the store for which a step that had nothing to do says nothing of it.
DOUBTED_FOR = 10.0
#: Seconds without a turn after which a loop counts as hung. No wait and no pause takes longer than 5,
#: and the store ends each of a step's calls within about as many.
HANGS_AFTER = 60.0


class Loop:
    """One thread and its step.

    Args:
        step: does a piece of work; returns how much, 0 when there was none.
        wait: returns when there may be work, or after some seconds.
        healthy: told the loop's name and why the store cannot be used, or nothing where it could.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], int],
        wait: Callable[[], None],
        healthy: Callable[[str, str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._step = step
        self._wait = wait
        self._healthy = healthy
        self._monotonic = monotonic
        self._turned_at = monotonic()
        self._failed_at = -DOUBTED_FOR
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self.turn()
        self._thread.start()

    def turn(self) -> None:
        """Says that it makes progress: each turn does, and a step that has much to do may."""
        self._turned_at = self._monotonic()

    def problem(self) -> str:
        """Why only a new process helps it, in words; empty while it turns, and once it is asked to end."""
        if self._stopping.is_set():
            return ""
        if not self._thread.is_alive():
            return f"the loop {self.name} has ended"
        stood = self._monotonic() - self._turned_at
        return f"the loop {self.name} has hung for {stood:.0f} s" if stood > HANGS_AFTER else ""

    def stop(self) -> None:
        """The loop ends after the step it is in, once there is nothing more to do."""
        self._stopping.set()

    def join(self, seconds: float) -> bool:
        """Waits for its end; returns whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause = SHORTEST_PAUSE
        while True:
            self.turn()
            try:
                done = self._step()
                pause = SHORTEST_PAUSE
                self._succeeded(done)
                if not done:
                    if self._stopping.is_set():
                        return
                    # It may ask the store how long.
                    self._wait()
            except Exception as error:  # noqa: BLE001  a loop outlives every fault
                self._report(error)
                if self._stopping.wait(pause):
                    return
                pause = min(pause * 2, LONGEST_PAUSE)

    def _succeeded(self, done: int) -> None:
        # A step that had nothing to do may not have written: a full disk lets that pass.
        if done or self._monotonic() - self._failed_at > DOUBTED_FOR:
            self._healthy(self.name, "")

    def _report(self, error: Exception) -> None:
        if isinstance(error, RouterError) and error.code == "store-unavailable":
            self._failed_at = self._monotonic()
            self._healthy(self.name, str(error))
            return
        telemetry.log("router.loop_failed", "error", loop=self.name, error=repr(error))

"""Calls that end in time, whatever they wait for: a name server, a handshake, a library's sleep.

Python cannot interrupt a thread. So the call runs in a thread of ours and the caller stops
waiting at the deadline; the call is left to end by itself. The threads are daemons: none of them
keeps the process from ending.
"""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from router.core.delivery import SECOND

T = TypeVar("T")

#: A call that has hung for so long, in microseconds, does not count any more: its thread is lost, its
#: target is not.
LOST_AFTER = 3600 * SECOND


class LateError(Exception):
    """The call did not end in time. It may still run."""


class NoThreadError(OSError):
    """The machine gives no more threads; nothing was called."""


class HangingError(OSError):
    """Too many earlier calls have not ended; nothing was called."""


class _Job(Generic[T]):
    """One call, and where its end is reported: a result, or the exception it raised."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self.ended: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run(self) -> None:
        try:
            self.ended.put((self._call(), None))
        except BaseException as error:  # noqa: BLE001  it is raised again, in the caller
            self.ended.put((None, error))


class Threads:
    """Threads that are kept for the next call; there are never more than calls at once.

    Args:
        idle: how long a thread without work is kept, in seconds.
    """

    def __init__(self, idle: float = 30.0) -> None:
        self.idle = idle
        self._lock = threading.Lock()
        self._idle: list[_Thread] = []

    def call(self, call: Callable[[], T], seconds: float) -> T:
        """The call's result, or what it raised.

        Raises:
            LateError: it has not ended after so many seconds.
            NoThreadError: it has not begun.
        """
        job = _Job(call)
        thread = self._idle_or_new()
        thread.jobs.put(job.run)
        try:
            result, error = job.ended.get(timeout=seconds)
        except Empty:
            raise LateError from None
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    def _idle_or_new(self) -> "_Thread":
        with self._lock:
            if self._idle:
                return self._idle.pop()
        thread = _Thread(self)
        try:
            thread.start()
        except RuntimeError as error:
            raise NoThreadError("this machine has no thread left to send it") from error
        return thread

    def rest(self, thread: "_Thread") -> None:
        """Takes a thread back that has nothing to do."""
        with self._lock:
            self._idle.append(thread)

    def dismiss(self, thread: "_Thread") -> bool:
        """Lets an idle thread end; False when it has just been given work."""
        with self._lock:
            if thread not in self._idle:
                return False
            self._idle.remove(thread)
            return True


class _Thread(threading.Thread):
    def __init__(self, threads: Threads) -> None:
        super().__init__(name="channel-send", daemon=True)
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._threads = threads

    def run(self) -> None:
        while True:
            try:
                job = self.jobs.get(timeout=self._threads.idle)
            except Empty:
                if self._threads.dismiss(self):
                    return
                continue
            job()
            del job
            self._threads.rest(self)


#: Shared by all channels.
THREADS = Threads()


class Calls:
    """Calls for one target: while too many of them have not ended, no more begin.

    Args:
        most: how many.
        now: microseconds.
    """

    def __init__(self, most: int, now: Callable[[], int]) -> None:
        self._most = most
        self._now = now
        self._lock = threading.Lock()
        self._running: dict[object, int] = {}

    def call(self, call: Callable[[], T], seconds: float) -> T:
        """See :meth:`Threads.call`.

        Raises:
            HangingError: too many have not ended.
        """
        mark = self._begin()

        def noted() -> T:
            try:
                return call()
            finally:
                self._end(mark)

        try:
            return THREADS.call(noted, seconds)
        except NoThreadError:
            self._end(mark)
            raise

    def _begin(self) -> object:
        now, mark = self._now(), object()
        with self._lock:
            running = sum(now - began < LOST_AFTER for began in self._running.values())
            if running >= self._most:
                raise HangingError(f"{running} earlier sends still hang")
            self._running[mark] = now
        return mark

    def _end(self, mark: object) -> None:
        with self._lock:
            self._running.pop(mark, None)

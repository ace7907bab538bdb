"""The store: transactions on a thread of its own, each within a deadline of ours."""

import contextlib
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from router.errors import RouterError
from router.ports import Unit
from router.storage.faults import explained
from router.storage.news import News
from router.storage.unit import SqlUnit

T = TypeVar("T")

#: Seconds that a call may take, whatever the disk or the server does.
DEADLINE = 5.0
#: Calls of a kind that may hang at once, each with its thread and its connection: a disk that hangs
#: for hours must not take every file handle of the process.
MOST_HANGING = 8


class _GivenUpError(Exception):
    """The caller has gone: nothing of this transaction may be committed."""


class SqlStore:
    """See :class:`router.ports.Store`.

    Args:
        deadline: seconds.
    """

    def __init__(self, engine: Engine, deadline: float, on_close: Callable[[], None]) -> None:
        self._engine = engine
        self._deadline = deadline
        self._on_close = on_close
        self._workers = {
            "write": _Worker("store write", engine, "BEGIN IMMEDIATE"),
            "read": _Worker("store read", engine, "BEGIN"),
            "look": _Worker("store look", engine, "BEGIN"),
        }
        self._hanging: dict[str, list[_Worker]] = {name: [] for name in self._workers}
        self._lock = threading.Lock()
        self._closed = False
        self._writes = 0
        self._news: News | None = None

    @property
    def writes(self) -> int:
        return self._writes

    @property
    def shared(self) -> bool:
        return self._engine.dialect.name != "sqlite"

    def write(self, work: Callable[[Unit], T]) -> T:
        done = self._within("write", work)
        self._writes += 1
        return done

    def read(self, work: Callable[[Unit], T]) -> T:
        return self._within("read", work)

    def look(self, work: Callable[[Unit], T]) -> T:
        return self._within("look", work)

    def _within(self, name: str, work: Callable[[Unit], T]) -> T:
        with self._lock:
            if self._closed:
                raise RouterError("store-unavailable", "the store is closed")
            self._refuse_if_many_hang(name)
            worker = self._workers[name]
            job = worker.submit(work)
        try:
            job.answer.exception(self._deadline)
        except TimeoutError:
            self._give_up(name, worker, job)
            raise RouterError(
                "store-unavailable",
                f"the store did not answer within {self._deadline:g} s",
                "See whether its disk or its server hangs, or who holds its lock",
            ) from None
        try:
            return job.answer.result()
        except (IntegrityError, DataError):
            # The row's fault, not the store's: its caller may try the others without it.
            raise
        except (DBAPIError, SQLAlchemyError, OSError) as error:
            raise explained(error) from error

    def _refuse_if_many_hang(self, name: str) -> None:
        hanging = self._hanging[name] = [worker for worker in self._hanging[name] if worker.alive]
        if len(hanging) >= MOST_HANGING:
            said = f"{len(hanging)} earlier calls still hang in the store"
            raise RouterError("store-unavailable", said, "See whether its disk or its server hangs")

    def _give_up(self, name: str, worker: "_Worker", job: "_Job") -> None:
        job.given_up.set()
        if job.answer.cancel():
            return
        # The thread may hang in the disk or the server for ever: the next call gets another one.
        with self._lock:
            if self._workers[name] is worker:
                try:
                    self._workers[name] = worker.successor()
                except RuntimeError as error:
                    # No thread: it stays the one that serves, and must not count among those that hang.
                    raise explained(error) from error
                self._hanging[name].append(worker)

    def listen(self, woken: Callable[[frozenset[str]], None], begun: Callable[[], None]) -> None:
        if self.shared:
            self._news = News(self._engine, woken, begun)

    def wake_others(self, due: Collection[str]) -> None:
        if self._news:
            self._news.tell(due)

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        if self._news:
            self._news.close()
        for worker in self._workers.values():
            worker.close(self._deadline)
        self._engine.dispose()
        self._on_close()


class _Job:
    def __init__(self, work: Callable[[Unit], Any]) -> None:
        self.work = work
        self.answer: Future[Any] = Future()
        self.given_up = threading.Event()


class _Worker:
    """One thread and its connection, opened again after a fault.

    A daemon: a thread that hangs in the disk must not keep the process from ending.
    """

    def __init__(self, name: str, engine: Engine, begin: str) -> None:
        self._name = name
        self._engine = engine
        self._begin = begin
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its thread has not ended."""
        return self._thread.is_alive()

    def submit(self, work: Callable[[Unit], Any]) -> _Job:
        job = _Job(work)
        self._jobs.put(job)
        return job

    def successor(self) -> "_Worker":
        """Another thread with another connection, which does what waits; this one ends when it can."""
        other = _Worker(self._name, self._engine, self._begin)
        with contextlib.suppress(Empty):
            while True:
                other._jobs.put(self._jobs.get_nowait())
        self._jobs.put(None)
        return other

    def close(self, seconds: float) -> None:
        """Ends after what was submitted, or after that time."""
        self._jobs.put(None)
        self._thread.join(seconds)

    def _loop(self) -> None:
        while (job := self._jobs.get()) is not None:
            if job.answer.set_running_or_notify_cancel():
                self._answer(job)
        self._drop()

    def _answer(self, job: _Job) -> None:
        answer = job.answer
        try:
            answer.set_result(self._run(job))
        except BaseException as error:  # noqa: BLE001  whatever the work raises is its caller's to hear
            answer.set_exception(error)

    def _run(self, job: _Job) -> Any:
        try:
            connection = self._connected()
            with connection.begin():
                done = job.work(SqlUnit(connection))
                if job.given_up.is_set():
                    raise _GivenUpError
                return done
        except (DBAPIError, SQLAlchemyError, OSError):
            # After a fault of the disk or the server this connection is not trusted again.
            self._drop()
            raise

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(begin=self._begin)
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except (DBAPIError, SQLAlchemyError, OSError):
            with contextlib.suppress(DBAPIError, SQLAlchemyError, OSError):
                connection.invalidate()

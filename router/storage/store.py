"""The store: transactions on a thread of its own, each within a deadline of ours."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from router.errors import RouterError
from router.ports import Unit
from router.storage.faults import explained
from router.storage.unit import SqlUnit

T = TypeVar("T")

#: Seconds that a call may take, whatever the disk or the server does.
DEADLINE = 5.0


class _CancelledError(Exception):
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
        self._closed = False
        self._writer = _Worker("store write", engine, "BEGIN IMMEDIATE")
        self._reader = _Worker("store read", engine, "BEGIN")

    def write(self, work: Callable[[Unit], T]) -> T:
        return self._within("_writer", work)

    def read(self, work: Callable[[Unit], T]) -> T:
        return self._within("_reader", work)

    def _within(self, name: str, work: Callable[[Unit], T]) -> T:
        worker: _Worker = getattr(self, name)
        cancelled = threading.Event()
        running: Future[T] = worker.submit(work, cancelled)
        try:
            return running.result(self._deadline)
        except FutureTimeoutError:
            cancelled.set()
            # The thread may hang in the disk for ever: the next call gets another one.
            setattr(self, name, worker.successor())
            seconds = f"{self._deadline:g} s"
            raise RouterError("store-unavailable", f"the store did not answer within {seconds}") from None
        except (IntegrityError, DataError):
            # The row's fault, not the store's: its caller may try the others without it.
            raise
        except (DBAPIError, SQLAlchemyError, OSError) as error:
            raise explained(error) from error

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for worker in (self._writer, self._reader):
            worker.close(self._deadline)
        self._engine.dispose()
        self._on_close()


class _Worker:
    """One thread and its connection, opened again after a fault."""

    def __init__(self, name: str, engine: Engine, begin: str) -> None:
        self._name = name
        self._engine = engine
        self._begin = begin
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: Connection | None = None

    def successor(self) -> "_Worker":
        """Another thread with another connection; this one's is given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        return _Worker(self._name, self._engine, self._begin)

    def submit(self, work: Callable[[Unit], T], cancelled: threading.Event) -> "Future[T]":
        return self._pool.submit(self._run, work, cancelled)

    def close(self, seconds: float) -> None:
        closing = self._pool.submit(self._drop)
        with contextlib.suppress(FutureTimeoutError):
            closing.result(seconds)
        self._pool.shutdown(wait=False)

    def _run(self, work: Callable[[Unit], T], cancelled: threading.Event) -> T:
        try:
            connection = self._connected()
            with connection.begin():
                done = work(SqlUnit(connection))
                if cancelled.is_set():
                    raise _CancelledError
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
        if connection is not None:
            try:
                connection.close()
            except (DBAPIError, SQLAlchemyError, OSError):
                connection.invalidate()

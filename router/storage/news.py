"""What routers on one PostgreSQL tell one another: LISTEN and NOTIFY, on a connection of their own.

Only a hint, so that nobody waits until he looks by himself. It is told a moment after the commit, and
not in it: commits that notify would wait for one another in the server, and who has made something due
mostly does it himself in that moment.
"""

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Engine

_CHANNEL = "alert_router"
_NOTIFY = "SELECT pg_notify(%s, due) FROM unnest(%s::text[]) AS due"
#: Seconds in which what is made due is gathered and told once.
GATHERED_FOR = 0.05
#: Seconds before a connection is opened again that could not be opened, or was lost so soon.
PAUSE = 5.0


class News:
    """One thread and its connection, opened again after a fault.

    Args:
        woken: called with what other routers have told.
        begun: called whenever it begins to listen: what they told before it has not heard.
    """

    def __init__(
        self, engine: Engine, woken: Callable[[frozenset[str]], None], begun: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._woken = woken
        self._begun = begun
        self._untold: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._hear, self._ring = os.pipe()
        self._thread = threading.Thread(target=self._run, name="store news", daemon=True)
        self._thread.start()

    def tell(self, due: Collection[str]) -> None:
        """Tells the others soon; returns at once."""
        with self._lock:
            is_first = not self._untold
            self._untold.update(due)
            if is_first and self._untold and not self._stopping.is_set():
                os.write(self._ring, b"\0")

    def close(self) -> None:
        """Tells and hears nothing more."""
        with self._lock:
            self._stopping.set()
            os.close(self._ring)
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            tried_at = time.monotonic()
            # The store's other connections say what is wrong with the server; here it only costs a look.
            with contextlib.suppress(Exception):
                self._listen()
            self._stopping.wait(max(0.0, tried_at + PAUSE - time.monotonic()))
        os.close(self._hear)

    def _listen(self) -> None:
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        with contextlib.closing(connection):
            connection.autocommit = True
            connection.execute(f"LISTEN {_CHANNEL}")
            self._begun()
            ready = select.poll()
            ready.register(connection.fileno(), select.POLLIN)
            ready.register(self._hear, select.POLLIN)
            while not self._stopping.is_set():
                events = ready.poll()
                if any(file == self._hear for file, _ in events):
                    self._stopping.wait(GATHERED_FOR)
                    self._tell(connection)
                self._heed(connection)

    def _tell(self, connection: Any) -> None:
        with self._lock:
            os.read(self._hear, 1)
            untold, self._untold = self._untold, set()
        try:
            connection.execute(_NOTIFY, [_CHANNEL, [*untold]])
        except Exception:
            # The next connection tells it.
            self.tell(untold)
            raise

    def _heed(self, connection: Any) -> None:
        own = connection.info.backend_pid
        heard = [notice.payload for notice in connection.notifies(timeout=0) if notice.pid != own]
        if heard:
            self._woken(frozenset(heard))

"""What stands between a router and its PostgreSQL, and breaks."""

import socket
import threading
from contextlib import suppress
from typing import Literal

#: The statement that breaks never arrives, or its answer does not.
Way = Literal["before", "after"]


class Proxy:
    """Passes on what connections to its port say to a server's unix socket.

    Args:
        path: the folder of PostgreSQL's socket.
    """

    def __init__(self, path: str) -> None:
        self._path = path if path.rpartition("/")[2].startswith(".s.") else f"{path}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._forgotten: set[socket.socket] = set()
        self._whole = threading.Event()
        self._whole.set()
        self._left = 0
        self._way: Way = "before"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Every connection breaks now, and new ones are refused until :meth:`mend`."""
        self._whole.clear()
        with self._lock:
            open_now, self._open = self._open, set()
        for one in open_now:
            _end(one)

    def mend(self) -> None:
        """Lets connections through again."""
        self._whole.set()

    def forget(self) -> None:
        """Nothing passes any more on the open connections, and nobody says so; new ones are whole."""
        with self._lock:
            forgotten, self._open = self._open, set()
            self._forgotten |= forgotten

    def cut_at(self, statement: int, way: Way) -> None:
        """The connection on which the server is told that statement, counted from now, breaks there."""
        with self._lock:
            self._left, self._way = statement, way

    @property
    def armed(self) -> bool:
        """Whether the cut is still to come."""
        return self._left > 0

    def close(self) -> None:
        """Ends it."""
        self.cut()
        self._listener.close()
        for one in self._forgotten:
            _end(one)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if not self._whole.is_set():
                    _end(client)
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                with self._lock:
                    self._open |= {client, server}
                threading.Thread(target=self._say, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _breaks(self) -> Way | None:
        with self._lock:
            self._left = max(0, self._left - 1) if (counted := self._left > 0) else 0
            return self._way if counted and self._left == 0 else None

    def _say(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while said := client.recv(1 << 20):
                way = self._breaks()
                if way == "before":
                    break
                if way == "after":
                    _end(client)
                    server.sendall(said)
                    # What it answers is read, so that it does what it was told, and goes nowhere.
                    server.settimeout(0.5)
                    server.recv(1 << 20)
                    break
                if not self._is_forgotten(server):
                    server.sendall(said)
        self._part(client, server)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while said := server.recv(1 << 20):
                if not self._is_forgotten(client):
                    client.sendall(said)
        self._part(client, server)

    def _is_forgotten(self, end: socket.socket) -> bool:
        with self._lock:
            return end in self._forgotten

    def _part(self, *ends: socket.socket) -> None:
        with self._lock:
            self._open -= set(ends)
        for one in ends:
            _end(one)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()

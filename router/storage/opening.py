"""Opens a store by its URL: engine, schema, and the lock that keeps a second router out."""

import contextlib
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from router.errors import RouterError
from router.storage.faults import explained
from router.storage.store import DEADLINE, SqlStore
from router.storage.tables import REVISION


def open_store(url: str, *, deadline: float = DEADLINE, exclusive: bool = False) -> SqlStore:
    """Opens a store, making its tables where there are none.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``.
        deadline: seconds that a call may take.
        exclusive: refuse a file that another router has open (SQLite only).

    Raises:
        RouterError: ``store-in-use``, ``store-unavailable``, ``config``.
    """
    release = _lock(url) if exclusive else lambda: None
    try:
        engine = make_engine(url)
        try:
            _bring_up_to_date(engine, url)
        except (DBAPIError, SQLAlchemyError, OSError) as error:
            raise explained(error) from error
    except BaseException:
        release()
        raise
    return SqlStore(engine, deadline, release)


def make_engine(url: str) -> Engine:
    """An engine for either kind of store."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite(url)
    if address.get_backend_name() == "postgresql":
        return create_engine(address.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    raise RouterError("config", "store is neither sqlite:///… nor postgresql://…")


def _sqlite(url: str) -> Engine:
    address = make_url(url)
    if address.database and not address.database.startswith("file:"):
        # Made by us, so that nobody else may read what events contain.
        with contextlib.suppress(FileExistsError, OSError):
            os.close(os.open(address.database, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 4.0, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"))

    return engine


def _bring_up_to_date(engine: Engine, url: str) -> None:
    found = revision(engine)
    if found == REVISION:
        return
    if found is not None and found > REVISION:
        remedy = "Run the newer version, or restore a backup from before the upgrade"
        raise RouterError(
            "store-newer", f"the store is of a newer version ({found}, known: {REVISION})", remedy
        )
    migrate(url)


def revision(engine: Engine) -> str | None:
    """The store's revision; None where there are no tables."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(url: str) -> str:
    """Makes the tables or brings them up to date; returns the revision."""
    from alembic import command
    from alembic.config import Config

    engine = make_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
    return REVISION


def _lock(url: str) -> Callable[[], None]:
    address = make_url(url)
    if address.get_backend_name() != "sqlite" or not address.database or address.database == ":memory:":
        return lambda: None
    path = Path(address.database.removeprefix("file:").partition("?")[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        remedy = "End it first, or give this one a store of its own"
        raise RouterError("store-in-use", f"another alert-router runs on {path}", remedy) from None
    return lambda: os.close(held)

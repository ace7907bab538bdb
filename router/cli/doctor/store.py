"""The store: whole, of this version, on a disk with room, flushed at each commit; and what waits in it."""

import contextlib
import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import Connection, text

from router.cli.doctor.check import Check, clocks
from router.config import Config
from router.core.delivery import SECOND, State
from router.errors import RouterError
from router.ports import Store

#: Bytes that should be free, and those below which a night may fill the disk.
_ENOUGH, _TOO_FEW = 1 << 30, 64 << 20
#: SQLite's numbers; with these a commit is on the disk before it is confirmed.
_SYNCHRONOUS = {0: "off", 1: "normal", 2: "full", 3: "extra"}
_SAFE = (2, 3)
#: A message that waits longer has met something.
_LONG = 600 * SECOND
_WAITING = "alert-router deliveries list --state waiting"
_AGAIN = f"what was not taken is tried again by itself: {_WAITING}"


def look(config: Config) -> Iterator[Check]:
    """The database, then the books in it. Nothing is made or changed."""
    from router.storage.faults import explained
    from router.storage.opening import address_of

    url = config.settings.store
    address = address_of(url)
    is_file = address.get_backend_name() == "sqlite"
    path = Path(address.database or "").resolve()
    try:
        if is_file:
            yield from _disk(path)
            if not path.exists():
                yield Check("store", "info", f"there is none at {path} yet", "`run` makes it at its start")
                return
            yield from _file(path)
        yield from _database(config, is_file)
    except OSError as error:
        # Its folder lets nobody else in, as that of a systemd unit.
        yield _refused(explained(error))
    except RouterError as error:
        yield _refused(error)


def _refused(error: RouterError) -> Check:
    return Check("store", "error", error.message, error.remedy)


def _disk(path: Path) -> Iterator[Check]:
    folder = next(part for part in (path.parent, *path.parents) if os.path.exists(part))
    free = shutil.disk_usage(folder).free
    said = f"{free / (1 << 30):.1f} GiB free at {folder}"
    if free < _TOO_FEW:
        yield Check("disk", "error", said, "Free space: without it nothing is taken and nothing is sent")
    elif free < _ENOUGH:
        yield Check("disk", "warning", said, "Free space before a storm fills it")
    else:
        yield Check("disk", "ok", said)


def _file(path: Path) -> Iterator[Check]:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Check("store", "warning", f"others may read {path}", f"chmod 600 {path}")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            said = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.OperationalError:
        return  # It cannot be looked at: why is said where the database is opened.
    except sqlite3.Error as error:
        said = [str(error)]
    if said != ["ok"]:
        remedy = "Stop the router, keep the file, restore a backup"
        yield Check("store", "error", f"{path} is damaged: {'; '.join(said)}", remedy)


def _database(config: Config, is_file: bool) -> Iterator[Check]:
    from sqlalchemy.exc import DBAPIError, SQLAlchemyError

    from router.storage.faults import explained
    from router.storage.opening import make_engine, revision
    from router.storage.tables import REVISION

    engine = make_engine(config.settings.store)
    try:
        found = revision(engine)
        if found is None:
            yield Check("store", "info", "it has no tables yet", "`run` makes them at its start")
            return
        if found > REVISION:
            said = f"it is of a newer version ({found}, known: {REVISION})"
            yield Check("store", "error", said, "Run the newer version, or restore an older backup")
            return
        older = "; `run` brings it up to date" if found < REVISION else ""
        yield Check("store", "ok", f"revision {found}{older}")
        with engine.connect() as connection:
            if is_file:
                yield _flushes(connection)
            else:
                yield from _server(connection)
    except (DBAPIError, SQLAlchemyError, OSError) as error:
        raise explained(error) from error
    finally:
        engine.dispose()
    if found == REVISION:
        yield from _books(config)


def _server(connection: Connection) -> Iterator[Check]:
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        value = connection.execute(text(f"SHOW {name}")).scalar()
        if value == "off":
            said = f"{name} is off: what it confirms is lost when its machine fails"
            yield Check("store", "error", said, f"Set {name} = on, or nothing acknowledged is safe")
    theirs = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    yield clocks("the database's", theirs - time.time())


def _flushes(connection: Connection) -> Check:
    """How SQLite writes, as it says itself of a connection that was opened as the router's are."""
    mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    said = f"journal_mode is {mode}, synchronous is {_SYNCHRONOUS.get(level, level)}"
    if mode == "wal" and level in _SAFE:
        return Check("store", "ok", said)
    remedy = "Put it on a local disk whose file system takes SQLite's WAL"
    return Check("store", "error", f"{said}: expected wal and full", remedy)


def _targets(store: Store, config: Config, now: int) -> Iterator[Check]:
    """Targets that are left alone or broken, as all who send to them have it on record."""
    names = [one.name for one in config.targets]
    for name, known in store.read(lambda unit: unit.targets(names)).items():
        breaker = known.breaker
        if breaker.broken:
            again = f"alert-router deliveries retry --channel {name.rpartition('/')[0]}"
            remedy = f"Mend the URL, token or right; then {again}"
            yield Check(f"target {name}", "error", f"its provider refuses us: {breaker.broken}", remedy)
        elif breaker.pauses:
            said = f"it failed {breaker.failures} times in a row, only probes are sent: {breaker.answer}"
            yield Check(f"target {name}", "error", said, "It goes on by itself once a probe is accepted")
        elif (pause := breaker.wait(now)) > 0:
            said = f"its provider asked for a pause, of {pause // SECOND} s more"
            yield Check(f"target {name}", "warning", said, "It goes on by itself")
        elif breaker.failures:
            times = "attempt" if breaker.failures == 1 else f"{breaker.failures} attempts in a row"
            said = f"its last {times} failed: {breaker.answer}"
            yield Check(f"target {name}", "warning", said, f"Look at the receiver; {_AGAIN}")


def _books(config: Config) -> Iterator[Check]:
    from router.app import SystemClock
    from router.storage import open_store

    now = SystemClock().now()
    store = open_store(config.settings.store)
    try:
        yield from _targets(store, config, now)
        books = store.read(lambda unit: unit.books())
        waiting = store.read(lambda unit: unit.outbox())
    finally:
        store.close()
    wrong = {name: count for name, count in books.items() if name.startswith("unbalanced.") and count}
    if wrong:
        yield Check("books", "error", "they do not balance", "alert-router verify says what is missing")
    dead = books.get("deliveries.dead", 0)
    if dead:
        said = f"{dead:,} messages were given up" if dead > 1 else "1 message was given up"
        yield Check("dead letters", "warning", said, "alert-router deliveries list --state dead says why")
    yield _outbox(waiting, now)


def _outbox(waiting: Mapping[str, tuple[int, int]], now: int) -> Check:
    count = sum(number for number, _ in waiting.values())
    if not count:
        return Check("outbox", "ok", "no message waits")
    age = now - min(at for _, at in waiting.values())
    minutes = age // (60 * SECOND)
    said = f"{count:,} messages wait, the oldest" if count > 1 else "1 message waits,"
    late, tried = age > _LONG, State.WAITING in waiting
    remedy = f"{_WAITING} says why" + ("; is a router running?" if late else "")
    state = "warning" if late else "info" if tried else "ok"
    return Check("outbox", state, f"{said} for {minutes} min", remedy if late or tried else "")

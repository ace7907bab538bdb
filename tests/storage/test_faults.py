"""What the store does when its disk or its server fails: words, no half commit, and back again."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from router.errors import RouterError
from router.ports import Store, Unit
from router.storage import open_store
from router.storage.faults import explained
from router.storage.store import MOST_HANGING
from tests.databases import Postgres
from tests.storage.making import START, delivery, event_record, ingest
from tests.torture.proxy import Proxy

DEADLINE = 1.0


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store whose calls end soon."""
    open_store(store_url).close()
    opened = open_store(store_url, deadline=DEADLINE)
    comes_back(lambda: opened.read(lambda unit: unit.books()))
    comes_back(lambda: opened.write(lambda unit: unit.beat(START)))
    yield opened
    opened.close()


@contextmanager
def refused_in_time(words: str) -> Generator[None]:
    """The call inside is refused with these words within the deadline."""
    began = time.monotonic()
    with pytest.raises(RouterError, match=words) as refused:
        yield
    # A busy machine may be late to wake us.
    assert time.monotonic() - began < DEADLINE + 10
    assert (refused.value.code, bool(refused.value.remedy)) == ("store-unavailable", True)


def comes_back(call: Callable[[], object], seconds: float = 60) -> None:
    """A call succeeds again, without opening the store again."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            call()
            return
        except RouterError:
            assert time.monotonic() < give_up
            time.sleep(0.02)


@pytest.mark.parametrize("waiting", [1, 5])
def test_work_that_hangs_is_given_up_and_never_committed(store: Store, waiting: int) -> None:
    """Its caller, and all that wait behind it, hear of it in time; what it wrote is undone when it wakes."""
    wake, finished = threading.Event(), threading.Event()
    refused: list[str] = []

    def hang(unit: Unit) -> None:
        ingest(unit, "late")
        wake.wait(60)
        finished.set()

    def call() -> None:
        with refused_in_time("did not answer within 1 s|holds the store's lock"):
            store.write(hang)
        refused.append("in time")

    callers = [threading.Thread(target=call) for _ in range(waiting)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert refused == ["in time"] * waiting
    assert store.read(lambda unit: unit.events()) == []
    wake.set()
    assert finished.wait(60)
    comes_back(lambda: store.write(lambda unit: unit.beat(START)))
    assert store.read(lambda unit: unit.events()) == []


def test_a_hang_where_no_thread_can_be_started_is_told_and_over_when_it_ends(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often: the call is refused in words, and the thread that hung serves again afterwards."""

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("router.storage.store.MOST_HANGING", 2)
    for _ in range(3):
        wake = threading.Event()
        with monkeypatch.context() as patched, refused_in_time("no more threads"):
            patched.setattr(threading.Thread, "start", refuse)
            store.write(lambda _, wake=wake: wake.wait(60))
        wake.set()
        comes_back(lambda: store.write(lambda unit: unit.beat(START)))


def test_a_read_that_hangs_keeps_no_write_waiting(store: Store) -> None:
    """Reads and writes have a thread each."""
    wake = threading.Event()

    def hang() -> None:
        with refused_in_time("did not answer"):
            store.read(lambda _: wake.wait(60))

    reader = threading.Thread(target=hang)
    reader.start()
    comes_back(lambda: store.write(lambda unit: ingest(unit, "e1")))
    reader.join(60)
    assert len(store.read(lambda unit: unit.events())) == 1
    wake.set()


def test_many_that_hang_are_bounded(tmp_path: Path) -> None:
    """In a long hang neither threads nor file handles grow without end; after it all is well."""
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}", deadline=0.05)
    wake, before = threading.Event(), threading.active_count()
    for _ in range(MOST_HANGING):
        with refused_in_time("did not answer"):
            store.read(lambda _: wake.wait(60))
    with refused_in_time("8 earlier calls still hang"):
        store.read(lambda unit: unit.events())
    assert threading.active_count() <= before + MOST_HANGING
    comes_back(lambda: store.write(lambda unit: unit.beat(START)))
    wake.set()
    comes_back(lambda: store.read(lambda unit: unit.events()))
    store.close()


def test_a_process_with_a_hanging_store_can_end(tmp_path: Path) -> None:
    """A thread that hangs in the disk does not keep the process from ending."""
    program = """if True:
        import sys, threading
        from router.errors import RouterError
        from router.storage import open_store
        store = open_store(sys.argv[1], deadline=0.1)
        try:
            store.write(lambda unit: threading.Event().wait())
        except RouterError:
            store.close()
            sys.exit(7)
    """
    url = f"sqlite:///{tmp_path / 'state.db'}"
    assert subprocess.run([sys.executable, "-c", program, url], timeout=60).returncode == 7


def test_a_lock_of_another_process_on_the_file_is_told(tmp_path: Path) -> None:
    """Another writer's lock is told in words within the deadline; when it is gone all is well."""
    path = tmp_path / "state.db"
    open_store(f"sqlite:///{path}").close()
    store = open_store(f"sqlite:///{path}", deadline=DEADLINE)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with refused_in_time("another process holds the store's lock"):
            store.write(lambda unit: ingest(unit, "e1"))
        assert store.read(lambda unit: unit.events()) == []
    comes_back(lambda: store.write(lambda unit: ingest(unit, "e2")))
    assert [record.event.id for record in store.read(lambda unit: unit.events())] == ["e2"]
    store.close()


def test_a_lock_of_another_process_in_the_server_is_told(postgres_url: str) -> None:
    """A row that somebody holds ends the call in time; what it had written is not committed later."""
    first = open_store(postgres_url)
    first.write(lambda unit: unit.add_deliveries([delivery("d1")]))
    first.close()
    store = open_store(postgres_url, deadline=DEADLINE)

    def work(unit: Unit) -> None:
        ingest(unit, "e1")
        unit.retry_deliveries(["d1"], START, "ann")
        unit.drop_deliveries(["d1"], START, "ann")

    with psycopg.connect(postgres_url) as other:
        other.execute("UPDATE deliveries SET reason = 'held'")
        with refused_in_time("did not answer"):
            store.write(work)
    comes_back(lambda: store.write(lambda unit: unit.beat(START)))
    assert store.read(lambda unit: unit.events()) == []
    comes_back(lambda: store.write(work))
    assert len(store.read(lambda unit: unit.events())) == 1
    store.close()


def test_connections_that_the_server_ends_are_opened_again(postgres_url: str) -> None:
    """A restart of the server costs the calls of that moment and no more."""
    store = open_store(postgres_url)
    store.write(lambda unit: ingest(unit, "e1"))
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with refused_in_time("does not answer"):
        store.write(lambda unit: ingest(unit, "e2"))
    store.write(lambda unit: ingest(unit, "e2"))
    store.close()


def test_a_half_open_connection_to_the_server_costs_one_call(postgres_url: str) -> None:
    """What lies between them has forgotten it and says nothing: the call ends in time, the next ones work."""
    address = make_url(postgres_url)
    proxy = Proxy(str(address.query["host"]))
    store = open_store(f"postgresql://postgres@127.0.0.1:{proxy.port}/{address.database}", deadline=3)
    try:
        store.write(lambda unit: ingest(unit, "before"))
        proxy.forget()
        with pytest.raises(RouterError, match="did not answer within 3 s"):
            store.write(lambda unit: ingest(unit, "lost"))
        store.write(lambda unit: ingest(unit, "after"))
        assert {one.event.id for one in store.read(lambda unit: unit.events())} == {"before", "after"}
    finally:
        store.close()
        proxy.close()


def test_a_full_disk_loses_nothing_and_is_told(tmp_path: Path) -> None:
    """A write that finds no space is undone whole; when there is space again the next one works."""
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    limit = _pragma(store, "max_page_count")
    _pragma(store, f"max_page_count={_pragma(store, 'page_count') + 2}")
    with refused_in_time("the disk is full"):
        store.write(lambda unit: unit.add_events([event_record(f"e{n}") for n in range(999)]))
    comes_back(lambda: store.write(lambda unit: unit.beat(START)))
    assert store.read(lambda unit: unit.events()) == []
    assert _pragma(store, f"max_page_count={limit}") == limit
    store.write(lambda unit: unit.add_events([event_record(f"e{n}") for n in range(999)]))
    store.close()


def _pragma(store: Store, pragma: str) -> int:
    def work(unit: Any) -> int:
        return unit._connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()

    return store.write(work)


def test_a_read_only_store_is_told(tmp_path: Path) -> None:
    """What cannot be written says so, and can still be read."""
    path = tmp_path / "state.db"
    open_store(f"sqlite:///{path}").close()
    store = open_store(f"sqlite:///file:{path}?mode=ro&uri=true")
    with refused_in_time("read-only"):
        store.write(lambda unit: ingest(unit, "e1"))
    assert store.read(lambda unit: unit.events()) == []
    store.close()


def test_a_file_that_is_damaged_while_it_is_open_is_told(tmp_path: Path) -> None:
    """Damage found later is told as damage, not as an unknown fault."""
    path = tmp_path / "state.db"
    made = open_store(f"sqlite:///{path}")
    made.write(lambda unit: unit.add_events([event_record(f"e{n}") for n in range(500)]))
    made.close()
    held = bytearray(path.read_bytes())
    held[8 * 4096 :] = b"\xff" * (len(held) - 8 * 4096)
    store = open_store(f"sqlite:///{path}")
    path.write_bytes(held)
    with refused_in_time("damaged"):
        store.read(lambda unit: unit.events(limit=500))
    store.close()


@pytest.mark.parametrize(
    ("user", "database", "words"),
    [
        ("nobody", None, "refuses this user"),
        ("reader", None, "refuses this user"),
        ("postgres", "none", "no such database"),
        ("standby", None, "takes no writes"),
    ],
)
def test_what_the_server_refuses_is_told(
    postgres: Postgres, postgres_url: str, user: str, database: str | None, words: str
) -> None:
    """A wrong user, name or server is not told as one that does not answer."""
    open_store(postgres_url).close()
    for statement in (
        "DROP ROLE IF EXISTS reader, standby",
        "CREATE ROLE reader LOGIN",
        "CREATE ROLE standby LOGIN SUPERUSER",
        "ALTER ROLE standby SET default_transaction_read_only = on",
    ):
        postgres.run(statement)
    address = make_url(postgres_url).set(username=user)
    address = address.set(database=database) if database else address
    with refused_in_time(words):
        store = open_store(address.render_as_string())
        try:
            store.write(lambda unit: unit.beat(START))
        finally:
            store.close()


def test_the_log_goes_back_after_a_long_read(tmp_path: Path) -> None:
    """A reader lets the log grow; once it has gone the disk has its space again."""
    path, limit = tmp_path / "state.db", 16 * 1024 * 1024
    store = open_store(f"sqlite:///{path}")
    log = path.with_name("state.db-wal")

    def grow(name: str, times: int) -> None:
        for n in range(times):
            record = event_record(f"{name}{n}", data={"text": "x" * 1_000_000})
            store.write(lambda unit, record=record: unit.add_events([record]))

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM meta").fetchall()
        grow("a", 20)
        assert log.stat().st_size > limit
    grow("b", 2)
    assert log.stat().st_size <= limit
    store.close()


def test_a_closed_store_says_so(store: Store) -> None:
    """A call after the end is refused, not hung."""
    store.close()
    with pytest.raises(RouterError, match="closed"):
        store.write(lambda unit: unit.beat(START))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("disk I/O error", "disk reported an error"),
        ("[Errno 13] Permission denied: '/x'", "may not open"),
        ("server closed the connection unexpectedly", "does not answer"),
        ("could not extend file: No space left on device", "disk is full"),
        ("failed to resolve host 'db'", "nobody knows"),
        ("[Errno 24] Too many open files", "no file handle left"),
        ("connection failed: FATAL:  unsupported startup parameter: options", "refuses our time limits"),
        ('prepared statement "_pg3_0" already exists', "mixes connections"),
        ("something new\nsecond line", "the store failed: something new"),
        ("", "the store failed: OSError"),
    ],
)
def test_a_fault_is_said_in_words(said: str, words: str) -> None:
    """Known faults have their words; an unknown one is told by its first line."""
    assert words in explained(OSError(said)).message

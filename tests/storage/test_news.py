"""What routers on one PostgreSQL tell one another."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from router.ports import GROUPS, Store
from router.storage import news, open_store
from tests.pipeline.conftest import wait_until
from tests.torture.proxy import Proxy, Way


class Ear:
    """What a router hears."""

    def __init__(self, url: str) -> None:
        self.heard: set[str] = set()
        self.begun = 0
        self.store = open_store(url)
        self.store.listen(self.heard.update, self._begins)

    def _begins(self) -> None:
        self.begun += 1

    def hears(self, store: Store, name: str) -> None:
        """It hears of this name sooner or later; what is told before it listens is lost."""

        def has_heard() -> bool:
            store.wake_others([name])
            return name in self.heard

        wait_until(has_heard, 60)


@contextmanager
def two(url: str) -> Generator[tuple[Ear, Ear]]:
    """Two that hear each other."""
    ears = Ear(url), Ear(url)
    try:
        ears[0].hears(ears[1].store, "begin")
        ears[1].hears(ears[0].store, "begin")
        yield ears
    finally:
        for ear in ears:
            ear.store.close()


def test_what_one_has_made_due_the_others_hear_and_itself_does_not(postgres_url: str) -> None:
    """Groups and targets by their names; it has woken its own loops already."""
    with two(postgres_url) as (one, other):
        one.heard.clear()
        one.store.wake_others([GROUPS, "oncall/1"])
        one.store.wake_others(["Ärger/2"])
        wait_until(lambda: {GROUPS, "oncall/1", "Ärger/2"} <= other.heard, 60)
        other.store.wake_others(["back"])
        wait_until(lambda: "back" in one.heard, 60)
        assert not one.heard & {GROUPS, "oncall/1", "Ärger/2"}


def test_whoever_lost_the_connection_that_listens_takes_it_up_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends every connection: both hear each other again, without opening the store again."""
    monkeypatch.setattr(news, "PAUSE", 0.1)
    with two(postgres_url) as (one, other):
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        with psycopg.connect(postgres_url) as connection:
            connection.execute(f"{ended} AND pid <> pg_backend_pid()")
        one.hears(other.store, "again")
        other.hears(one.store, "again")
        assert (one.begun, other.begun) == (2, 2)


@pytest.mark.parametrize("way", ["before", "after"])
def test_what_could_not_be_told_is_told_by_the_next_connection(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    """The connection breaks at the very NOTIFY: the others hear of it all the same, if twice."""
    monkeypatch.setattr(news, "PAUSE", 0.1)
    address = make_url(postgres_url)
    proxy = Proxy(str(address.query["host"]))
    far = Ear(f"postgresql://postgres@127.0.0.1:{proxy.port}/{address.database}")
    near = Ear(postgres_url)
    try:
        near.hears(far.store, "begin")
        proxy.cut_at(1, way)
        far.store.wake_others(["late"])
        wait_until(lambda: "late" in near.heard, 60)
        assert not proxy.armed
    finally:
        far.store.close()
        near.store.close()
        proxy.close()


def test_a_file_has_nobody_else_to_wake(tmp_path: Path) -> None:
    """On SQLite nothing listens, and no thread is started for it."""
    ear = Ear(f"sqlite:///{tmp_path / 'state.db'}")
    ear.store.wake_others([GROUPS])
    names = {thread.name for thread in threading.enumerate()}
    ear.store.close()
    assert "store news" not in names

"""A store as a whole: backed up while it is written to, compacted, copied into the other kind."""

import os
import stat
import threading
from pathlib import Path
from typing import Never

import pytest
from sqlalchemy import select

from router.core.filter import Filter
from router.core.policy import make_policy
from router.errors import RouterError
from router.ports import Store
from router.storage import moving, open_store
from router.storage.opening import is_there, make_engine
from router.storage.tables import metadata
from tests.databases import Postgres
from tests.pipeline.conftest import Pipeline, plan, rule
from tests.storage.making import ingest

FAILED = {
    "Event": "OnInstanceFailed",
    "JobId": "job-1",
    "Task": "Echo",
    "InstanceId": "0",
    "ErrorMessage": "out of memory \x00 \u202e 内存不足",
}
FINISHED = {"Event": "OnJobFinished", "JobId": "job-1"}
RULE = rule(
    when="Event == 'OnInstanceFailed'",
    group_by=None,
    resolve_when=Filter("Event == 'OnJobFinished'"),
)


def pipeline_on(store: Store) -> Pipeline:
    """The loops, over this store."""
    policy = make_policy((RULE,), {"oncall": plan("oncall")}, "rules")
    return Pipeline(store, policy)


def lived_in(url: str) -> None:
    """A store with an alert that was told and still fires, a message that waits, one that is undecodable."""
    store = open_store(url)
    pipeline = pipeline_on(store)
    pipeline.take(FAILED, identity="mns:1")
    pipeline.take(b"\xff\xfe not JSON")
    pipeline.run()
    pipeline.deliver.use({})
    store.close()


def rows(url: str) -> dict[str, list[str]]:
    """Every row of every table."""
    engine = make_engine(url)
    with engine.connect() as connection:
        found = {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return found


def silent(_table: str, _rows: int) -> None:
    """No progress."""


def test_a_copy_has_every_row_and_the_router_goes_on_where_it_stood(
    tmp_path: Path, postgres_url: str
) -> None:
    """From SQLite to PostgreSQL and back: what was told is not told again, and the end is told."""
    first, last = f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'b.db'}"
    lived_in(first)
    copied = moving.copy(first, postgres_url, silent)
    assert copied["events"] == 1
    assert moving.copy(postgres_url, last, silent) == copied
    assert rows(first) == rows(postgres_url) == rows(last)
    store = open_store(last)
    pipeline = pipeline_on(store)
    [again] = pipeline.take(FAILED, identity="mns:1")
    pipeline.take(FINISHED)
    pipeline.run()
    assert again.outcome == "duplicate"
    assert [message.data["reason"] for message, _ in pipeline.channels["oncall/1"].sent] == ["resolved"]
    pipeline.deliver.use({})
    store.close()


def test_a_copy_goes_into_an_empty_store_only(tmp_path: Path) -> None:
    """Nothing is mixed with what is there; both stores are as they were."""
    first, other = f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'b.db'}"
    lived_in(first)
    lived_in(other)
    before = rows(other)
    with pytest.raises(RouterError, match=r"is not empty: it has .*events"):
        moving.copy(first, other, silent)
    with pytest.raises(RouterError, match="the same store"):
        moving.copy(first, first, silent)
    assert rows(other) == before


def test_a_copy_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """Its rows are kept all or none: the next try finds an empty store."""
    first, other = f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'b.db'}"
    lived_in(first)

    def breaks(table: str, _rows: int) -> None:
        if table == "deliveries":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moving.copy(first, other, breaks)
    assert set(map(len, rows(other).values())) == {0}
    assert moving.copy(first, other, silent)["deliveries"] == 1


def test_nothing_is_copied_or_compacted_under_a_running_router(tmp_path: Path) -> None:
    """What it takes in meanwhile would be missing; both say so."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    running = open_store(url, exclusive=True)
    with pytest.raises(RouterError, match="another alert-router runs"):
        moving.copy(url, f"sqlite:///{tmp_path / 'b.db'}", silent)
    with pytest.raises(RouterError, match="another alert-router runs"):
        moving.compact(url)
    running.close()


def test_a_copy_of_what_is_not_there_makes_no_store(tmp_path: Path) -> None:
    """A misspelt path is said, and no empty file is left in its place."""
    with pytest.raises(RouterError, match="there is no store at"):
        moving.copy(f"sqlite:///{tmp_path / 'typo.db'}", f"sqlite:///{tmp_path / 'b.db'}", silent)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_this_user_may_not_see_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder of a systemd unit another user hears why, and not that nothing is there."""

    def refuse(path: Path, **_more: object) -> Never:
        raise PermissionError(13, "Permission denied", str(path))

    url = f"sqlite:///{tmp_path / 'a.db'}"
    open_store(url).close()
    monkeypatch.setattr("router.storage.moving.Path.is_file", refuse)
    with pytest.raises(RouterError, match="this user may not open"):
        moving.backup(url, tmp_path / "backup.db")
    assert is_there(url)


def test_a_backup_of_a_store_that_is_written_to_is_whole(tmp_path: Path) -> None:
    """It has what was committed before it began, opens by itself, and only its owner may read it."""
    url, to = f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "backup.db"
    store = open_store(url, exclusive=True)
    for number in range(50):
        store.write(lambda unit, number=number: ingest(unit, f"e{number}"))
    stop, written = threading.Event(), 50

    def go_on() -> None:
        nonlocal written
        while not stop.is_set():
            store.write(lambda unit, name=f"e{written}": ingest(unit, name))
            written += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    size = moving.backup(url, to)
    stop.set()
    writer.join()
    store.close()
    assert to.stat().st_size == size
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    restored = rows(f"sqlite:///{to}")
    assert 50 <= len(restored["events"]) <= written
    assert len(restored["events"]) == len(restored["alerts"])
    assert not list(tmp_path.glob("*.partial"))


def test_a_backup_writes_over_nothing(tmp_path: Path) -> None:
    """Neither over a file nor over a link that leads nowhere, and a fault leaves no half of one."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    lived_in(url)
    (tmp_path / "there").write_text("keep")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("there", "link"):
        with pytest.raises(RouterError, match="is there already"):
            moving.backup(url, tmp_path / name)
    with pytest.raises(RouterError, match="no folder"):
        moving.backup(url, tmp_path / "none" / "x")
    assert (tmp_path / "there").read_text() == "keep"


def test_a_damaged_store_is_not_backed_up(tmp_path: Path) -> None:
    """A backup that could not be restored is none: the fault is said, and no file is left."""
    path, to = tmp_path / "a.db", tmp_path / "backup.db"
    lived_in(f"sqlite:///{path}")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(size // 3))
    with pytest.raises(RouterError, match="damaged"):
        moving.backup(f"sqlite:///{path}", to)
    assert not to.exists()
    assert not list(tmp_path.glob("*.partial"))


def test_compacting_gives_space_back_and_loses_nothing(tmp_path: Path) -> None:
    """After a storm was pruned the file is as small as what it holds."""
    path = tmp_path / "a.db"
    url = f"sqlite:///{path}"
    store = open_store(url)
    for number in range(300):
        store.write(lambda unit, number=number: ingest(unit, f"e{number}"))
    store.close()
    engine = make_engine(url)
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()
    before, after = moving.compact(url)
    open_store(f"sqlite:///{tmp_path / 'new.db'}").close()
    assert after == (tmp_path / "new.db").stat().st_size < before
    assert path.stat().st_size == after
    assert set(map(len, rows(url).values())) == {0}


def test_postgresql_is_told_what_to_use(postgres: Postgres) -> None:
    """Backup and compact are its own: the words say which."""
    with pytest.raises(RouterError, match="pg_dump"):
        moving.backup(postgres.url(), Path("backup.db"))
    with pytest.raises(RouterError, match="autovacuum"):
        moving.compact(postgres.url())


def _damaged(path: Path) -> dict[str, bytes]:
    """A store with a log beside it, of which a page is overwritten; what its files hold."""
    copied = path.with_name("lives.db")
    store = open_store(f"sqlite:///{copied}")
    store.write(lambda unit: ingest(unit, "e1"))
    for end in ("", "-wal"):
        path.with_name(path.name + end).write_bytes(copied.with_name(copied.name + end).read_bytes())
    store.close()
    path.write_bytes(b"\xff" * 4096)
    return {end: path.with_name(path.name + end).read_bytes() for end in ("", "-wal")}


def test_a_damaged_store_is_set_aside_as_it_is(tmp_path: Path) -> None:
    """File and log get another name and keep every byte; the next start makes a new store."""
    path = tmp_path / "state.db"
    url, held = f"sqlite:///{path}", _damaged(path)
    with pytest.raises(RouterError, match=r"damaged|not a SQLite database"):
        open_store(url)
    moving.set_aside(url, "old")
    assert {end: (tmp_path / f"state.db.old{end}").read_bytes() for end in ("", "-wal")} == held
    store = open_store(url)
    assert store.read(lambda unit: unit.event("e1")) is None
    store.close()


def test_a_store_that_is_well_or_in_use_is_not_set_aside(tmp_path: Path) -> None:
    """A running router keeps its file; a sound one is moved only on demand, and over nothing."""
    path = tmp_path / "state.db"
    url = f"sqlite:///{path}"
    running = open_store(url, exclusive=True)
    running.write(lambda unit: ingest(unit, "e1"))
    with pytest.raises(RouterError, match="another alert-router runs"):
        moving.set_aside(url, "old", anyway=True)
    running.close()
    with pytest.raises(RouterError, match="no damage was found") as refused:
        moving.set_aside(url, "old")
    assert (refused.value.code, path.is_file()) == ("not-damaged", True)
    (tmp_path / "state.db.old").write_text("there already")
    with pytest.raises(RouterError, match="is there already"):
        moving.set_aside(url, "old", anyway=True)
    moved, *_ = moving.set_aside(url, "other", anyway=True)
    assert (moved, path.exists()) == (tmp_path / "state.db.other", False)
    kept = open_store(f"sqlite:///{moved}")
    assert kept.read(lambda unit: unit.event("e1")) is not None
    kept.close()

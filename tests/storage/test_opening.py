"""Opening a store: its tables, its revision, its lock, its files."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from router.errors import RouterError
from router.storage import open_store
from router.storage.opening import make_engine, migrate, revision
from router.storage.tables import REVISION
from tests.databases import Postgres
from tests.storage.making import START, ingest


def shape(url: str) -> dict[str, Any]:
    """Everything that the database says of its tables."""
    engine = make_engine(url)
    found = inspect(engine)
    tables = {
        name: {
            "columns": [{**column, "type": repr(column["type"])} for column in found.get_columns(name)],
            "key": found.get_pk_constraint(name)["constrained_columns"],
            "indexes": sorted(_index(index) for index in _indexes(found, name)),
            "parents": found.get_foreign_keys(name),
            "options": found.get_table_options(name),
        }
        for name in sorted(found.get_table_names())
    }
    # What SQLAlchemy does not read of SQLite: indexes of expressions.
    made = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            tables["indexes"] = {"made": sorted(connection.execute(text(made)).scalars())}
    engine.dispose()
    return tables


def _indexes(found: Any, table: str) -> list[Any]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        return found.get_indexes(table)


def _index(index: Any) -> str:
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return str({**index, "dialect_options": options})


def test_a_new_store_has_the_tables_that_the_migrations_make(
    store_url: str, tmp_path: Path, postgres: Postgres
) -> None:
    """Made at once or step by step, the tables are the same to the last index."""
    is_file = store_url.startswith("sqlite")
    other = f"sqlite:///{tmp_path / 'other.db'}" if is_file else postgres.url(postgres.new_database())
    open_store(store_url).close()
    assert migrate(other) == REVISION
    assert "events" in shape(store_url)
    assert shape(store_url) == shape(other)


def test_opening_twice_changes_nothing(store_url: str) -> None:
    """A store that is up to date is opened as it is, and what is in it stays."""
    first = open_store(store_url)
    first.write(lambda unit: ingest(unit, "e1"))
    first.close()
    before = shape(store_url)
    second = open_store(store_url)
    assert second.read(lambda unit: unit.event("e1")) is not None
    second.close()
    second.close()
    assert shape(store_url) == before
    assert migrate(store_url) == REVISION


def test_what_an_earlier_version_had_still_to_tell_is_told(store_url: str) -> None:
    """A group that was due in the first tables is due in these, with its alert; what was told is over."""
    migrate(store_url, "0001")
    engine = make_engine(store_url)
    with engine.begin() as connection:
        for name, due in (("due", START), ("told", None)):
            values = {"id": name, "due": due, "at": START}
            connection.execute(
                text(
                    "INSERT INTO alerts (id, rule, key, state, severity, opened_at, event_id, event_at,"
                    " received_at, policy, labels, end_reason, muted_by) VALUES (:id, 'r', :id, 'firing',"
                    " 'warning', :at, 'e', :at, :at, 'p', '{}', '', '')"
                ),
                values,
            )
            connection.execute(
                text(
                    "INSERT INTO groups (id, channel, key, severity, opened_at, policy, due_at, due_reason)"
                    " VALUES (:id, 'oncall', '[]', 'warning', :at, 'p', :due, 'first')"
                ),
                values,
            )
            members = text("INSERT INTO group_alerts (group_id, alert_id) VALUES (:id, :id)")
            connection.execute(members, values)
    engine.dispose()
    store = open_store(store_url)
    [group] = store.read(lambda unit: unit.due_groups(START, 10))
    assert (group.id, group.shown) == ("due", ("due",))
    assert {alert.ended_at for alert in store.read(lambda unit: unit.alerts(["due", "told"]))} == {START}
    assert store.read(lambda unit: unit.open_alerts_of("r")) == []
    store.close()


def test_a_store_of_a_version_that_nobody_knows_is_refused(store_url: str) -> None:
    """Another revision goes to the migrations; one that they do not know is told in words."""
    open_store(store_url).close()
    engine = make_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    engine.dispose()
    with pytest.raises(RouterError, match="'0000'") as refused:
        open_store(store_url)
    assert refused.value.code == "store-unavailable"


def test_a_store_of_a_newer_version_is_refused(store_url: str) -> None:
    """An older program does not touch it, and says what to do."""
    open_store(store_url).close()
    engine = make_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for opens in (open_store, migrate):
        with pytest.raises(RouterError, match="newer version \\(9999") as refused:
            opens(store_url)
        assert (refused.value.code, bool(refused.value.remedy)) == ("store-newer", True)
    assert revision(engine) == "9999"
    engine.dispose()


def test_a_store_that_cannot_be_opened_to_migrate_it_is_said(tmp_path: Path) -> None:
    """In an operator's words, as when it is opened to run."""
    (tmp_path / "state.db").write_bytes(b"not a database" * 1000)
    for url in (f"sqlite:///{tmp_path / 'state.db'}", "postgresql://nobody@127.0.0.1:9/none"):
        with pytest.raises(RouterError) as refused:
            migrate(url)
        assert refused.value.code == "store-unavailable"


_LOADED = """
import sys
from router.storage import open_store
store = open_store(sys.argv[1])
store.write(lambda unit: unit.beat(1))
store.close()
sys.exit(" ".join(name for name in sys.modules if name.partition(".")[0] in ("alembic", "mako")) or 0)
"""


def test_neither_a_new_store_nor_one_up_to_date_loads_alembic(store_url: str) -> None:
    """The memory of the migrations' library is paid only when there is something to migrate."""
    for _ in ("new", "up to date"):
        done = subprocess.run([sys.executable, "-c", _LOADED, store_url], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_second_router_on_the_same_file_is_refused(tmp_path: Path) -> None:
    """Two that would send would both send; the second is told, the first goes on; then it is free."""
    url = f"sqlite:///{tmp_path / 'state.db'}"
    first = open_store(url, exclusive=True)
    with pytest.raises(RouterError, match=r"another alert-router runs on .*state\.db") as refused:
        open_store(url, exclusive=True)
    assert (refused.value.code, bool(refused.value.remedy)) == ("store-in-use", True)
    open_store(url).close()
    first.write(lambda unit: unit.beat(START))
    first.close()
    open_store(url, exclusive=True).close()


def test_a_file_has_one_lock_by_whatever_name(tmp_path: Path) -> None:
    """A second router is refused although it opens the file through a link."""
    (tmp_path / "link.db").symlink_to(tmp_path / "state.db")
    first = open_store(f"sqlite:///{tmp_path / 'state.db'}", exclusive=True)
    with pytest.raises(RouterError) as refused:
        open_store(f"sqlite:///{tmp_path / 'link.db'}", exclusive=True)
    assert refused.value.code == "store-in-use"
    first.close()


def test_nobody_else_may_read_the_files(tmp_path: Path) -> None:
    """A folder of ours and what is in it belong to the user alone, whatever the umask."""
    folder = tmp_path / "new"
    old = os.umask(0)
    try:
        store = open_store(f"sqlite:///{folder / 'state.db'}", exclusive=True)
        store.write(lambda unit: ingest(unit, "e1"))
    finally:
        os.umask(old)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (folder, *folder.iterdir())}
    store.close()
    names = ("state.db", "state.db-wal", "state.db-shm", "state.db.lock")
    assert modes == {"new": "0o700"} | dict.fromkeys(names, "0o600")


def _missing(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'none' / 'state.db'}"


def _no_database(tmp_path: Path) -> str:
    (tmp_path / "state.db").write_text("This is a text. " * 100)
    return f"sqlite:///{tmp_path / 'state.db'}"


def _folder(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}"


def _damaged(tmp_path: Path) -> str:
    path = tmp_path / "state.db"
    open_store(f"sqlite:///{path}").close()
    held = bytearray(path.read_bytes())
    held[100:4096] = b"\xff" * (4096 - 100)
    path.write_bytes(held)
    return f"sqlite:///{path}"


def _nobody_listens(tmp_path: Path) -> str:
    return f"postgresql://postgres@/none?host={tmp_path}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (_missing, "folder"),
        (_folder, "cannot be opened"),
        (_no_database, "not a SQLite database"),
        (_damaged, "damaged"),
        (_nobody_listens, "does not answer"),
    ],
)
def test_what_cannot_be_opened_is_said_in_words(
    url: Callable[[Path], str], words: str, tmp_path: Path
) -> None:
    """A fault at the start names what is wrong and what to do, in an operator's words."""
    with pytest.raises(RouterError, match=words) as refused:
        open_store(url(tmp_path))
    assert (refused.value.code, bool(refused.value.remedy)) == ("store-unavailable", True)


@pytest.mark.parametrize("url", ["mysql://here/db", "postgresql://here:port/db", "state.db"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    """Only addresses of the two kinds that are tested are taken."""
    with pytest.raises(RouterError, match="neither sqlite") as refused:
        open_store(url)
    assert refused.value.code == "config"

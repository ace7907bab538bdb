"""Migrations of a PostgreSQL on which routers of the version before run on."""

import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, MetaData, Table, inspect, select, text

from router.core.delivery import State
from router.core.policy import make_policy
from router.errors import RouterError
from router.storage import open_store, opening
from router.storage.opening import MIGRATING, make_engine, migrate, revision
from router.storage.tables import REVISION
from tests.pipeline.conftest import Pipeline, plan, rule, wait_until

#: What the second one changed, no version of it could go on with.
CHANGED = [f"{number:04}" for number in range(3, int(REVISION) + 1)]


def _value(column: Column[Any], name: str) -> object:
    """One that fits the column; every text is the name, so that whatever refers to a row finds it."""
    match column.type:
        case Integer() | BigInteger():
            return 7
        case Float():
            return 0.5
        case LargeBinary():
            return name.encode()
        case _:
            return name


def _row(table: Table, name: str) -> dict[str, object]:
    return {column.name: _value(column, name) for column in table.columns}


@pytest.mark.parametrize("after", CHANGED)
def test_what_the_version_before_writes_and_reads_is_there_after_the_migration(
    postgres_url: str, after: str
) -> None:
    """It knows the columns it has always known: its rows stay, it adds others, and changes them."""
    migrate(postgres_url, f"{int(after) - 1:04}")
    engine, known = make_engine(postgres_url), MetaData()
    known.reflect(engine)
    tables = [table for table in known.sorted_tables if table.name != "alembic_version"]
    with engine.begin() as connection:
        for table in tables:
            connection.execute(table.insert(), _row(table, "before"))
    migrate(postgres_url, after)
    with engine.begin() as connection:
        for table in tables:
            connection.execute(table.insert(), _row(table, "after"))
            changed = connection.execute(
                table.update().values({column.name: column for column in table.columns})
            )
            assert changed.rowcount == 2
            found = {tuple(row) for row in connection.execute(select(table))}
            assert found == {tuple(_row(table, name).values()) for name in ("before", "after")}
    engine.dispose()


_OPEN = """
import sys
from router.storage import open_store
open_store(sys.argv[1]).close()
"""


def test_replicas_that_start_at_once_migrate_once(postgres_url: str) -> None:
    """Both find the old tables; the one changes them, the other waits for it and finds them new."""
    migrate(postgres_url, CHANGED[-2])
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": MIGRATING})
        replicas = [
            subprocess.Popen([sys.executable, "-c", _OPEN, postgres_url], stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        wait_until(lambda: connection.execute(waiting).scalar() == 2, 60)
        assert revision(engine) == CHANGED[-2]
    assert [(replica.communicate(timeout=60)[1], replica.returncode) for replica in replicas] == [("", 0)] * 2
    assert revision(engine) == REVISION
    engine.dispose()


def test_a_migration_does_not_queue_before_the_others_for_a_table_that_is_read(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs would wait behind it as long as the reader reads: it gives up and changes nothing."""
    monkeypatch.setattr(opening, "LOCKS_WITHIN", 100)
    # The next one adds a column to the table that is read.
    migrate(postgres_url, "0006")
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("SELECT count(*) FROM deliveries"))
        with pytest.raises(RouterError, match="did not answer in time") as refused:
            open_store(postgres_url)
        assert refused.value.code == "store-unavailable"
        assert revision(engine) == "0006"
    open_store(postgres_url).close()
    assert revision(engine) == REVISION
    engine.dispose()


def test_a_router_that_runs_goes_on_when_a_newer_version_has_changed_the_tables(postgres_url: str) -> None:
    """Events are taken and told as before; only one that is started then is refused."""
    policy = make_policy([rule()], {"oncall": plan("oncall")}, "")
    pipeline = Pipeline(open_store(postgres_url), policy)
    # So many that the server keeps the plans of what is asked.
    for number in range(8):
        pipeline.take({"n": number})
        pipeline.run()
    engine = make_engine(postgres_url)
    with engine.begin() as connection:
        for table in inspect(connection).get_table_names():
            connection.execute(text(f"ALTER TABLE \"{table}\" ADD COLUMN later TEXT NOT NULL DEFAULT ''"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for number in range(8, 16):
        pipeline.take({"n": number})
        pipeline.run()
    assert [one.state for one in pipeline.deliveries()] == [State.SENT] * 16
    with pytest.raises(RouterError, match="newer version"):
        open_store(postgres_url)
    pipeline.deliver.use({})
    pipeline.store.close()
    engine.dispose()

"""Migrations of a PostgreSQL on which routers of the version before run on."""

import random
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    delete,
    false,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError

from router.core.delivery import State
from router.core.policy import make_policy
from router.errors import RouterError
from router.storage import open_store, opening
from router.storage.migrations import versions
from router.storage.opening import MIGRATING, make_engine, migrate, revision
from router.storage.tables import REVISION
from tests.pipeline.conftest import Pipeline, plan, rule, wait_until

#: Each revision that there is, in its order.
REVISIONS = sorted(path.stem.removeprefix("r") for path in Path(versions.__file__).parent.glob("r*.py"))
#: What the second one changed, no version of it could go on with.
CHANGED = REVISIONS[2:]


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
    migrate(postgres_url, REVISIONS[REVISIONS.index(after) - 1])
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


class Beside:
    """Transactions that change two tables each, in any order, in threads: what runs beside a migration.

    Args:
        tables: the names of those that are there.
    """

    def __init__(self, engine: Engine, tables: Sequence[str]) -> None:
        self.done = 0
        self.faults: list[str] = []
        self._engine = engine
        self._tables = tables
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(seed,)) for seed in range(8)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Ends what it began."""
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, seed: int) -> None:
        chance = random.Random(seed)
        with self._engine.connect() as connection:
            while not self._over.is_set():
                try:
                    with connection.begin():
                        for name in chance.sample(self._tables, 2):
                            connection.execute(delete(table(name)).where(false()))
                            self._over.wait(0.002)
                    self.done += 1
                    self._over.wait(chance.uniform(0, 0.02))
                except DBAPIError as error:
                    self.faults.append(str(error))


def test_a_migration_and_who_runs_beside_it_never_end_each_other(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It changes five tables, they take two each in any order: it lets go and takes all again."""
    monkeypatch.setattr(opening, "LOCKS_WITHIN", 60_000)
    migrate(postgres_url, "0003")
    engine = make_engine(postgres_url)
    beside = Beside(engine, ["events", "deliveries", "alerts", "groups", "meta"])
    try:
        wait_until(lambda: beside.done >= 8, 60)
        open_store(postgres_url).close()
        before = beside.done
        wait_until(lambda: beside.done > before, 60)
    finally:
        beside.end()
    assert beside.faults == []
    assert revision(engine) == REVISION
    engine.dispose()


def test_a_router_that_runs_loses_nothing_while_all_tables_are_changed_again_and_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event is told once, and no call of its store fails."""
    monkeypatch.setattr(opening, "LOCKS_WITHIN", 60_000)
    policy = make_policy([rule()], {"oncall": plan("oncall")}, "")
    pipeline = Pipeline(open_store(postgres_url, deadline=60), policy)
    engine, over, sent = make_engine(postgres_url), threading.Event(), pipeline.channels["oncall/1"].sent

    def change() -> None:
        for number in range(5):
            told = len(sent)
            wait_until(lambda told=told: len(sent) > told + 1, 60)
            with opening.alone(engine) as connection:
                opening.take_tables(connection)
                for name in inspect(connection).get_table_names():
                    added = f"ADD COLUMN later{number} TEXT NOT NULL DEFAULT ''"
                    connection.execute(text(f'ALTER TABLE "{name}" {added}'))
        over.set()

    changing = threading.Thread(target=change)
    changing.start()
    taken = 0
    while not over.is_set() and changing.is_alive():
        pipeline.take({"n": taken})
        pipeline.run()
        taken += 1
    changing.join(60)
    assert over.is_set()
    assert [one.state for one in pipeline.deliveries(limit=10_000)] == [State.SENT] * taken
    assert len(sent) == taken
    pipeline.deliver.use({})
    pipeline.store.close()
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

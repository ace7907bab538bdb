"""A receiver for each test, both kinds of database, and the order of the files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Sink
from tests.databases import Postgres

#: They start processes, and wait for them.
LONG = ("torture", "acceptance", "browser", "docs", "mns")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that workers end together: the others, in any order, fill what is left."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """A receiver in another process."""
    receiver = Sink(tmp_path)
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty database of the server."""
    name = postgres.new_database()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind, for what both must do alike."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    return request.getfixturevalue("postgres_url")

"""A receiver for each test, and both kinds of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Sink
from tests.databases import Postgres


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

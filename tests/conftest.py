"""A receiver for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Sink


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """A receiver in another process."""
    receiver = Sink(tmp_path)
    yield receiver
    receiver.close()

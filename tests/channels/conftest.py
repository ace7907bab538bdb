"""A provider on loopback, and channels that send to it."""

from collections.abc import Iterator

import pytest

from tests.channels.servers import Provider, listening


@pytest.fixture
def provider() -> Iterator[Provider]:
    with listening() as running:
        yield running

"""What contract tests share."""

import socket

import pytest


@pytest.fixture
def unused_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]

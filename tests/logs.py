"""What is logged, for a test that reads it."""

from collections.abc import Generator
from contextlib import contextmanager
from unittest.mock import patch

from router import telemetry


@contextmanager
def logged() -> Generator[list[str]]:
    """The names of the log events of a block, whatever their level."""
    names: list[str] = []
    real = telemetry.log

    def log(event: str, level: str = "info", **fields: object) -> None:
        names.append(event)
        real(event, level, **fields)

    with patch.object(telemetry, "log", log):
        yield names

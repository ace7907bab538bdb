"""Where time comes from."""

from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> int:
        """Microseconds UTC."""
        ...

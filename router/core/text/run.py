"""One rendering of one template: its bounds, its clock and its dialect, and the faults that it met."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from router.core.text.dialects import Dialect

#: Steps of one rendering: parts of a loop's body for each round, pieces of what is compared or filtered.
MOST_STEPS = 20_000
#: Characters that a rendering makes, and that one text inside it may have.
MOST_MADE = 65_536

_PIECE = 64


class TooMuchError(Exception):
    """A template goes beyond its bounds."""


@dataclass(slots=True)
class Run:
    """What a rendering was given and what became of it.

    Args:
        longest: characters of a value that is printed; a longer one ends in ``…``.
        now: microseconds UTC.
    """

    dialect: Dialect
    now: int
    timezone: str
    units: tuple[str, str, str, str]
    ago: tuple[str, str]
    longest: int
    faults: list[str] = field(default_factory=list[str])
    _steps: int = 0
    _made: int = 0

    def spend(self, steps: int) -> None:
        """Counts work. Raises :class:`TooMuchError` when there was too much of it."""
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise TooMuchError("it takes too many steps: loop over less")

    def make(self, text: str) -> str:
        """Counts text that was made. Raises as :meth:`spend`."""
        self._made += len(text)
        if self._made > MOST_MADE:
            raise TooMuchError(f"it makes more than {MOST_MADE:,} characters")
        return text

    def fault(self, said: str) -> None:
        """Puts a fault on record that does not stop the rendering."""
        if said not in self.faults and len(self.faults) < 10:
            self.faults.append(said)


#: The rendering that goes on.
RUN: ContextVar[Run] = ContextVar("RUN")


def weight(value: Any) -> int:
    """How many steps it takes to look at a value once."""
    if isinstance(value, str):
        return 1 + len(value) // _PIECE
    if isinstance(value, Mapping | list | tuple):
        return 1 + len(value)  # pyright: ignore[reportUnknownArgumentType]
    return 1


def whole_weight(value: Any) -> int:
    """The same for a value that is made a text, with all that is inside it; no more than is too much."""
    total, waiting = 0, [value]
    while waiting and total <= MOST_STEPS:
        part = waiting.pop()
        total += weight(part)
        if isinstance(part, Mapping):
            waiting += cast("Mapping[str, Any]", part).values()
        elif isinstance(part, list | tuple):
            waiting += cast("list[Any]", part)
    return total

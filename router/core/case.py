"""A test of rules: events on a virtual clock, and what must come of them. Times count from the start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.core.delivery import Outcome
from router.errors import Place

#: Where the virtual clock begins: a Monday, at midnight UTC. Microseconds UTC.
START = 1_767_571_200_000_000


@dataclass(frozen=True, slots=True)
class Given:
    """An event that comes, or the same one many times.

    Args:
        data: its body, as its source sends it.
        vary: fields that differ from one time to the next.
        source: the source that it comes from.
    """

    at: int
    data: Mapping[str, Any]
    times: int = 1
    vary: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Failing:
    """A channel that answers so, for so many attempts, from then on."""

    at: int
    channel: str
    outcome: Outcome
    times: int = 1


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be true at a moment, all that happens in it included.

    Args:
        channel: the one that the next five are about.
        count: messages that it has accepted since the start.
        reason: of the latest.
        title_contains: a part of the latest title; ``body_contains`` of the latest text.
        snapshot: names a file that holds title and text of the latest.
        rule: the one whose alerts all stand as ``alerts`` says; ``none``: it has had none.
    """

    at: int
    place: Place
    channel: str = ""
    count: int | None = None
    reason: str = ""
    title_contains: str = ""
    body_contains: str = ""
    snapshot: str = ""
    rule: str = ""
    alerts: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One test.

    Args:
        rule: the one under which it stands.
        start: the time of its beginning, microseconds UTC.
    """

    name: str
    rule: str
    place: Place
    given: tuple[Given | Failing, ...]
    expected: tuple[Expected, ...]
    start: int = START


def body_of(given: Given, number: int) -> dict[str, Any]:
    """The body of the event that comes as this one, counted from 0: the first is as it is written."""
    varied = {field: _varied(given.data.get(field), number) for field in given.vary}
    return {**given.data, **varied}


def _varied(value: Any, number: int) -> Any:
    if isinstance(value, int):
        return value + number
    if isinstance(value, str) and value.isdecimal():
        return str(int(value) + number)
    return f"{value or ''}-{number}" if number else value or ""

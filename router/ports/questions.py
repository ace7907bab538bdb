"""How people's questions to a store are put, and how they are answered."""

from typing import Generic, Literal, NamedTuple, TypeVar

T = TypeVar("T")


#: Alerts that a new silence is tried on: those that fire or are acknowledged, those that have ended.
AlertsSeen = Literal["open", "ended"]


Feed = Literal["events", "set-aside", "ended deliveries"]


class Mark(NamedTuple):
    """Where something stands in a feed: its time, and its id among those of the same time."""

    at: int
    id: str


class Page(NamedTuple, Generic[T]):
    """A page of what was found, the newest first.

    Args:
        next: behind what the next page begins; None when there is nothing further. A page may be short
            though more follows: what few match is not looked for in all records at once.
    """

    found: list[T]
    next: Mark | None


Counting = Literal[
    "rules", "failures", "event names", "jobs", "sources", "set-aside",
    "alerts", "rules told", "channels told", "deliveries",
    "hours of events", "hours of alerts", "hours of deliveries",
]  # fmt: skip


class Counted(NamedTuple):
    """How often one thing came, by what became of it, and when last."""

    name: str
    what: str
    number: int
    last: int

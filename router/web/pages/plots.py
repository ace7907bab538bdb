"""Where things stand in the pictures of the pages; templates draw them as SVG."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from router.core.delivery import SECOND, State
from router.core.event import Event
from router.pipeline.story import Story, has_failed
from router.ports import Counted

HOUR = 3600 * SECOND
HOURS = 24
_BAD = (State.DEAD, State.WAITING)
#: Units of a picture's width; browsers stretch it.
WIDTH = 960


@dataclass(frozen=True, slots=True)
class Bar:
    """What came in an hour.

    Args:
        begins: microseconds UTC.
        number: all of it.
        bad: those of it that failed.
    """

    begins: int
    number: int
    bad: int


@dataclass(frozen=True, slots=True)
class Plot:
    """What came in each of the last hours, the oldest first."""

    name: str
    bars: Sequence[Bar]

    @property
    def most(self) -> int:
        """The highest bar; at least 1, so that others can be measured by it."""
        return max(1, *(bar.number for bar in self.bars))

    @property
    def total(self) -> int:
        """All bars."""
        return sum(bar.number for bar in self.bars)

    @property
    def bad(self) -> int:
        """What failed, of all bars."""
        return sum(bar.bad for bar in self.bars)


def plot(name: str, counted: Iterable[Counted], now: int, is_bad: Callable[[str], bool]) -> Plot:
    """A plot of the last 24 hours.

    Args:
        counted: by number of the hour since 1970.
        is_bad: whether that became of it is a failure.
    """
    found = list(counted)
    first = now // HOUR - HOURS + 1
    number, bad = dict.fromkeys(range(first, first + HOURS), 0), dict.fromkeys(range(first, first + HOURS), 0)
    for one in found:
        hour = int(one.name)
        if hour in number:
            number[hour] += one.number
            bad[hour] += one.number if is_bad(one.what) else 0
    return Plot(name, [Bar(hour * HOUR, number[hour], bad[hour]) for hour in number])


@dataclass(frozen=True, slots=True)
class Band:
    """How long a job was in a state."""

    x: float
    width: float
    state: str
    begins: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Something that happened at a moment."""

    x: float
    at: int
    what: str
    is_bad: bool


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A job's time, from its first event to the last event or message."""

    begins: int
    ends: int
    bands: Sequence[Band]
    events: Sequence[Tick]
    messages: Sequence[Tick]


def time_line(story: Story) -> TimeLine:
    """Where the events and messages of a job stand."""
    events = sorted((one.event for one in story.events), key=lambda one: one.at)
    written = [one.created_at for one in story.deliveries]
    begins, ends = min(one.at for one in events), max([events[-1].at, *written])

    def place(at: int) -> float:
        return round(WIDTH * max(0, at - begins) / max(1, ends - begins), 1)

    return TimeLine(
        begins,
        ends,
        _bands(events, place, ends),
        [Tick(place(one.at), one.at, one.kind or "event", has_failed(one)) for one in events],
        [
            Tick(place(one.created_at), one.created_at, f"{one.target}: {one.state.value}", one.state in _BAD)
            for one in story.deliveries
        ],
    )


def _bands(events: Sequence[Event], place: Callable[[int], float], ends: int) -> list[Band]:
    """States of the job itself, each until the next; what its instances say is no state of the job."""
    own = [(one.at, state) for one in events if (state := _state(one))]
    return [
        Band(place(at), max(2.0, place(end) - place(at)), state, at)
        for (at, state), (end, _) in pairwise([*own, (ends, "")])
    ]


def _state(event: Event) -> str:
    state = event.data.get("State")
    return state if isinstance(state, str) and "Task" not in event.data else ""

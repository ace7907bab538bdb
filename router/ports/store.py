"""Where everything is kept."""

from collections.abc import Callable, Collection
from typing import Protocol, TypeVar

from router.ports.unit import Unit

T = TypeVar("T")


#: Stands for groups and alerts in what routers tell one another; no target has this name.
GROUPS = ""


class Store(Protocol):
    """Where everything is kept. Safe to call from any thread."""

    @property
    def shared(self) -> bool:
        """Whether other routers may run on it at the same time."""
        ...

    @property
    def writes(self) -> int:
        """How often :meth:`write` has committed here: whoever looks again where it grew, sees what is new."""
        ...

    def write(self, work: Callable[[Unit], T]) -> T:
        """Runs the work in one transaction and commits it before returning.

        Raises:
            RouterError: ``store-unavailable``: nothing of it may be taken as committed. A call
                ends within the store's deadline (5 s), whatever the disk or the server does.
        """
        ...

    def read(self, work: Callable[[Unit], T]) -> T:
        """Runs the work in a transaction that changes nothing. Raises as :meth:`write`."""
        ...

    def look(self, work: Callable[[Unit], T]) -> T:
        """As :meth:`read`, for people who look: however long it takes, no read of the loops waits for it."""
        ...

    def listen(self, woken: Callable[[frozenset[str]], None], begun: Callable[[], None]) -> None:
        """From now on hears, on a shared store, of what other routers have made due.

        Args:
            woken: called with what they gave to :meth:`wake_others`, from a thread of the store's.
            begun: called from there when it begins to hear, also again after its connection was lost: what
                they gave before that is not known.
        """
        ...

    def wake_others(self, due: Collection[str]) -> None:
        """Tells the other routers on a shared store what a commit has made due; returns at once.

        It may be lost: whoever waits for it also looks by itself from time to time.

        Args:
            due: targets with deliveries, or :data:`GROUPS` for groups and alerts.
        """
        ...

    def close(self) -> None:
        """Waits for what runs, and closes."""
        ...

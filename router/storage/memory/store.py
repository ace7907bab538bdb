"""The store that steps of the engine write to, one after another."""

from collections.abc import Callable, Collection
from typing import TypeVar, cast

from router.ports import Unit
from router.storage.memory.alerts import MemoryAlerts
from router.storage.memory.deliveries import MemoryDeliveries

T = TypeVar("T")


class MemoryUnit(MemoryAlerts, MemoryDeliveries):
    """See :class:`router.ports.Unit`."""

    def serialise(self) -> None:
        """There is one writer."""

    def take_turn(self) -> bool:
        """Nobody else tells."""
        return True

    def keep_policy(self, policy_hash: str, text: str, now: int) -> None:
        """Nothing reads it again."""

    def is_superseded(self, policy_hash: str) -> bool:
        return False


class MemoryStore:
    """The part of :class:`router.ports.Store` that the steps of the engine need.

    Nothing is rolled back: a fault ends the run. Tests compare it with the other stores.
    """

    def __init__(self) -> None:
        self.unit = MemoryUnit()
        self._writes = 0

    @property
    def shared(self) -> bool:
        """Nobody else can reach it."""
        return False

    @property
    def writes(self) -> int:
        """How often something was written."""
        return self._writes

    def write(self, work: Callable[[Unit], T]) -> T:
        done = work(cast("Unit", self.unit))
        self._writes += 1
        return done

    def read(self, work: Callable[[Unit], T]) -> T:
        return work(cast("Unit", self.unit))

    def look(self, work: Callable[[Unit], T]) -> T:
        return self.read(work)

    def listen(self, woken: Callable[[frozenset[str]], None], begun: Callable[[], None]) -> None:
        """Nobody else can reach it."""

    def wake_others(self, due: Collection[str]) -> None:
        """There are none."""

    def close(self) -> None:
        """Nothing to give back."""

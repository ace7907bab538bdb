"""The clock that everything runs by."""

import time

from router import telemetry
from router.core.delivery import SECOND
from router.ports import Clock, Store

#: So far the machine's clock may differ from a shared store's.
MAY_DIFFER = 2 * SECOND


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Microseconds UTC."""
        return time.time_ns() // 1000


class AgreedClock:
    """The machine's clock, set by a shared store's where they differ.

    Routers on one store write times for one another: until when a claim holds, or a target is left alone.
    Were their clocks minutes apart, they would take one another's sends for given up.

    Args:
        machine: what it is without the store.
    """

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._ahead = 0

    def now(self) -> int:
        """Microseconds UTC."""
        return self._machine.now() + self._ahead

    def agree(self, store: Store) -> None:
        """Asks the store what time it is; one that is not shared has no clock of its own."""
        began = self._machine.now()
        theirs = store.read(lambda unit: unit.time())
        if theirs is None:
            return
        took = self._machine.now() - began
        ahead = theirs - began - took // 2
        if abs(ahead - self._ahead) <= MAY_DIFFER + abs(took):
            return
        self._ahead = ahead if abs(ahead) > MAY_DIFFER else 0
        telemetry.log("clock.differs", "warning", seconds=-ahead // SECOND)

"""What the wiring decides by itself."""

from router.app import MAINTENANCE, SHORTEST_WAIT, pause_until
from router.core.delivery import SECOND


def test_what_is_due_and_waits_for_its_source_keeps_nobody_busy() -> None:
    """Until the next moment, five seconds at most; and a moment where that has passed already."""
    assert pause_until(None, 0) == MAINTENANCE
    assert pause_until(2 * SECOND, 0) == 2
    assert pause_until(60 * SECOND, 0) == MAINTENANCE
    assert pause_until(0, 60 * SECOND) == SHORTEST_WAIT > 0

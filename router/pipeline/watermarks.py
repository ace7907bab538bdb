"""Which sources have caught up: an outage of the router must never be reported as an outage of a job.

What waits for something (``hold``, ``expect``, ``absent``) is judged only once the source that would bring
it has handed over all that it held while the router was down.
"""

from collections.abc import Callable, Mapping

from router.core.delivery import SECOND
from router.telemetry import Metrics, log

#: After a shorter standstill a source that is posted to has caught up at once: MNS and people try again.
SHORT_STANDSTILL = 30 * SECOND
#: A source that cannot be reached holds up what waits for no longer.
LONGEST_HOLD = 3600 * SECOND

Lag = Callable[[int], bool]


class Watermarks:
    """What each source still has to hand over since the start.

    Args:
        started_at: of this process, microseconds UTC.
    """

    def __init__(self, metrics: Metrics, started_at: int) -> None:
        self._metrics = metrics
        self._started_at = started_at
        self._lags: dict[str, Lag] = {}

    def use(self, lags: Mapping[str, Lag]) -> None:
        """Asks these sources from now on; each says at a time whether it still lags."""
        self._lags = dict(lags)
        for name in self._lags:
            self._metrics.catching_up.labels(name).set(1)

    def waiting_for(self, now: int) -> frozenset[str]:
        """The sources that have not caught up; one that has is not asked again."""
        behind = self._lags  # a reload puts another one in its place
        for name, lags in list(behind.items()):
            given_up = now - self._started_at >= LONGEST_HOLD
            if lags(now) and not given_up:
                continue
            del behind[name]
            self._metrics.catching_up.labels(name).set(0)
            if given_up:
                log("source.never_caught_up", "error", source=name)
        return frozenset(behind)


def lag_of_posts(started_at: int, standstill: int, catch_up: int) -> Lag:
    """When a source that is posted to has caught up.

    Args:
        standstill: how long no router ran before the start.
        catch_up: how long its senders may take to come back.
    """
    ready_at = started_at if standstill < SHORT_STANDSTILL else started_at + catch_up
    return lambda now: now < ready_at

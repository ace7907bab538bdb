"""Which sources have caught up: an outage of the router must never be reported as an outage of a job.

What waits for something (``hold``, ``expect``, ``absent``) is judged only once the source that would bring it
has handed over all that it held while the router was down, or could not reach it.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from router.core.delivery import SECOND
from router.telemetry import Metrics, log

#: After a shorter standstill a source that is posted to has caught up at once: MNS and people try again.
SHORT_STANDSTILL = 30 * SECOND
#: A source that cannot be reached holds up what waits for no longer.
LONGEST_HOLD = 3600 * SECOND

Lag = Callable[[int], bool]


class Standing(StrEnum):
    """How a source stands."""

    REACHED = "reached"
    """All that it held was handed over."""
    BEHIND = "behind"
    """It lags: what waits for it is held up."""
    GIVEN_UP = "given up"
    """It has lagged for too long: what waits for it is judged without it."""


class Watermarks:
    """What each source still has to hand over, since the start or since it could not be reached."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lags: Mapping[str, Lag] = {}
        self._behind_since: dict[str, int] = {}
        self._given_up: set[str] = set()

    def use(self, lags: Mapping[str, Lag], now: int) -> None:
        """Asks these sources from now on; each says at a time whether it lags.

        A source that lags already, over a reload, does not begin anew.
        """
        self._behind_since = {name: self._behind_since.get(name, now) for name in lags}
        self._given_up &= lags.keys()
        for name in self._lags.keys() - lags.keys():
            self._metrics.catching_up.remove(name)
        self._lags = dict(lags)

    def stands(self, now: int) -> dict[str, Standing]:
        """How each source stands."""
        return {name: self._standing(name, lags(now), now) for name, lags in self._lags.items()}

    def waiting_for(self, now: int) -> frozenset[str]:
        """The sources that hold up what waits for them."""
        return frozenset(name for name, standing in self.stands(now).items() if standing is Standing.BEHIND)

    def _standing(self, name: str, lags: bool, now: int) -> Standing:
        standing = self._judged(name, lags, now)
        self._metrics.catching_up.labels(name).set(standing is Standing.BEHIND)
        return standing

    def _judged(self, name: str, lags: bool, now: int) -> Standing:
        if not lags:
            self._behind_since.pop(name, None)
            self._given_up.discard(name)
            return Standing.REACHED
        if now - self._behind_since.setdefault(name, now) < LONGEST_HOLD:
            return Standing.BEHIND
        if name not in self._given_up:
            self._given_up.add(name)
            log("source.never_caught_up", "error", source=name)
        return Standing.GIVEN_UP


def lag_of_posts(started_at: int, standstill: int, catch_up: int) -> Lag:
    """When a source that is posted to has caught up.

    Args:
        standstill: how long no router ran before the start.
        catch_up: how long its senders may take to come back.
    """
    ready_at = started_at if standstill < SHORT_STANDSTILL else started_at + catch_up
    return lambda now: now < ready_at

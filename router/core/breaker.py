"""When a target is left alone: after failures in a row, or because its provider said so.

While it is left alone its deliveries wait in the outbox. At the end of a pause one is sent as a probe:
accepted, and the others follow; failed, and the next pause is longer. Times are microseconds UTC.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from router.core.delivery import SECOND, Outcome, Verdict

#: Failures in a row after which a target is left alone.
FAILURES = 5
#: The first pause; each further one is twice as long.
FIRST_PAUSE = 5 * SECOND
#: What heals is found within this time.
LONGEST_PAUSE = 60 * SECOND
#: A probe that has not ended by then counts for nothing: its sender is gone.
LONGEST_PROBE = 60 * SECOND
#: A provider that asks for more is asked again by then.
LONGEST_RETRY_AFTER = 3600 * SECOND


class Standing(StrEnum):
    """Whether a target is sent to."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Breaker:
    """What the latest attempts say of a target.

    Args:
        failures: in a row.
        pauses: in a row, each ended by a probe that failed; 0 while it is sent to.
        until: nothing is sent before.
        at: when the pause began; attempts that began before say nothing new when they fail. A clock that
            stands before it has been set back, and the pause is over.
        broken: the provider's words where it refuses us and not a message (a revoked token, a wrong
            address); empty once it has accepted a message.
        answer: of the latest failure.
        probed_until: a probe is on its way, and no other is sent before.
    """

    failures: int = 0
    pauses: int = 0
    until: int = 0
    at: int = 0
    broken: str = ""
    answer: str = ""
    probed_until: int = 0

    def standing(self, now: int) -> Standing:
        """Whether its target is sent to at this time."""
        if not self.pauses:
            return Standing.PAUSED if self._pausing(now) else Standing.CLOSED
        return Standing.OPEN if self._pausing(now) else Standing.HALF_OPEN

    def room(self, free: int, now: int) -> int:
        """How many of the free places may be used: none while it is left alone, then one for the probe."""
        if self.wait(now):
            return 0
        return min(free, 1) if self.pauses else free

    def wait(self, now: int) -> int:
        """Microseconds until something may be sent; a probe that ends may end it sooner."""
        pause = self.until - now if self._pausing(now) else 0
        probe = self.probed_until - now
        return max(pause, probe if 0 < probe <= LONGEST_PROBE else 0)

    def probing(self, now: int) -> "Breaker":
        """While a probe is on its way."""
        return replace(self, probed_until=now + LONGEST_PROBE)

    def unprobed(self) -> "Breaker":
        """As if no probe had been sent."""
        return replace(self, probed_until=0)

    def after(self, verdict: Verdict, began_at: int, now: int) -> "Breaker":
        """What an attempt that has just ended makes of it."""
        match verdict.outcome:
            case Outcome.ACCEPTED:
                return Breaker()
            case Outcome.REFUSED:
                return Breaker(broken=verdict.answer if verdict.broken else self.broken)
            case Outcome.THROTTLED if verdict.retry_at is not None:
                until = min(verdict.retry_at, now + LONGEST_RETRY_AFTER)
                paused = replace(self, until=max(self._until(now), until), at=now, probed_until=0)
                return replace(paused, answer=verdict.answer)
            case _:
                return self._failed(verdict, began_at, now)

    def _failed(self, verdict: Verdict, began_at: int, now: int) -> "Breaker":
        if self.pauses and began_at <= self.at <= now:
            return self
        asked = min(verdict.retry_at or 0, now + LONGEST_RETRY_AFTER)
        failed = replace(
            self,
            failures=self.failures + 1,
            until=max(self._until(now), asked),
            at=now,
            answer=verdict.answer,
            probed_until=0,
        )
        if not self.pauses and failed.failures < FAILURES:
            return failed
        pause = min(LONGEST_PAUSE, FIRST_PAUSE << min(self.pauses, 10))
        return replace(failed, pauses=self.pauses + 1, until=max(failed.until, now + pause))

    def _pausing(self, now: int) -> bool:
        return self.at <= now < self.until

    def _until(self, now: int) -> int:
        return self.until if self._pausing(now) else 0

"""A token bucket: how many messages a target may be sent now."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Bucket:
    """Holds at most ``size`` tokens and gains them evenly over ``period``.

    Args:
        size: messages in a period; also the largest burst.
        period: microseconds.
        tokens: at the moment ``at`` (microseconds UTC).
    """

    size: int
    period: int
    tokens: float
    at: int

    @classmethod
    def full(cls, rate: tuple[int, int], now: int) -> "Bucket":
        """A bucket of that rate (messages, microseconds), full."""
        return cls(rate[0], rate[1], float(rate[0]), now)

    def at_time(self, now: int) -> "Bucket":
        """The bucket at a later moment; a clock that went back gains nothing and loses nothing."""
        gained = max(0, now - self.at) * self.size / self.period
        return replace(self, tokens=min(float(self.size), self.tokens + gained), at=now)

    def take(self, count: int) -> "Bucket":
        """With that many tokens less."""
        return replace(self, tokens=self.tokens - count)

    @property
    def whole(self) -> int:
        """How many messages may be sent now."""
        return int(self.tokens)

    @property
    def wait(self) -> int:
        """Microseconds until one may be sent; 0 when one may be sent now."""
        return 0 if self.tokens >= 1 else int((1 - self.tokens) * self.period / self.size) + 1

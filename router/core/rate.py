"""A token bucket: how many messages a target may be sent now, a part of them kept for what is critical."""

from dataclasses import dataclass, replace

#: Of a burst so much is kept for what is critical: a fifth.
KEPT = 5
#: What sums of fractions may lack of a whole token.
_NEARLY = 1e-6


@dataclass(frozen=True, slots=True)
class Bucket:
    """Lets through at most ``most`` messages in any ``period``: about half of them at once, the rest evenly.

    Providers count in windows of their own: a burst of the whole number, and what drips in after it,
    would be more than they take.

    Args:
        most: messages in a period.
        period: microseconds.
        tokens: at the moment ``at`` (microseconds UTC).
    """

    most: int
    period: int
    tokens: float
    at: int

    @classmethod
    def full(cls, rate: tuple[int, int], now: int) -> "Bucket":
        """A bucket of that rate (messages, microseconds), full."""
        return cls(rate[0], rate[1], float(rate[0] // 2 + 1), now)

    @classmethod
    def resumed(cls, rate: tuple[int, int], tokens: float, at: int) -> "Bucket":
        """A bucket of that rate with what was left in it, whatever its rate was then."""
        full = cls.full(rate, at)
        return replace(full, tokens=min(full.tokens, tokens))

    @property
    def size(self) -> int:
        """The largest burst."""
        return self.most // 2 + 1

    @property
    def kept(self) -> int:
        """Tokens that only critical messages take; none where a burst is a single message."""
        return min(self.size - 1, max(1, self.size // KEPT))

    @property
    def interval(self) -> float:
        """Microseconds in which it gains one."""
        return self.period / (self.most + 1 - self.size)

    def at_time(self, now: int) -> "Bucket":
        """The bucket at a later moment; a clock that went back gains nothing and loses nothing.

        Clocks of replicas differ a little: the latest moment counts, or each would gain what they differ.
        """
        if now < self.at <= now + self.period:
            return self
        gained = max(0, now - self.at) / self.interval
        return replace(self, tokens=min(float(self.size), self.tokens + gained), at=now)

    def take(self, count: int) -> "Bucket":
        """With that many tokens less."""
        return replace(self, tokens=self.tokens - count)

    def room(self, *, critical: bool) -> int:
        """How many messages may be sent now."""
        return max(0, int(self.tokens + _NEARLY) - (0 if critical else self.kept))

    def wait(self, *, critical: bool) -> int:
        """Microseconds until one may be sent; 0 when one may be sent now."""
        wanted = 1 if critical else 1 + self.kept
        return 0 if self.room(critical=critical) else int((wanted - self.tokens) * self.interval) + 1

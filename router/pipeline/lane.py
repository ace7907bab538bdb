"""A lane: one target, its threads, its rate and its breaker, so that nobody waits for somebody else."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from router.core.breaker import Breaker
from router.core.delivery import Delivery, Verdict
from router.core.policy import ChannelPlan
from router.core.rate import Bucket
from router.ports import Channel


class Lane:
    """Sends deliveries to one target in threads of its own, started when they are needed.

    Args:
        send: called in a lane's thread with each delivery; never raises.
    """

    def __init__(
        self,
        target: str,
        channel: Channel,
        plan: ChannelPlan,
        send: Callable[["Lane", Delivery], None],
        now: int,
    ) -> None:
        self.target = target
        self.channel = channel
        self.plan = plan
        self._send = send
        self._bucket = Bucket.full(plan.rate, now) if plan.rate else None
        self.breaker = Breaker()
        self._queue: SimpleQueue[Delivery | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._in_flight = 0

    def go_on_from(self, old: "Lane | None", now: int) -> None:
        """Takes over what is left of the same rate from the lane that it replaces."""
        if old is not None and old._bucket is not None and old.plan.rate == self.plan.rate:
            self._bucket = old._bucket.at_time(now)

    def room(self, now: int) -> int:
        """How many deliveries it can take now."""
        in_flight = self._in_flight
        free = self.breaker.room(self.channel.concurrency - in_flight, in_flight, now)
        if self._bucket is None:
            return free
        self._bucket = self._bucket.at_time(now)
        return min(free, self._bucket.whole)

    def wait(self, now: int) -> int | None:
        """Microseconds until its rate and its breaker let a message through.

        None when only an attempt's end does: it is looked at again then.
        """
        left_alone = self.breaker.until - now
        if left_alone > 0:
            return max(left_alone, self._bucket.wait if self._bucket else 0)
        if self._bucket is None or self._in_flight >= self.channel.concurrency:
            return None
        return self._bucket.wait

    def learn(self, verdict: Verdict, began_at: int, now: int) -> tuple[Breaker, Breaker]:
        """What an attempt that has ended makes of the breaker: before, and after."""
        before = self.breaker
        self.breaker = before.after(verdict, began_at, now)
        return before, self.breaker

    @property
    def in_flight(self) -> int:
        """How many deliveries it has taken and not finished."""
        return self._in_flight

    def take(self, delivery: Delivery) -> None:
        """Sends a claimed delivery as soon as a thread is free.

        Raises:
            RuntimeError: it has no thread, and the machine gives none; nothing was sent.
        """
        with self._lock:
            if self._threads < min(self._in_flight + 1, self.channel.concurrency):
                self._start_thread()
            self._in_flight += 1
        if self._bucket is not None:
            self._bucket = self._bucket.take(1)
        self._queue.put(delivery)

    def _start_thread(self) -> None:
        try:
            threading.Thread(target=self._run, name=f"send {self.target}", daemon=True).start()
            self._threads += 1
        except RuntimeError:
            # The machine gives no more threads: those that run go on; without any, nothing can be sent.
            if not self._threads:
                raise

    def close(self) -> None:
        """Ends its threads after what they have in hand, then gives its connections back."""
        with self._lock:
            threads, self._threads = self._threads, 0
        for _ in range(threads):
            self._queue.put(None)
        if not threads:
            self.channel.close()

    def _run(self) -> None:
        while (delivery := self._queue.get()) is not None:
            self._send(self, delivery)
            with self._lock:
                self._in_flight -= 1
        self.channel.close()

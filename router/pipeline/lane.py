"""A lane: one target and its threads, so that nobody waits for somebody else."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from router.core.breaker import Breaker
from router.core.policy import ChannelPlan
from router.core.text.kinds import KINDS
from router.pipeline.claims import Place
from router.pipeline.digesting import Sending
from router.ports import Channel


class Lane:
    """Sends to one target in threads of its own, started when they are needed.

    Args:
        send: called in a lane's thread with each; never raises.
    """

    def __init__(
        self, target: str, channel: Channel, plan: ChannelPlan, send: Callable[["Lane", Sending], None]
    ) -> None:
        self.target = target
        self.channel = channel
        self.plan = plan
        self.breaker = Breaker()
        self._send = send
        # Where a target takes several at once, one more is for what is critical.
        self._places = channel.concurrency + (1 if channel.concurrency > 1 else 0)
        self._queue: SimpleQueue[Sending | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._in_flight = 0

    def place(self) -> Place:
        """What it takes now."""
        in_flight = self._in_flight
        free, others = self._places - in_flight, max(0, self.channel.concurrency - in_flight)
        folds = KINDS.get(self.channel.kind, KINDS["plain"]).folds
        return Place(self.target, self.plan.rate, free, others, self.breaker.pauses > 0, folds)

    @property
    def in_flight(self) -> int:
        """How many sends it has taken and not finished."""
        return self._in_flight

    def take(self, sending: Sending) -> None:
        """Sends what was claimed as soon as a thread is free.

        Raises:
            RuntimeError: it has no thread, and the machine gives none; nothing was sent.
        """
        with self._lock:
            if self._threads < min(self._in_flight + 1, self._places):
                self._start_thread()
            self._in_flight += 1
        self._queue.put(sending)

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
        while (sending := self._queue.get()) is not None:
            self._send(self, sending)
            with self._lock:
                self._in_flight -= 1
        self.channel.close()

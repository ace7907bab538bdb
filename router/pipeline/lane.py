"""A lane: one target and its threads, so that nobody waits for somebody else."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from router.core.breaker import Breaker
from router.core.delivery import SECOND, Outcome
from router.core.policy import ChannelPlan
from router.core.text.kinds import KINDS
from router.pipeline.claims import Place
from router.pipeline.digesting import Sending
from router.ports import Channel

#: What a target that answers well takes in so much time is claimed ahead: a claim for each few messages
#: would cost more than the messages. So many at most.
AHEAD = SECOND // 4
MOST_AHEAD = 32
#: What would wait for longer, since the target has become slow, is given back.
LONGEST_WAIT = 10 * SECOND


class Lane:
    """Sends to one target in threads of its own, started when they are needed.

    Args:
        send: called in a lane's thread with each; never raises. What came of it is on record some time after:
            :meth:`settled`.
    """

    def __init__(
        self, target: str, channel: Channel, plan: ChannelPlan, send: Callable[["Lane", Sending], None]
    ) -> None:
        self.target = target
        self.channel = channel
        self.plan = plan
        self.breaker = Breaker()
        #: Whether the target has accepted a message since the start.
        self.has_accepted = False
        #: Whether more may be due than the latest claim took: a place that becomes free is looked to.
        self.has_more = True
        self._send = send
        # Where a target takes several at once, one more is for what is critical.
        self._places = channel.concurrency + (1 if channel.concurrency > 1 else 0)
        #: One for each that waits; None ends a thread.
        self._wanted: SimpleQueue[bool | None] = SimpleQueue()
        self._urgent: deque[Sending] = deque()
        self._others: deque[Sending] = deque()
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)
        self._threads = 0
        self._in_flight = 0
        self._in_doubt = 0
        self._takes = 0.0

    def place(self) -> Place:
        """What it takes now."""
        in_flight, ahead = self._in_flight, self._ahead()
        if in_flight > self._places + ahead // 2:
            ahead = 0
        free = max(0, self._places + ahead - in_flight)
        others = max(0, self.channel.concurrency + ahead - in_flight)
        folds = KINDS.get(self.channel.kind, KINDS["plain"]).folds
        return Place(self.target, self.plan.rate, free, others, self.breaker.pauses > 0, folds)

    def at_once(self) -> int:
        """How many it takes that are only being written: none where it has a rate or does not answer."""
        if self.plan.rate or not self._takes or self.breaker != Breaker():
            return 0
        return self.place().others

    def _ahead(self) -> int:
        """How many more than it has places for; none where it has a rate, or failed of late."""
        if self.plan.rate or self.breaker.pauses or not self._takes:
            return 0
        return min(MOST_AHEAD, int(self._places * AHEAD / self._takes))

    def learn(self, outcome: Outcome, took: float) -> list[Sending]:
        """Learns how long an attempt took, in microseconds; returns what is better given back.

        What was claimed ahead is not sent to a target that has just failed.
        """
        self.has_accepted = self.has_accepted or outcome is Outcome.ACCEPTED
        if outcome in (Outcome.ACCEPTED, Outcome.REFUSED):
            self._takes = max(1.0, 0.8 * self._takes + 0.2 * took if self._takes else took)
            waiting = len(self._urgent) + len(self._others)
            if waiting * self._takes < LONGEST_WAIT * self._places:
                return []
        else:
            self._takes = 0.0
        return self.take_back()

    def take_back(self) -> list[Sending]:
        """What waits in it, which it does not send any more."""
        waiting: list[Sending] = []
        with suppress(IndexError):
            while True:
                waiting.append(self._next())
        with self._lock:
            self._in_flight -= len(waiting)
        return waiting

    def _next(self) -> Sending:
        with self._lock:
            return (self._urgent or self._others).popleft()

    @property
    def in_flight(self) -> int:
        """How many sends it has taken and not finished."""
        return self._in_flight

    @property
    def is_full(self) -> bool:
        """Whether it begins no more until something is settled: a kill leaves all of that in doubt.

        As many as it has places may be in hand, and as many may have ended without being on record.
        """
        return self._in_doubt >= 2 * self._places

    def settled(self, count: int) -> None:
        """So many sends that it began are on record."""
        with self._settled:
            self._in_doubt -= count
            self._settled.notify(count)

    def take(self, sending: Sending) -> None:
        """Sends what was claimed as soon as a thread is free.

        Raises:
            RuntimeError: it has no thread, and the machine gives none; nothing was sent.
        """
        with self._lock:
            if self._threads < min(self._in_flight + 1, self._places):
                self._start_thread()
            self._in_flight += 1
        first = sending.first
        is_urgent = first.severity == "critical" or first.may_repeat
        (self._urgent if is_urgent else self._others).append(sending)
        self._wanted.put(True)

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
            self._wanted.put(None)
        if not threads:
            self.channel.close()

    def _run(self) -> None:
        while self._wanted.get() is not None:
            self._begin()
            try:
                sending = self._next()
            except IndexError:
                # It was taken back.
                self.settled(1)
                continue
            self._send(self, sending)
            with self._lock:
                self._in_flight -= 1
        self.channel.close()

    def _begin(self) -> None:
        with self._settled:
            self._settled.wait_for(lambda: not self.is_full)
            self._in_doubt += 1

"""Drill: an event of the router's own goes the whole way at an interval, and must be accepted in time."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from router import telemetry
from router.config.settings import Drill as DrillKeys
from router.core import drill
from router.core.delivery import SECOND, Delivery, State
from router.core.event import Envelope
from router.errors import RouterError
from router.ports import Clock, Receipt, Store, Unit

Submit = Callable[[Sequence[Envelope]], "Future[list[Receipt]]"]


#: Seconds for an event to be stored, while who sent off the drill waits for an answer.
_PATIENCE = 30.0
#: What router.yaml says to have drills.
EXAMPLE = "drill: {channel: oncall}"


class Begun(NamedTuple):
    """A drill whose event is stored; ``within`` microseconds its channel must have accepted it."""

    event: str
    channel: str
    within: int


class _Running(NamedTuple):
    began_at: int
    taken: "Future[list[Receipt]]"


class Drill:
    """The step that begins drills and looks what became of them.

    Args:
        keys: ``drill`` of router.yaml, or None.
        submit: takes an event as a source hands it over.
    """

    def __init__(
        self,
        store: Store,
        keys: Callable[[], DrillKeys | None],
        submit: Submit,
        clock: Clock,
        metrics: telemetry.Metrics,
    ) -> None:
        self._store = store
        self._keys = keys
        self._submit = submit
        self._clock = clock
        self._metrics = metrics
        self._in_force: DrillKeys | None = None
        self._running: _Running | None = None
        self._next_at = 0
        self.problem = ""
        """That the last drill failed, in words; empty until one has, and after one that was accepted."""

    def step(self) -> None:
        """Begins a drill that is due, the first at once; judges the one that runs."""
        keys, now = self._keys(), self._clock.now()
        if keys != self._in_force:
            self._begin_anew(keys, now)
        if keys is None:
            return
        if self._running is not None:
            self._judge(keys, self._running, now)
        if self._running is None and now >= self._next_at:
            self._next_at = now + keys.every
            self._running = _Running(now, self._submit([Envelope(drill.NAME, drill.event_body(), now)]))

    def by_hand(self) -> Begun:
        """Sends one off beside those of the interval, whose problem and metrics it leaves alone.

        Raises:
            RouterError: ``usage``: there are none in router.yaml; ``too-slow``: its event is not stored in
                time; or what any source would have been answered.
        """
        keys = self._keys()
        if keys is None:
            raise RouterError("usage", "router.yaml has no drill", f"Write {EXAMPLE}")
        taken = self._submit([Envelope(drill.NAME, drill.event_body(), self._clock.now())])
        try:
            [receipt] = taken.result(min(keys.within / SECOND, _PATIENCE))
        except TimeoutError:
            raise RouterError("too-slow", "the drill's event has not been stored in time") from None
        return Begun(receipt.id, keys.channel, keys.within)

    def _begin_anew(self, keys: DrillKeys | None, now: int) -> None:
        self._in_force, self._running, self._next_at, self.problem = keys, None, now, ""
        for gauge in (self._metrics.drill_successful, self._metrics.drill_seconds):
            gauge.clear()

    def _judge(self, keys: DrillKeys, running: _Running, now: int) -> None:
        sent = self._sent(running)
        accepted = bool(sent) and all(one.state is State.SENT for one in sent)
        ended_at = max((one.ended_at or now for one in sent), default=now)
        if accepted and ended_at - running.began_at <= keys.within:
            self._running = None
            self._metrics.drill_successful.labels(keys.channel).set(1)
            self._metrics.drill_seconds.labels(keys.channel).set((ended_at - running.began_at) / SECOND)
            if self.problem:
                self.problem = ""
                telemetry.log("drill.recovered", channel=keys.channel)
        elif now - running.began_at > keys.within:
            self._running = None
            self._metrics.drill_successful.labels(keys.channel).set(0)
            self.problem = (
                f"the drill was not accepted by {keys.channel} within {keys.within // SECOND} s: "
                f"{_said(running, sent)}"
            )
            telemetry.log("drill.failed", "error", channel=keys.channel, problem=self.problem)

    def _sent(self, running: _Running) -> list[Delivery]:
        """The messages that the drill came to; of one that went into another, that other."""
        if not running.taken.done() or running.taken.exception() is not None:
            return []
        [receipt] = running.taken.result()
        return self._store.read(lambda unit: _last_of(unit, unit.deliveries(event_id=receipt.id)))


def _last_of(unit: Unit, found: list[Delivery]) -> list[Delivery]:
    later = [one.replaced_by for one in found if one.replaced_by]
    last = [one for one in found if not one.replaced_by]
    return last + (_last_of(unit, unit.deliveries(ids=later)) if later else [])


def _said(running: _Running, sent: list[Delivery]) -> str:
    if not running.taken.done():
        return "its event has not been stored"
    if running.taken.exception() is not None:
        return f"its event was not taken: {running.taken.exception()}"
    if not sent:
        return "no message was written: see whether it is muted"
    return ", ".join(f"{one.target} is {one.state.value}" for one in sent)

"""A router that is killed between two steps of its loops, and started again on what its store holds.

A kill is an exception that nobody catches: the process's memory is abandoned, the store's file stays.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from router import failpoints
from router.core.delivery import SECOND, Delivery, Outcome, Verdict
from router.core.message import Message
from router.core.policy import Policy
from router.failpoints import FailpointError
from router.pipeline import absences
from router.pipeline.lane import Lane, Sending
from router.pipeline.watermarks import Standing
from router.storage import open_store
from tests.pipeline.conftest import START, Pipeline, ScriptedChannel

#: How often it is looked whether a message waits too long, while any waits.
LOOK = 60 * SECOND


class InlineLane(Lane):
    """Sends in the loop's own thread, so that a kill between claim and answer ends the loop, too."""

    def take(self, sending: Sending) -> None:
        self._send(self, sending)


@dataclass
class Killer:
    """Kills at passings of one failpoint, seldomer and seldomer, or a start could be killed for ever.

    Args:
        first: the passing at which it kills first; then 2 later, 3 later, and so on.
    """

    name: str = ""
    first: int = 1
    kills: int = 0
    passed: Counter[str] = field(default_factory=Counter[str])

    def __call__(self, name: str) -> None:
        self.passed[name] += 1
        gaps = sum(range(2, self.kills + 2))
        if name == self.name and self.passed[name] == self.first + gaps:
            self.kills += 1
            raise FailpointError(name)


@dataclass(frozen=True)
class Heard:
    """What a target was sent: when, by which delivery, why, in which words, and whether it accepted it."""

    at: int
    target: str
    delivery: str
    reason: str
    title: str
    body: str
    repeat: bool
    accepted: bool


class Provider(ScriptedChannel):
    """Is down between two times, and keeps what it was sent."""

    def __init__(self, router: "Router", target: str) -> None:
        super().__init__(concurrency=8)
        self._router = router
        self._target = target

    def send(self, message: Message, delivery: Delivery) -> Verdict:
        """See :class:`router.ports.Channel`."""
        now = self._router.now
        begins, ends = self._router.down.get(self._target, (0, 0))
        accepted = not begins <= now < ends
        said = (str(message.data["reason"]), message.title, message.body)
        self._router.heard.append(Heard(now, self._target, delivery.id, *said, delivery.may_repeat, accepted))
        if accepted:
            return Verdict(Outcome.ACCEPTED, "ok", 200)
        # Tried again at whole minutes, however often it was tried before.
        return Verdict(Outcome.UNREACHABLE, "down", retry_at=now - now % LOOK + LOOK)


class Router:
    """A process after another on one store; each loop is stepped in turn until nothing is due.

    Args:
        down: targets and the times between which they accept nothing.
    """

    def __init__(self, folder: Path, policy: Policy, killer: Killer, patch: pytest.MonkeyPatch) -> None:
        patch.setattr("router.pipeline.deliver.Lane", InlineLane)
        patch.setattr(failpoints, "watch", killer)
        self._url = f"sqlite:///{folder / 'state.db'}"
        self._processes = 0
        self._killer = killer
        self.now = START
        self.policy = policy
        self.down: dict[str, tuple[int, int]] = {}
        self.standing = Standing.REACHED
        self.heard: list[Heard] = []
        self._begin()

    def _begin(self) -> None:
        self._processes += 1
        self.store = open_store(self._url)
        self.store.write(lambda unit: unit.keep_policy(self.policy.hash, self.policy.text, self.now))
        self.store.write(lambda unit: absences.install(unit, self.policy, self.now))
        self.pipeline = Pipeline(self.store, self.policy, owner=f"process-{self._processes}", at_once=True)
        for target in self.pipeline.channels:
            self.pipeline.channels[target] = Provider(self, target)
        self.pipeline.use_channels()

    def _abandon(self) -> None:
        self.pipeline.deliver.use({})
        self.store.close()

    def end(self) -> None:
        """The last process is gone, too."""
        self._abandon()

    def _until_it_is_done(self, work: Callable[[], object]) -> None:
        """Each kill is followed by a start, which may be killed, too."""
        while True:
            try:
                self.pipeline.clock.at = self.now
                work()
                return
            except FailpointError:
                self._abandon()
                self._begin()
                self._until_it_is_done(self._start)

    def _start(self) -> None:
        self.pipeline.maintain.beat()
        self.pipeline.maintain.rescue_others(f"process-{self._processes}")
        self.pipeline.advance.review()

    # what happens

    def reload(self, policy: Policy) -> None:
        """Other rules and channels are in force from now on."""
        self.policy = policy
        self._abandon()
        self._begin()
        self._until_it_is_done(self._start)
        self._settle()

    def at(self, seconds: float) -> None:
        """Everything up to that time happens, each at its moment."""
        until = START + int(seconds * SECOND)
        while (moment := self._next()) <= until:
            self.now = moment
            self._settle()
        self.now = until
        self._settle()

    def take(self, seconds: float, *events: dict[str, Any]) -> None:
        """Events come at a time; their source sends them again until it is answered."""
        self.at(seconds)
        self._until_it_is_done(lambda: self._take(events))
        self._settle()

    def _take(self, events: Sequence[dict[str, Any]]) -> None:
        for event in events:
            self.pipeline.take(event, identity=str(sorted(event.items())))

    def _next(self) -> int:
        """When something may happen next; what is due has happened."""
        change = self.store.read(lambda unit: unit.next_change(()))
        assert change is None or change > self.now, "something is due, and nothing comes of it"
        waiting = self.store.read(lambda unit: unit.next_due(list(self.pipeline.channels)))
        targets = self.pipeline.deliver.standing()
        due = [max(at, targets[target].until) for target, at in waiting.items()]
        look = [self.now - self.now % LOOK + LOOK] if due else []
        later = [at for at in (change, *due, *look) if at is not None and at > self.now]
        return min(later, default=START + 10**15)

    def _settle(self) -> None:
        self._until_it_is_done(self._turn)

    def _turn(self) -> None:
        """All loops, as :mod:`router.app` turns them."""
        pipeline, maintain = self.pipeline, self.pipeline.maintain
        while pipeline.advance.retire():
            pass
        maintain.rescue()
        maintain.bury_strays()
        pipeline.stands = {"queue": self.standing}
        pipeline.outages.step()
        maintain.take_over(pipeline.deliver.left_alone())
        maintain.give_up(pipeline.deliver.left_alone())
        maintain.tell_overdue()
        pipeline.run()
        # What was given up may have made its fallback due.
        if (self.store.read(lambda unit: unit.next_change(())) or self.now + 1) <= self.now:
            pipeline.run()
        maintain.prune()

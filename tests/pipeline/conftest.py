"""A pipeline on a real store, with a clock that tests move and channels that answer as told."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from router import telemetry
from router.core.delivery import SECOND, Delivery, Outcome, Patience, Verdict
from router.core.event import Envelope
from router.core.filter import Filter
from router.core.message import Message
from router.core.policy import ChannelPlan, Policy, Target, make_policy
from router.core.rule import Rule
from router.decoders import decode
from router.pipeline.advance import Advance
from router.pipeline.deliver import Deliver
from router.pipeline.dispatch import Dispatch
from router.pipeline.ingest import Ingest
from router.pipeline.maintain import Maintain
from router.pipeline.outages import Outages
from router.pipeline.tongue import Tongue
from router.pipeline.tracing import Tracing
from router.pipeline.watermarks import Standing
from router.ports import Receipt, Store
from router.storage import open_store

START = 1_800_000_000 * SECOND


@dataclass
class HandClock:
    """Time that moves when a test says so."""

    at: int = START

    def now(self) -> int:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += int(seconds * SECOND)


@dataclass
class ScriptedChannel:
    """A target that answers with the next verdict of its script, then accepts; when ``hold`` is set."""

    kind: str = "webhook"
    concurrency: int = 4
    script: list[Verdict] = field(default_factory=list[Verdict])
    sent: list[tuple[Message, Delivery]] = field(default_factory=list[tuple[Message, Delivery]])
    hold: threading.Event | None = None

    def send(self, message: Message, delivery: Delivery) -> Verdict:
        self.sent.append((message, delivery))
        if self.hold is not None:
            self.hold.wait(10)
        return self.script.pop(0) if self.script else Verdict(Outcome.ACCEPTED, "ok", 200)

    def close(self) -> None:
        """Nothing to give back."""


def plan(name: str, targets: int = 1, **keys: Any) -> ChannelPlan:
    """A channel with that many webhook targets, without a storm guard."""
    given: dict[str, Any] = {"storm": None} | keys
    return ChannelPlan(name, tuple(Target(f"{name}/{n + 1}", "webhook") for n in range(targets)), **given)


class Pipeline:
    """Every loop, stepped by hand.

    Args:
        at_once: what an event makes due is told as it is taken in, as the router does; else by its own step.
    """

    def __init__(
        self,
        store: Store,
        policy: Policy,
        clock: HandClock | None = None,
        owner: str = "me",
        tracing: Tracing | None = None,
        *,
        at_once: bool = False,
    ) -> None:
        self.store = store
        self.policy = policy
        self.clock = clock or HandClock()
        self.metrics = telemetry.Metrics()
        self.due = 0
        self.waiting_for: frozenset[str] = frozenset()
        self.channels = {
            target.name: ScriptedChannel() for plan in policy.channels.values() for target in plan.targets
        }
        self.tongue = Tongue()
        self.deliver = Deliver(
            store,
            owner,
            lambda: self.policy,
            self.clock,
            self.metrics,
            self._told,
            lambda: self.tongue,
            tracing,
        )
        self.dispatch = Dispatch(
            store,
            lambda: self.policy,
            lambda: self.tongue,
            self.clock,
            self.metrics,
            self.deliver.written,
            self.deliver.claimed,
            tracing,
        )
        self.ingest = Ingest(
            store,
            decode,
            lambda: self.policy,
            self.clock,
            self.metrics,
            lambda _: self._told(),
            self.dispatch if at_once else None,
            tracing,
        )
        self.advance = Advance(
            store,
            lambda: self.policy,
            self.clock,
            self.metrics,
            lambda: self.waiting_for,
            self.dispatch.recheck,
        )
        self.stands: dict[str, Standing] = {}
        self.outages = Outages(
            store, lambda: self.policy, self.clock, lambda _: self.stands, lambda name: f"{name} is down"
        )
        self.maintain = Maintain(
            store,
            lambda: self.policy,
            lambda: 14 * 24 * 3600 * SECOND,
            lambda: self.deliver.in_hand,
            self.clock,
            self.metrics,
            self.deliver.wake,
        )
        self.use_channels()

    def use_channels(self) -> None:
        """Takes the policy's channels into use."""
        plans = self.policy.channels
        self.deliver.use(
            {
                target.name: (self.channels[target.name], plan)
                for plan in plans.values()
                for target in plan.targets
            }
        )

    def _told(self) -> None:
        self.due += 1

    def take(
        self, *bodies: Mapping[str, Any] | bytes, source: str = "hook", identity: str = ""
    ) -> list[Receipt]:
        """Receives bodies as one request and commits them."""
        envelopes = [
            Envelope(
                source,
                body if isinstance(body, bytes) else json.dumps(body).encode(),
                self.clock.now(),
                identity=identity or None,
            )
            for body in bodies
        ]
        answer = self.ingest.submit(envelopes)
        self.ingest.step()
        return answer.result(timeout=60)

    def send(self) -> None:
        """Sends everything that is due now, and settles it."""
        self.settle()
        self.deliver.wake(frozenset(self.channels))
        while self.deliver.step():
            self.settle()
            self.deliver.wake(frozenset(self.channels))

    def settle(self) -> None:
        """Settles all that is in hand."""
        while self.deliver.in_flight:
            self.deliver.wait_done(1.0)
            self.deliver.settle()

    def run(self) -> None:
        """Lets time act, dispatches and sends until nothing is due."""
        while self.advance.step() or self.dispatch.step():
            self.send()
        self.send()

    def deliveries(self, **which: Any) -> list[Delivery]:
        """Deliveries, oldest first."""
        return self.store.read(lambda unit: unit.deliveries(**which))[::-1]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store in a file."""
    opened = open_store(f"sqlite:///{tmp_path / 'state.db'}", deadline=60)
    yield opened
    opened.close()


MakePipeline = Callable[..., Pipeline]


@pytest.fixture
def make(store: Store) -> Iterator[MakePipeline]:
    """Makes a pipeline of rules and channels."""
    made: list[Pipeline] = []

    def pipeline(
        *rules: Rule, channels: tuple[ChannelPlan, ...] = (plan("oncall"),), sources: tuple[str, ...] = ()
    ) -> Pipeline:
        plans = {channel.name: channel for channel in channels}
        policy = make_policy(rules, plans, repr(rules), sources=sources)
        store.write(lambda unit: unit.keep_policy(policy.hash, policy.text, START))
        made.append(Pipeline(store, policy))
        return made[-1]

    yield pipeline
    for one in made:
        one.deliver.use({})


def rule(name: str = "failed", when: str | None = None, **keys: Any) -> Rule:
    """A rule that tells oncall of each alert alone."""
    given: dict[str, Any] = {"to": ("oncall",), "group_by": ()} | keys
    return Rule(name, Filter(when) if when else None, **given)


IMPATIENT = Patience(give_up_after=3600 * SECOND)


def wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    """Returns when it has come to that."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.01)

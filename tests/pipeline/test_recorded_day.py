"""A recorded day is told alike by the running loops on SQLite and by the engine on a virtual clock.

One seeded script has the events with the times of their receipt, silences, and when channels fail.
"""

import json
import os
import random
import time
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from router.config import load_rules
from router.config.targets import policy_alone
from router.core.case import Case, Expected, Given
from router.core.catalogue import EVENTS
from router.core.delivery import SECOND, Delivery, Outcome, Verdict
from router.core.event import Envelope
from router.core.filter import Filter
from router.core.message import Message
from router.core.mute.silence import Silence
from router.core.policy import Policy
from router.core.telling import Telling
from router.decoders import decode
from router.errors import Place
from router.pipeline import absences
from router.pipeline.rerun import recorded, rerun
from router.pipeline.tongue import Tongue
from router.pipeline.trial import try_case
from router.pipeline.virtual import TAKE_OVER_EVERY, VirtualRouter
from router.ports import Store
from router.storage import open_store
from router.storage.memory import MemoryStore
from tests.pipeline.conftest import START, Pipeline, ScriptedChannel

TORTURE = os.environ.get("ALERT_ROUTER_TORTURE") == "1"
EVENTS_OF_A_DAY = 100_000 if TORTURE else 200
SEED = 1
DAY = 86_400 * SECOND
HOUR = 3_600 * SECOND
RULES = """\
rules:
  - name: job-failed
    when: Event == 'OnJobFailed'
    severity: critical
    resolve_when: Event == 'OnJobFinished'
    send_resolved: true
    repeat_interval: 2h
    escalate: [{after: 15m, to: [boss]}]
    to: [oncall]
  - name: instance-failed
    when: Event == 'OnInstanceFailed' && ExitCode != `0`
    hold: 3m
    group_wait: 30s
    resolve_when: Event == 'OnInstanceFinished'
    inhibited_by: [{rule: job-failed, equal: [JobId]}]
    to: [team]
  - name: often
    when: Event == 'OnInstanceFailed'
    key: [Task]
    count: {at_least: 5, within: 2h}
    group_by: ['...']
    close_after: 1h
    to: [team, boss]
  - name: slow
    when: Event == 'OnJobRunning'
    expect: {event: Event == 'OnJobFinished', within: 40m}
    to: [oncall]
  - name: nightly
    when: Event == 'OnJobFinished' && JobId == 'job-3'
    absent: {every: "0 */6 * * *", grace: 10m}
    severity: critical
    to: [boss]
"""
KINDS = [
    "OnInstanceFailed",
    "OnInstanceFailed",
    "OnInstanceFinished",
    "OnJobFailed",
    "OnJobFinished",
    "OnJobRunning",
    # Most that happens on a day troubles nobody.
    *["OnInstanceRunning"] * 6,
]

#: A message as its reader had it: when, on which channel, why, and its text.
Heard = tuple[int, str, str, str, str]


@dataclass
class Script:
    """What happened."""

    envelopes: list[Envelope] = field(default_factory=list[Envelope])
    silences: list[Silence] = field(default_factory=list[Silence])
    outages: dict[str, list[tuple[int, int, Outcome]]] = field(
        default_factory=dict[str, list[tuple[int, int, Outcome]]]
    )

    def answer(self, delivery: Delivery, now: int) -> Verdict:
        """What the provider answers at that time."""
        for begins, ends, outcome in self.outages.get(delivery.channel, []):
            if begins <= now < ends:
                return Verdict(outcome, "out of order")
        return Verdict(Outcome.ACCEPTED, "ok", 200)


def script(seed: int, count: int) -> Script:
    """A day of that many events."""
    chance = random.Random(seed)
    made = Script()
    # Some come at equal times, as a batch of a queue does.
    times = sorted(START + chance.randrange(DAY // SECOND) * SECOND for _ in range(count))
    for number, at in enumerate(times):
        body: dict[str, Any] = EVENTS[chance.choice(KINDS)].sample()
        body["JobId"] = f"job-{chance.randrange(max(6, count // 40))}"
        if "ExitCode" in body:
            body |= {"InstanceId": str(chance.randrange(5)), "ExitCode": chance.choice(["0", "1", "137"])}
        made.envelopes.append(Envelope("hook", json.dumps(body).encode(), at, position=str(number)))
    for number in range(4):
        begins = START + chance.randrange(20) * HOUR
        matcher = Filter(f"ends_with(JobId, '{number}')")
        ends = begins + chance.randrange(1, 5) * HOUR
        made.silences.append(Silence(f"s{number}", matcher, begins, ends, "ann", "deploying", begins))
    for channel in ("oncall", "team", "boss"):
        begins = START + chance.randrange(20 * 60) * 60 * SECOND
        outcome = chance.choice([Outcome.UNREACHABLE, Outcome.THROTTLED])
        made.outages[channel] = [(begins, begins + chance.randrange(1, 30) * 60 * SECOND, outcome)]
    return made


def policy_of(folder: Path) -> Policy:
    """The rules above, alone."""
    file = folder / "rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    rules, findings = load_rules([file])
    assert findings == []
    return policy_alone(rules)


class Provider(ScriptedChannel):
    """Answers as the script says, and keeps what it accepted."""

    def __init__(self, script: Script, pipeline: Pipeline, heard: list[Heard]) -> None:
        super().__init__(concurrency=1)
        self._of_day = script
        self._pipeline = pipeline
        self._heard = heard

    def send(self, message: Message, delivery: Delivery) -> Verdict:
        """See :class:`router.ports.Channel`."""
        now = self._pipeline.clock.now()
        verdict = self._of_day.answer(delivery, now)
        if verdict.outcome is Outcome.ACCEPTED:
            reason = str(message.data["reason"])
            self._heard.append((now, delivery.channel, reason, message.title, message.body))
        return verdict


class Running:
    """The loops of a running router on a real store; only the clock is ours."""

    def __init__(self, store: Store, policy: Policy, day: Script) -> None:
        store.write(lambda unit: unit.keep_policy(policy.hash, policy.text, START))
        self._pipeline = Pipeline(store, policy, at_once=True)
        self._store = store
        self._looked_at = START
        self._change: int | None = START
        self.heard: list[Heard] = []
        for name in self._pipeline.channels:
            self._pipeline.channels[name] = Provider(day, self._pipeline, self.heard)
        self._pipeline.use_channels()
        store.write(lambda unit: absences.install(unit, policy, START))
        store.write(lambda unit: unit.put_silences(day.silences))

    def run(self, envelopes: Sequence[Envelope], until: int) -> None:
        """Each event at its time, and everything else at its own."""
        began = time.monotonic()
        for number, envelope in enumerate(envelopes, 1):
            self._move_to(envelope.received_at, included=False)
            self._pipeline.clock.at = envelope.received_at
            answer = self._pipeline.ingest.submit([envelope])
            self._pipeline.ingest.step()
            answer.result(timeout=60)
            self._act()
            show("loops", began, number)
        self._move_to(until, included=True)
        self._pipeline.deliver.use({})

    def _move_to(self, until: int, *, included: bool) -> None:
        while (moment := self._next()) is not None and (moment < until or (included and moment == until)):
            self._pipeline.clock.at = max(moment, self._pipeline.clock.at)
            if self._look_at() <= self._pipeline.clock.at:
                self._maintain()
            self._act()

    def _next(self) -> int | None:
        now = self._pipeline.clock.at
        again = self._pipeline.deliver.again.values()
        look = [self._look_at()] if again else []
        change = [self._change] if self._change is not None else []
        return min([at for at in again if at > now] + change + look, default=None)

    def _look_at(self) -> int:
        return self._looked_at + TAKE_OVER_EVERY - self._looked_at % TAKE_OVER_EVERY

    def _maintain(self) -> None:
        self._looked_at = self._pipeline.clock.at
        left_alone = self._pipeline.deliver.left_alone()
        self._pipeline.maintain.take_over(left_alone)
        self._pipeline.maintain.give_up(left_alone)
        self._pipeline.maintain.tell_overdue()
        # The loop looks at all targets within seconds: something else may be the first of its lane now.
        self._pipeline.deliver.wake(frozenset(self._pipeline.channels))

    def _act(self) -> None:
        """What the loops do when something is due; none of them looks when nothing is, here as there."""
        while self._send() or self._tell():
            pass

    def _tell(self) -> int:
        self._change = self._store.read(lambda unit: unit.next_change(()))
        if self._change is None or self._change > self._pipeline.clock.at:
            return 0
        return self._pipeline.advance.step() or self._pipeline.dispatch.step()

    def _send(self) -> int:
        deliver, now = self._pipeline.deliver, self._pipeline.clock.at
        deliver.wake(frozenset(target for target, at in deliver.again.items() if at <= now))
        claimed = deliver.step()
        self._pipeline.settle()
        return claimed


def diary(heard: Sequence[Heard]) -> list[Heard]:
    """In one order: what is told at the same moment leaves through senders of its own."""
    return sorted(heard)


def heard_of(told: Sequence[Telling]) -> list[Heard]:
    return [(one.at, one.channel, one.reason.value, one.message.title, one.message.body) for one in told]


def show(way: str, began: float, taken: int) -> None:
    """How far a whole day is: it takes long."""
    if TORTURE and taken % (EVENTS_OF_A_DAY // 20) == 0:
        print(
            f"{way}: {taken:,} of {EVENTS_OF_A_DAY:,} events in {time.monotonic() - began:.0f} s", flush=True
        )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store that may take its time: what is compared is virtual."""
    opened = open_store(f"sqlite:///{tmp_path / 'state.db'}", deadline=120)
    yield opened
    opened.close()


@pytest.mark.slow
def test_a_day_is_told_alike_by_the_loops_and_on_a_virtual_clock(store: Store, tmp_path: Path) -> None:
    """The same times, channels, reasons and texts, with silences and channels that fail."""
    day, policy, until = script(SEED, EVENTS_OF_A_DAY), policy_of(tmp_path), START + DAY
    running = Running(store, policy, day)
    running.run(day.envelopes, until)
    heard = diary(running.heard)
    # As a test of rules takes them: one by one.
    virtual = VirtualRouter(MemoryStore(), policy, decode, START, answer=day.answer)
    virtual.store.write(lambda unit: unit.put_silences(day.silences))
    began = time.monotonic()
    for number, envelope in enumerate(day.envelopes, 1):
        virtual.move_to(envelope.received_at)
        virtual.take([envelope])
        show("one by one", began, number)
    virtual.run_until(until)
    told = heard_of(virtual.told())
    assert bisect([at for at, *_ in told], until) == len(told)
    assert diary(told) == heard
    alerts = virtual.store.read(lambda unit: unit.list_alerts(limit=EVENTS_OF_A_DAY))
    assert {"inhibited", "silenced"} <= {alert.muted_by.partition(" ")[0] for alert in alerts}
    reasons = {reason for _, _, reason, _, _ in told}
    assert {"first", "escalation", "resolved", "repeat"} <= reasons
    # As `plan` and `replay` take them: as the store kept them, those of a moment together.
    _, envelopes, silences, _ = recorded(store, START, 2 * EVENTS_OF_A_DAY)
    assert len(envelopes) == EVENTS_OF_A_DAY
    again = rerun(
        envelopes, policy, decode, MemoryStore(), Tongue(), START, until, silences, answer=day.answer
    )
    assert diary(heard_of(again)) == heard


def test_a_day_written_as_a_test_of_rules_is_the_day_itself(tmp_path: Path) -> None:
    """What ``test`` runs tells as what ``plan`` and ``replay`` run."""
    day, policy, until = script(3, 200), policy_of(tmp_path), START + DAY
    given = tuple(
        Given(one.received_at - START, json.loads(one.body), source="hook") for one in day.envelopes
    )
    place = Place("rules.yaml", 1, 1)
    case = Case("a day", "slow", place, given, (Expected(DAY, place),), START)
    tried = try_case(case, policy, decode, MemoryStore(), Tongue(), lambda _, __: "")
    told = rerun(day.envelopes, policy, decode, MemoryStore(), Tongue(), START, until)
    assert diary(heard_of(tried.told)) == diary(heard_of(told)) != []

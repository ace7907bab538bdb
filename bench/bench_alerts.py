"""Alerts: what ten thousand failures cost, how often they are told, and what a virtual clock costs."""

import json
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.table import Row
from bench.timing import cpu_seconds, in_turn, ratio
from router import telemetry
from router.core.changed import changed
from router.core.delivery import SECOND
from router.core.event import Envelope
from router.core.filter import Filter
from router.core.policy import ChannelPlan, Policy, Target, make_policy
from router.core.rule import Inhibition, Rule
from router.core.telling import Telling
from router.decoders import decode
from router.pipeline.advance import Advance
from router.pipeline.dispatch import Dispatch
from router.pipeline.ingest import Ingest
from router.pipeline.rerun import rerun
from router.pipeline.tongue import Tongue
from router.pipeline.virtual import VirtualClock
from router.ports import Store, Unit
from router.storage import open_store
from router.storage.memory import MemoryStore

TITLE = "alerts: an instance's failure each, 64 a batch, SQLite"
BATCH = 64
START = 1_800_000_000 * SECOND
MINUTE = 60 * SECOND
CHANNEL = ChannelPlan("oncall", (Target("oncall/1", "webhook"),))
FAILED = "Event == 'OnInstanceFailed' && ExitCode != `0`"


def run(quick: bool) -> list[Row]:
    """Quick: 2,000 events and three rounds; else 10,000 and five."""
    count, rounds = (2_000, 3) if quick else (10_000, 5)
    return [*_throughput(count, rounds), *_sizes(10 * rounds), *_tellings(), *_virtual(count)]


def envelopes(count: int, jobs: int, lasts: int = MINUTE) -> list[Envelope]:
    """Failures of instances, evenly over that time, in turn of that many jobs."""

    def body(number: int) -> bytes:
        event = {
            "Category": "Job",
            "Event": "OnInstanceFailed",
            "JobId": f"job-{number % jobs:028d}",
            "Task": "work",
            "InstanceId": str(number // jobs),
            "State": "Failed",
            "ExitCode": ["137", "1", "139", "2"][number % 10 // 3],
            "ErrorMessage": f"worker {number} failed",
        }
        return json.dumps(event).encode()

    return [Envelope("hook", body(n), START + lasts * n // count, position=str(n)) for n in range(count)]


def _policy(when: str = FAILED) -> Policy:
    rule = Rule("failed", Filter(when), to=("oncall",))
    return make_policy([rule], {"oncall": CHANNEL}, "bench")


def _policy_of_none() -> Policy:
    """Each event an alert of its own that fires in no group."""
    return make_policy([Rule("failed", Filter(FAILED))], {"oncall": CHANNEL}, "bench")


def _policy_of_storm() -> Policy:
    """As the shipped rules have it: an instance's failure is muted while its job's fires."""
    by_job = Inhibition("job-failed", (Filter("JobId"),))
    job = Rule("job-failed", Filter("Event == 'OnJobFailed'"), to=("oncall",))
    rule = Rule("failed", Filter(FAILED), to=("oncall",), inhibited_by=(by_job,))
    return make_policy([job, rule], {"oncall": CHANNEL}, "bench")


def _policy_of_ones() -> Policy:
    """Each event an alert, a group and a notification of its own, told at once."""
    rule = Rule("failed", Filter(FAILED), to=("oncall",), key=(), group_by=())
    return make_policy([rule], {"oncall": replace(CHANNEL, storm=None)}, "bench")


def _throughput(count: int, rounds: int) -> list[Row]:
    plain, without, one, many, storm, ones = (
        _Work(envelopes(count, jobs), policy)
        for jobs, policy in (
            (1, _policy("Event == 'OnJobFailed'")),
            (count // 10, _policy_of_none()),
            (1, _policy()),
            (count // 10, _policy()),
            (count, _policy_of_storm()),
            (count, _policy_of_ones()),
        )
    )
    unmatched, ungrouped, grouped, scattered, stormed, alone = in_turn(
        rounds, plain, without, one, many, storm, ones
    )
    rows = [
        Row("without a match: an event, CPU", _each(unmatched, count)),
        Row("alerts in no group: an event, CPU", _each(ungrouped, count)),
    ]
    for name, seconds in (("all of one job", grouped), ("ten of each job", scattered)):
        share = 1 / ratio(seconds, ungrouped)
        goal, met = "at least 40 %", share >= 0.4
        rows.append(Row(f"{name}: against alerts in no group", f"{share:.0%}", goal, met))
        rows.append(Row(f"{name}: against no match", f"{1 / ratio(seconds, unmatched):.0%}"))
        rows.append(Row(f"{name}: an event, CPU", _each(seconds, count)))
    rows.append(Row("each of a job of its own, told by a storm: an event, CPU", _each(stormed, count)))
    return [*rows, Row("each told alone: an event to its message in the outbox, CPU", _each(alone, count))]


def _each(seconds: Sequence[float], count: int) -> str:
    return f"{min(seconds) / count * 1e6:.0f} µs"


class _Work:
    """Events through intake, time and telling, on a store of its own each time."""

    def __init__(self, taken: Sequence[Envelope], policy: Policy) -> None:
        self._taken = taken
        self._policy = policy

    def __call__(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            store = open_store(f"sqlite:///{Path(name) / 'state.db'}")
            store.write(lambda unit: unit.keep_policy(self._policy.hash, self._policy.text, START))
            clock, metrics, tongue = VirtualClock(START), telemetry.Metrics(), Tongue()
            ingest = Ingest(store, decode, lambda: self._policy, clock, metrics, lambda _: None)
            dispatch = Dispatch(store, lambda: self._policy, lambda: tongue, clock, metrics, lambda _: None)
            advance = Advance(store, lambda: self._policy, clock, metrics, lambda: (), dispatch.recheck)
            for start in range(0, len(self._taken), BATCH):
                some = self._taken[start : start + BATCH]
                clock.at = some[-1].received_at
                ingest.submit(some)
                ingest.step()
                while advance.step() or dispatch.step():
                    pass
            store.close()


def _sizes(rounds: int) -> list[Row]:
    """What a group costs does not grow with its alerts, also where each of them may be muted."""
    with tempfile.TemporaryDirectory() as name:
        store = open_store(f"sqlite:///{Path(name) / 'state.db'}", deadline=600)
        large, small = _Groups(store, rounds).compared()
        store.close()
    name = "a group of 100,000 alerts against one of 10"
    return [
        _size(f"{name}: an event more, CPU", large.adding, small.adding),
        _size(f"{name}: its digest, CPU", large.telling, small.telling),
        _size(f"{name}: memory for both", large.memory, small.memory),
    ]


def _size(name: str, large: Sequence[float], small: Sequence[float]) -> Row:
    times = ratio(large, small)
    return Row(name, f"{times:.2f} times", "at most 1.5 times", times <= 1.5)


@dataclass
class _Costs:
    """CPU seconds of each round, and the most bytes of one."""

    adding: list[float] = field(default_factory=list[float])
    telling: list[float] = field(default_factory=list[float])
    memory: list[float] = field(default_factory=list[float])


class _Groups:
    """A group of 100,000 alerts and small ones of ten in one store, all told; their rule is inhibited."""

    def __init__(self, store: Store, rounds: int) -> None:
        self._store = store
        inhibited = Inhibition("job-failed", (Filter("JobId"),))
        rules = [
            Rule("failed", Filter(FAILED), to=("oncall",), group_interval=SECOND, inhibited_by=(inhibited,)),
            Rule("job-failed", Filter("Event == 'OnJobFailed'"), to=("oncall",)),
        ]
        policy = make_policy(rules, {"oncall": replace(CHANNEL, storm=None)}, "bench")
        store.write(lambda unit: unit.keep_policy(policy.hash, policy.text, START))
        self._clock, metrics, tongue = VirtualClock(START), telemetry.Metrics(), Tongue()
        self._ingest = Ingest(store, decode, lambda: policy, self._clock, metrics, lambda _: None)
        self._dispatch = Dispatch(store, lambda: policy, lambda: tongue, self._clock, metrics, lambda _: None)
        self._rounds = range(rounds + 1)
        for job in ("large", *(f"small-{n}" for n in self._rounds)):
            for number in range(10):
                self._take(job, number)
        while self._dispatch.step():
            pass
        store.write(self._grow)

    def _take(self, job: str, number: int) -> None:
        one = envelopes(number + 1, 1)[number]
        body = one.body.replace(b"job-" + 28 * b"0", job.encode())
        self._ingest.submit([replace(one, body=body, received_at=self._clock.at, position=f"{job} {number}")])
        self._ingest.step()

    def _grow(self, unit: Unit) -> None:
        """The large one has 100,000 alerts, as if each had come by an event of its own."""
        first = next(one for one in unit.list_alerts(limit=10_000) if "large" in one.key)
        [group] = unit.groups([seat.group_id for seat in first.seats])
        more = [changed(first, id=f"{first.id[:10]}{n:016x}", slot=f"k-{n}") for n in range(100_000 - 10)]
        [(rule, tally)] = group.tallies.items()
        unit.put_alerts(more)
        unit.join_groups([(group.id, one.id) for one in more])
        unit.put_groups([changed(group, alerts=100_000, tallies={rule: tally._replace(open=100_000)})])

    def compared(self) -> tuple[_Costs, _Costs]:
        """An event more and its digest, for the large one and for another of ten in turn."""
        large, small = _Costs(), _Costs()
        for number in self._rounds:
            # What is traced is slow: the last round has the memory, the others the times.
            traced = number == self._rounds[-1]
            self._add_and_tell("large", 10 + number, large, traced=traced)
            self._add_and_tell(f"small-{number}", 10, small, traced=traced)
        return large, small

    def _add_and_tell(self, job: str, number: int, costs: _Costs, *, traced: bool) -> None:
        self._clock.at += 2 * SECOND
        if not traced:
            costs.adding.append(cpu_seconds(lambda: self._take(job, number)))
            costs.telling.append(cpu_seconds(self._dispatch.step))
            return
        tracemalloc.start()
        self._take(job, number)
        self._dispatch.step()
        costs.memory.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


def _told(taken: Sequence[Envelope], lasts: int) -> list[Telling]:
    return rerun(taken, _policy(), decode, MemoryStore(), Tongue(), START, START + lasts)


def _tellings() -> list[Row]:
    one = _told(envelopes(10_000, 1), 30 * MINUTE)
    first = [told for told in one if told.at < START + MINUTE]
    many = [told for told in _told(envelopes(10_000, 1_000), 5 * MINUTE) if told.at < START + 5 * MINUTE]
    digests = Counter((told.at - START) // (5 * MINUTE) for told in one[1:])
    most = max(digests.values(), default=0)
    says = "10000" in f"{one[-1].message.title} {one[-1].message.body}".replace(",", "")
    return [
        Row("10,000 of one job in a minute: pages in it", f"{len(first)}", "1", len(first) == 1),
        Row("then digests in each five minutes", f"{most}", "at most 1", most <= 1),
        Row("the last says", "10,000" if says else one[-1].message.title, "10,000", says),
        Row("1,000 jobs of ten: messages in five minutes", f"{len(many)}", "at most 12", len(many) <= 12),
    ]


def _virtual(count: int) -> list[Row]:
    begun = time.process_time()
    _told(envelopes(10_000, 1), 30 * MINUTE)
    test = time.process_time() - begun
    spread = envelopes(count, count // 10, 24 * 60 * MINUTE)
    begun = time.process_time()
    _told(spread, 24 * 60 * MINUTE)
    day = (time.process_time() - begun) / count
    return [
        Row("a test of 10,000 events on a virtual clock, CPU", f"{test:.1f} s", "at most 2 s", test <= 2),
        Row("a recorded day, ten of each job: an event", f"{day * 1e6:.0f} µs"),
    ]

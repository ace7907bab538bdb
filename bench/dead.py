"""What a target that fails costs the others: the same messages to a good one, alone and beside it."""

import multiprocessing
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.bench_alerts import FAILED, envelopes
from bench.local import BUSY, OK, serve
from bench.table import Row
from router import telemetry
from router.channels import ChannelSpec, make_channel
from router.core.delivery import Delivery, Verdict
from router.core.filter import Filter
from router.core.message import Message
from router.core.policy import ChannelPlan, Policy, Target, make_policy
from router.core.rule import Rule
from router.decoders import decode
from router.pipeline.deliver import Deliver
from router.pipeline.dispatch import Dispatch
from router.pipeline.ingest import Ingest
from router.pipeline.tongue import Tongue
from router.ports import Channel, Store
from router.storage import open_store

_SPAWN = multiprocessing.get_context("spawn")
_ALONE = "alone"
GOAL = 0.9


def others(quick: bool) -> list[Row]:
    """The good target's messages a second beside one that is dead, hangs or says "too fast"."""
    count, rounds = (200, 3) if quick else (1000, 5)
    telemetry.set_up_logs(level="ERROR")
    servers = {OK: _server(OK), b"": _server(b""), BUSY: _server(BUSY)}
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        ports = {
            _ALONE: None,
            "that is dead": held.getsockname()[1],
            "that hangs": servers[b""][0],
            "that says 429": servers[BUSY][0],
        }
        rates: dict[str, list[float]] = {name: [] for name in ports}
        for _ in range(rounds):
            for name, port in ports.items():
                rates[name].append(_rate(servers[OK][0], port, count))
    for _, process in servers.values():
        process.terminate()
    alone = rates.pop(_ALONE)
    rows = [Row("deliver: messages to one target, alone", f"{statistics.median(alone):6.0f} a second")]
    for name, found in rates.items():
        ratio = statistics.median(one / other for one, other in zip(found, alone, strict=True))
        rows.append(
            Row(f"deliver: beside one {name}", f"{ratio:6.2f} times as many", f">= {GOAL:g}", ratio >= GOAL)
        )
    return rows


def _server(answer: bytes) -> tuple[int, multiprocessing.process.BaseProcess]:
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=serve, args=(there, None, answer), daemon=True)
    process.start()
    return here.recv(), process


class _Clock:
    def now(self) -> int:
        return time.time_ns() // 1000


class _Counted:
    """A channel that says when it has sent so many."""

    def __init__(self, channel: Channel, count: int) -> None:
        self.kind, self.concurrency = channel.kind, channel.concurrency
        self.all_sent = threading.Event()
        self._channel = channel
        self._left = count
        self._lock = threading.Lock()

    def send(self, message: Message, delivery: Delivery) -> Verdict:
        verdict = self._channel.send(message, delivery)
        with self._lock:
            self._left -= 1
            if not self._left:
                self.all_sent.set()
        return verdict

    def close(self) -> None:
        self._channel.close()


def _rate(good: int, bad: int | None, count: int) -> float:
    """Messages a second to the good target, from an outbox that is full."""
    ports = {"good": good} | ({"bad": bad} if bad else {})
    plans = {name: ChannelPlan(name, (Target(f"{name}/1", "webhook"),), storm=None) for name in ports}
    rule = Rule("failed", Filter(FAILED), to=tuple(ports), key=(), group_by=())
    policy = make_policy([rule], plans, "bench")
    clock = _Clock()
    specs = {n: ChannelSpec(f"{n}/1", f"json://127.0.0.1:{port}/", "webhook") for n, port in ports.items()}
    channels: dict[str, Channel] = {name: make_channel(spec, clock.now) for name, spec in specs.items()}
    counted = channels["good"] = _Counted(channels["good"], count)
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'bench.db'}")
        deliver = _filled(store, policy, clock, count)
        deliver.use({f"{name}/1": (channels[name], plans[name]) for name in ports})
        took = _timed(deliver, counted.all_sent)
        store.close()
    return count / took


def _filled(store: Store, policy: Policy, clock: _Clock, count: int) -> Deliver:
    metrics = telemetry.Metrics()
    deliver = Deliver(store, "bench", lambda: policy, clock, metrics, lambda: None)
    ingest = Ingest(store, decode, lambda: policy, clock, metrics, lambda: None)
    dispatch = Dispatch(store, lambda: policy, Tongue, clock, metrics, lambda _: None)
    now = clock.now()
    store.write(lambda unit: unit.keep_policy(policy.hash, policy.text, now))
    taken = [replace(envelope, received_at=now) for envelope in envelopes(count, count)]
    for at in range(0, count, 64):
        ingest.submit(taken[at : at + 64])
        ingest.step()
    while dispatch.step():
        pass
    return deliver


def _timed(deliver: Deliver, all_sent: threading.Event) -> float:
    over = threading.Event()

    def loop(step: Callable[[], int], wait: Callable[[], None]) -> None:
        while not over.is_set():
            if not step():
                wait()

    loops = [
        threading.Thread(target=loop, args=(deliver.step, deliver.wait)),
        threading.Thread(target=loop, args=(deliver.settle, lambda: deliver.wait_done(0.1))),
    ]
    begun = time.perf_counter()
    for thread in loops:
        thread.start()
    if not all_sent.wait(300):
        raise RuntimeError("the good target was not told in five minutes")
    took = time.perf_counter() - begun
    over.set()
    deliver.stop_claiming()
    for thread in loops:
        thread.join()
    return took

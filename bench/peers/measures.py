"""What is measured of a side: what it takes and tells, how soon, its memory, and what a kill loses."""

import asyncio
import gc
import statistics
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.peers import load
from bench.peers.load import Sent, Sink
from bench.peers.sides import Alertmanager, Ours, Side, batches, cpu_of, rss_of

Kind = type[Ours] | type[Alertmanager]
_WARM_UP = 64


@dataclass(frozen=True, slots=True)
class Flow:
    """What a side did with a number of events.

    Args:
        accepted: events a second, to the last answer.
        told: events a second, to the last that reached the sink.
        cpu: milliseconds of CPU for each.
        median: milliseconds from a request's first byte to the sink.
        slowest: the same, the 99th of 100.
    """

    accepted: float
    told: float
    cpu: float
    median: float
    slowest: float


@dataclass(frozen=True, slots=True)
class Lost:
    """What was never told after a kill, and what was told twice."""

    lost: int
    again: int


@contextmanager
def _quiet() -> Generator[None]:
    """Without the generator's own collector of garbage."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class BehindError(Exception):
    """A side did not tell all of its events in time."""


def flow(kind: Kind, rules: int, count: int, per_request: int) -> Flow:
    """As fast as it goes, over 8 connections, or 4 with many events a request.

    Raises:
        BehindError: not all was told within two minutes.
    """
    with tempfile.TemporaryDirectory() as folder, _quiet():
        return asyncio.run(_flow(kind, Path(folder), rules, count, per_request))


def paced(kind: Kind, rules: int, count: int, rate: int) -> Flow | None:
    """At so many events a second, one a request; None where the side does not keep up."""
    try:
        with tempfile.TemporaryDirectory() as folder, _quiet():
            return asyncio.run(_flow(kind, Path(folder), rules, count, 1, rate))
    except (load.RefusedError, BehindError):
        return None


async def _flow(kind: Kind, folder: Path, rules: int, count: int, per_request: int, rate: int = 0) -> Flow:
    sink = Sink()
    await sink.open()
    side = kind(folder, sink.port, rules)
    try:
        await _pour(side, sink, 0, _WARM_UP, 1, rules)
        made = list(batches(side, _WARM_UP, count, per_request, rules))
        cpu = cpu_of(side.pid)
        if rate:
            sent = await load.pace(side.port, side.path, made, rate)
        else:
            sent = await load.pour(side.port, side.path, made, 8 if per_request == 1 else 4)
        seqs = range(_WARM_UP, _WARM_UP + count)
        if not await sink.wait_for(seqs, 120):
            raise BehindError(f"{kind.name} told {len(sink.told)} of {count} in time")
        return _as_flow(sent, sink, seqs, cpu_of(side.pid) - cpu)
    finally:
        side.stop()
        sink.close()


def _as_flow(sent: Sent, sink: Sink, seqs: range, cpu: float) -> Flow:
    began = min(sent.begun.values())
    delays = [1000 * (sink.told[seq] - sent.begun[seq]) for seq in seqs]
    return Flow(
        len(seqs) / (max(sent.answered.values()) - began),
        len(seqs) / (max(sink.told[seq] for seq in seqs) - began),
        1000 * cpu / len(seqs),
        statistics.median(delays),
        statistics.quantiles(delays, n=100)[98],
    )


async def _pour(side: Side, sink: Sink, first: int, count: int, per_request: int, rules: int) -> Sent:
    made = batches(side, first, count, per_request, rules)
    sent = await load.pour(side.port, side.path, made, 8 if per_request == 1 else 4)
    await sink.wait_for(range(first, first + count), 600)
    return sent


def memory(kind: Kind, count: int) -> float:
    """Megabytes after so many alerts that are open, all of them told."""
    with tempfile.TemporaryDirectory() as folder, _quiet():
        return asyncio.run(_memory(kind, Path(folder), count))


async def _memory(kind: Kind, folder: Path, count: int) -> float:
    sink = Sink()
    await sink.open()
    side = kind(folder, sink.port, 1)
    try:
        await _pour(side, sink, 0, count, 64, 1)
        return rss_of(side.pid)
    finally:
        side.stop()
        sink.close()


def killed(kind: Kind, count: int, per_request: int, *, down: bool) -> Lost:
    """SIGKILL at the last answer, and a new process on the same data.

    Args:
        down: the sink refuses everything until the kill.
    """
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_killed(kind, Path(folder), count, per_request, down))


async def _killed(kind: Kind, folder: Path, count: int, per_request: int, down: bool) -> Lost:
    sink = Sink(down=down)
    await sink.open()
    side = kind(folder, sink.port, 1)
    made = batches(side, 0, count, per_request, 1)
    await load.pour(side.port, side.path, made, 8 if per_request == 1 else 4)
    side.kill()
    sink.down = False
    side = await asyncio.to_thread(kind, folder, sink.port, 1)
    try:
        await sink.wait_for(range(count), 30 if isinstance(side, Ours) else 15)
        return Lost(count - len(sink.told), sink.again)
    finally:
        side.stop()
        sink.close()

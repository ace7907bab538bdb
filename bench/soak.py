"""A day in an hour: events, reloads and page views on the real process; does its memory stay?"""

import argparse
import http.client
import itertools
import json
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.table import Row, show
from tests.acceptance.harness import Process, Sink, sample, write_config

TITLE = "soak: a day's events, reloads and page views"
EVENTS = 1_000_000
QUICK = 40_000
#: Events for one reload and for one page view.
RELOAD_EVERY, VIEW_EVERY = 200, 10
BATCH = 100
STEPS = 100
MOST_GROWTH = 0.10
MOST_CHANGE = 2
PATHS = (
    *("/", "/events", "/events?name=OnInstanceFailed", "/alerts", "/deliveries", "/rules"),
    *("/rules/failed", "/silences", "/health", "/metrics", "/v1/status", "/v1/events?limit=50"),
    *("/v1/alerts", "/v1/deliveries", "/v1/top", "/v1/books"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process holds after some of the events."""

    events: int
    seconds: float
    rss: int
    fds: int
    threads: int
    outbox: int


def main(words: Sequence[str]) -> int:
    """``[--quick] [--events N]``; exit status 1 when something grew."""
    parser = argparse.ArgumentParser(prog="python -m bench soak", description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} events: about two minutes")
    parser.add_argument("--events", type=_size, help=f"how many, at least 10,000 (default {EVENTS:,})")
    asked = parser.parse_args(words)
    samples = _soaked(asked.events or (QUICK if asked.quick else EVENTS))
    rows = verdict(samples)
    show(TITLE, rows)
    return 1 if any(row.met is False for row in rows) else 0


def _size(word: str) -> int:
    size = int(word)
    if size < STEPS * BATCH:
        raise argparse.ArgumentTypeError(f"at least {STEPS * BATCH:,}, so that each percent is a batch")
    return size


def verdict(samples: Sequence[Sample]) -> list[Row]:
    """The end against what stood after the first tenth."""
    first, last = samples[len(samples) // 10 - 1], samples[-1]
    growth = last.rss / first.rss - 1
    minutes = EVENTS / last.events * last.seconds / 60
    rate = f"{last.events / last.seconds:.0f} a second; {EVENTS:,} take {minutes:.0f} min"
    return [
        Row("events, with their reloads and views", rate),
        Row(
            "memory (RSS) at the end against after the first tenth",
            f"{growth:+.1%}",
            f"within {MOST_GROWTH:.0%}",
            abs(last.rss - first.rss) <= MOST_GROWTH * first.rss,
        ),
        _constant("open files", first.fds, last.fds),
        _constant("threads", first.threads, last.threads),
    ]


def _constant(name: str, first: int, last: int) -> Row:
    return Row(name, f"{first} to {last}", f"±{MOST_CHANGE}", abs(last - first) <= MOST_CHANGE)


def _line(one: Sample) -> Row:
    held = (
        f"{one.rss / 1e6:.1f} MB, {one.fds} files, {one.threads} threads, {one.outbox} targets with an outbox"
    )
    return Row(f"{one.events:,} events, {one.seconds:.0f} s", held)


# the day


def _soaked(count: int) -> list[Sample]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sink = Sink(folder)
        try:
            channel = {"url": sink.url("oncall"), "storm": "off"}
            config = write_config(folder, {"oncall": channel}, rules(0), retention="1m")
            process = Process(config)
            try:
                return list(_sampled(process, folder, count))
            finally:
                process.terminate()
        finally:
            sink.close()


def _sampled(process: Process, folder: Path, count: int) -> Iterator[Sample]:
    client = _Client(process, folder)
    watched, began = psutil.Process(process.popen.pid), time.monotonic()
    for step in range(1, STEPS + 1):
        while client.sent < count * step // STEPS:
            client.batch()
        outbox = client.settled()
        seconds = time.monotonic() - began
        memory = watched.memory_info().rss
        taken = Sample(client.sent, seconds, memory, watched.num_fds(), watched.num_threads(), outbox)
        if step % 10 == 0:
            print(f"{step} %: {_line(taken).name}, {_line(taken).value}", flush=True)
        yield taken


class _Client:
    """Posts, reloads and looks, one after the other on one connection."""

    def __init__(self, process: Process, folder: Path) -> None:
        self._process, self._rules = process, folder / "rules.yaml"
        self._connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
        self._paths = itertools.cycle(PATHS)
        self._reloads = 0
        self.sent = 0

    def batch(self) -> None:
        """A batch, and the reloads and views that are due after it."""
        self._ask("POST", "/v1/events/hook", json.dumps(events(self.sent, BATCH)))
        self.sent += BATCH
        if self.sent % RELOAD_EVERY == 0:
            self._reload()
        for _ in range(BATCH // VIEW_EVERY):
            self._ask("GET", next(self._paths))

    def settled(self) -> int:
        """What is in the outbox once it is empty, or after a minute."""
        ends = time.monotonic() + 60
        while (left := json.loads(self._ask("GET", "/v1/status"))["outbox"]) and time.monotonic() < ends:
            time.sleep(0.05)
        return len(left)

    def _reload(self) -> None:
        self._reloads += 1
        self._rules.write_text(json.dumps({"rules": rules(self._reloads % 2)}), encoding="utf-8")
        if self._reloads % 10 == 0:
            self._process.popen.send_signal(signal.SIGHUP)
            return
        answer = json.loads(self._ask("POST", "/-/reload"))
        if not answer["reloaded"]:
            raise AssertionError(f"not reloaded: {answer['faults']}")

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        self._connection.request(method, path, body)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return content


def rules(version: int) -> list[dict[str, Any]]:
    """Groups, hold, resolve and expect, and forty more whose filters differ by version."""
    failed, finished = "Event == 'OnInstanceFailed'", "Event == 'OnInstanceFinished'"
    told = {"to": ["oncall"], "group_by": ["JobId"], "group_interval": "1m"}
    others = [
        {"name": f"other-{n}", "when": f"JobName == 'v{version}-{n}' && starts_with(JobId, 'x{n}')", **told}
        for n in range(40)
    ]
    return [
        {
            "name": "failed",
            "when": f"{failed} && starts_with(JobId, 'job-')",
            "resolve_when": finished,
            **told,
        },
        {
            "name": "held",
            "when": f"{failed} && starts_with(JobId, 'held-')",
            "resolve_when": finished,
            "hold": "2s",
            **told,
        },
        {
            "name": "late",
            "when": "Event == 'OnJobRunning'",
            "expect": {"event": "Event == 'OnJobFinished'", "within": "2s"},
            "to": ["oncall"],
        },
        *others,
    ]


def events(first: int, count: int) -> list[dict[str, Any]]:
    """A job of a hundred: it runs, an instance fails and heals; every tenth job does not end."""
    return [_event(number) for number in range(first, first + count)]


def _event(number: int) -> dict[str, Any]:
    job, place = divmod(number, 100)
    name = {0: "OnJobRunning", 1: "OnInstanceFailed", 99: "OnJobFinished"}.get(place, "OnInstanceFinished")
    if place == 99 and job % 10 == 0:
        name = "OnInstanceFinished"
    fields: dict[str, Any] = {"JobId": f"{'held' if job % 2 else 'job'}-{job:08d}"}
    if "Job" in name:
        fields["JobName"] = "nightly"
    if "Instance" in name:
        fields |= {"InstanceId": str(1 if place == 50 else place), "ExitCode": "137" if place == 1 else "0"}
    return sample(name, **fields)

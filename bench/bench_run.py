"""The whole process: memory at rest, time to ready, time from the POST to the receiver."""

import http.client
import json
import statistics
import tempfile
import time
from pathlib import Path

from bench.table import Row
from tests.acceptance.harness import Process, Sink, sample, write_config

TITLE = "run: ten rules, four channels, an idle machine"
IDLE_SECONDS = 30
MILLION = 1_000_000


def run(quick: bool) -> list[Row]:
    """Starts the real process five times; posts to the last."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sink = Sink(folder)
        try:
            return _measured(folder, sink, quick)
        finally:
            sink.close()


def _measured(folder: Path, sink: Sink, quick: bool) -> list[Row]:
    config = write_config(folder, _channels(sink), _rules())
    ready: list[float] = []
    for _ in range(4):
        process = Process(config)
        ready.append(process.ready_after)
        process.terminate()
    process = Process(config)
    ready.append(process.ready_after)
    time.sleep(2 if quick else IDLE_SECONDS)
    memory = process.rss
    acknowledged, received = _latencies(process, sink, 50 if quick else 300)
    process.terminate()
    return [
        _row("memory at rest (VmRSS)", memory / MILLION, "MB", 120),
        _row("ready after its start, median of 5", statistics.median(ready), "s", 2),
        _row("POST to the receiver, median", statistics.median(received), "ms", 25),
        Row("POST to the receiver, 99th of 100", f"{statistics.quantiles(received, n=100)[98]:.1f} ms"),
        Row("POST to its answer, median", f"{statistics.median(acknowledged):.1f} ms"),
    ]


def _row(name: str, value: float, unit: str, most: float) -> Row:
    return Row(name, f"{value:.1f} {unit}", f"at most {most} {unit}", value <= most)


def _channels(sink: Sink) -> dict[str, dict[str, str]]:
    urls = {
        "hook": sink.url("hook"),
        "slack": "slack://T00000000/B00000000/000000000000000000000000/#oncall",
        "dingtalk": "dingtalk://" + "0" * 64 + "/",
        "mail": "mailto://127.0.0.1:2525?from=router@example.com&to=oncall@example.com",
    }
    return {name: {"url": url, "storm": "off"} for name, url in urls.items()}


def _rules() -> list[dict[str, object]]:
    others = [
        {"name": f"job-{n}", "when": f"Event == 'OnJobFailed' && JobName == 'job-{n}'", "to": [channel]}
        for n, channel in enumerate(["slack", "dingtalk", "mail"] * 3)
    ]
    told = {"name": "told", "when": "Event == 'OnInstanceFailed' && ExitCode != `0`", "to": ["hook"]}
    return [*others, told]


def _latencies(process: Process, sink: Sink, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds from a POST's first byte to its answer and to the receiver's first byte."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port)
    acknowledged: list[float] = []
    received: list[float] = []
    for number in range(count):
        body = json.dumps(sample("OnInstanceFailed", ExitCode="137", JobId=f"job-{number}"))
        started = time.time_ns()
        connection.request("POST", "/v1/events/hook", body)
        connection.getresponse().read()
        acknowledged.append((time.time_ns() - started) / MILLION)
        received.append((sink.wait_for(number + 1)[-1]["at"] - started) / MILLION)
        time.sleep(0.02)
    connection.close()
    return acknowledged, received

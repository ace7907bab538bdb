"""Pages over a long history: a store of 1,000,000 events of a week, each page asked 200 times."""

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from bench.table import Row
from router.app import load_config
from router.core.delivery import SECOND
from router.core.event import Envelope
from router.decoders import decode
from router.pipeline.dispatch import Dispatch, Tongue
from router.pipeline.ingest import take_in
from router.storage import open_store
from router.telemetry import Metrics
from tests.acceptance.harness import Process, Sink, write_config

TITLE = "pages: one store with the events of a week, of a hundred events one tells of a failure"
WEEK = 7 * 86_400 * SECOND
BATCH = 1_000
#: Milliseconds of the 95th of 100 requests.
MOST = 200


def run(quick: bool) -> list[Row]:
    """Quick: 50,000 events and 40 requests a page; else 1,000,000 and 200."""
    count, requests = (50_000, 40) if quick else (1_000_000, 200)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sink = Sink(folder)
        try:
            return _measured(folder, sink, count, requests)
        finally:
            sink.close()


def _measured(folder: Path, sink: Sink, count: int, requests: int) -> list[Row]:
    config = write_config(folder, {"oncall": {"url": sink.url("oncall"), "storm": "off"}}, _rules())
    _fill(config, count)
    process = Process(config)
    try:
        _settled(process)
        return [_row(page, _asked(process, page, requests)) for page in _pages(process)]
    finally:
        process.terminate()


def _rules() -> list[dict[str, Any]]:
    shape = {"to": ["oncall"], "group_by": ["JobId"], "group_interval": "1h"}
    others = [{"name": f"other-{n}", "when": f"JobName == 'other-{n}'", **shape} for n in range(50)]
    return [{"name": "failed", "when": "Event == 'OnInstanceFailed' && ExitCode != `0`", **shape}, *others]


# the week


class _Clock:
    """Stands where it is put."""

    at = 0

    def now(self) -> int:
        return self.at


def _fill(config: Path, count: int) -> None:
    loaded = load_config(config)
    store, policy, clock = open_store(loaded.settings.store), loaded.policy, _Clock()
    tongue = Tongue(loaded.settings.timezone, loaded.settings.language)
    dispatch = Dispatch(store, lambda: policy, lambda: tongue, clock, Metrics(), lambda targets: None)
    began = time.time_ns() // 1000 - WEEK
    for first in range(0, count, BATCH):
        some = list(_envelopes(first, min(BATCH, count - first), count, began))
        clock.at = some[-1].received_at
        pairs = [(one, decode(one)) for one in some]
        store.write(lambda unit, pairs=pairs: take_in(unit, pairs, policy, clock.at))
        while dispatch.step():
            pass
    store.close()


def _envelopes(first: int, some: int, count: int, began: int) -> Iterator[Envelope]:
    """Jobs of a hundred events, the last of which tells of an instance that failed."""
    for number in range(first, first + some):
        failed = number % 100 == 99
        event = {
            "Category": "Task",
            "Event": "OnInstanceFailed" if failed else "OnInstanceFinished",
            "JobId": f"job-{number // 100:010d}",
            "JobName": f"nightly-{number // 100 % 50}",
            "Task": "map",
            "InstanceId": str(number % 100),
            "State": "Failed" if failed else "Finished",
            "ExitCode": ["1", "137", "139"][number // 100 % 3] if failed else "0",
            "ErrorMessage": f"worker {number} ran out of memory" if failed else "",
        }
        at = began + WEEK * number // count
        yield Envelope("hook", json.dumps(event).encode(), at, position=str(number))


# the pages


@dataclass(frozen=True)
class _Page:
    name: str
    path: str


def _settled(process: Process) -> None:
    """Waits until the outbox is empty."""
    ends = time.monotonic() + 600
    while json.loads(_get(process, "/v1/status"))["outbox"]:
        if time.monotonic() > ends:
            raise AssertionError("the outbox is not empty after ten minutes")
        time.sleep(0.2)


def _pages(process: Process) -> list[_Page]:
    event = json.loads(_get(process, "/v1/events?name=OnInstanceFailed&limit=1"))["events"][0]
    job = json.loads(_get(process, f"/v1/events/{event['id']}"))["data"]["JobId"]
    delivery = json.loads(_get(process, "/v1/deliveries?limit=1"))["deliveries"][0]
    far = _far(process)
    return [
        _Page("now, 10,000 groups open", "/"),
        _Page("events", "/events"),
        _Page("events, further back", f"/events?{urlencode({'before': far})}"),
        _Page("events of a name", "/events?name=OnInstanceFailed"),
        _Page("events of a rule that never matched", "/events?rule=other-7"),
        _Page("events of a job", f"/events?job={quote(job)}"),
        _Page("an event", f"/events/{event['id']}"),
        _Page("a job", f"/job?id={quote(job)}"),
        _Page("alerts", "/alerts"),
        _Page("alerts of a rule and state", "/alerts?rule=failed&state=firing"),
        _Page("deliveries", "/deliveries"),
        _Page("dead letters", "/deliveries?state=dead"),
        _Page("a delivery", f"/deliveries/{delivery['id']}"),
        _Page("rules, a day of them", "/rules"),
        _Page("a rule", "/rules/failed"),
        _Page("try, with a recorded event", f"/try?id={event['id']}"),
        _Page("silences", "/silences"),
        _Page("health", "/health"),
    ]


def _far(process: Process) -> str:
    mark = ""
    for _ in range(20):
        found = json.loads(_get(process, f"/v1/events?{urlencode({'before': mark, 'limit': 1000})}"))
        mark = found["next"] or mark
    return mark


def _asked(process: Process, page: _Page, requests: int) -> list[float]:
    """Milliseconds of each request, one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
    taken: list[float] = []
    for _ in range(requests):
        started = time.perf_counter()
        _read(connection, page.path)
        taken.append((time.perf_counter() - started) * 1000)
    connection.close()
    return taken


def _get(process: Process, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
    body = _read(connection, path)
    connection.close()
    return body


def _read(connection: http.client.HTTPConnection, path: str) -> bytes:
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise AssertionError(f"{path}: {answer.status}")
    return body


def _row(page: _Page, taken: list[float]) -> Row:
    late = statistics.quantiles(taken, n=20)[18]
    value = f"{late:.0f} ms, median {statistics.median(taken):.0f} ms"
    return Row(f"{page.name}: 95th of 100", value, f"at most {MOST} ms", late <= MOST)

"""Pages and lists of the API over 1,000,000 events of a week, each asked 200 times."""

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

import psutil

from bench.table import Row
from router.app import load_config
from router.core.alert import AlertState
from router.core.delivery import SECOND, State
from router.core.event import Envelope
from router.decoders import decode
from router.pipeline.dispatch import Dispatch
from router.pipeline.ingest import take_in
from router.pipeline.tongue import Tongue
from router.pipeline.top import By
from router.storage import open_store
from router.telemetry import Metrics
from tests.acceptance.harness import Process, Sink, write_config

TITLE = "pages: one store with the events of a week, of a hundred events one tells of a failure"
WEEK = 7 * 86_400 * SECOND
BATCH = 1_000
#: Milliseconds of the 95th of 100 requests.
MOST = 200
SILENCED = "starts_with(JobName, 'nightly-1')"


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
        return measured(process, requests)
    finally:
        process.terminate()


def measured(process: Process, requests: int) -> list[Row]:
    """A row for each page, of a router that runs on such a store."""
    return [_row(page, *_asked(process, page, requests)) for page in _pages(process)]


def _rules() -> list[dict[str, Any]]:
    # All that fail stay open: the pages that go through open alerts have 10,000 of them.
    shape = {"to": ["oncall"], "group_by": ["JobId"], "group_interval": "1h", "close_after": "14d"}
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
    """Every page, and every list of the API: its first page, a deep one, and with each filter."""
    event = _first(process, "/v1/events?name=OnInstanceFailed", "events")
    shown = json.loads(_get(process, f"/v1/events/{event}"))
    job = quote(shown["data"]["JobId"])
    alert, group = shown["alerts"][0]["id"], _first(process, "/v1/groups", "groups")
    delivery = _first(process, "/v1/deliveries", "deliveries")
    lists = [
        *_list(process, "events", "", "name=OnInstanceFailed", "rule=failed", "rule=other-7"),
        *_list(process, "events", "outcome=routed", "outcome=suppressed", f"job={job}"),
        *_list(process, "alerts", "", "rule=failed", "rule=other-7"),
        *_list(
            process, "alerts", *(f"state={state.value}" for state in AlertState), "rule=failed&state=firing"
        ),
        *_list(process, "deliveries", "", "channel=oncall", *(f"state={state.value}" for state in State)),
        *_list(process, "deeds", ""),
    ]
    return [
        _Page("now", "/"),
        _Page("an event", f"/events/{event}"),
        _Page("a group", f"/groups/{group}"),
        _Page("a job", f"/job?id={job}"),
        _Page("a delivery", f"/deliveries/{delivery}"),
        _Page("rules, a day of them", "/rules"),
        _Page("a rule", "/rules/failed"),
        _Page("a rule that never matched", "/rules/other-7"),
        _Page("try, with a recorded event", f"/try?id={event}"),
        _Page("silences", "/silences"),
        _Page("a silence's preview", f"/silences?{urlencode({'matcher': SILENCED, 'lasts': '2h'})}"),
        _Page("health", "/health"),
        _Page("undecodable", "/events?outcome=undecodable"),
        *lists,
        *(_Page(path, path) for path in ("/v1/groups", "/v1/rules", "/v1/status", "/v1/undecodable")),
        *(_Page(f"/v1/top by {by.value}, a day", f"/v1/top?by={by.value}&since=1d") for by in By),
        _Page("/v1/job", f"/v1/job?id={job}"),
        _Page("/v1/events/…", f"/v1/events/{event}"),
        _Page("/v1/alerts/…", f"/v1/alerts/{alert}"),
        _Page("/v1/deliveries/…", f"/v1/deliveries/{delivery}"),
        _Page("/v1/deliveries of an event", f"/v1/deliveries?event={event}"),
        _Page("/v1/silences", "/v1/silences?all=true"),
    ]


def _first(process: Process, path: str, what: str) -> str:
    return json.loads(_get(process, path))[what][0]["id"]


def _list(process: Process, what: str, *filters: str) -> Iterator[_Page]:
    """A list of the API with each of these filters, and its page where it has one."""
    for asked in filters:
        deep = f"&before={quote(_deep(process, what, asked))}"
        for base in (f"/v1/{what}", *([f"/{what}"] if what in ("events", "alerts", "deliveries") else [])):
            name = f"{base} {asked}".strip()
            yield _Page(name, f"{base}?{asked}")
            yield _Page(f"{name}, deep", f"{base}?{asked}{deep}")


def _deep(process: Process, what: str, asked: str) -> str:
    """The mark behind at most twenty pages of a thousand: the last that there is."""
    mark = ""
    for _ in range(20):
        found = json.loads(_get(process, f"/v1/{what}?{asked}&limit=1000&before={quote(mark)}"))
        if found["next"] is None:
            break
        mark = found["next"]
    return mark


def _asked(process: Process, page: _Page, requests: int) -> tuple[list[float], float]:
    """Milliseconds of each request, one after the other; and of CPU for each."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=60)
    router = psutil.Process(process.popen.pid)
    _read(connection, page.path)
    taken: list[float] = []
    before = _cpu(router)
    for _ in range(requests):
        started = time.perf_counter()
        _read(connection, page.path)
        taken.append((time.perf_counter() - started) * 1000)
    cpu = (_cpu(router) - before) * 1000 / requests
    connection.close()
    return taken, cpu


def _cpu(router: psutil.Process) -> float:
    times = router.cpu_times()
    return times.user + times.system


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


def _row(page: _Page, taken: list[float], cpu: float) -> Row:
    late = statistics.quantiles(taken, n=20)[18]
    value = f"{late:.0f} ms, median {statistics.median(taken):.0f} ms, CPU {cpu:.0f} ms"
    return Row(f"{page.name}: 95th of 100", value, f"at most {MOST} ms", late <= MOST)

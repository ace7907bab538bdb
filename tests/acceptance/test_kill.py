"""SIGKILL right after a 2xx, and at every failpoint: what was acknowledged is told after the restart."""

import http.client
import itertools
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.failpoints import REGISTRY, VARIABLE
from router.storage import open_store
from tests.acceptance.harness import Process, Sink, post, sample, write_config

RULE: dict[str, Any] = {
    "name": "instance-failed",
    "when": "Event == 'OnInstanceFailed' && ExitCode != `0`",
    "to": ["oncall"],
    "group_by": ["..."],
}
FULL = bool(os.environ.get("ALERT_ROUTER_TORTURE"))
KILLS = 200 if FULL else 10
CONNECTIONS = 4


class Load:
    """Posts events without end, from several connections, and notes which were acknowledged."""

    def __init__(self, port: int, numbers: Iterator[int]) -> None:
        self.acknowledged: list[str] = []
        self._port = port
        self._numbers = numbers
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._post) for _ in range(CONNECTIONS)]
        for thread in self._threads:
            thread.start()

    def _post(self) -> None:
        while not self._over.is_set():
            with self._lock:
                number = next(self._numbers)
            event = sample("OnInstanceFailed", JobId=f"job-{number}", ExitCode="137")
            headers = {"x-mns-message-id": f"m-{number}"}
            try:
                status, _ = post(self._port, "/v1/events/push", event, headers)
            except (OSError, http.client.HTTPException):
                return
            if status // 100 == 2:
                self.acknowledged.append(f"job-{number}")

    def end(self) -> list[str]:
        """Stops posting; what was acknowledged."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self.acknowledged


def told(sink: Sink, path: str) -> dict[str, list[dict[str, Any]]]:
    """Messages that came to a path, by job, in the order of their arrival."""
    found: dict[str, list[dict[str, Any]]] = {}
    for note in sink.received():
        if note["path"].startswith(path):
            message = json.loads(note["body"])
            found.setdefault(message["event"]["data"]["JobId"], []).append(message)
    return found


def assert_all_told(sink: Sink, acknowledged: list[str], kills: int) -> int:
    """Everything acknowledged has arrived; more often only as kills allow, each time marked.

    Whatever was twice in hand when the process died may have arrived, and goes to the fallback.
    """
    ends = time.monotonic() + 60
    while missing := set(acknowledged) - set(told(sink, "/oncall")) - set(told(sink, "/backup")):
        assert time.monotonic() < ends, f"lost {len(missing)} of {len(acknowledged)}: {sorted(missing)[:5]}"
        time.sleep(0.05)
    repeats = {job: messages for job, messages in told(sink, "/oncall").items() if len(messages) > 1}
    for job, messages in repeats.items():
        assert len(messages) == 2, f"{job} was told {len(messages)} times"
        assert messages[1]["possible_duplicate"], f"{job} was told twice and does not say so"
    in_flight = 9  # as many as the channel sends at once, and one more for what is critical
    assert len(repeats) <= kills * in_flight
    return len(repeats)


def channels_of(sink: Sink) -> dict[str, Any]:
    """A channel, and another one for what may not have arrived there."""
    return {
        "oncall": {"url": sink.url("oncall"), "storm": "off", "fallback": "backup"},
        "backup": {"url": sink.url("backup"), "storm": "off"},
    }


@pytest.mark.slow
def test_killed_at_random_moments_nothing_acknowledged_is_lost(tmp_path: Path, sink: Sink) -> None:
    """Killed under load at any instruction, and started again: every event that got its 2xx is told.

    Counted at the receiver; the command itself, with cold starts.
    """
    store_url = f"sqlite:///{tmp_path / 'state.db'}"
    seed = random.randrange(10**6)
    chance, numbers, acknowledged = random.Random(seed), itertools.count(), list[str]()
    config = write_config(tmp_path, channels_of(sink), [RULE], store=store_url)
    began = time.monotonic()
    for _ in range(KILLS):
        process = Process(config)
        load = Load(process.port, numbers)
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        acknowledged += load.end()
    last = Process(config)
    load = Load(last.port, numbers)
    time.sleep(0.5)
    acknowledged += load.end()
    repeats = assert_all_told(sink, acknowledged, KILLS)
    assert last.terminate() == 0
    assert_balanced(store_url)
    said = f"kills {KILLS}, acknowledged {len(acknowledged)}, lost 0, repeated {repeats}, each marked"
    said += f", to the fallback {len(told(sink, '/backup'))}"
    print(f"\n{said}; {time.monotonic() - began:.0f} s, seed {seed}")


def assert_balanced(store_url: str) -> None:
    """Every event and every delivery has its end, by the router's own books."""
    store = open_store(store_url)
    books = store.read(lambda unit: unit.books())
    store.close()
    assert {name: count for name, count in books.items() if name.startswith("unbalanced.") and count} == {}


#: Passed only after something else: a failed attempt, an hour without a source, a reload.
SELDOM = ("maintain.", "advance.retire", "deliver.withdraw", "outages.")
LOOPS = [name for name in REGISTRY if not name.startswith(SELDOM)]


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS if FULL else LOOPS[::6])
def test_killed_at_a_failpoint_nothing_acknowledged_is_lost(tmp_path: Path, sink: Sink, name: str) -> None:
    """Killed exactly between two steps of a loop, and started again: nothing acknowledged is lost."""
    # Only what time changes passes the failpoints of advance.
    rule = RULE | {"hold": "1s"} if name.startswith("advance.") else RULE
    config = write_config(tmp_path, channels_of(sink), [rule])
    process = Process(config, **{VARIABLE: f"{name}=kill@2"})
    acknowledged: list[str] = []
    for number in range(50):
        event = sample("OnInstanceFailed", JobId=f"job-{number}", ExitCode="137")
        try:
            status, _ = post(process.port, "/v1/events/push", event, {"x-mns-message-id": f"m-{number}"})
        except (OSError, http.client.HTTPException):
            break
        if status // 100 == 2:
            acknowledged.append(f"job-{number}")
        time.sleep(0.01)
    process.popen.wait(60)
    assert process.popen.returncode == -9, f"{name} was never passed"
    again = Process(config)
    assert_all_told(sink, acknowledged, 1)
    assert again.terminate() == 0

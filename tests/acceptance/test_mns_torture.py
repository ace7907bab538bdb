"""A stream through the queue while everything goes wrong and the router is killed again and again."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
from mns.queue import Message, QueueMeta

from router.mns.faults import SWITCHES
from router.mns.simulation import Simulation
from tests.acceptance.harness import Process, write_config
from tests.acceptance.test_mns import StandInProcess

FULL = bool(os.environ.get("ALERT_ROUTER_TORTURE"))
EVENTS, KILLS = (100_000, 20) if FULL else (800, 2)
#: After these a consumer waits a minute for a person: they come seldom.
FOR_A_PERSON = {"time-expired", "signature-does-not-match", "access-denied"}


def call(url: str, method: str, body: object = None) -> None:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=60) as answer:
        answer.read()


@contextmanager
def everything_goes_wrong(admin: str, seed: int) -> Generator[Counter[str]]:
    """Switches faults on and off at random, each for a while and for a share of the requests."""
    chance, ended, played = random.Random(seed), threading.Event(), Counter[str]()

    def play() -> None:
        while not ended.wait(0.05):
            name = chance.choice(sorted(SWITCHES))
            if chance.random() < 0.4:
                call(f"{admin}/faults/{name}", "DELETE")
                continue
            switch = {"share": round(chance.uniform(0.01, 0.06), 3), "seconds": 0.5}
            if name in FOR_A_PERSON:
                switch = {"times": 1, "share": 0.002}
            call(f"{admin}/faults/{name}", "PUT", switch)
            played[name] += 1

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield played
    finally:
        ended.set()
        thread.join()
        call(f"{admin}/faults", "DELETE")


def left(mns: StandInProcess) -> int:
    (queue,) = mns.shown()["queues"]
    return int(queue["active"]) + int(queue["inactive"])


def kept(folder: Path, table: str) -> Counter[str]:
    """How often each queue message is in a table of the store."""
    with sqlite3.connect(folder / "state.db") as store:
        found = Counter(position for (position,) in store.execute(f"select position from {table}"))  # noqa: S608
    store.close()
    return found


@pytest.mark.slow
def test_every_message_is_kept_exactly_once(tmp_path: Path) -> None:
    """Every fault switch goes on and off, the router is killed 20 times (2 in check): nothing is lost.

    A body that came empty is set aside; it may come whole later, when its deletion failed.
    """
    seed = random.randrange(10**6)
    mns = StandInProcess(tmp_path)
    try:
        queue = mns.account.get_queue("jobs")
        queue.create(QueueMeta(vis_timeout=2))
        queue.set_encoding(False)
        stream = Simulation(EVENTS, 20, 0.05, seed).messages()
        published: list[str] = []
        while batch := [Message(text) for text in islice(stream, min(16, EVENTS - len(published)))]:
            published += [sent.message_id for sent in queue.batch_send_message(batch)]
        rule = {"name": "job-failed", "when": "Event == 'OnJobFailed'", "mode": "shadow"}
        source = mns.source(consumers=12, max_dequeues=1000)
        config = write_config(tmp_path, {}, [rule], sources={"batch": source})
        process = Process(config)
        with everything_goes_wrong(f"{mns.url}/admin", seed) as played:
            for kill in range(1, KILLS + 1):
                while left(mns) > EVENTS * (1 - kill / (KILLS + 1)):
                    time.sleep(0.05)
                process.kill()
                process = Process(config)
            while left(mns) > EVENTS // 50:
                time.sleep(0.05)
        until = time.monotonic() + 180
        while left(mns):
            assert time.monotonic() < until, f"seed {seed}: {left(mns)} messages are left in the queue"
            time.sleep(0.1)
        assert process.terminate() == 0
    finally:
        mns.close()
    events, set_aside = kept(tmp_path, "events"), kept(tmp_path, "undecodable")
    lost = set(published) - events.keys() - set_aside.keys()
    assert not lost, f"seed {seed}: {len(lost)} of {EVENTS} are lost, after {played}"
    assert events.keys() | set_aside.keys() == set(published)
    assert set(events.values()) == {1}
    assert set(set_aside.values()) <= {1}
    assert len(set_aside) < EVENTS / 20
    checked = subprocess.run(
        [sys.executable, "-m", "router", "verify", "-c", str(config)], capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout

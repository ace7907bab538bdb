"""Draining a full MNS queue: the router against the bare SDK loop, both in one run.

The stand-in runs in a process of its own. The bare loop receives batches of 16 and deletes them;
the router does the same, and decodes, matches and commits in between. Its rules are in shadow:
matched and recorded, so that no notification is part of the figure.

    python -m bench mns [--quick]
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import psutil
from mns.account import Account
from mns.mns_exception import MNSExceptionBase
from mns.queue import Message, Queue, QueueMeta

from bench.table import Row
from router.mns.simulation import Simulation

EVENTS, ROUNDS = 5_000, 9
GOAL = 2.5
LEAST_BARE = 2_000
RULES = [
    {"name": "job-failed", "when": "Event == 'OnJobFailed'", "mode": "shadow"},
    {"name": "instance-failed", "when": "Event == 'OnInstanceFailed' && ExitCode != `0`", "mode": "shadow"},
]


@dataclass(frozen=True)
class Cost:
    """What draining cost: seconds of CPU and of wall time for an event, in microseconds."""

    cpu: float
    wall: float


TITLE = "mns: draining a full queue, CPU and wall time for an event, medians of interleaved rounds"


def run(quick: bool) -> list[Row]:
    """The bare loop and the router in turn, on two queues of one stand-in."""
    events = 1_600 if quick else EVENTS
    with tempfile.TemporaryDirectory() as folder:
        stand_in = _start(
            "mns", "serve", "--listen", "127.0.0.1:0", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert stand_in.stdout is not None
        url = stand_in.stdout.readline().split()[3].rstrip(";")
        router = _start("run", "-c", str(_config(Path(folder), url)), stderr=subprocess.DEVNULL)
        account = Account(url, "stand-in", "stand-in-secret")
        try:
            bare, routed = _rounds(account, router, events)
        finally:
            account.get_client().close_connection()
            for process in (router, stand_in):
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait(30)
    return _report(bare, routed)


def _rounds(account: Account, router: "subprocess.Popen[str]", events: int) -> tuple[list[Cost], list[Cost]]:
    own, routed_queue = _queue(account, "bare"), _queue(account, "routed")
    texts = list(islice(Simulation(events, 20, 0.02, seed=1).messages(), events))
    time.sleep(3)  # the router has started and waits at its empty queue
    bare: list[Cost] = []
    routed: list[Cost] = []
    for _ in range(ROUNDS):
        _fill(own, texts)
        bare.append(_bare_loop(own, events))
        router.send_signal(signal.SIGSTOP)
        _fill(routed_queue, texts)
        routed.append(_router_drains(routed_queue, router, events))
    return bare, routed


def _bare_loop(queue: Queue, events: int) -> Cost:
    cpu, wall, left = time.process_time(), time.perf_counter(), events
    while left:
        messages = queue.batch_receive_message(16, 1)
        queue.batch_delete_message([message.receipt_handle for message in messages])
        left -= len(messages)
    return Cost(
        (time.process_time() - cpu) / events * 1e6,
        (time.perf_counter() - wall) / events * 1e6,
    )


def _router_drains(queue: Queue, router: "subprocess.Popen[str]", events: int) -> Cost:
    process = psutil.Process(router.pid)
    cpu, wall = sum(process.cpu_times()[:2]), time.perf_counter()
    router.send_signal(signal.SIGCONT)
    while _left(queue):
        time.sleep(0.05)
    wall = time.perf_counter() - wall
    return Cost((sum(process.cpu_times()[:2]) - cpu) / events * 1e6, wall / events * 1e6)


def _left(queue: Queue) -> bool:
    """Whether there is a message that can be received; asked without receiving it."""
    try:
        queue.peek_message()
    except MNSExceptionBase as error:
        if error.type == "MessageNotExist":
            return False
        raise
    return True


def _fill(queue: Queue, texts: list[str]) -> None:
    for first in range(0, len(texts), 16):
        queue.batch_send_message([Message(text) for text in texts[first : first + 16]])


def _queue(account: Account, name: str) -> Queue:
    queue = account.get_queue(name)
    queue.create(QueueMeta(vis_timeout=300))
    queue.set_encoding(False)
    return queue


def _config(folder: Path, url: str) -> Path:
    (folder / "rules.yaml").write_text(json.dumps({"rules": RULES}), encoding="utf-8")
    source = {"kind": "mns-queue", "endpoint": url, "queue": "routed", "wait": "1s"}
    settings = {
        "store": f"sqlite:///{folder / 'state.db'}",
        "http": {"listen": "127.0.0.1:0"},
        "sources": {"queue": source | {"access_key_id": "stand-in", "access_key_secret": "stand-in-secret"}},
        "rules": ["rules.yaml"],
    }
    file = folder / "router.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    return file


def _start(*words: str, **streams: int) -> "subprocess.Popen[str]":
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.Popen([sys.executable, "-m", "router", *words], text=True, env=environ, **streams)


def _report(bare: list[Cost], routed: list[Cost]) -> list[Row]:
    loop_cpu, loop_wall = _medians(bare)
    cpu, wall = _medians(routed)
    ratio = statistics.median(one.cpu / other.cpu for one, other in zip(routed, bare, strict=True))
    rate = 1e6 / loop_wall
    return [
        Row("bare SDK loop, CPU", f"{loop_cpu:.0f} µs"),
        Row("bare SDK loop, messages", f"{rate:,.0f}/s", f"at least {LEAST_BARE:,}/s", rate >= LEAST_BARE),
        Row("router, CPU", f"{cpu:.0f} µs"),
        Row("router, messages", f"{1e6 / wall:,.0f}/s"),
        Row("router to bare loop, CPU", f"{ratio:.2f}", f"at most {GOAL}", ratio <= GOAL),
        Row("router to bare loop, wall", f"{wall / loop_wall:.2f}"),
    ]


def _medians(costs: list[Cost]) -> tuple[float, float]:
    return statistics.median(cost.cpu for cost in costs), statistics.median(cost.wall for cost in costs)

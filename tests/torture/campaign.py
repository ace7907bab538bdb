"""What every campaign shares: routers that start by a fork, a load that never ends, and the count."""

import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.harness import ROOT, Sink, post, sample, write_config

#: Since when something was killed, stopped or cut off, and until when, in nanoseconds.
Blow = tuple[int, int]
#: A router that takes longer than this to be ready is a fault.
READY_WITHIN = 90.0
#: With these words it ends where a busy machine keeps its store waiting at the start: it is started again, as
#: its supervisor would.
TOO_SLOW = "the store did not answer"


class Starter:
    """The process that forks routers, see starter.py."""

    def __init__(self) -> None:
        clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.starter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=clean | {"PYTHONPATH": str(ROOT)},
        )
        self._lock = threading.Lock()

    def ask(self, **asked: Any) -> Any:
        """What it answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """Ends it; every router has ended before."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class Replica:
    """A router that is started again and again on one configuration.

    Args:
        lease: seconds that a claim holds.
    """

    def __init__(self, starter: Starter, config: Path, lease: float) -> None:
        self.config = config
        self.port: int | None = None
        self.pid = 0
        self._starter = starter
        self._lease = lease
        self._log = config.with_suffix(".log")

    def start(self, failpoints: str = "") -> bool:
        """Returns whether it was ready, or was killed before that."""
        earlier = self._log.stat().st_size if self._log.exists() else 0
        self._begin(failpoints)
        ends = time.monotonic() + READY_WITHIN
        while time.monotonic() < ends:
            with suppress(FileNotFoundError), self._log.open("rb") as log:
                log.seek(earlier)
                for line in log.read().splitlines():
                    if b'"router.ready"' in line and line.endswith(b"}"):
                        self.port = int(json.loads(line)["address"].rpartition(":")[2])
                        return True
            if (status := self.ended(0.0)) == -signal.SIGKILL:
                return False
            if status is not None:
                said = self._log.read_text("utf-8")[-2000:]
                assert TOO_SLOW in said, said
                self._begin(failpoints)
            time.sleep(0.003)
        raise AssertionError(f"not ready: {self._log.read_text('utf-8')[-2000:]}")

    def _begin(self, failpoints: str) -> None:
        self.pid = self._starter.ask(
            start=str(self.config), log=str(self._log), failpoints=failpoints, lease=self._lease
        )

    def ended(self, within: float) -> int | None:
        """Its exit status once it has ended."""
        if not self.pid:
            return 0
        status = self._starter.ask(end=self.pid, within=within)
        if status is not None:
            self.pid, self.port = 0, None
        return status

    def signal(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        if self.pid:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, at whatever instruction it is."""
        self.signal(signal.SIGKILL)
        assert self.ended(60) is not None

    def terminate(self) -> None:
        """SIGTERM, and it ends well."""
        self.signal(signal.SIGTERM)
        assert self.ended(60) == 0


class Load:
    """Clients that post events without end, each to one of the routers, and note what was acknowledged.

    Args:
        ports: of the routers that take events now.
        pause: seconds between two events of a client.
    """

    def __init__(
        self, ports: Callable[[], Iterable[int | None]], clients: int = 2, pause: float = 0.004
    ) -> None:
        self.acknowledged: list[str] = []
        self._ports = ports
        self._pause = pause
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self._over.wait(self._pause):
            number = next(self._numbers)
            ports = [port for port in self._ports() if port]
            if ports:
                with suppress(OSError, http.client.HTTPException):
                    self._post(ports[number % len(ports)], number)

    def _post(self, port: int, number: int) -> None:
        job = f"job-{number}"
        event = sample("OnInstanceFailed", JobId=job, ExitCode="137")
        if post(port, "/v1/events/push", event, {"x-mns-message-id": f"m-{number}"})[0] // 100 == 2:
            self.acknowledged.append(job)

    def stop(self) -> None:
        """Ends when the clients have their last answers."""
        self._over.set()
        for thread in self._threads:
            thread.join(70)


@dataclass
class Figures:
    """What a campaign came to, as its receiver saw it.

    Args:
        blows: what was done to the routers, or when none lived.
        repeated: messages that came again.
        unmarked: of them those that do not say so.
        needless: of them those with no blow in the time from one to the next.
        most: copies of a message to its own target.
    """

    blows: list[Blow] = field(default_factory=list[Blow])
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list[str])
    repeated: int = 0
    unmarked: list[str] = field(default_factory=list[str])
    needless: list[str] = field(default_factory=list[str])
    most: int = 1

    def sound(self, in_flight: int) -> None:
        """Fails where something was lost, or told again without need or without saying so."""
        assert not self.lost, f"lost {len(self.lost)} of {self.acknowledged}: {self.lost[:5]}"
        assert not self.unmarked, f"repeated without saying so: {self.unmarked[:5]}"
        assert not self.needless, f"repeated without an attempt in doubt: {self.needless[:5]}"
        assert self.most <= 2
        assert self.repeated <= len(self.blows) * in_flight
        assert self.acknowledged > 0


def count(sink: Sink, acknowledged: list[str], blows: list[Blow], seconds: float) -> Figures:
    """The figures, as soon as all is told, or nothing more has come for that time."""
    known, ends = -1, time.monotonic() + seconds
    while (missing := set(acknowledged) - {job for _, job in told(sink)}) and time.monotonic() < ends:
        if len(missing) != known:
            known, ends = len(missing), time.monotonic() + seconds
        time.sleep(0.5)
    figures = Figures(blows, len(acknowledged), sorted(missing))
    for (path, job), notes in told(sink).items():
        if path.startswith("/oncall"):
            figures.most = max(figures.most, len(notes))
        figures.repeated += len(notes) - 1
        # All but one say it, not always all but the first: who was stopped while sending goes on later.
        if sum(not marked for _, marked in notes) > 1:
            figures.unmarked.append(job)
        for (before, _), (after, _) in itertools.pairwise(sorted(notes)):
            if not any(began <= after and ended >= before for began, ended in blows):
                figures.needless.append(job)
    return figures


def told(sink: Sink) -> dict[tuple[str, str], list[tuple[int, bool]]]:
    """By target and job when its message came, and whether it says that it may be a repeat."""
    found: dict[tuple[str, str], list[tuple[int, bool]]] = defaultdict(list)
    for note in sink.received():
        message = json.loads(note["body"])
        if "event" in message:
            job = message["event"]["data"]["JobId"]
            found[note["path"], job].append((note["at"], message["possible_duplicate"]))
    return found


def config_in(folder: Path, sink: Sink, store: str | None = None, **rule: Any) -> Path:
    """Each event a message of its own, and in doubt twice, the fallback's; one target never works."""
    folder.mkdir(exist_ok=True)
    channels = {
        "oncall": {"url": sink.url("oncall", hang=0.01), "storm": "off", "fallback": "backup"},
        # Or it would be given up as well, after two kills more: "may have arrived", and nobody was told.
        "backup": {"url": sink.url("backup"), "storm": "off", "max_unknown": 9},
        "broken": {"url": sink.url("broken", status=503), "give_up_after": "20s"},
    }
    # A claim outlasts the slowest send: so that it is short, this is too.
    channels = {name: channel | {"timeout": "2s"} for name, channel in channels.items()}
    failed = "Event == 'OnInstanceFailed'"
    each = {"name": "failed", "when": failed, "to": ["oncall"], "group_by": ["..."]}
    unheard = {"name": "unheard", "when": failed, "to": ["broken"], "group_interval": "10s"}
    more = {"store": store} if store else {}
    return write_config(folder, channels, [each | rule, unheard], **more)


def books_balance(config: Path) -> None:
    """``alert-router verify`` says so."""
    command = [sys.executable, "-m", "router", "verify", "-c", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

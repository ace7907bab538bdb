"""The real process, a receiver in another process, and a client."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from router.core.catalogue import EVENTS

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


class Sink:
    """A receiver in a process of its own, see sink.py."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "received.jsonl"
        self._file.touch()
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "sink.py"), str(self._file)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def url(self, path: str, **asked: object) -> str:
        """An Apprise URL of a webhook here."""
        return "/".join(
            [f"json://127.0.0.1:{self.port}", path, *(f"{key}={value}" for key, value in asked.items())]
        )

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def received(self) -> list[dict[str, Any]]:
        """Everything that was accepted, in order."""
        # What follows the last line end is still being written.
        whole = self._file.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def wait_for(self, count: int, seconds: float = 60.0) -> list[dict[str, Any]]:
        """What was accepted, as soon as it is that many, or when the time is over."""
        ends = time.monotonic() + seconds
        with self._file.open("rb") as file:
            # Read once: who waits for thousands must not take the processor of those that he waits for.
            lines = 0
            while (lines := lines + file.read().count(b"\n")) < count and time.monotonic() < ends:
                time.sleep(0.005)
        return self.received()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Process:
    """``alert-router run`` as a user starts it.

    Args:
        within: a command that becomes the one which follows it, such as ``unshare``.
    """

    def __init__(self, config: Path, within: Sequence[str] = (), **environ: str) -> None:
        self.config = config
        self.started_at = time.monotonic()
        log = config.with_suffix(".log")
        self._earlier = log.stat().st_size if log.exists() else 0
        clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                [*within, sys.executable, "-m", "router", "run", "-c", str(config)],
                stderr=output,
                stdout=output,
                env=clean | {"PYTHONPATH": str(ROOT)} | environ,
                cwd=config.parent,
            )
        self.port = self._wait_ready()
        self.ready_after = time.monotonic() - self.started_at

    def _wait_ready(self) -> int:
        ends = time.monotonic() + 90
        seen = self.config.with_suffix(".log")
        while time.monotonic() < ends:
            for line in seen.read_bytes()[self._earlier :].splitlines():
                if b'"router.ready"' in line:
                    return int(json.loads(line)["address"].rpartition(":")[2])
            if self.popen.poll() is not None:
                break
            time.sleep(0.005)
        raise AssertionError(f"not ready: {seen.read_text(encoding='utf-8')[-3000:]}")

    @property
    def log(self) -> str:
        return self.config.with_suffix(".log").read_text(encoding="utf-8")

    @property
    def rss(self) -> int:
        """Resident memory in bytes."""
        return int(psutil.Process(self.popen.pid).memory_info().rss)

    def kill(self) -> None:
        """SIGKILL: it ends at whatever instruction it is."""
        self.popen.kill()
        self.popen.wait()

    def terminate(self, seconds: float = 60.0) -> int:
        """SIGTERM; the exit status."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(seconds)


def post(
    port: int, path: str, event: Mapping[str, Any] | bytes, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """POSTs an event: status and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        connection.request("POST", path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def get(port: int, path: str) -> tuple[int, bytes]:
    """GETs a page: status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def sample(name: str, **fields: Any) -> dict[str, Any]:
    """A documented event with some fields of our own."""
    return EVENTS[name].sample() | fields


def write_config(folder: Path, channels: Mapping[str, Any], rules: list[dict[str, Any]], **more: Any) -> Path:
    """A router.yaml with one webhook and one push source, and its rules."""
    (folder / "rules.yaml").write_text(json.dumps({"rules": rules}), encoding="utf-8")
    settings: dict[str, Any] = {
        "store": f"sqlite:///{folder / 'state.db'}",
        "http": {"listen": "127.0.0.1:0"},
        "sources": {"hook": {"kind": "webhook"}, "push": {"kind": "mns-push", "verify": "off"}},
        "channels": channels,
        "rules": ["rules.yaml"],
    }
    file = folder / "router.yaml"
    file.write_text(json.dumps(settings | more), encoding="utf-8")
    return file

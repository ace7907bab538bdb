"""The two sides, each as its users start it, with the same rules and the same events."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import psutil

from bench.peers.load import Batch
from tests.acceptance.harness import Process, write_config

ALERTMANAGER = "prometheus-alertmanager"
_TICKS = os.sysconf("SC_CLK_TCK")


class Side(Protocol):
    """A process that is measured."""

    name: str
    path: str
    port: int

    @property
    def pid(self) -> int: ...
    def body(self, seqs: Sequence[int], rules: int) -> bytes:
        """A request with these events; event n is for rule n modulo the number of rules."""
        ...

    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Ours:
    """``alert-router run`` on SQLite with ``synchronous=FULL``."""

    name = "ours"
    path = "/v1/events/hook"

    def __init__(self, folder: Path, sink: int, rules: int) -> None:
        written = [
            {
                "name": f"rule-{k}",
                "when": f"Event == 'OnInstanceFailed' && JobName == 'job-{k}' && ExitCode != `0`",
                "from": ["hook"],
                "key": ["JobId", "Task", "InstanceId"],
                "group_by": ["..."],
                "group_interval": "1h",
                "to": ["hook"],
            }
            for k in range(rules)
        ]
        channels = {"hook": {"url": f"json://127.0.0.1:{sink}/hook", "storm": "off"}}
        # The catalogue's instance events have no JobName; the schema says that these do.
        (folder / "events.json").write_text(json.dumps({"properties": _SCHEMA}))
        sources = {"hook": {"kind": "webhook", "schema": "events.json"}}
        self._process = Process(write_config(folder, channels, written, sources=sources))
        self.port = self._process.port

    @property
    def pid(self) -> int:
        return self._process.popen.pid

    def body(self, seqs: Sequence[int], rules: int) -> bytes:
        events = [_event(seq, rules) for seq in seqs]
        return json.dumps(events if len(events) > 1 else events[0]).encode()

    def stop(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


class Alertmanager:
    """Debian's ``prometheus-alertmanager``: no wait, groups of one, no cluster."""

    name = "Alertmanager"
    path = "/api/v2/alerts"

    def __init__(self, folder: Path, sink: int, rules: int) -> None:
        file = folder / "alertmanager.json"
        file.write_text(json.dumps(_alertmanager(sink, rules)))
        self.port = _free_port()
        flags = {
            "config.file": file,
            "storage.path": folder / "data",
            "web.listen-address": f"127.0.0.1:{self.port}",
            "cluster.listen-address": "",
            "log.level": "error",
        }
        with (folder / "alertmanager.log").open("ab") as log:
            words = [f"--{name}={value}" for name, value in flags.items()]
            self._popen = subprocess.Popen([ALERTMANAGER, *words], stdout=log, stderr=log)
        self._wait_ready()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def body(self, seqs: Sequence[int], rules: int) -> bytes:
        return json.dumps([_alert(seq, rules) for seq in seqs]).encode()

    def stop(self) -> None:
        self._popen.terminate()
        self._popen.wait(20)

    def kill(self) -> None:
        self._popen.kill()
        self._popen.wait()

    def _wait_ready(self) -> None:
        ends = time.monotonic() + 30
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < ends and self._popen.poll() is None:
            try:
                opener.open(f"http://127.0.0.1:{self.port}/-/ready", timeout=2).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("Alertmanager is not ready")


SIDES: tuple[type[Ours] | type[Alertmanager], ...] = (Ours, Alertmanager)


def missing() -> str:
    """What to install first, in words; empty when all is here."""
    if shutil.which(ALERTMANAGER):
        return ""
    return f"{ALERTMANAGER} is not here. Debian, Ubuntu: sudo apt-get install prometheus-alertmanager"


def batches(side: Side, first: int, count: int, per_request: int, rules: int) -> Iterator[Batch]:
    """Events from a number on, in requests."""
    for start in range(first, first + count, per_request):
        seqs = range(start, min(start + per_request, first + count))
        yield seqs, side.body(seqs, rules)


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has taken, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def rss_of(pid: int) -> float:
    """Resident memory in megabytes."""
    return psutil.Process(pid).memory_info().rss / 1e6


def _fields(seq: int, rules: int) -> dict[str, str]:
    return {
        "Category": "Job",
        "State": "Failed",
        "JobId": f"job-00000000576157E400002FF3{seq:08}",
        "Task": f"train-{seq % 7}",
        "InstanceId": f"seq-{seq:09}",
        "RetryCount": "3",
        "Progress": "40",
        "StartTime": "2026-11-23T06:10:27.402350Z",
    }


_DETAILS = {
    "StdoutRedirectPath": "oss://batch-logs/prod/2026-11-23/stdout/",
    "StderrRedirectPath": "oss://batch-logs/prod/2026-11-23/stderr/",
    "ErrorMessage": "the program ended with exit code 137: out of memory",
    "Detail": "node cls-6ki1tdl2p3l1m3e4b000-04 reported memory 15.9 of 16 GiB",
}


_SCHEMA = {
    **{name: {"type": "string"} for name in ("Event", "JobName", "JobId", "Task", "InstanceId")},
    "ExitCode": {"type": "integer"},
}


def _event(seq: int, rules: int) -> dict[str, str]:
    named = {"Event": "OnInstanceFailed", "JobName": f"job-{seq % rules}", "ExitCode": "137"}
    return {**named, **_fields(seq, rules), **_DETAILS}


def _alert(seq: int, rules: int) -> dict[str, dict[str, str]]:
    named = {
        "alertname": "x",
        "Event": "OnInstanceFailed",
        "JobName": f"job-{seq % rules}",
        "ExitCode": "137",
    }
    return {"labels": {**named, **_fields(seq, rules)}, "annotations": _DETAILS}


def _alertmanager(sink: int, rules: int) -> dict[str, Any]:
    routes = [
        {
            "receiver": "hook",
            "matchers": ['Event="OnInstanceFailed"', f'JobName="job-{k}"', 'ExitCode!="0"'],
            "continue": True,
        }
        for k in range(rules)
    ]
    times = {"group_wait": "0s", "group_interval": "1h", "repeat_interval": "24h"}
    hook = {"url": f"http://127.0.0.1:{sink}/hook", "send_resolved": False}
    return {
        "global": {"resolve_timeout": "24h"},
        "route": {"receiver": "none", "group_by": ["..."], **times, "routes": routes},
        "receivers": [{"name": "none"}, {"name": "hook", "webhook_configs": [hook]}],
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]

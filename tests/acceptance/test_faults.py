"""The machine fails under the real process: nothing acknowledged is lost, and it goes on by itself."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from router.storage import open_store
from tests.acceptance.harness import ROOT, Process, Sink, get, post, write_config

RULE: dict[str, Any] = {"name": "all", "when": "always", "to": ["oncall"], "group_by": ["..."]}
HOOK = "/v1/events/hook"


def configured(folder: Path, sink: Sink, **more: Any) -> Path:
    """One rule that tells one channel of everything."""
    return write_config(folder, {"oncall": {"url": sink.url("oncall"), "storm": "off"}}, [RULE], **more)


def soon(holds: Callable[[], bool], seconds: float = 60) -> None:
    """It holds before that time is over."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def ready_within(process: Process, seconds: float) -> set[int]:
    """What it answers within that time when it is asked whether it is ready."""
    ends, heard = time.monotonic() + seconds, set[int]()
    while time.monotonic() < ends:
        heard.add(get(process.port, "/readyz")[0])
        time.sleep(0.05)
    return heard


@pytest.fixture
def small_disk(tmp_path: Path, sink: Sink) -> Iterator[Process]:
    """A router whose store stands on a disk of 2 MB, which only it sees."""
    disk = tmp_path / "disk"
    disk.mkdir()
    config = configured(tmp_path, sink, store=f"sqlite:///{disk / 'state.db'}")
    mounted = f'mount -t tmpfs -o size=2m none "{disk}" && exec "$@"'
    if subprocess.run(["unshare", "-m", "sh", "-c", mounted, "sh", "true"], capture_output=True).returncode:
        pytest.skip("this user may not mount a disk of its own")
    process = Process(config, within=["unshare", "-m", "sh", "-c", mounted, "sh"])
    yield process
    process.kill()


def test_on_a_full_disk_nothing_is_acknowledged_and_all_that_was_is_told_once(
    small_disk: Process, sink: Sink
) -> None:
    """503 with the reason until there is space, then on by itself; counted at the receiver."""
    acknowledged, status, answer = 0, 0, b""
    while acknowledged < 1_000:
        status, answer = post(small_disk.port, HOOK, {"n": acknowledged, "text": "x" * 3000})
        if status != 200:
            break
        acknowledged += 1
    assert (status, b"the disk is full" in answer) == (503, True)
    assert post(small_disk.port, HOOK, {"text": "x" * 3000})[0] == 503
    assert ready_within(small_disk, 2.5) == {503}
    inside = ["nsenter", "-t", str(small_disk.popen.pid), "-m"]
    disk = small_disk.config.parent / "disk"
    subprocess.run([*inside, "mount", "-o", "remount,size=64m", str(disk)], check=True)
    soon(lambda: post(small_disk.port, HOOK, {"n": "last"})[0] == 200)
    soon(lambda: get(small_disk.port, "/readyz")[0] == 200)
    sink.wait_for(acknowledged + 1)
    time.sleep(0.5)
    assert len(sink.received()) == acknowledged + 1 > 2


@pytest.fixture
def clients() -> Iterator[list[http.client.HTTPConnection]]:
    """Connections that end with the test."""
    made: list[http.client.HTTPConnection] = []
    yield made
    for one in made:
        one.close()


def test_without_file_handles_it_waits_quietly_and_goes_on(
    tmp_path: Path, sink: Sink, clients: list[http.client.HTTPConnection]
) -> None:
    """Who is connected is served, who comes waits; the log has one line; then all is told, once."""
    router = Process(configured(tmp_path, sink))
    clients += [http.client.HTTPConnection("127.0.0.1", router.port, timeout=60) for _ in range(21)]
    kept, *late = clients
    kept.request("POST", HOOK, b'{"n": 1}')
    assert kept.getresponse().read()
    seen = psutil.Process(router.popen.pid)
    soft, hard = seen.rlimit(psutil.RLIMIT_NOFILE)
    highest = max(int(handle) for handle in os.listdir(f"/proc/{router.popen.pid}/fd"))
    seen.rlimit(psutil.RLIMIT_NOFILE, (highest + 1, hard))
    for number, connection in enumerate(late):
        connection.request("POST", HOOK, f'{{"late": {number}}}'.encode())
    soon(lambda: "router.out_of_handles" in router.log)
    kept.request("POST", HOOK, b'{"n": 2}')
    assert kept.getresponse().status == 200
    time.sleep(1.5)
    assert router.log.count("router.out_of_handles") == 1
    assert "Traceback" not in router.log
    seen.rlimit(psutil.RLIMIT_NOFILE, (soft, hard))
    assert {connection.getresponse().status for connection in late} == {200}
    assert len(sink.wait_for(22)) == 22
    assert router.terminate() == 0


def command(words: str, config: Path) -> subprocess.CompletedProcess[str]:
    """What ``alert-router`` says and how it ends."""
    return subprocess.run(
        [sys.executable, "-m", "router", *words.split(), "-c", str(config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_damaged_store_is_said_at_the_start_and_left_as_it_is(tmp_path: Path, sink: Sink) -> None:
    """The process ends with what is wrong and what to do; nobody writes into the file or makes a new one.

    Once it is set aside by the command, the router starts.
    """
    config, store = configured(tmp_path, sink), tmp_path / "state.db"
    open_store(f"sqlite:///{store}").close()
    held = bytearray(store.read_bytes())
    held[100:4096] = b"\xff" * (4096 - 100)
    store.write_bytes(held)
    ended = command("run", config)
    assert ended.returncode == 2
    assert "the store's file is damaged" in ended.stderr
    assert "restore a backup" in ended.stderr
    assert store.read_bytes() == bytes(held)
    aside = command("store set-aside", config)
    assert (aside.returncode, "will not be told" in aside.stdout, store.exists()) == (0, True, False)
    [moved] = tmp_path.glob("state.db.aside-*Z")
    assert moved.read_bytes() == bytes(held)
    assert Process(config).terminate() == 0

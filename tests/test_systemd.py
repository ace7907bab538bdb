"""What systemd hears, over a real socket."""

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from router import telemetry
from router.sidecar import watch
from router.systemd import Systemd
from router.web.inside import SourceStanding
from tests.acceptance.harness import Process, write_config


class Heard:
    """systemd's end of the socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(10)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def next(self) -> str:
        """The next words."""
        return self._socket.recv(1000).decode()

    def nothing(self) -> bool:
        """Whether nothing more has come."""
        self._socket.setblocking(False)
        try:
            return not self._socket.recv(1000)
        except BlockingIOError:
            return True
        finally:
            self._socket.settimeout(10)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Heard]:
    """systemd, at either kind of address."""
    one = Heard(str(tmp_path / "notify") if request.param == "file" else f"@alert-router-{os.getpid()}")
    yield one
    one.close()


class Loops:
    """A process whose loops hang, or not."""

    def __init__(self, *said: list[str]) -> None:
        self._said = list(said)

    def problems(self) -> list[str]:
        return []

    def sources_stand(self) -> list[SourceStanding]:
        return []

    def hung(self) -> list[str]:
        """What is said at each look; the last look ends the watch."""
        if not self._said:
            raise asyncio.CancelledError
        return self._said.pop(0)


def watched(loops: Loops, systemd: Systemd) -> None:
    """Watches until the looks are used up."""
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(watch(loops, systemd))


def test_what_is_said_stands_in_sd_notify(heard: Heard) -> None:
    """Ready, alive, stopping, in the words that systemd knows."""
    systemd = Systemd({"NOTIFY_SOCKET": heard.address})
    systemd.ready()
    systemd.lives()
    systemd.stops()
    assert [heard.next(), heard.next(), heard.next()] == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


@pytest.mark.parametrize(
    ("environ", "every"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_pings_come_three_times_in_the_time_that_systemd_waits(
    environ: dict[str, str], every: float | None
) -> None:
    """Only for the process that it watches; what is not a number asks for none."""
    assert Systemd({"NOTIFY_SOCKET": "/run/notify"} | environ).ping_every == every
    assert Systemd(environ).ping_every is None


def test_nobody_is_told_that_a_hanging_router_lives(heard: Heard, capsys: pytest.CaptureFixture[str]) -> None:
    """Two looks that are well, two that are not, one that is again: three pings, one line in the log."""
    systemd = Systemd({"NOTIFY_SOCKET": heard.address, "WATCHDOG_USEC": "3000"})
    telemetry.set_up_logs()
    watched(Loops([], [], ["deliver hangs"], ["deliver hangs"], []), systemd)
    assert [heard.next() for _ in range(3)] == ["WATCHDOG=1"] * 3
    assert heard.nothing()
    assert capsys.readouterr().err.count("router.hung") == 1


def test_a_systemd_that_is_gone_ends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The router runs on, and its log says what could not be said."""
    telemetry.set_up_logs()
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()
    assert "systemd.unreachable" in capsys.readouterr().err


def test_the_sidecar_says_that_it_is_ready_lives_and_stops(tmp_path: Path) -> None:
    """The real process, started and ended as systemd does it."""
    heard = Heard(str(tmp_path / "notify"))
    config = write_config(
        tmp_path,
        {"oncall": {"url": "json://127.0.0.1:9/"}},
        [{"name": "a", "when": "always", "to": ["oncall"]}],
    )
    process = Process(config, NOTIFY_SOCKET=heard.address, WATCHDOG_USEC="300000")
    assert [heard.next(), heard.next(), heard.next()] == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]
    assert process.terminate() == 0
    while (said := heard.next()) == "WATCHDOG=1":
        pass
    assert said == "STOPPING=1"
    heard.close()
    assert "systemd" not in json.dumps(process.log)

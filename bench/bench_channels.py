"""What a send costs: ours, a bare requests.Session, aiohttp alone, Apprise's own notify(); on loopback.

Server and senders are processes of their own, and send in turn. CPU is the sender's, user and system.
"""

import asyncio
import atexit
import multiprocessing
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

import trustme

from bench.dead import others
from bench.local import serve
from bench.table import Row

TITLE = "channels: one send of a webhook on loopback, and memory"
#: Milliseconds of CPU that a send over a kept connection may take, and megabytes that four channels may.
GOAL_CPU = 2.0
GOAL_MEMORY = 20.0
_DATA = {"reason": "first", "event": {"JobId": "job-1"}}
_SPAWN = multiprocessing.get_context("spawn")
_AT_ONCE = 8

Sends = Callable[[int], None]
"""Makes so many sends."""


def run(quick: bool) -> list[Row]:
    """The senders over HTTP and HTTPS, a target that fails beside others, and what memory channels take."""
    sends, rounds = (200, 5) if quick else (1000, 9)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        ca, pem = os.path.join(folder, "ca.pem"), os.path.join(folder, "server.pem")
        authority = trustme.CA()
        authority.cert_pem.write_to_path(ca)
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
        for scheme, server_pem, server_ca in (("http", None, None), ("https", pem, ca)):
            rows += _with_server(scheme, server_pem, server_ca, sends, rounds)
    return rows + others(quick) + _memory()


def _with_server(scheme: str, pem: str | None, ca: str | None, sends: int, rounds: int) -> list[Row]:
    here, there = _SPAWN.Pipe()
    server = _SPAWN.Process(target=serve, args=(there, pem), daemon=True)
    server.start()
    url = f"{scheme}://127.0.0.1:{here.recv()}/"
    senders = {name: _Sender(name, url, ca, max(1, sends // part)) for name, (_, part) in _SENDERS.items()}
    for _ in range(rounds):
        for sender in senders.values():
            sender.turn()
    for sender in senders.values():
        sender.end()
    server.terminate()
    rows = [
        Row(f"{scheme}: {name}", f"{sender.rate:6.0f} sends/s, {sender.cpu:6.2f} ms CPU each")
        for name, sender in senders.items()
    ]
    ours, eight = senders["ours"], senders["ours, 8 at once"]
    rows.append(_at_most(f"{scheme}: CPU of ours", ours.cpu, GOAL_CPU, " ms"))
    rows.append(_at_least(f"{scheme}: ours against requests.Session", ours, senders["requests.Session"], 1))
    rows.append(_at_least(f"{scheme}: ours against aiohttp", ours, senders["aiohttp"], 0.5))
    rows.append(_at_least(f"{scheme}: 8 at once, against aiohttp", eight, senders["aiohttp, 8 at once"], 0.5))
    if scheme == "https":
        apprise = senders["apprise notify()"]
        rows.append(_at_least("https: ours against apprise notify()", ours, apprise, 20))
        rows.append(_at_most("https: CPU of ours against its", ours.cpu / apprise.cpu, 0.1, ""))
    return rows


def _at_least(name: str, ours: "_Sender", theirs: "_Sender", goal: float) -> Row:
    """The median of the rounds' ratios."""
    ratio = statistics.median(one / other for one, other in zip(ours.rates, theirs.rates, strict=True))
    return Row(name, f"{ratio:6.2f} times as fast", f">= {goal:g}", ratio >= goal)


def _at_most(name: str, value: float, goal: float, unit: str) -> Row:
    return Row(name, f"{value:6.2f}{unit}", f"<= {goal:g}{unit}", value <= goal)


class _Sender:
    """A process that sends in its turns, and what was measured of it."""

    def __init__(self, name: str, url: str, ca: str | None, count: int) -> None:
        self._here, there = _SPAWN.Pipe()
        self._count = count
        self._process = _SPAWN.Process(target=_send_in_turns, args=(there, name, url, ca), daemon=True)
        self._process.start()
        self.rates: list[float] = []
        self._cpus: list[float] = []
        self._ask(3)

    def turn(self) -> None:
        took, cpu = self._ask(self._count)
        self.rates.append(self._count / took)
        self._cpus.append(1000 * cpu / self._count)

    def _ask(self, count: int) -> tuple[float, float]:
        self._here.send(count)
        return self._here.recv()

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def cpu(self) -> float:
        return statistics.median(self._cpus)

    def end(self) -> None:
        self._here.send(0)
        self._process.join()


def _send_in_turns(asked: Connection, name: str, url: str, ca: str | None) -> None:
    sends = _SENDERS[name][0](url, ca)
    while count := asked.recv():
        cpu, begun = time.process_time(), time.perf_counter()
        sends(count)
        asked.send((time.perf_counter() - begun, time.process_time() - cpu))


def _one_by_one(send: Callable[[], bool]) -> Sends:
    def sends(count: int) -> None:
        for _ in range(count):
            if not send():
                raise RuntimeError("a send failed")

    return sends


def _ours(url: str, ca: str | None) -> Sends:
    return _one_by_one(_channel(url, ca))


def _ours_at_once(url: str, ca: str | None) -> Sends:
    sends, pool = _one_by_one(_channel(url, ca)), ThreadPoolExecutor(_AT_ONCE)

    def all_of_them(count: int) -> None:
        list(pool.map(sends, [-(-count // _AT_ONCE)] * _AT_ONCE))

    return all_of_them


def _channel(url: str, ca: str | None) -> Callable[[], bool]:
    from router.channels import ChannelSpec, make_channel
    from router.core.delivery import Delivery, Outcome
    from router.core.message import Message

    spec = ChannelSpec("hook/1", url.replace("http", "json", 1), "webhook", ca_file=ca)
    channel = make_channel(spec, lambda: 0)
    message = Message("job-1 failed", "exit code 137", data=_DATA)
    delivery = Delivery("d-1", "n-1", "g-1", "hook", "hook/1", "webhook", "critical", "", 0, 0)
    return lambda: channel.send(message, delivery).outcome is Outcome.ACCEPTED


def _bare(url: str, ca: str | None) -> Sends:
    import requests

    session = requests.Session()
    session.trust_env = False
    return _one_by_one(lambda: session.post(url, json=_DATA, verify=ca or True).ok)


def _aiohttp(url: str, ca: str | None) -> Sends:
    return _asked_by_aiohttp(url, ca, 1)


def _aiohttp_at_once(url: str, ca: str | None) -> Sends:
    return _asked_by_aiohttp(url, ca, _AT_ONCE)


def _asked_by_aiohttp(url: str, ca: str | None, at_once: int) -> Sends:
    import aiohttp

    loop = asyncio.new_event_loop()
    context = ssl.create_default_context(cafile=ca)

    async def opened() -> Any:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))

    session = loop.run_until_complete(opened())
    atexit.register(lambda: loop.run_until_complete(session.close()))

    async def some(count: int) -> None:
        for _ in range(count):
            async with session.post(url, json=_DATA) as answer:
                await answer.read()
                answer.raise_for_status()

    async def all_of_them(count: int) -> None:
        await asyncio.gather(*(some(-(-count // at_once)) for _ in range(at_once)))

    return lambda count: loop.run_until_complete(all_of_them(count))


def _apprise(url: str, _ca: str | None) -> Sends:
    from apprise import Apprise

    warnings.simplefilter("ignore")  # of verify=no, which spares it nothing: it reads the certificates anyway
    sender = Apprise()
    sender.add(url.replace("http", "json", 1) + ("?verify=no" if url.startswith("https") else ""))
    return _one_by_one(lambda: bool(sender.notify(title="job-1 failed", body="exit code 137")))


#: Each, and of how many sends it makes one: Apprise's are slow.
_SENDERS: dict[str, tuple[Callable[[str, str | None], Sends], int]] = {
    "ours": (_ours, 1),
    "ours, 8 at once": (_ours_at_once, 1),
    "requests.Session": (_bare, 1),
    "aiohttp": (_aiohttp, 1),
    "aiohttp, 8 at once": (_aiohttp_at_once, 1),
    "apprise notify()": (_apprise, 50),
}


_CORE = "import requests, apprise"
_FOUR = """
from router.channels import ChannelSpec, inspect_url, make_channel
written = ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "json://127.0.0.1/p",
           "dingtalk://" + "a" * 64, "mailto://a:b@example.com")
found = [single for url in written for single in inspect_url(url)]
kept = [make_channel(ChannelSpec("x/1", url, kind), lambda: 0) for url, kind, _ in found]
"""
_TLS = """
from router.channels.connections import tls_context
tls_context(None, True)
"""


def _memory() -> list[Row]:
    """Resident memory with four channels, over what requests and Apprise's core take."""
    core, four, tls = (_resident(code) for code in (_CORE, _CORE + _FOUR, _CORE + _FOUR + _TLS))
    more = four - core
    return [
        Row("memory: requests and Apprise's core", f"{core:6.1f} MB"),
        Row(
            "memory: slack, json, dingtalk, mailto",
            f"+{more:5.1f} MB",
            f"<= {GOAL_MEMORY:g} MB",
            more <= GOAL_MEMORY,
        ),
        Row("memory: the public certificates, once", f"+{tls - four:5.1f} MB"),
    ]


def _resident(code: str) -> float:
    show = f"{code}\nimport psutil\nprint(psutil.Process().memory_info().rss)"
    run = subprocess.run([sys.executable, "-c", show], capture_output=True, check=True, text=True)
    return int(run.stdout) / 1e6

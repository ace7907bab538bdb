"""What a send costs: ours, Apprise's own notify(), and a bare requests.Session; on loopback.

Server and senders are processes of their own. CPU is the sender's, user and system together.
"""

import multiprocessing
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

import trustme

from bench.table import Row

TITLE = "channels: one send of a webhook on loopback, and memory"
#: Milliseconds of CPU that a send over a kept connection may take, and megabytes that four channels may.
GOAL_CPU = 2.0
GOAL_MEMORY = 20.0
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_DATA = {"reason": "first", "event": {"JobId": "job-1"}}
_SPAWN = multiprocessing.get_context("spawn")


def run(quick: bool) -> list[Row]:
    """Three senders over HTTP and HTTPS, then the memory that channels take."""
    sends = 100 if quick else 1000
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        ca, pem = os.path.join(folder, "ca.pem"), os.path.join(folder, "server.pem")
        authority = trustme.CA()
        authority.cert_pem.write_to_path(ca)
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
        for scheme, server_pem, server_ca in (("http", None, None), ("https", pem, ca)):
            rows += _with_server(scheme, server_pem, server_ca, sends)
    return rows + _memory()


def _with_server(scheme: str, pem: str | None, ca: str | None, sends: int) -> list[Row]:
    here, there = _SPAWN.Pipe()
    server = _SPAWN.Process(target=_serve, args=(there, pem), daemon=True)
    server.start()
    port = here.recv()
    rows: list[Row] = []
    for name, count in (("ours", sends), ("requests.Session", sends), ("apprise notify()", sends // 10)):
        sender = _SPAWN.Process(
            target=_send_all, args=(there, name, f"{scheme}://127.0.0.1:{port}/", ca, count)
        )
        sender.start()
        rate, cpu = here.recv()
        sender.join()
        met = cpu <= GOAL_CPU if name == "ours" else None
        goal = f"<= {GOAL_CPU:g} ms CPU" if name == "ours" else ""
        rows.append(Row(f"{scheme}: {name}", f"{rate:6.0f} sends/s, {cpu:6.2f} ms CPU each", goal, met))
    server.terminate()
    return rows


def _send_all(results: Connection, name: str, url: str, ca: str | None, sends: int) -> None:
    send = {"ours": _ours, "requests.Session": _bare, "apprise notify()": _apprise}[name](url, ca)
    for _ in range(3):
        if not send():
            raise RuntimeError(f"{name}: a send failed")
    cpu, begun = time.process_time(), time.perf_counter()
    for _ in range(sends):
        send()
    cpu, took = time.process_time() - cpu, time.perf_counter() - begun
    results.send((sends / took, 1000 * cpu / sends))


def _ours(url: str, ca: str | None) -> Callable[[], bool]:
    from router.channels import ChannelSpec, make_channel
    from router.core.delivery import Delivery, Outcome
    from router.core.message import Message

    spec = ChannelSpec("hook/1", url.replace("http", "json", 1), "webhook", ca_file=ca)
    channel = make_channel(spec, lambda: 0)
    message = Message("job-1 failed", "exit code 137", data=_DATA)
    delivery = Delivery("d-1", "n-1", "g-1", "hook", "hook/1", "webhook", "critical", "", 0, 0)
    return lambda: channel.send(message, delivery).outcome is Outcome.ACCEPTED


def _bare(url: str, ca: str | None) -> Callable[[], bool]:
    import requests

    session = requests.Session()
    session.trust_env = False
    return lambda: session.post(url, json=_DATA, verify=ca or True).ok


def _apprise(url: str, _ca: str | None) -> Callable[[], bool]:
    from apprise import Apprise

    warnings.simplefilter("ignore")  # of verify=no, which spares it nothing: it reads the certificates anyway
    sender = Apprise()
    sender.add(url.replace("http", "json", 1) + ("?verify=no" if url.startswith("https") else ""))
    return lambda: bool(sender.notify(title="job-1 failed", body="exit code 137"))


def _serve(ready: Connection, pem: str | None) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if pem else None
    if context and pem:
        context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        ready.send(server.getsockname()[1])
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_answer, args=(connection, context), daemon=True).start()


def _answer(plain: socket.socket, context: ssl.SSLContext | None) -> None:
    with suppress(OSError), context.wrap_socket(plain, server_side=True) if context else plain as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pending = b""
        while part := connection.recv(65536):
            pending += part
            head, end, body = pending.partition(b"\r\n\r\n")
            lines = [line.lower() for line in head.split(b"\r\n")]
            length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            if end and len(body) >= length:
                connection.sendall(_ANSWER)
                pending = body[length:]


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

"""Providers on loopback: real sockets, with the faults that real providers have."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True)
class Received:
    """A request as a provider got it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


Behaviour = Callable[[socket.socket], None]
"""What is done on the connection after a request was read."""


def answer(
    status: int = 200, body: bytes | str | dict[str, Any] = b"", headers: dict[str, str] | None = None
) -> Behaviour:
    """A whole answer; the connection stays open."""
    content = (
        orjson.dumps(body) if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    )
    lines = {"Content-Length": str(len(content))} | (headers or {})
    head = f"HTTP/1.1 {status} Whatever\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items()) + "\r\n"
    return lambda connection: connection.sendall(head.encode() + content)


def raw(text: bytes) -> Behaviour:
    """These bytes, and the end of the connection."""

    def act(connection: socket.socket) -> None:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_RDWR)

    return act


def silent(connection: socket.socket) -> None:
    """No answer until the other side gives up."""
    with suppress(OSError):
        connection.settimeout(60)
        connection.recv(1)


def reset(connection: socket.socket) -> None:
    """The connection is reset instead of an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def drip(text: bytes, every: float = 0.02) -> Behaviour:
    """Byte for byte, each in time for a timeout that starts anew with each byte."""

    def act(connection: socket.socket) -> None:
        with suppress(OSError):
            for at in range(len(text)):
                connection.sendall(text[at : at + 1])
                time.sleep(every)

    return act


def endless(connection: socket.socket) -> None:
    """An answer of 100 MB, as fast as it is taken."""
    with suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        for _ in range(1600):
            connection.sendall(b"x" * 65536)


@dataclass
class Provider:
    """A provider: what it received, and what it does next. The last behaviour stays."""

    port: int = 0
    behaviours: list[Behaviour] = field(default_factory=lambda: [answer()])
    received: list[Received] = field(default_factory=list[Received])
    connections: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def does(self, *behaviours: Behaviour) -> None:
        self.behaviours = list(behaviours)

    def next(self) -> Behaviour:
        return self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]


def _head(connection: socket.socket) -> tuple[str, dict[str, str], bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return first, {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}, rest


def _request(connection: socket.socket) -> Received | None:
    read = _head(connection)
    if read is None:
        return None
    first, headers, body = read
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, target, _ = first.split(" ")
    return Received(method, target, headers, body)


def _serve(provider: Provider, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
    provider.connections += 1
    with suppress(OSError):
        if tls is not None:
            connection = tls.wrap_socket(connection, server_side=True)
        with connection:
            connection.settimeout(60)
            while request := _request(connection):
                provider.received.append(request)
                provider.next()(connection)


@contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Generator[Provider]:
    """A provider on a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        provider = Provider(server.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=_serve, args=(provider, connection, tls), daemon=True).start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        yield provider
        server.shutdown(socket.SHUT_RDWR)
        acceptor.join(60)

"""The load generator, and the sink that counts what is told: one process, one clock, for either side."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

_SEQ = re.compile(rb"seq-([0-9]{9})")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")
_HEADERS = "Host: 127.0.0.1\r\nContent-Type: application/json\r\n"
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_LATER = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class _Http(asyncio.Protocol):
    """One connection; cuts what comes into messages with a Content-Length."""

    transport: asyncio.Transport

    def __init__(self, message: Callable[["_Http", bytes, bytes], None]) -> None:
        self._message = message
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        pending = self._pending + data
        while (end := pending.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(pending, 0, end + 2)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(pending) < whole:
                break
            self._message(self, pending[:end], pending[end + 4 : whole])
            pending = pending[whole:]
        self._pending = pending


@dataclass
class Sink:
    """Takes webhooks, and notes when each event was told first and how often.

    Args:
        down: answers 503 to everything.
        takes: seconds before it answers.
        arrivals: when each message came, in seconds.
    """

    down: bool = False
    takes: float = 0.0
    arrivals: list[float] = field(default_factory=list[float])
    told: dict[int, float] = field(default_factory=dict[int, float])
    again: int = 0
    port: int = 0
    _server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listens on a free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Http(self._take), "127.0.0.1", 0, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Listens no more."""
        if self._server is not None:
            self._server.close()

    def _take(self, connection: _Http, _head: bytes, body: bytes) -> None:
        if self.down:
            connection.transport.write(_LATER)
            return
        now = time.perf_counter()
        self.arrivals.append(now)
        for seq in {int(found) for found in _SEQ.findall(body)}:
            if seq in self.told:
                self.again += 1
            else:
                self.told[seq] = now
        if self.takes:
            asyncio.get_running_loop().call_later(self.takes, connection.transport.write, _TAKEN)
        else:
            connection.transport.write(_TAKEN)

    async def wait_for(self, seqs: Sequence[int], seconds: float) -> bool:
        """Whether all of them were told, as soon as they were, or when the time is over."""
        ends = time.perf_counter() + seconds
        missing = deque(seqs)
        while missing and time.perf_counter() < ends:
            while missing and missing[0] in self.told:
                missing.popleft()
            await asyncio.sleep(0.005)
        return not missing


class RefusedError(Exception):
    """A side answered an event with something else than 200."""


class Client:
    """One kept connection that posts and waits for the answer."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._answer: asyncio.Future[bytes] | None = None
        self._http: _Http | None = None

    async def open(self, port: int) -> "Client":
        """Connects."""
        loop = asyncio.get_running_loop()
        _, self._http = await loop.create_connection(lambda: _Http(self._answered), "127.0.0.1", port)
        return self

    def close(self) -> None:
        """Ends the connection."""
        if self._http is not None:
            self._http.transport.close()

    async def post(self, body: bytes) -> None:
        """Posts a body.

        Raises:
            RefusedError: the answer is no 200.
        """
        assert self._http is not None
        self._answer = asyncio.get_running_loop().create_future()
        head = f"POST {self._path} HTTP/1.1\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n"
        self._http.transport.write(head.encode() + body)
        head_of_answer = await self._answer
        if b" 200 " not in head_of_answer[:20]:
            raise RefusedError(f"answered {head_of_answer[:200]!r}")

    def _answered(self, _connection: _Http, head: bytes, _body: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(head)


Batch = tuple[Sequence[int], bytes]
"""The numbers of some events, and the request that holds them."""


@dataclass
class Sent:
    """When each event was posted first, and when its request was answered."""

    begun: dict[int, float] = field(default_factory=dict[int, float])
    answered: dict[int, float] = field(default_factory=dict[int, float])


async def pour(port: int, path: str, batches: Iterable[Batch], connections: int) -> Sent:
    """Posts as fast as answers come, over so many connections."""
    sent, waiting = Sent(), iter(batches)
    clients = [await Client(path).open(port) for _ in range(connections)]

    async def run(client: Client) -> None:
        for seqs, body in waiting:
            await _post(client, seqs, body, sent)

    await asyncio.gather(*(run(client) for client in clients))
    for client in clients:
        client.close()
    return sent


async def pace(port: int, path: str, batches: Sequence[Batch], rate: int) -> Sent:
    """Posts so many a second whatever the answers do; one that finds no free connection opens one.

    Raises:
        RefusedError: that is more than the side takes.
    """
    sent = Sent()
    clients = [await Client(path).open(port) for _ in range(8)]
    free = list(clients)
    began = time.perf_counter()

    async def run(seqs: Sequence[int], body: bytes) -> None:
        if not free:
            clients.append(client := await Client(path).open(port))
        else:
            client = free.pop()
        await _post(client, seqs, body, sent)
        free.append(client)

    running: set[asyncio.Task[None]] = set()
    try:
        for number, (seqs, body) in enumerate(batches):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            running.add(asyncio.ensure_future(run(seqs, body)))
        await asyncio.gather(*running)
    finally:
        for task in running:
            task.cancel()
        for client in clients:
            client.close()
    return sent


async def _post(client: Client, seqs: Sequence[int], body: bytes, sent: Sent) -> None:
    now = time.perf_counter()
    for seq in seqs:
        sent.begun[seq] = now
    await client.post(body)
    now = time.perf_counter()
    for seq in seqs:
        sent.answered[seq] = now

"""The listener: a thin raw ASGI application on uvicorn, bounded in every direction.

POST /v1/events/NAME    to a source (or at its own path)
GET  /healthz           the process lives: 200, or 503 when a loop has ended or hangs
GET  /readyz            it can take events: 200, or 503 with what is wrong and what to do
GET  /metrics           Prometheus
GET  /a/TOKEN           what a link in a message would acknowledge; POST does it
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from router import telemetry
from router.core.delivery import SECOND
from router.errors import RouterError
from router.ports import Clock, HttpSource, Intake, Receipt, Request
from router.web.ack import MOST_FORM_BYTES, AckLinks
from router.web.answer import Answer
from router.web.gate import Gate, Role
from router.web.guesses import WITHIN
from router.web.handles import OutOfHandles
from router.web.inside import SourceStanding
from router.web.status import said_of, status_of

#: Seconds after which a source is told to come back: MNS gives up after 5.
ANSWER_SECONDS = 4.5

#: Bytes of a request's body that is no event.
MOST_SITE_BYTES = 1 << 20

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]

#: Seconds in ``Retry-After`` for every 503.
RETRY_AFTER = b"2"


class Health(Protocol):
    """What the listener asks of the process."""

    def problems(self) -> list[str]:
        """What keeps the process from taking events, in words; empty when it is ready."""
        ...

    def sources_stand(self) -> Sequence[SourceStanding]:
        """How each source stands."""
        ...

    def hung(self) -> list[str]:
        """What of the process stands still until it is started again, in words; empty when it lives."""
        ...


class Listener:
    """The ASGI application.

    Args:
        sources: by path; replaced as a whole on a reload.
        gate: who may; replaced on a reload.
        site: the API and the pages, which answer where no source does.
        links: what links in messages lead to, or None without a public address.
        changed: called after what a person asked for that is no mere look: something may be due by it.
    """

    def __init__(
        self,
        intake: Intake,
        health: Health,
        metrics: telemetry.Metrics,
        clock: Clock,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._intake = intake
        self._health = health
        self._metrics = metrics
        self._clock = clock
        self._changed = changed
        self.sources: Mapping[str, HttpSource] = {}
        self.gate = Gate(clock)
        self.links: AckLinks | None = None
        self.site: Asgi | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification, version 3."""
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive, send)
        except RouterError as error:
            answer = _error_answer(error)
        except Exception as error:  # noqa: BLE001  the client learns nothing of our inside
            telemetry.log("router.loop_failed", "error", loop="http", error=repr(error))
            answer = _error_answer(RouterError("internal", "the router failed on this request"))
        if answer is not None:
            await _send(send, answer)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> Answer | None:
        """What is to be answered; None where the site has done so."""
        scope = self._without_prefix(scope)
        path, method = str(scope["path"]), str(scope["method"])
        if path in ("/healthz", "/readyz", "/metrics"):
            if method not in ("GET", "HEAD"):
                raise RouterError("method-not-allowed", f"{path} is read with GET")
            return self._status_page(path, scope)
        source = self.sources.get(path)
        headers = _headers(scope)
        if source is None and self.links is not None:
            token = self.links.token_of(path)
            if token is not None:
                return await self.links.answer(
                    method, token, lambda: _body(headers, receive, MOST_FORM_BYTES)
                )
        if source is None and method == "POST" and path.startswith("/v1/events/"):
            self.gate.admit(headers, _peer(scope), Role.SEND)
            raise RouterError("not-found", "no source listens here", self._addresses())
        if source is None:
            return await self._visit(scope, headers, receive, send)
        if not source.signed:
            self.gate.admit(headers, _peer(scope), Role.SEND)
        if method != "POST":
            raise RouterError("method-not-allowed", "events are sent with POST")
        return await self._take(source, scope, headers, receive)

    def _without_prefix(self, scope: Scope) -> Scope:
        """The request with a path as ours are: what is in front of us leaves that of ``public_url`` there.

        A source's own path stays whole, and so does what was asked for without the prefix.
        """
        path, prefix = str(scope["path"]), self.gate.path
        if not prefix or path in self.sources or not f"{path}/".startswith(f"{prefix}/"):
            return scope
        return {**scope, "path": path.removeprefix(prefix) or "/"}

    async def _visit(self, scope: Scope, headers: Mapping[str, str], receive: Receive, send: Send) -> None:
        """Hands the request to the site, its body read and bounded."""
        if self.site is None:
            self.gate.admit(headers, _peer(scope), Role.READ)
            raise RouterError("not-found", "no source listens here", self._addresses())
        # Who is not known has nothing to send but a log-in.
        most = MOST_SITE_BYTES if self.gate.person(headers, _peer(scope)) else MOST_FORM_BYTES
        body = await _body(headers, receive, most)
        whole: list[Mapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replayed() -> Mapping[str, Any]:
            return whole.pop() if whole else await receive()

        async def sent(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = [_prefixed(one, self.gate.path) for one in message["headers"]]
                message = {**message, "headers": [*headers, *_always(message["status"])]}
            await send(message)

        try:
            await self.site(scope, replayed, sent)
        except Exception as error:  # noqa: BLE001  the site has answered already
            telemetry.log("router.loop_failed", "error", loop="http", error=repr(error))
        if scope["method"] not in ("GET", "HEAD"):
            self._changed()

    def _addresses(self) -> str:
        known = ", ".join(sorted(self.sources)) or "none is configured"
        return f"Sources that are posted to: {known}"

    def _status_page(self, path: str, scope: Scope) -> Answer:
        if path == "/healthz":
            hung = self._health.hung()
            return Answer(503 if hung else 200, _lines(hung or ["ok"]), b"text/plain; charset=utf-8")
        if path == "/readyz":
            problems = self._health.problems()
            said = {"ready": not problems, "problems": problems, "sources": self._sources_said()}
            return Answer(503 if problems else 200, orjson.dumps(said))
        self.gate.admit(_headers(scope), _peer(scope), Role.READ)
        return Answer(200, generate_latest(self._metrics.registry), CONTENT_TYPE_LATEST.encode())

    def _sources_said(self) -> dict[str, Any]:
        return {
            one.name: {
                "caught_up": one.caught_up,
                "lag_seconds": None if one.lag is None else one.lag / SECOND,
            }
            for one in self._health.sources_stand()
        }

    async def _take(
        self, source: HttpSource, scope: Scope, headers: Mapping[str, str], receive: Receive
    ) -> Answer:
        try:
            body = await _body(headers, receive, source.most_bytes)
            answer_by = time.monotonic() + ANSWER_SECONDS
            request = Request("POST", _target(scope), headers, body, self._clock.now())
            envelopes = await source.receive(request)
        except RouterError as error:
            self._metrics.refused.labels(source.name, error.code).inc()
            telemetry.log(
                "source.refused", "warning", source=source.name, code=error.code, reason=error.message
            )
            raise
        receipts = await _until(answer_by, self._intake.submit(envelopes)) if envelopes else []
        if source.accepted_status == 204:
            return Answer(204)
        return Answer(source.accepted_status, orjson.dumps({"events": [_shown(one) for one in receipts]}))


def _lines(said: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in said).encode()


def _shown(receipt: Receipt) -> dict[str, str]:
    return {"id": receipt.id, "outcome": receipt.outcome, "reason": receipt.reason}


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _peer(scope: Scope) -> str:
    """Who connected: behind a proxy, that proxy; what a header says of others is not believed."""
    client = scope.get("client")
    return client[0] if client else ""


def _prefixed(header: tuple[bytes, bytes], prefix: str) -> tuple[bytes, bytes]:
    """A redirect of the site, which knows its own paths, to where people reach it."""
    name, value = header
    return (name, prefix.encode() + value) if name == b"location" else header


def _target(scope: Scope) -> str:
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


async def _body(headers: Mapping[str, str], receive: Receive, most: int) -> bytes:
    too_large = RouterError("too-large", f"a request has at most {most // 1024} KiB", "Send less at once")
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > most:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RouterError("bad-request", "the client went away before its request was complete")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > most:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _until(answer_by: float, answer: "Future[list[Receipt]]") -> list[Receipt]:
    try:
        left = max(0.0, answer_by - time.monotonic())
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(answer)), left)
    except TimeoutError:
        raise RouterError(
            "too-slow", f"the store did not commit within {ANSWER_SECONDS} s", "Send it again"
        ) from None


def _error_answer(error: RouterError) -> Answer:
    return Answer(status_of(error), orjson.dumps(said_of(error)))


def _always(status: int) -> list[tuple[bytes, bytes]]:
    """Headers of every answer with this status: nobody keeps it, nobody guesses what it is."""
    headers = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
    if status == 503:
        headers.append((b"retry-after", RETRY_AFTER))
    if status == 429:
        headers.append((b"retry-after", b"%d" % (WITHIN // 1_000_000)))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 413:
        headers.append((b"connection", b"close"))
    return headers


async def _send(send: Send, answer: Answer) -> None:
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
        *_always(answer.status),
        *answer.headers,
    ]
    if answer.status == 204:
        headers = headers[2:]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def bind(address: str) -> socket.socket:
    """A listening socket at ``host:port``; port 0 takes a free one.

    Raises:
        RouterError: ``listen``: the address is not one, or is taken.
    """
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio would leave Nagle's algorithm on: 40 ms on every answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host.strip("[]"), int(port)))
        listening.listen(1024)
    except (OSError, ValueError, OverflowError) as error:
        listening.close()
        remedy = "Choose another address with http.listen in router.yaml"
        raise RouterError("listen", f"cannot listen on {address}: {error}", remedy) from error
    return listening


def make_server(listener: Listener) -> Any:
    """A uvicorn server for the listener that leaves signals to its caller."""
    import contextlib

    import uvicorn

    from router.web.protocol import BoundedProtocol

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            asyncio.get_running_loop().set_exception_handler(OutOfHandles())
            await super().startup(sockets)

    config = uvicorn.Config(
        listener,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        limit_concurrency=1000,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
    )
    return Server(config)

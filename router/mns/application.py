"""The stand-in: MNS' addresses as an application, with long polls and pushes."""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from router.mns import line, wire
from router.mns.admin import Admin
from router.mns.call import OPERATIONS, Answer, Call, operation_of, parse_query
from router.mns.faults import Faults
from router.mns.messages import SECOND, Ids
from router.mns.polling import Polling
from router.mns.pushes import Pushes
from router.mns.queue_calls import QueueCalls, wait_seconds
from router.mns.refusal import RefusedError
from router.mns.signature import check_request
from router.mns.state import State
from router.mns.topic_calls import TopicCalls

if TYPE_CHECKING:
    from router.mns.data import Data
    from router.mns.keys import PushKey

VERSION = "2015-06-06"
HOST_ID = "mns.stand-in"
#: The one pair that a stand-in knows; it protects nothing.
KEYS = {"stand-in": "stand-in-secret"}
_LONGEST_BODY = 2 * 1024 * 1024
#: After these there may be something to receive that was not before.
_WAKING = ("send", "delete", "batch-delete", "change-visibility")


def now_by_clock() -> int:
    """Microseconds UTC."""
    return time.time_ns() // 1000


class StandIn:
    """Its state, its faults, and the application that serves them.

    Args:
        url: where it listens, as clients know it.
        data: the file that the state is kept in, or None.
        keys: access key secrets by id.
        clock: microseconds UTC.
        seed: makes ids, retries and chance repeat.
    """

    def __init__(
        self,
        url: str,
        data: "Data | None" = None,
        keys: Mapping[str, str] = KEYS,
        clock: Callable[[], int] = now_by_clock,
        seed: int | None = None,
    ) -> None:
        chance = random.Random(seed)
        self.faults = Faults(chance)
        ids = Ids(chance, lambda: self.faults.hit("odd-handles") is not None)
        self.state = State(ids, chance, lambda: self.faults.hit("push-number-time") is not None)
        self.url = url
        self.clock = clock
        self._data = data
        self._keys = keys
        self._push_key: PushKey | None = None
        self._making_key = threading.Lock()
        self._polling = Polling()
        if data is not None:
            data.load(self.state)
        certificate = f"{url}/certificate.pem"
        self._pushes = Pushes(self.state, self.faults, self.push_key, certificate, clock, self._after_pushes)
        queues = QueueCalls(self.state, self.faults)
        topics = TopicCalls(self.state, self._polling.wake, self._pushes.wake)
        self._queues = queues
        self._carry_out = {**queues.operations(), **topics.operations()}

    def push_key(self) -> "PushKey":
        """The key that pushes are signed with."""
        from router.mns.keys import PushKey

        with self._making_key:
            if self._push_key is None:
                self._push_key = PushKey() if self._data is None else self._data.push_key()
            return self._push_key

    def application(self) -> Starlette:
        """The ASGI application."""
        addresses = sorted({address for _, address in OPERATIONS})
        methods = {address: [method for method, at in OPERATIONS if at == address] for address in addresses}
        admin = Admin(self.state, self.faults, self.clock, self._after_admin)
        routes = [
            *(Route(address, self._endpoint(address), methods=methods[address]) for address in addresses),
            Route("/certificate.pem", self._certificate, methods=["GET"]),
            *admin.routes(),
        ]
        unknown = {404: self._unknown, 405: self._unknown}
        return Starlette(routes=routes, lifespan=self._lifespan, exception_handlers=unknown)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncGenerator[None]:
        pushing = asyncio.create_task(self._pushes.run())
        yield
        pushing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pushing

    async def _certificate(self, _: Request) -> Response:
        return Response(self.push_key().certificate_pem(), media_type="application/x-pem-file")

    # one request

    def _endpoint(self, address: str) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            request_id = self.state.ids.request()
            query = parse_query(request.scope["query_string"].decode("latin-1"))
            try:
                operation = operation_of(request.method, address, query)
                answer = await self._answer_or_refusal(request, operation, query, request_id)
                await line.after(request, operation, self.faults)
            except RefusedError as refusal:
                answer = _refusal(refusal, request_id)
            except (line.BrokenError, ClientDisconnect):
                answer = Answer(500)
            return _response(answer, request_id)

        return endpoint

    async def _unknown(self, _: Request, __: Exception) -> Response:
        request_id = self.state.ids.request()
        refusal = RefusedError("InvalidRequestURL", "there is nothing at this address")
        return _response(_refusal(refusal, request_id), request_id)

    async def _answer_or_refusal(
        self, request: Request, operation: str, query: Mapping[str, str], request_id: str
    ) -> Answer:
        try:
            played = await line.before(request, operation, self.faults)
            return played or await self._answer(request, operation, query)
        except RefusedError as refusal:
            return _refusal(refusal, request_id)

    async def _answer(self, request: Request, operation: str, query: Mapping[str, str]) -> Answer:
        headers = dict(request.headers.items())
        body = await _body(request)
        now = self.clock()
        check_request(request.method, _target(request), headers, body, self._keys, now)
        call = Call(operation, request.path_params, query, headers, body, now)
        if operation == "receive":
            answer = await self._receive(request, call)
        else:
            answer = self._carry_out[operation](call)
        if operation in _WAKING:
            self._polling.wake(call.names["queue"])
        self._save()
        return answer

    async def _receive(self, request: Request, call: Call) -> Answer:
        queue = self.state.queue(call.names["queue"])
        waits = 0 if self.faults.hit("no-long-poll") else wait_seconds(call.query, queue)
        until = call.now + waits * SECOND
        while True:
            now = self.clock()
            try:
                return self._queues.receive(replace(call, now=now))
            except RefusedError as refusal:
                if refusal.code != "MessageNotExist" or now >= until:
                    raise
            change = queue.next_change() or until
            await self._polling.wait(queue.name, (min(until, change) - now) / SECOND)
            if await request.is_disconnected():
                raise line.BrokenError

    # what changed

    def _save(self) -> None:
        if self._data is not None:
            self._data.save(self.state)

    def _after_pushes(self) -> None:
        self._save()
        for name in self.state.queues:
            self._polling.wake(name)

    def _after_admin(self) -> None:
        self._save()
        self._pushes.wake()


def _target(request: Request) -> str:
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            raise RefusedError("InvalidArgument", "the request is too large")
    return body


def _refusal(refusal: RefusedError, request_id: str) -> Answer:
    return Answer(refusal.status, wire.error(refusal.code, refusal.message, request_id, HOST_ID))


def _response(answer: Answer, request_id: str) -> Response:
    headers = {"x-mns-request-id": request_id, "x-mns-version": VERSION, "Server": "AliyunMQS"}
    if answer.body:
        headers["Content-Type"] = "text/xml;charset=utf-8"
    return Response(answer.body, answer.status, headers | dict(answer.headers))

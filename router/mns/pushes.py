"""The loop that pushes notifications to HTTP endpoints and tries the failed ones again."""

import asyncio
import contextlib
import http.client
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from router.mns.faults import Faults
from router.mns.keys import PushKey
from router.mns.messages import SECOND
from router.mns.notification import PushRequest, notification_text, push_request
from router.mns.state import State
from router.mns.topics import Push, Subscription

ANSWER_WITHIN = 5.0
_AT_ONCE = 16
_LONGEST_NAP = 1.0
_FOREIGN_CERTIFICATE = "https://mns-cert.oss-cn-hangzhou.aliyuncs.com.example.org/certificate.pem"


@dataclass
class Pushes:
    """Carries out the pushes of a state.

    Args:
        clock: microseconds UTC.
        certificate: the address of the key's certificate.
        saved: is called when pushes changed.
    """

    state: State
    faults: Faults
    key: Callable[[], PushKey]
    certificate: str
    clock: Callable[[], int]
    saved: Callable[[], None]

    def __post_init__(self) -> None:
        self._wake = asyncio.Event()
        self._under_way: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There may be something to push."""
        self._wake.set()

    async def run(self) -> None:
        """Pushes what is due, until it is cancelled."""
        while True:
            self._wake.clear()
            for number, push, subscription in list(self.state.due_pushes(self.clock())):
                if number not in self._under_way and len(self._under_way) < _AT_ONCE:
                    self._start(number, push, subscription)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._nap())

    def _nap(self) -> float:
        due = [push.due_at for number, push in self.state.pushes.items() if number not in self._under_way]
        if not due or len(self._under_way) >= _AT_ONCE:
            return _LONGEST_NAP
        return min(max((min(due) - self.clock()) / SECOND, 0.01), _LONGEST_NAP)

    def _start(self, number: int, push: Push, subscription: Subscription) -> None:
        self._under_way.add(number)
        task = asyncio.create_task(self._carry_out(number, push, subscription))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, number: int, push: Push, subscription: Subscription) -> None:
        try:
            answer = await self._attempt(push, subscription)
            if answer is None:
                self.state.end_push(number)
            elif number in self.state.pushes:
                self.state.retry_push(number, subscription.strategy, answer, self.clock())
        finally:
            self._under_way.discard(number)
            self.saved()
            self.wake()

    async def _attempt(self, push: Push, subscription: Subscription) -> str | None:
        """What was answered, or None when it was accepted."""
        if subscription.queue:
            return None if self.state.push_to_queue(push, subscription, self.clock()) else "QueueNotExist"
        request = await asyncio.to_thread(self._request, push, subscription)
        try:
            status = await asyncio.wait_for(
                asyncio.to_thread(post, subscription.endpoint, request), ANSWER_WITHIN
            )
        except (OSError, http.client.HTTPException, ValueError, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"
        return None if 200 <= status < 300 else f"status {status}"

    def _request(self, push: Push, subscription: Subscription) -> PushRequest:
        number_time = self.faults.hit("push-number-time") is not None
        text = notification_text(push.message, subscription, number_time=number_time)
        foreign = self.faults.hit("push-foreign-certificate")
        certificate = _FOREIGN_CERTIFICATE if foreign else self.certificate
        request_id = self.state.ids.request()
        now = self.clock()
        request = push_request(push.message, subscription, text, self.key(), certificate, request_id, now)
        return self._disturbed(request)

    def _disturbed(self, request: PushRequest) -> PushRequest:
        headers = dict(request.headers)
        if self.faults.hit("push-wrong-signature"):
            headers["Authorization"] = self.key().sign("something else")
        if self.faults.hit("push-without-digest"):
            del headers["Content-md5"]
        body = request.body
        if self.faults.hit("push-altered-body"):
            body = body[:-1] + (b"!" if body[-1:] != b"!" else b"?")
        return replace(request, headers=headers, body=body)


def post(endpoint: str, request: PushRequest) -> int:
    """Posts a push over a connection of its own, header names in the case given.

    Returns:
        The status of the answer; redirects are not followed.

    Raises:
        OSError, HTTPException: no answer within 5 s, or none that is HTTP.
    """
    parts = urlsplit(endpoint)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=ANSWER_WITHIN, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=ANSWER_WITHIN)
    with contextlib.closing(connection):
        connection.putrequest("POST", request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        connection.endheaders(request.body)
        return connection.getresponse().status

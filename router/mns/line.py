"""The faults that the connection, or a proxy before MNS, has: played on the real socket."""

import asyncio
import socket
import struct

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from router.mns import wire
from router.mns.call import Answer
from router.mns.faults import Faults
from router.mns.refusal import RefusedError

_IDLE_BEFORE_CLOSE = 0.02
_PROXY_PAGE = b"<html><body>Service Unavailable</body></html>"
_REFUSING = {
    "time-expired": "TimeExpired",
    "signature-does-not-match": "SignatureDoesNotMatch",
    "access-denied": "AccessDenied",
    "qps-limit": "QpsLimitExceeded",
}


class Protocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it; hands the connection to the application."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"connection": {"transport": self.transport}}


class BrokenError(Exception):
    """The connection is broken, on purpose or by the client: nobody reads an answer."""


async def before(request: Request, operation: str, faults: Faults) -> Answer | None:
    """Plays the faults that keep a request from being carried out.

    Returns:
        The answer that comes instead, or None when the request goes on.
    """
    if not faults.on:
        return None
    if faults.hit("reset", operation):
        _reset(request)
    if hang := faults.hit("hang", operation):
        await asyncio.sleep(hang.seconds)
        _close(request)
    for name, code in _REFUSING.items():
        if faults.hit(name, operation):
            raise RefusedError(code, "a fault switch says so")
    return _strange_answer(operation, faults)


async def after(request: Request, operation: str, faults: Faults) -> None:
    """Plays the faults that come once a request was carried out."""
    if not faults.on:
        return
    if faults.hit("close-without-answer", operation):
        _close(request)
    if faults.hit("close-idle", operation):
        asyncio.get_running_loop().call_later(_IDLE_BEFORE_CLOSE, _transport(request).close)


def _strange_answer(operation: str, faults: Faults) -> Answer | None:
    if faults.hit("html-503", operation):
        return Answer(503, _PROXY_PAGE, {"Content-Type": "text/html"})
    if faults.hit("empty-500", operation):
        return Answer(500)
    if faults.hit("redirect", operation):
        return Answer(302, headers={"Location": "http://localhost:1/"})
    if faults.hit("error-without-host", operation):
        return Answer(500, wire.document("Error", [("Code", "InternalError"), ("Message", "no host")]))
    return None


def _transport(request: Request) -> asyncio.Transport:
    return request.scope["extensions"]["connection"]["transport"]


def _close(request: Request) -> None:
    _transport(request).close()
    raise BrokenError


def _reset(request: Request) -> None:
    connection: socket.socket = _transport(request).get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _transport(request).abort()
    raise BrokenError

"""HTTP/1.1 with bounds: uvicorn's protocol bounds neither slow clients nor the size of headers."""

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from router.errors import RouterError
from router.web.status import said_of

#: Bytes of a request's line and headers that come after their first chunk (64 KiB at most).
MOST_HEADER_BYTES = 16 * 1024
#: Seconds from a request's first byte (or the connection) to the end of its headers.
HEADER_SECONDS = 5.0
#: Seconds from there to the end of its body.
BODY_SECONDS = 10.0


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers are too large or whose request comes too slowly."""

    _deadline: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _in_headers = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_within(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # The chunk in which headers begin may hold the end of another request: it is not counted.
        self._header_bytes += len(data) if self._in_headers else 0
        super().data_received(data)
        if self._in_headers and self._header_bytes > MOST_HEADER_BYTES and not self.transport.is_closing():
            self._refuse("the request's headers are larger than 16 KiB")

    def send_400_response(self, msg: str) -> None:
        """What uvicorn's parser refuses, which says less than we do."""
        self._refuse("this is no HTTP/1.1 request, or its address is longer than 64 KiB")

    def _refuse(self, message: str) -> None:
        """Answers in the shape of every other error, and closes."""
        body = orjson.dumps(said_of(RouterError("bad-request", message)))
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        lines = [b"HTTP/1.1 400 Bad Request", *(b"%s: %s" % header for header in headers), b"", body]
        self.transport.write(b"\r\n".join(lines))
        self.transport.close()

    def on_message_begin(self) -> None:
        self._in_headers = True
        self._header_bytes = 0
        self._expect_within(HEADER_SECONDS)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._expect_within(BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._expect_nothing()
        super().on_message_complete()

    def _expect_within(self, seconds: float) -> None:
        self._expect_nothing()
        self._deadline = self.loop.call_later(seconds, self._too_slow)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

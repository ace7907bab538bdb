"""One HTTP/1.1 request and its answer on an open socket, within the send's time and our bounds."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from requests.structures import CaseInsensitiveDict

from router.channels.recording import Exchange, Recording

#: What is kept of an answer; the rest is not read.
MAX_ANSWER = 64 * 1024
#: An answer's head may be so long, and what frames its body (sizes of chunks, trailers).
_MAX_FRAME = 256 * 1024
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})


def origin_of(url: str) -> str:
    """``scheme://host:port`` in lower case; the port is left out where it is the scheme's own."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, _ports(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{_bracketed(parts.hostname or '')}{port}"


def _ports(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True, slots=True)
class Address:
    """A URL, taken apart.

    Args:
        host: of the server, without brackets.
        named: the same and the port where it is not the scheme's own, as ``Host`` has it.
        target: path and query.
    """

    origin: str
    tls: bool
    host: str
    port: int
    named: str
    target: str


@lru_cache(maxsize=512)
def address_of(url: str) -> Address:
    """The parts of a URL whose characters are all quoted.

    Raises:
        ValueError: it is none.
    """
    parts, origin = urlsplit(url), origin_of(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(
        origin=origin,
        tls=parts.scheme == "https",
        host=parts.hostname or "",
        port=parts.port or _ports(parts.scheme),
        named=origin.partition("://")[2],
        target=target,
    )


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    Args:
        url: with all its characters quoted.
        headers: those that say how the message is framed are ours, whatever stands here.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


def text(value: str | bytes) -> str:
    """A header's value."""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def ask(sock: Any, recording: Recording, exchange: Exchange, data: bytes) -> bool:
    """Sends a request and reads its answer into the exchange; whether the connection can be used again.

    Raises:
        OSError: it broke, or the send has no more time, before there was an answer.
        ValueError: what came is no answer.
        AbandonedError: the send is over; nothing was sent.
    """
    recording.connected(sock)
    recording.sending()
    left = memoryview(data)
    while left:
        sock.settimeout(recording.left())
        left = left[sock.send(left) :]  # not sendall, in which each record of TLS has the whole time
    answer = _Answer(exchange)
    try:
        answer.read(sock, recording)
    finally:
        answer.close()
    return answer.kept


def encoded(
    request: Request, to: Address, target: str, more: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """The bytes of a request.

    Args:
        target: as it stands in the first line.
        more: headers besides the request's own.

    Raises:
        ValueError: a part would begin a line of its own, or is not Latin-1.
    """
    lines = [f"{request.method} {target} HTTP/1.1"]
    headers = [*request.headers.items(), *more.items()]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in _FRAMING]
    if not any(name.lower() == "host" for name in request.headers):
        lines.append(f"Host: {to.named}")
    if request.body or request.method not in ("GET", "HEAD", "OPTIONS", "DELETE"):
        lines.append(f"Content-Length: {len(request.body)}")
    head = "\r\n".join([*lines, "", ""])
    if not head.count("\n") == head.count("\r") == len(lines) + 1:
        raise ValueError("a line break in a header")
    return head.encode("latin-1") + request.body


class _Answer:
    """An answer as it comes in; the parser calls what begins with ``on_``."""

    def __init__(self, exchange: Exchange) -> None:
        self.kept = False
        self._exchange = exchange
        self._whole = False
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._parser: Any = HttpResponseParser(self)
        # Who answers with bare line feeds, or with a length too many, has answered.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_chunked_length=True)

    def close(self) -> None:
        """Lets the parser go, which knows us."""
        self._parser = None

    def read(self, sock: Any, recording: Recording) -> None:
        """Reads to the end, or to what is kept of it; what breaks behind the head is no error."""
        try:
            self._read(sock, recording)
        except (OSError, ValueError):
            if self._exchange.status is None:
                raise
            self.kept = False
            self._keep(complete=False)
        else:
            self._keep(complete=True)

    def _read(self, sock: Any, recording: Recording) -> None:
        frame = 0
        while not self._whole and len(self._body) < MAX_ANSWER:
            sock.settimeout(recording.left())
            part = sock.recv(65536)
            if not part:
                self._end()
                return
            frame += len(part) - self._feed(part)
            if frame > _MAX_FRAME:
                raise ValueError("too much that is no body")

    def _feed(self, part: bytes) -> int:
        """Takes what came; how much of it was body."""
        before = len(self._body)
        try:
            self._parser.feed_data(part)
        except HttpParserUpgrade as error:
            raise ValueError("another protocol") from error
        except HttpParserError as error:
            if not self._whole:
                raise ValueError("this is not HTTP") from error
            self.kept = False
        return len(self._body) - before

    def _end(self) -> None:
        if self._exchange.status is None:
            raise ConnectionResetError("the connection was closed without an answer")
        if self._headers.keys() & {"content-length", "transfer-encoding"}:
            raise ConnectionResetError("the connection was closed within the answer")

    def _keep(self, complete: bool) -> None:
        body = bytes(self._body[:MAX_ANSWER])
        if self._headers.get("content-encoding", "").lower() in _PACKED:  # nobody asked for it
            body = _unpacked(body)
        self._exchange.body = body
        self._exchange.complete = complete

    def on_message_begin(self) -> None:
        if self._whole:  # more than was asked for
            self.kept = False
        else:
            self._headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._exchange.status is None:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        status: int = self._parser.get_status_code()
        if status < 200 or self._exchange.status is not None:
            return
        self._exchange.headers = CaseInsensitiveDict(self._headers)
        self._exchange.reason = _reason(status)
        self._exchange.status = status

    def on_body(self, part: bytes) -> None:
        if not self._whole and len(self._body) < MAX_ANSWER:
            self._body += part

    def on_message_complete(self) -> None:
        if self._exchange.status is not None and not self._whole:
            self._whole = True
            self.kept = self._parser.should_keep_alive()


def _unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, MAX_ANSWER)
    except zlib.error:
        return body


@lru_cache(maxsize=128)
def _reason(status: int) -> str:
    """The standard's words, not the server's: those may be anything."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""

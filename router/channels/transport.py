"""How requests leave: pooled, bounded in time and size, never redirected, and on record."""

import re
import ssl
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
)

from router.channels import wire
from router.channels.bounded import LateError
from router.channels.connections import Idle, Line, Proxy, connected, tls_context
from router.channels.recording import RECORDING, Exchange, Recording
from router.channels.wire import Address, Request, address_of, origin_of, text
from router.errors import RouterError

_PROXY = re.compile(r"https?://[^/?#]+/?$")


def _origin(written: str) -> str:
    try:
        if urlsplit(written).scheme in ("http", "https") and urlsplit(written).path in ("", "/"):
            return origin_of(written)
    except ValueError:
        pass
    raise RouterError(
        "bad-channel", f"egress: {written!r} is no origin", "write https://host or http://host:port"
    )


def _check_certificates(ca_file: str) -> None:
    try:
        tls_context(ca_file, True)
    except OSError as error:
        raise RouterError(
            "bad-channel", f"ca_file: {ca_file!r} cannot be read as certificates: {error}"
        ) from error


class Transport:
    """Sends requests over connections that it keeps. Safe to use from several threads.

    Args:
        connect_timeout: seconds.
        egress: requests for the first origin go to the second.
        proxy: the URL of an HTTP proxy; the environment's proxies are ignored.
        ca_file: certificates that are trusted besides the public ones.

    Raises:
        RouterError: ``bad-channel``: egress, proxy or ca_file cannot be used.
    """

    def __init__(
        self,
        connect_timeout: float = 4.0,
        egress: Mapping[str, str] | None = None,
        proxy: str | None = None,
        ca_file: str | None = None,
    ) -> None:
        self.connect_timeout = connect_timeout
        #: Connections to the channel's mail server.
        self.mail: Idle[Any] = Idle()
        self._egress = {_origin(of): _origin(to) for of, to in (egress or {}).items()}
        if proxy is not None and not _PROXY.match(proxy):
            raise RouterError("bad-channel", "the proxy is no URL of an HTTP proxy", "http://host:port")
        if ca_file is not None:
            _check_certificates(ca_file)
        self._proxy = Proxy(proxy, ca_file) if proxy is not None else None
        self._ca_file = ca_file
        self._kept: dict[tuple[str, bool], Idle[Line]] = {}
        self._closed = False
        self._lock = threading.Lock()

    def tls(self, verify: bool, of: str) -> ssl.SSLContext:
        """The TLS context for another protocol than HTTP."""
        return tls_context(self._ca_file, verify, of)

    def close(self) -> None:
        """Closes idle connections; those in use are closed when they are given back."""
        with self._lock:
            self._closed = True
            kept = list(self._kept.values())
        self.mail.close()
        for idle in kept:
            idle.close()

    def send(
        self, recording: Recording, request: requests.PreparedRequest, verify: bool = True
    ) -> requests.Response:
        """As :meth:`ask`, in the words of requests."""
        headers = {name: text(value) for name, value in request.headers.items()}
        asked = Request(str(request.method), str(request.url), headers, _bytes(request.body))
        return _response(request, self.ask(recording, asked, verify))

    def ask(self, recording: Recording, request: Request, verify: bool = True) -> Exchange:
        """Sends a request, and puts it and its answer on record.

        Raises:
            requests.ConnectionError: no answer came; the exchange says why.
            AbandonedError: the send is over; nothing was sent.
        """
        to = address_of(request.url)
        exchange = Exchange(request.method, to.origin)
        recording.begin(exchange)
        try:
            self._exchange(recording, exchange, request, self._outgoing(to), verify)
        except (HTTPError, OSError, ValueError) as error:
            exchange.fault = words(error)
            exchange.hopeless = is_hopeless(error)
            raise requests.ConnectionError(exchange.fault) from error
        return exchange

    def _outgoing(self, to: Address) -> Address:
        gateway = self._egress.get(to.origin)
        return to if gateway is None else address_of(gateway + to.target)

    def _exchange(
        self, recording: Recording, exchange: Exchange, request: Request, to: Address, verify: bool
    ) -> None:
        if self._proxy is None or to.tls:
            data = wire.encoded(request, to, to.target)
        else:
            data = wire.encoded(request, to, to.origin + to.target, self._proxy.headers)
        idle = self._idle(to.origin, verify)
        line = _fresh(idle) or self._connected(recording, to, verify)
        kept = False
        try:
            kept = wire.ask(line.sock, recording, exchange, data)
        finally:
            if kept:
                idle.put(line)
            else:
                line.end()

    def _idle(self, origin: str, verify: bool) -> Idle[Line]:
        """The connections to a server that nobody uses now."""
        with self._lock:
            found = self._kept.get((origin, verify))
            if found is None:
                found = self._kept[origin, verify] = Idle()
                if self._closed:
                    found.close()
            return found

    def _connected(self, recording: Recording, to: Address, verify: bool) -> Line:
        timeout = min(self.connect_timeout, recording.left())
        context = tls_context(self._ca_file, verify) if to.tls else None
        try:
            return recording.in_time(partial(connected, to, self._proxy, context, timeout))
        except LateError as error:
            raise ConnectTimeoutError from error


#: The transport of the send that runs in this thread.
TRANSPORT: ContextVar[Transport] = ContextVar("transport")


@contextmanager
def recorded(transport: Transport, recording: Recording) -> Generator[None]:
    """Within it, requests of this thread leave by the transport and are put on the recording."""
    of_transport, of_recording = TRANSPORT.set(transport), RECORDING.set(recording)
    try:
        yield
    finally:
        TRANSPORT.reset(of_transport)
        RECORDING.reset(of_recording)


def _fresh(idle: Idle[Line]) -> Line | None:
    """A kept connection that the other side has not closed meanwhile."""
    while (line := idle.take()) is not None:
        if not line.has_ended():
            return line
        line.end()
    return None


def _bytes(body: Any) -> bytes:
    """A prepared request's body, which is never a file here."""
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _response(request: requests.PreparedRequest, exchange: Exchange) -> requests.Response:
    response = requests.Response()
    response.status_code = cast(int, exchange.status)
    response.headers = CaseInsensitiveDict(exchange.headers)
    response.encoding = get_encoding_from_headers(response.headers)
    response.reason = exchange.reason
    response.url = str(request.url)
    response.request = request
    answered: Any = response
    answered._content, answered._content_consumed = exchange.body, True
    return response


def words(error: BaseException) -> str:
    """Why no answer came."""
    if isinstance(error, NameResolutionError):
        return "the host name does not resolve"
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return "no connection in time"
    cause = _root(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate is not accepted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason or type(cause).__name__}"
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError):
        told = cause.strerror or str(cause) or "the connection broke"
        return f"the proxy: {told}" if isinstance(error, ProxyError) else told
    return "the connection broke, or the answer is not HTTP"


def is_hopeless(error: BaseException) -> bool:
    """Whether trying again would end the same way: the certificate is not accepted."""
    return isinstance(_root(error), ssl.SSLCertVerificationError)


def _root(error: BaseException) -> BaseException:
    """The first cause; urllib3 puts it into ``args`` or chains it."""
    while True:
        inner = error.__cause__ or next((a for a in error.args if isinstance(a, BaseException)), None)
        if inner is None:
            return error
        error = inner

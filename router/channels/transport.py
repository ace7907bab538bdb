"""How requests leave: pooled, bounded in time and size, never redirected, and on record."""

import re
import ssl
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)
from urllib3.util import parse_url

from router.channels.connections import POOLS, Idle, tls_context
from router.channels.recording import RECORDING, Exchange, Recording
from router.errors import RouterError

#: What is kept of an answer; the rest is not read.
MAX_ANSWER = 64 * 1024


def origin_of(url: str) -> str:
    """``scheme://host:port`` in lower case; the port is left out where it is the scheme's own."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    own = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, own) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


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
        self._proxy = proxy
        self._ca_file = ca_file
        self._managers: dict[tuple[bool, bool], urllib3.PoolManager] = {}
        self._lock = threading.Lock()

    def tls(self, verify: bool, of: str) -> ssl.SSLContext:
        """The TLS context for another protocol than HTTP."""
        return tls_context(self._ca_file, verify, of)

    def close(self) -> None:
        """Closes idle connections; those in use are closed when they are given back."""
        with self._lock:
            managers, self._managers = list(self._managers.values()), {}
        self.mail.close()
        for manager in managers:
            manager.clear()

    def send(
        self, recording: Recording, request: requests.PreparedRequest, verify: bool = True
    ) -> requests.Response:
        """Sends a request, puts the exchange on record, and returns the answer.

        Raises:
            requests.ConnectionError: no answer came; the exchange says why.
            AbandonedError: the send is over; nothing was sent.
        """
        url = str(request.url)
        exchange = Exchange(str(request.method), origin_of(url))
        recording.begin(exchange)
        try:
            answer = self._open(recording, request, self._outgoing(url), verify)
            exchange.headers = CaseInsensitiveDict(answer.headers.items())
            exchange.reason = _reason(answer.status)
            exchange.status = answer.status
            exchange.body, exchange.complete = _read(answer, recording)
        except (HTTPError, OSError, ValueError) as error:
            exchange.fault = words(error)
            exchange.hopeless = is_hopeless(error)
            raise requests.ConnectionError(exchange.fault) from error
        return _response(request, exchange)

    def _outgoing(self, url: str) -> str:
        to = self._egress.get(origin_of(url))
        if to is None:
            return url
        gateway, parts = urlsplit(to), urlsplit(url)
        return urlunsplit((gateway.scheme, gateway.netloc, parts.path, parts.query, ""))

    def _open(
        self, recording: Recording, request: requests.PreparedRequest, url: str, verify: bool
    ) -> urllib3.BaseHTTPResponse:
        remaining = recording.remaining()
        return self._manager(url.startswith("https:"), verify).urlopen(
            str(request.method),
            url,
            redirect=False,
            body=cast(Any, request.body),
            headers=cast(Any, request.headers),
            retries=False,
            preload_content=False,
            decode_content=True,
            timeout=urllib3.Timeout(connect=min(self.connect_timeout, remaining), read=remaining),
        )

    def _manager(self, tls: bool, verify: bool) -> urllib3.PoolManager:
        with self._lock:
            if (tls, verify) not in self._managers:
                self._managers[tls, verify] = self._make_manager(tls, verify)
            return self._managers[tls, verify]

    def _make_manager(self, tls: bool, verify: bool) -> urllib3.PoolManager:
        options: dict[str, Any] = {"num_pools": 8, "maxsize": 8}
        if tls:
            options["ssl_context"] = tls_context(self._ca_file, verify)
        if self._proxy is None:
            manager = urllib3.PoolManager(**options)
        else:
            auth = parse_url(self._proxy).auth
            headers = urllib3.make_headers(proxy_basic_auth=auth) if auth else None
            manager = urllib3.ProxyManager(self._proxy, proxy_headers=headers, **options)
        manager.pool_classes_by_scheme = POOLS
        return manager


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


def _read(answer: urllib3.BaseHTTPResponse, recording: Recording) -> tuple[bytes, bool]:
    """The first 64 KiB of the answer, and whether nothing went wrong on the way."""
    body = bytearray()
    try:
        while len(body) < MAX_ANSWER:
            part = answer.read(MAX_ANSWER - len(body))
            if not part:
                answer.release_conn()
                return bytes(body), True
            body += part
            if recording.remaining() <= 0.001:
                raise TimeoutError
    except (HTTPError, OSError, ValueError):
        answer.close()
        return bytes(body), False
    answer.close()
    return bytes(body), True


def _reason(status: int) -> str:
    """The standard's words, not the server's: those may be anything."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


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
    if isinstance(error, ReadTimeoutError):
        return "no answer in time"
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

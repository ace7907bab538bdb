"""Connections: new ones, those that are kept, and the TLS contexts that they share."""

import ssl
import threading
import time
from contextlib import suppress
from functools import lru_cache
from http.client import HTTPException
from typing import Any, Generic, Protocol, TypeVar

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig
from urllib3.exceptions import HTTPError, ProxyError
from urllib3.util import make_headers, parse_url
from urllib3.util.wait import wait_for_read

from router.channels.wire import Address, address_of

#: Seconds. Servers close idle connections, many after 5 s; an older one is not used again.
IDLE = 4.0


class _Kept(Protocol):
    def end(self) -> None: ...


T = TypeVar("T", bound=_Kept)


class Idle(Generic[T]):
    """Connections that nobody uses now. Safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, T]] = []
        self._closed = False
        self._lock = threading.Lock()

    def put(self, connection: T) -> None:
        """Keeps a connection for the next use."""
        with self._lock:
            if not self._closed:
                self._kept.append((time.monotonic(), connection))
                return
        connection.end()

    def take(self) -> T | None:
        """The newest that is not too old, or None; those that are too old end."""
        with self._lock:
            young = [each for each in self._kept if time.monotonic() - each[0] < IDLE]
            old = self._kept[: len(self._kept) - len(young)]
            newest = young.pop()[1] if young else None
            self._kept = young
        for _, connection in old:
            connection.end()
        return newest

    def close(self) -> None:
        """Ends all, now and from now on."""
        with self._lock:
            kept, self._kept, self._closed = self._kept, [], True
        for _, connection in kept:
            connection.end()


class Line:
    """A connection to an HTTP server: a socket, or TLS within TLS."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock

    def has_ended(self) -> bool:
        """Whether the other side has closed it, or says what nobody asked for."""
        return wait_for_read(self.sock, timeout=0.0)

    def end(self) -> None:
        """Closes it."""
        with suppress(OSError):
            self.sock.close()

    def __del__(self) -> None:
        # One that came too late is nobody's.
        self.end()


class Proxy:
    """An HTTP proxy, and how it knows us.

    Args:
        url: ``http://user:password@host:port``.
        ca_file: see :func:`tls_context`; a proxy's certificate is always looked at.
    """

    def __init__(self, url: str, ca_file: str | None) -> None:
        self.at = address_of(url)
        self.url = parse_url(url)
        self.headers = make_headers(proxy_basic_auth=self.url.auth) if self.url.auth else {}
        self.config = ProxyConfig(tls_context(ca_file, True) if self.at.tls else None, False, None, None)


def connected(to: Address, proxy: Proxy | None, context: ssl.SSLContext | None, timeout: float) -> Line:
    """A new connection, in TLS where the address is, and through a tunnel where there is a proxy, too.

    Args:
        timeout: seconds for each step.

    Raises:
        HTTPError: it cannot be reached; ``ProxyError`` where that is the proxy.
        OSError: the same; ``ssl.SSLCertVerificationError``: it is not who it should be.
    """
    at = proxy.at if proxy else to
    options: dict[str, Any] = {"proxy": proxy.url, "proxy_config": proxy.config} if proxy else {}
    made: Any
    if at.tls or to.tls:
        made = HTTPSConnection(at.host, at.port, timeout=timeout, ssl_context=context, **options)
    else:
        made = HTTPConnection(at.host, at.port, timeout=timeout, **options)
    if proxy and to.tls:
        made.set_tunnel(to.host, to.port, proxy.headers, "https" if at.tls else "http")
    try:
        made.connect()
    except (HTTPError, OSError) as error:
        made.close()
        if proxy and not made.has_connected_to_proxy:
            raise ProxyError("it cannot be reached", error) from error
        raise
    except HTTPException as error:
        made.close()
        raise ProxyError("its answer is not HTTP", error) from error
    return Line(made.sock)


@lru_cache(maxsize=8)
def tls_context(ca_file: str | None, verify: bool, of: str = "http") -> ssl.SSLContext:
    """A TLS context; shared, because reading the certificates takes 30 ms and some megabytes.

    Args:
        ca_file: certificates that are trusted besides the public ones.
        verify: False where the channel's URL says ``verify=no``.
        of: each protocol has its own: urllib3 offers HTTP on those that it is given.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context

"""Connections that put on record when they begin to send, and the TLS contexts that they share."""

import socket
import ssl
import threading
import time
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar, cast

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from router.channels.recording import current

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


class _Noted:
    """A connection that notes when it begins to send, and does not live long when idle."""

    sock: Any
    _connecting = False
    _last_used = 0.0

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        sock = cast(socket.socket, self.sock)
        if not self._connecting:  # else it is a proxy's CONNECT
            recording = current()
            recording.connected(sock)
            recording.sending()
            sock.settimeout(recording.remaining())
        self._last_used = time.monotonic()
        super().send(data)  # type: ignore[misc]

    @property
    def is_connected(self) -> bool:
        fresh = time.monotonic() - self._last_used < IDLE
        return fresh and super().is_connected  # type: ignore[misc,no-any-return]


class _Connection(_Noted, HTTPConnection):
    pass


class _TLSConnection(_Noted, HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        # Else urllib3 warns, on stderr, of what the URL's verify=no has chosen.
        self.is_verified = True


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection  # type: ignore[assignment]


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection  # type: ignore[assignment]


POOLS: Any = {"http": _Pool, "https": _TLSPool}


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

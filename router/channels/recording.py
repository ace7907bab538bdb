"""What is on record of one send: its exchanges, and how much time it has left."""

import socket
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from router.channels.bounded import Calls

T = TypeVar("T")


@dataclass
class Exchange:
    """One request and what came of it.

    Args:
        origin: ``https://host:port`` that the request was for.
        sent: a part of the request may have left; before that nobody can have received anything.
        status: None when no answer came.
        reason: the status's own words.
        complete: the answer was read to its end, or to 64 KiB.
        fault: why no answer came, in words; empty when one came.
        hopeless: trying again would end the same way (a certificate that is not accepted).
    """

    method: str
    origin: str
    sent: bool = False
    status: int | None = None
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    complete: bool = False
    fault: str = ""
    hopeless: bool = False


class AbandonedError(Exception):
    """The send has run out of time; it must not begin another request."""


class Recording:
    """All exchanges of one send, and its deadline.

    Args:
        seconds: how long the whole send may take.
        calls: through these goes what may hang beyond that, such as the look-up of a name; None
            where the whole send is such a call.
    """

    def __init__(self, seconds: float, calls: Calls | None = None) -> None:
        self.exchanges: list[Exchange] = []
        #: What the provider calls the message, where the sender knows it.
        self.reference: str | None = None
        self._aside = False
        self._calls = calls
        self._deadline = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._abandoned = False
        self._socket: Any = None

    def remaining(self) -> float:
        """Seconds to the deadline, never less than a millisecond."""
        return max(0.001, self._deadline - time.monotonic())

    def left(self) -> float:
        """Seconds to the deadline.

        Raises:
            TimeoutError: it has come.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def in_time(self, call: Callable[[], T]) -> T:
        """What a call gives that may hang beyond the deadline.

        Raises:
            LateError: it has.
            HangingError: too many calls for this target hang already.
            NoThreadError: it has not begun.
        """
        return call() if self._calls is None else self._calls.call(call, self.left())

    def begin(self, exchange: Exchange) -> None:
        """Adds an exchange, before anything is done for it."""
        with self._lock:
            self._refuse_when_abandoned()
            if not self._aside:
                self.exchanges.append(exchange)

    @contextmanager
    def aside(self) -> Generator[None]:
        """Within it, requests are bounded as all are, and what comes of them does not count."""
        self._aside = True
        try:
            yield
        finally:
            self._aside = False

    def forget(self) -> None:
        """Lets go of what was asked so far: it was a look-up, and says nothing of the message."""
        with self._lock:
            self.exchanges.clear()

    def connected(self, sock: Any) -> None:
        """Notes the socket of the newest exchange, which is shut when the send is abandoned."""
        with self._lock:
            self._refuse_when_abandoned()
            self._socket = sock

    def sending(self) -> None:
        """Notes that bytes of the newest exchange are about to leave."""
        with self._lock:
            self._refuse_when_abandoned()
            if not self._aside:
                self.exchanges[-1].sent = True

    def abandon(self) -> None:
        """Ends the send from another thread: nothing more leaves, and its socket is shut."""
        with self._lock:
            self._abandoned = True
            sock = getattr(self._socket, "socket", self._socket)  # TLS within TLS has its own within
        if sock is not None:
            with suppress(OSError):
                # Not SSLSocket's own shutdown, which takes its state from under a reading thread.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _refuse_when_abandoned(self) -> None:
        if self._abandoned or time.monotonic() >= self._deadline:
            raise AbandonedError


class Rehearsal(Recording):
    """Everything up to the first byte of a message: names, connections, TLS, a mail server's log-in.

    ``arrived`` says that the rest would have left.
    """

    arrived = False

    def sending(self) -> None:
        """Ends the send instead.

        Raises:
            AbandonedError: always.
        """
        self.arrived = True
        self.abandon()
        raise AbandonedError


#: The recording of the send that runs in this thread.
RECORDING: ContextVar[Recording | None] = ContextVar("recording", default=None)


def current() -> Recording:
    """The recording of the send that runs in this thread.

    Raises:
        AbandonedError: none does: a plugin tried to reach the network outside a send.
    """
    recording = RECORDING.get()
    if recording is None:
        raise AbandonedError
    return recording

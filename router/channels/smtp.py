"""Connections to mail servers: on record, bounded in what they say, and kept a while for the next mail."""

import smtplib
import socket
import ssl
from contextlib import suppress
from functools import cache
from typing import Any, cast

from router.channels.plugins import Plugin
from router.channels.recording import Recording
from router.channels.transport import TRANSPORT
from router.channels.wire import MAX_ANSWER


def server_of(plugin: Plugin, recording: Recording) -> "Server":
    """A connection that takes a mail: a kept one that still answers, or a new one, greeted and logged in.

    Raises:
        OSError: also all errors of smtplib.
    """
    idle = TRANSPORT.get().mail
    while (kept := idle.take()) is not None:
        try:
            if kept.answers(recording):
                return kept
        except BaseException:
            kept.close()
            raise
        kept.close()
    server = Server(plugin, recording)
    try:
        server.begin()
    except BaseException:
        server.end()
        raise
    return server


class Server(smtplib.SMTP):
    """A mail server; it may begin in TLS."""

    def __init__(self, plugin: Plugin, recording: Recording) -> None:
        self._plugin = plugin
        self._recording = recording
        self._transport = TRANSPORT.get()
        super().__init__(plugin.smtp_host, plugin.port, local_hostname=_our_name())

    def begin(self) -> None:
        """The greeting; STARTTLS, without which nothing more is said; the login."""
        self.ehlo_or_helo_if_needed()
        if self._plugin.secure_mode == "starttls":
            code, words = self.starttls(context=self._tls())
            if code != 220:
                raise smtplib.SMTPResponseException(code, words)
            self._recording.connected(cast(socket.socket, self.sock))
        if self._plugin.user and self._plugin.password:
            self.login(self._plugin.user, self._plugin.password)

    def answers(self, recording: Recording) -> bool:
        """Whether a connection that was kept still takes mails; from now on it is another send's."""
        self._recording = recording
        sock = cast(socket.socket, self.sock)
        recording.connected(sock)
        sock.settimeout(min(self._transport.connect_timeout, recording.remaining()))
        cast(_Bounded, self.file).renew()
        with suppress(OSError):
            fine = self.rset()[0] == 250
            sock.settimeout(recording.remaining())
            return fine
        return False

    def end(self) -> None:
        """Says goodbye, and does not wait for the answer."""
        with suppress(OSError):
            self.send(b"QUIT\r\n")
        self.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        recording = self._recording
        connect_timeout = min(self._transport.connect_timeout, recording.remaining())
        sock = socket.create_connection((host, port), connect_timeout)
        try:
            recording.connected(sock)
            if self._plugin.secure_mode == "ssl":
                sock = self._tls().wrap_socket(sock, server_hostname=host)
                recording.connected(sock)
        except BaseException:
            sock.close()
            raise
        sock.settimeout(recording.remaining())
        return sock

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = _Bounded(cast(socket.socket, self.sock).makefile("rb"))
        return super().getreply()

    def _tls(self) -> ssl.SSLContext:
        return self._transport.tls(self._plugin.verify_certificate, "smtp")


class TooMuchError(OSError):
    """The server's words for one mail are more than are read."""


class _Bounded:
    """Lines of a server, 64 KiB of them at most for one mail."""

    def __init__(self, lines: Any) -> None:
        self._lines = lines
        self.renew()

    def renew(self) -> None:
        self._left = MAX_ANSWER

    def readline(self, most: int) -> bytes:
        line: bytes = self._lines.readline(most)
        self._left -= len(line)
        if self._left < 0:
            raise TooMuchError("the server says too much")
        return line

    def close(self) -> None:
        self._lines.close()


@cache
def _our_name() -> str:
    """How we greet: looked up once, because it may take seconds."""
    name = socket.getfqdn()
    return name if "." in name else "[127.0.0.1]"

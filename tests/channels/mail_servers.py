"""Mail servers on loopback: a real one, and one that answers as it is told."""

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword


@dataclass
class Mailbox:
    """What a real server took."""

    port: int = 0
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list[tuple[str, list[str]]])
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append((str(envelope.mail_from), [str(to) for to in envelope.rcpt_tos]))
        content = cast(bytes, envelope.content)
        self.mails.append(message_from_bytes(content, policy=default))
        return "250 2.0.0 queued as 4711"


def _only_good(
    _server: object, _session: object, _envelope: object, _mechanism: str, login: Any
) -> AuthResult:
    good = isinstance(login, LoginPassword) and login.password == b"good"
    return AuthResult(success=good, handled=good)


@contextmanager
def mailbox(tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None) -> Generator[Mailbox]:
    """A real mail server: plain, in TLS, or with STARTTLS and logins."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    options: dict[str, Any] = {"require_starttls": True, "tls_context": starttls} if starttls else {}
    options |= {"authenticator": _only_good, "auth_require_tls": starttls is not None}
    controller = Controller(box, hostname="127.0.0.1", port=box.port, ssl_context=tls, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def hang_up(connection: socket.socket) -> None:
    """The end of the connection instead of an answer."""
    connection.shutdown(socket.SHUT_RDWR)


Reply = bytes | Callable[[socket.socket], None]


@dataclass
class Script:
    """What a server answers to each command; the rest is ``250 ok``."""

    replies: dict[str, Reply]
    port: int = 0
    lines: list[bytes] = field(default_factory=list[bytes])
    connections: int = 0

    @property
    def commands(self) -> list[str]:
        """The commands, without what is between DATA and its end."""
        found: list[str] = []
        in_data = False
        for line in self.lines:
            if not in_data:
                found.append(line.split()[0].decode().upper())
            in_data = line != b".\r\n" and (in_data or found[-1] == "DATA")
        return found


def _converse(script: Script, connection: socket.socket) -> None:
    def say(command: str, otherwise: bytes = b"250 ok") -> None:
        reply = script.replies.get(command, otherwise)
        if isinstance(reply, bytes):
            connection.sendall(reply + b"\r\n")
        else:
            reply(connection)

    script.connections += 1
    with suppress(OSError), connection, connection.makefile("rb") as lines:
        connection.settimeout(10)
        say("CONNECT", b"220 ready")
        in_data = False
        for line in lines:
            script.lines.append(line)
            if in_data:
                if line == b".\r\n":
                    in_data = False
                    say("CONTENT")
                continue
            command = line.split()[0].decode().upper()
            say(command, b"354 go on" if command == "DATA" else b"250 ok")
            in_data = command == "DATA" and not isinstance(script.replies.get("DATA"), bytes)


@contextmanager
def scripted(**replies: Reply) -> Generator[Script]:
    """A server that answers as it is told."""
    script = Script(replies)
    with socket.create_server(("127.0.0.1", 0)) as server:
        script.port = server.getsockname()[1]

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=_converse, args=(script, connection), daemon=True).start()

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        yield script
        server.shutdown(socket.SHUT_RDWR)
        acceptor.join(60)

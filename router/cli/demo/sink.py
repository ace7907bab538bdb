"""Stand-ins for the providers: an HTTP and an SMTP listener on loopback that accept and keep."""

import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs


@dataclass(frozen=True, slots=True)
class Received:
    """What a provider was sent.

    Args:
        via: ``Slack``, ``DingTalk``, ``SMS``, ``e-mail``.
        to: the room or address that it was sent to.
        title: the subject, where there is one.
    """

    via: str
    to: str
    title: str
    body: str


class Sink:
    """Both listeners; ``received`` is called in their threads."""

    def __init__(self, received: Callable[[Received], None]) -> None:
        self._http = _Http(received)
        self._smtp = _Smtp(received)
        for server in (self._http, self._smtp):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def http(self) -> str:
        """The origin that requests for providers are sent to."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def smtp(self) -> str:
        """``host:port`` of the mail listener."""
        return f"127.0.0.1:{self._smtp.server_address[1]}"

    def close(self) -> None:
        """Ends both."""
        for server in (self._http, self._smtp):
            server.shutdown()
            server.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, received: Callable[[Received], None]) -> None:
        super().__init__(("127.0.0.1", 0), _HttpRequest)
        self.received = received


class _HttpRequest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        received, answer = _understood(self.path, body)
        cast(_Http, self.server).received(received)
        self.send_response(201 if received.via == "SMS" else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing: the demo shows what was received."""


def _understood(path: str, body: bytes) -> tuple[Received, bytes]:
    if "/robot/send" in path:
        markdown = json.loads(body)["markdown"]
        return Received(
            "DingTalk", "robot", markdown["title"], markdown["text"]
        ), b'{"errcode":0,"errmsg":"ok"}'
    if "/Messages.json" in path:
        form = parse_qs(body.decode())
        return Received("SMS", form["To"][0], "", form["Body"][0]), b'{"sid":"SM1","status":"queued"}'
    payload = json.loads(body)
    return Received("Slack", str(payload.get("channel", "")), "", _slack_text(payload)), b"ok"


def _slack_text(payload: dict[str, Any]) -> str:
    """What Slack shows: the text, and the blocks or the text of each attachment."""
    parts = [payload.get("text")]
    for attachment in payload.get("attachments", []):
        parts += [attachment.get("title"), attachment.get("text")]
        parts += [block["text"]["text"] for block in attachment.get("blocks", [])]
    return "\n".join(str(part) for part in parts if part)


class _Smtp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, received: Callable[[Received], None]) -> None:
        super().__init__(("127.0.0.1", 0), _SmtpSession)
        self.received = received


class _SmtpSession(socketserver.StreamRequestHandler):
    """As much SMTP as a sender needs to hand over a message."""

    def handle(self) -> None:
        self._say("220 demo")
        while line := self.rfile.readline(1000):
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say("354 go on")
                cast(_Smtp, self.server).received(_mail(self._data()))
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            self._say("250 ok")

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def _data(self) -> bytes:
        lines: list[bytes] = []
        while (line := self.rfile.readline(100_000)) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)


def _mail(data: bytes) -> Received:
    message = email.message_from_bytes(data, policy=email.policy.default)
    part = message.get_body(preferencelist=("plain", "html"))
    text = str(part.get_content()) if part is not None else ""
    body = text.replace("\r\n", "\n").strip()
    return Received("e-mail", str(message["To"]), str(message["Subject"]), body)

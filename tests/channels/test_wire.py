"""Answers of HTTP/1.1 as providers give them, and requests that are what was asked."""

import gzip
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from router.channels.recording import Exchange, Recording
from router.channels.wire import MAX_ANSWER, Request, address_of, ask, encoded
from router.core.delivery import Outcome
from tests.channels.making import DELIVERY, MESSAGE, channel, send
from tests.channels.servers import Behaviour, Provider, answer, listening, raw

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = OK + b"Content-Encoding: gzip\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


def answered(text: bytes) -> tuple[Exchange, bool]:
    """What is read of an answer after which the provider closes, and whether the connection is kept."""
    ours, theirs = socket.socketpair()

    def speak() -> None:
        with theirs, suppress(OSError):
            theirs.sendall(text)
            theirs.shutdown(socket.SHUT_WR)
            theirs.recv(65536)

    speaker = threading.Thread(target=speak)
    speaker.start()
    with ours:
        recording = Recording(20)
        exchange = Exchange("POST", "http://hooks.example.com")
        recording.begin(exchange)
        try:
            kept = ask(ours, recording, exchange, b"POST / HTTP/1.1\r\n\r\n")
        finally:
            ours.shutdown(socket.SHUT_RDWR)
            speaker.join()
    return exchange, kept


@pytest.mark.parametrize(
    ("text", "body", "complete", "kept"),
    [
        (OK + b"Content-Length: 2\r\n\r\nok", b"ok", True, True),
        (CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\nX-Sum: 1\r\n\r\n", b"ok", True, True),
        (OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nok", b"ok", True, False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok", True, False),
        (OK + b"\r\nok until the end", b"ok until the end", True, False),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"ok", True, True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok", b"ok", True, True),
        (HINTS + OK + b"Content-Length: 0\r\n\r\n", b"", True, True),
        (OK + b"Content-Length: 9\r\n\r\nok", b"ok", False, False),
        (CHUNKED + b"2\r\nok\r\nzz\r\n", b"ok", False, False),
        (OK + b"Content-Length: 2\r\n\r\nok" + OK + b"Content-Length: 1\r\n\r\nx", b"ok", True, False),
        (OK + b"Content-Length: 2\r\n\r\nok and more", b"ok", True, False),
        (GZIP + gzip.compress(b"ok", mtime=0), b"ok", True, False),
        (GZIP + b"ok", b"ok", True, False),
        (GZIP + gzip.compress(b"x" * 10_000_000), b"x" * MAX_ANSWER, True, False),
    ],
)  # fmt: skip
def test_what_is_read_of_an_answer(text: bytes, body: bytes, complete: bool, kept: bool) -> None:
    """Its body in any framing, whether all of it came, and whether another request may follow."""
    exchange, again = answered(text)
    assert (exchange.status, exchange.body, exchange.complete, again) == (200, body, complete, kept)


def test_an_answer_without_a_body() -> None:
    """A 204 ends with its head."""
    exchange, kept = answered(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert (exchange.status, exchange.reason, exchange.complete, kept) == (204, "No Content", True, True)


def test_headers_that_come_twice() -> None:
    """They are one, and their names have no case."""
    exchange, _ = answered(OK + b"Retry-After: 1\r\nX: a\r\nx: b\r\nContent-Length: 0\r\n\r\n")
    assert (exchange.headers["retry-after"], exchange.headers["X"]) == ("1", "a, b")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\x00\x01 garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 999999999999 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        OK + b"X: " + b"y" * 300_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
    ],
)
def test_what_is_no_answer(text: bytes) -> None:
    """It has no status: the message may have arrived, and nobody knows. It is read to a bound only."""
    try:
        exchange, _ = answered(text)
    except (OSError, ValueError):
        return
    assert exchange.status is None


def test_a_head_behind_the_body_is_bounded() -> None:
    """Trailers without an end do not take the memory; the status counts."""
    exchange, kept = answered(CHUNKED + b"2\r\nok\r\n0\r\n" + b"X: y\r\n" * 100_000)
    assert (exchange.status, exchange.body, exchange.complete, kept) == (200, b"ok", False, False)


def requested(headers: dict[str, str], body: bytes = b"{}", method: str = "POST") -> bytes:
    return encoded(Request(method, "http://h.example.com:81/p?q=1", headers, body),
                   address_of("http://h.example.com:81/p?q=1"), "/p?q=1")  # fmt: skip


def test_a_request_is_framed_by_us() -> None:
    """Whatever a URL's headers say of the length, there is one length, and it is right."""
    made = requested({"Content-Length": "99", "transfer-encoding": "chunked", "X": "é"})
    assert made == (
        b"POST /p?q=1 HTTP/1.1\r\nX: \xe9\r\nHost: h.example.com:81\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert b"Content-Length" not in requested({}, b"", "GET")
    assert b"Content-Length: 0" in requested({}, b"")
    assert requested({"host": "other"}).lower().count(b"host:") == 1


@pytest.mark.parametrize("value", ["a\r\nX-More: b", "a\nb", "a\rb", "\u4e2d"])
def test_a_header_that_would_be_two(value: str) -> None:
    """A line break in a header, or what is not Latin-1, is refused before anything is sent."""
    with pytest.raises(ValueError, match=r"line break|latin-1"):
        requested({"X": value})


def test_a_refused_header_is_no_send(provider: Provider) -> None:
    """Nothing was sent, and the channel says so."""
    said = send(f"json://127.0.0.1:{provider.port}/?+X=%E4%B8%AD")
    assert said.outcome is not Outcome.UNKNOWN
    assert provider.received == []


@pytest.mark.parametrize(
    ("behaviour", "connections"),
    [(answer(200), 1), (answer(200, headers={"Connection": "close"}), 3), (raw(OK + b"\r\nok"), 3)],
)
def test_a_connection_is_kept_when_the_provider_keeps_it(
    provider: Provider, behaviour: Behaviour, connections: int
) -> None:
    """One that the provider ends is not used again; each message arrives once."""
    provider.does(behaviour)
    made = channel(f"json://127.0.0.1:{provider.port}/")
    for _ in range(3):
        assert made.send(MESSAGE, DELIVERY).outcome is Outcome.ACCEPTED
    made.close()
    assert (len(provider.received), provider.connections) == (3, connections)


def _tunnel(
    listener: socket.socket, wrap: Callable[[socket.socket], socket.socket], heads: list[bytes]
) -> None:
    """A proxy for one tunnel."""
    with suppress(OSError), wrap(listener.accept()[0]) as near:
        heads.append(near.recv(65536))
        host, _, port = heads[0].split()[1].partition(b":")
        with socket.create_connection((host.decode(), int(port))) as far:
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(far, near))
            back.start()
            _pass_on(near, far)
            back.join()


def _pass_on(of: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while part := of.recv(65536):
            to.sendall(part)
        to.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_tunnel_through_a_proxy(scheme: str, tmp_path: Path) -> None:
    """TLS to the provider goes through the proxy, itself in TLS or not, which sees no more than the host."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    heads: list[bytes] = []

    def wrap(plain: socket.socket) -> socket.socket:
        return context.wrap_socket(plain, server_side=True) if scheme == "https" else plain

    with listening(context) as provider, socket.create_server(("127.0.0.1", 0)) as listener:
        tunnel = threading.Thread(target=_tunnel, args=(listener, wrap, heads))
        tunnel.start()
        said = send(
            f"jsons://127.0.0.1:{provider.port}/secret-path",
            proxy=f"{scheme}://user:word@127.0.0.1:{listener.getsockname()[1]}",
            ca_file=str(tmp_path / "ca.pem"),
        )
        tunnel.join(60)
    assert said.outcome is Outcome.ACCEPTED
    assert [each.target for each in provider.received] == ["/secret-path"]
    assert heads[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"Basic dXNlcjp3b3Jk" in heads[0]
    assert b"secret" not in heads[0]

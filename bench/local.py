"""A receiver of webhooks on loopback, for a process of its own."""

import socket
import ssl
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


def serve(ready: Connection, pem: str | None = None, answer: bytes = OK) -> None:
    """Says its port, then answers every request alike; with nothing, where that is the answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if pem else None
    if context and pem:
        context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        ready.send(server.getsockname()[1])
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_answer, args=(connection, context, answer), daemon=True).start()


def _answer(plain: socket.socket, context: ssl.SSLContext | None, answer: bytes) -> None:
    with suppress(OSError), context.wrap_socket(plain, server_side=True) if context else plain as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pending = b""
        while part := connection.recv(65536):
            pending += part
            head, end, body = pending.partition(b"\r\n\r\n")
            lines = [line.lower() for line in head.split(b"\r\n")]
            length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            if end and len(body) >= length:
                connection.sendall(answer)
                pending = body[length:]

"""A receiver in a process of its own: every message it accepted is a line in a file, flushed first.

Run as ``python sink.py FILE``; prints its port. In the path, ``/hang=SECONDS`` answers late,
``/status=CODE`` answers so.
"""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOCK = threading.Lock()


class Request(BaseHTTPRequestHandler):
    """Notes what came, then answers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        arrived = time.time_ns()
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            # Its sender was killed in the middle: nobody accepts half a request.
            self.close_connection = True
            return
        asked = dict(part.split("=", 1) for part in self.path.split("/") if "=" in part)
        time.sleep(float(asked.get("hang", 0)))
        status = int(asked.get("status", 200))
        if status == 200:
            note = {
                "path": self.path,
                "at": arrived,
                "key": self.headers.get("idempotency-key"),
                "body": body.decode(),
            }
            with LOCK:
                sys.stdout.flush()
                os.write(FILE, json.dumps(note).encode() + b"\n")
        self.send_response(status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST  # noqa: N815  its name

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""


class Server(ThreadingHTTPServer):
    """Minds nobody who was killed before the answer."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


if __name__ == "__main__":
    FILE = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    server = Server(("127.0.0.1", 0), Request)
    print(server.server_address[1], flush=True)
    server.serve_forever()

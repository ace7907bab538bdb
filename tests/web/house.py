"""A whole router with its listener, for tests of the API and the pages: real store, real loops, real HTTP."""

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from router.app import Router, load_config
from router.ports import Unit
from router.storage import open_store
from router.web.server import bind, make_server

T = TypeVar("T")

RULES = """
defaults: {to: [oncall]}
rules:
  - {name: job-failed, when: "Event == 'OnJobFailed'", severity: critical, to: [oncall, broken]}
  - {name: instance-failed, when: "Event == 'OnInstanceFailed' && ExitCode != `0`", group_by: [JobId]}
"""


@dataclass(frozen=True)
class Answer:
    """What the listener answered."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Provider:
    """Answers 200, and 404 under /broken."""

    def __init__(self) -> None:
        class Answers(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", "0")))
                self.send_response(404 if self.path.startswith("/broken") else 200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name
                """Nothing is printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(60)


class House:
    """A router that runs, and who asks it.

    Tests share one: each sends jobs of its own, and no storm tells them together, however many came before.

    Args:
        http: further keys of ``http`` in router.yaml.
        channels: further channels there.
        sources: further sources there.
    """

    def __init__(
        self, folder: Path, http: str = "", rules: str = RULES, channels: str = "", sources: str = ""
    ) -> None:
        self._provider = Provider()
        self.file = folder / "router.yaml"
        self.rules = folder / "rules.yaml"
        self.rules.write_text(rules, encoding="utf-8")
        to = f"127.0.0.1:{self._provider.port}"
        self.file.write_text(
            f"store: sqlite:///{folder / 'state.db'}\n"
            f"http: {{listen: '127.0.0.1:0'{http}}}\n"
            f"sources: {{hook: {{kind: webhook}}{sources}}}\n"
            f"channels: {{oncall: {{url: 'json://{to}/oncall', storm: off}},"
            f" broken: {{url: 'json://{to}/broken', storm: off}}{channels}}}\n"
            "rules: [rules.yaml]\n",
            encoding="utf-8",
        )
        config = load_config(self.file)
        self.store = open_store(config.settings.store, deadline=60)
        self.router = Router(config, self.store)
        self.router.start()
        self._socket = bind("127.0.0.1:0")
        self.port = int(self._socket.getsockname()[1])
        self._server = make_server(self.router.listener)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """An answer; a body that is no bytes is sent as JSON."""
        given = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body, given = json.dumps(body).encode(), {"content-type": "application/json"} | given
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        found = Answer(
            answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        )
        connection.close()
        return found

    def tell(self, event: Mapping[str, Any], **headers: str) -> str:
        """Sends an event; returns its id."""
        answer = self.ask("POST", "/v1/events/hook", dict(event), headers)
        assert answer.status == 200, answer.text
        return answer.json()["events"][0]["id"]

    def read(self, work: Callable[[Unit], T]) -> T:
        """Reads the store."""
        return self.store.read(work)

    def until(self, found: Callable[[], T], seconds: float = 60) -> T:
        """What is found, as soon as there is something: the loops take their time."""
        ends = time.monotonic() + seconds
        while not (it := found()):
            assert time.monotonic() < ends, "it never came"
            time.sleep(0.02)
        return it

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)
        self.router.stop()
        self._provider.close()


@contextmanager
def house(folder: Path, **given: str) -> Generator[House]:
    """A router for as long as a block lasts."""
    one = House(folder, **given)
    try:
        yield one
    finally:
        one.close()


def job_failed(job: str = "job-1", **more: Any) -> dict[str, Any]:
    """An event as Batch Compute sends it."""
    return {
        "Category": "Job",
        "Event": "OnJobFailed",
        "JobId": job,
        "JobName": "render",
        "UserId": "1",
    } | more


def instance_failed(job: str = "job-1", instance: int = 0, **more: Any) -> dict[str, Any]:
    """An event of an instance."""
    given = {
        "Category": "Task",
        "Event": "OnInstanceFailed",
        "JobId": job,
        "JobName": "render",
        "Task": "map",
    }
    return given | {"InstanceId": instance, "ExitCode": 1, "ErrorMessage": "out of memory"} | more

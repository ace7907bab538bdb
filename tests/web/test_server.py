"""The listener: real sockets, a real intake on a real store."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from router import telemetry
from router.core.delivery import SECOND
from router.core.event import Envelope
from router.core.policy import make_policy
from router.core.rule import Rule
from router.decoders import decode
from router.errors import RouterError
from router.pipeline.ingest import Ingest
from router.pipeline.loops import Loop
from router.ports import Request
from router.storage import open_store
from router.web import protocol
from router.web.gate import Gate, Role, Token
from router.web.inside import SourceStanding
from router.web.server import Listener, bind, make_server


class Clock:
    """The machine's."""

    def now(self) -> int:
        return time.time_ns() // 1000


class Source:
    """A source that takes any body."""

    name = "hook"
    path = "/v1/events/hook"
    accepted_status = 200
    most_bytes = 256 * 1024
    signed = False

    async def receive(self, request: Request) -> list[Envelope]:
        if request.body == b"bad":
            raise RouterError("bad-request", "this is bad")
        return [Envelope("hook", request.body, request.received_at)]


class Served:
    """A listener in a thread, and what it says of its health."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.hangs: list[str] = []
        self.sources: list[SourceStanding] = []
        self.store = open_store(f"sqlite:///{folder / 'state.db'}")
        policy = make_policy([Rule("all", None, ("oncall",))], {}, "")
        self.ingest = Ingest(self.store, decode, lambda: policy, Clock(), telemetry.Metrics(), lambda _: None)
        self.loop = Loop("ingest", self.ingest.step, lambda: self.ingest.wait(0.2), lambda well, why: None)
        self.listener = Listener(self.ingest, self, telemetry.Metrics(), Clock())
        self.listener.sources = {Source.path: Source()}
        self.socket = bind("127.0.0.1:0")
        self.port = int(self.socket.getsockname()[1])
        self.server = make_server(self.listener)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        self.loop.start()

    def _serve(self) -> None:
        import asyncio

        asyncio.run(self.server.serve(sockets=[self.socket]))

    def problems(self) -> list[str]:
        return self.said

    def hung(self) -> list[str]:
        return self.hangs

    def sources_stand(self) -> list[SourceStanding]:
        return self.sources

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        got = answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        connection.close()
        return got

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(60)
        self.loop.stop()
        self.ingest.close()
        self.loop.join(60)
        self.store.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A listener with one source."""
    one = Served(tmp_path)
    yield one
    one.close()


def test_an_event_is_answered_after_its_commit(served: Served) -> None:
    """The answer names the event, and the event is in the store."""
    status, body, _ = served.ask("POST", "/v1/events/hook", b'{"a": 1}')
    [said] = json.loads(body)["events"]
    assert (status, said["outcome"]) == (200, "routed")
    assert served.store.read(lambda unit: unit.event(said["id"])) is not None


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/events/other", b"{}", 404),
        ("GET", "/v1/events/hook", b"", 405),
        ("POST", "/healthz", b"", 405),
        ("POST", "/v1/events/hook", b"bad", 400),
        ("POST", "/v1/events/hook", b"x" * 300_000, 413),
    ],
)
def test_refusals_say_what_and_what_to_do(
    served: Served, method: str, path: str, body: bytes, status: int
) -> None:
    """Every refusal has one shape: a code, a message, a remedy."""
    answered, said, _ = served.ask(method, path, body)
    assert answered == status
    assert set(json.loads(said)["error"]) == {"code", "message", "remedy"}


def test_a_token_is_asked_for_where_one_is_set(served: Served) -> None:
    """Without it 401, with a wrong one 401, with it 200; health pages stay open."""
    served.listener.gate = Gate(Clock(), [Token("all", Role.ADMIN, "secret-token")])
    assert served.ask("POST", "/v1/events/hook", b"{}")[0] == 401
    assert served.ask("POST", "/v1/events/hook", b"{}", {"authorization": "Bearer wrong"})[0] == 401
    assert served.ask("POST", "/v1/events/hook", b"{}", {"authorization": "Bearer secret-token"})[0] == 200
    assert served.ask("GET", "/metrics")[0] == 401
    assert served.ask("GET", "/readyz")[0] == 200


def test_who_brings_wrong_tokens_waits(served: Served) -> None:
    """429 says when to come back, for events and for the metrics; what a header says of an address is air."""
    served.listener.gate = Gate(Clock(), [Token("all", Role.ADMIN, "secret-token")])
    for number in range(5):
        given = {"authorization": f"Bearer {number}", "x-forwarded-for": f"10.0.0.{number}"}
        assert served.ask("POST", "/v1/events/hook", b"{}", given)[0] == 401
    status, body, headers = served.ask("GET", "/metrics", headers={"authorization": "Bearer secret-token"})
    assert (status, headers["retry-after"]) == (429, "60")
    assert json.loads(body)["error"]["code"] == "too-many"


def test_a_page_of_another_site_cannot_post(served: Served) -> None:
    """A browser's request from elsewhere is refused, though it comes from this machine."""
    assert served.ask("POST", "/v1/events/hook", b"{}", {"origin": "https://evil.example"})[0] == 403


def test_readiness_says_what_is_wrong(served: Served) -> None:
    """503 with the problem in words, and when to come back."""
    served.said = ["the disk is full. Free space"]
    status, body, headers = served.ask("GET", "/readyz")
    assert (status, headers["retry-after"]) == (503, "2")
    assert json.loads(body)["problems"] == ["the disk is full. Free space"]


def test_readiness_says_how_far_behind_sources_are(served: Served) -> None:
    """Each with the lag of its newest event, null before the first, and whether its backlog was read."""
    served.sources = [
        SourceStanding("queue", "mns-queue", "", "", False, 1, 90 * SECOND),
        SourceStanding("hook", "webhook", "/v1/events/hook", "", True),
    ]
    status, body, _ = served.ask("GET", "/readyz")
    assert status == 200
    assert json.loads(body)["sources"] == {
        "queue": {"caught_up": False, "lag_seconds": 90.0},
        "hook": {"caught_up": True, "lag_seconds": None},
    }


def test_a_stopping_router_sends_senders_away(served: Served) -> None:
    """503 with Retry-After, not an acknowledgement."""
    served.ingest.close()
    status, _, headers = served.ask("POST", "/v1/events/hook", b"{}")
    assert (status, headers["retry-after"]) == (503, "2")


def test_endless_headers_are_cut(served: Served) -> None:
    """A client that sends headers without end gets 400 and is closed."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as client:
        client.sendall(b"POST /v1/events/hook HTTP/1.1\r\n")
        answer = b""
        try:
            for _ in range(200):
                client.sendall(b"x: " + b"y" * 10_000 + b"\r\n")
                time.sleep(0.001)
            answer = client.recv(1000)
        except OSError:
            return
        assert answer.startswith(b"HTTP/1.1 400") or answer == b""


def test_an_address_without_end_is_an_error_like_others(served: Served) -> None:
    """What cannot be read as a request is answered in the shape of every error, and closed."""
    status, body, headers = served.ask("GET", "/v1/tail?pattern=" + "x" * 70_000)
    assert (status, headers["content-type"], headers["connection"]) == (400, "application/json", "close")
    assert headers["x-content-type-options"] == "nosniff"
    assert json.loads(body)["error"]["code"] == "bad-request"


def test_a_client_that_drips_is_closed(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that does not come within its time ends the connection; others are served meanwhile."""
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as client:
        client.sendall(b"POST /v1/ev")
        assert served.ask("GET", "/healthz")[0] == 200
        assert client.recv(1000) == b""


def test_a_taken_address_is_an_error_with_a_remedy(served: Served) -> None:
    """Starting twice on one port says so."""
    with pytest.raises(RouterError, match=r"cannot listen on 127.0.0.1:\d+.*http.listen"):
        bind(f"127.0.0.1:{served.port}")


def test_a_loop_that_hangs_is_said_where_a_restart_is_decided(served: Served) -> None:
    """/healthz turns 503 with what hangs, and needs no token; /readyz has a question of its own."""
    served.listener.gate = Gate(Clock(), [Token("all", Role.ADMIN, "secret-token")])
    assert served.ask("GET", "/healthz")[:2] == (200, b"ok\n")
    served.hangs = ["the loop deliver has hung for 61 s", "the loop settle has ended"]
    status, body, _ = served.ask("GET", "/healthz")
    assert (status, body) == (503, b"the loop deliver has hung for 61 s\nthe loop settle has ended\n")
    assert served.ask("GET", "/readyz")[0] == 200

"""A whole router that has taken every hostile event, told of them, and met a provider that repeats them."""

import json
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from router import telemetry
from router.app import SystemClock
from router.core.event import Envelope, Undecodable
from router.decoders import decode
from router.ports import SetAside
from tests.channels import servers
from tests.channels.mail_servers import Mailbox, mailbox
from tests.injection.hostile import HOSTILE, events, no_events
from tests.web.house import House

RULES = """
rules:
  - {name: job, when: "starts_with(Event, 'OnJob')", severity: critical, to: [hook, echo, mail]}
  - {name: instance, when: "starts_with(Event, 'OnInstance')", group_by: [JobId], to: [hook, echo, mail]}
  - name: own-text
    when: "starts_with(Event, 'OnTask')"
    to: [hook, mail]
    title: "{{ event['JobName'] }} {{ event.Event }}"
    body: "{% for name, value in event.items() %}{{ name }}={{ value }}\n{% endfor %}"
  - {name: bad-filter, when: "Event == 'OnJobFailed' && abs(values(@)[0]) > `1`", to: [hook]}
  - {name: bad-text, when: "Event == 'OnPriorityChange'", to: [hook], body: "{{ event['JobName'].a.b }}"}
  - {name: rest, when: "`true`", catch_all: true, key: [Event], to: [hook]}
"""
Logged = tuple[str, str, dict[str, Any]]


class World:
    """The router, what it sent and what it logged."""

    def __init__(self, house: House, sink: servers.Provider, box: Mailbox, logged: list[Logged]) -> None:
        self.house = house
        self.sink = sink
        self.box = box
        self.logged = logged
        self.ids: list[str] = []

    def take(self) -> None:
        """Sends everything, and waits until each channel was told."""
        bodies = list(events())
        with ThreadPoolExecutor(16) as threads:
            self.ids = [one for some in threads.map(self._sent, bodies) for one in some]
        assert len(self.ids) == len(bodies)
        for at, word in enumerate(HOSTILE):
            self._in_headers(at, word)
            self._by_prometheus(word)
        for at, body in enumerate(no_events()):
            self._aside(at, body)
        self.house.until(self._told, 60)

    def _sent(self, body: bytes) -> list[str]:
        got = self.house.ask("POST", "/v1/events/hook", body, {"content-type": "application/json"})
        assert got.status == 200, got.text
        return [one["id"] for one in got.json()["events"]]

    def _in_headers(self, at: int, word: str) -> None:
        """A CloudEvent whose attributes are headers, percent-encoded as they must be."""
        written = quote(word.encode("utf-8", "surrogatepass"), safe="")
        given = {f"ce-{name}": written for name in ("type", "source", "subject")}
        given |= {"ce-specversion": "1.0", "ce-id": f"h-{at}", "content-type": "application/json"}
        assert self.house.ask("POST", "/v1/events/hook", b'{"a": 1}', given).status == 200

    def _by_prometheus(self, word: str) -> None:
        alert = {"labels": {"alertname": word, "job": word}, "annotations": {"summary": word, word: word}}
        sent = self.house.ask("POST", "/v1/events/prom/api/v2/alerts", [alert])
        assert sent.status in (200, 400), sent.text

    def _aside(self, at: int, body: bytes) -> None:
        """A message as a queue would bring it; one that is posted is refused instead, which is logged."""
        assert self.house.ask("POST", "/v1/events/hook", body).status == 400
        decoded = decode(Envelope("hook", body, SystemClock().now()))
        assert isinstance(decoded, Undecodable)
        self.house.store.write(lambda unit: unit.set_aside([SetAside(f"u-{at}", decoded)]))

    def _told(self) -> bool:
        states = {one["state"] for one in self.deliveries() if one["channel"] == "echo"}
        return bool(len(self.box.mails) >= 3 and self.sink.received and "dead" in states)

    def deliveries(self) -> list[dict[str, Any]]:
        """What was written, as the API has it."""
        return self.house.ask("GET", "/v1/deliveries?limit=500").json()["deliveries"]


@contextmanager
def world(folder: Path) -> Generator[World]:
    """The router for as long as a block lasts. What it logs is kept, not printed."""
    logged: list[Logged] = []
    lock = threading.Lock()

    def note(event: str, level: str = "info", **fields: Any) -> None:
        assert event in telemetry.LOG_EVENTS
        with lock:
            logged.append((event, level, fields))

    echoed = json.dumps({"message": " ".join(HOSTILE)})
    with (
        servers.listening() as sink,
        servers.listening() as echo,
        mailbox() as box,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(telemetry, "log", note)
        echo.does(servers.answer(404, echoed))
        channels = (
            f", hook: {{url: 'json://127.0.0.1:{sink.port}/'}}, echo: {{url: 'json://127.0.0.1:{echo.port}/'}}"
            f", mail: {{url: 'mailto://127.0.0.1:{box.port}/?from=router@example.com&to=team@example.com'}}"
        )
        house = House(
            folder,
            http=", public_url: 'https://alerts.example.com'",
            rules=RULES,
            channels=channels,
            sources=", prom: {kind: alertmanager}",
        )
        try:
            made = World(house, sink, box, logged)
            made.take()
            yield made
        finally:
            house.close()

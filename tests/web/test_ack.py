"""Acknowledging by a link: the message at a channel, the page over real HTTP, what is told after it."""

import asyncio
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pytest

from router.core.alert import Alert, AlertState
from router.core.delivery import Outcome, Verdict
from router.core.rule import Escalation, Severity
from router.errors import RouterError
from router.pipeline.links import make_keys, rotate_keys
from router.pipeline.tongue import Tongue
from router.ports import Unit
from router.web.ack import AckLinks, name_in
from router.web.gate import Gate, Role, Token
from router.web.inside import SourceStanding
from router.web.server import Listener, bind, make_server
from tests.pipeline.conftest import MakePipeline, Pipeline, plan
from tests.pipeline.test_alerts import HOUR, MINUTE, RESOLVED, at, failed, instance, job, last, reasons, take

PUBLIC = "https://alerts.example.com/router"
JOB_FAILED = "Event == 'OnJobFailed'"
HOSTILE = "<script>alert(1)</script>&\"'\u202e"


class Well:
    """A process that has no problem."""

    def hung(self) -> list[str]:
        return []

    def problems(self) -> list[str]:
        return []

    def sources_stand(self) -> list[SourceStanding]:
        return []


@dataclass(frozen=True)
class Page:
    """An answer."""

    status: int
    text: str
    headers: dict[str, str]


class Served:
    """A pipeline with a public address, and its listener in a thread."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        pipeline.tongue = Tongue(public_url=PUBLIC)
        pipeline.store.write(make_keys)
        listener = Listener(pipeline.ingest, Well(), pipeline.metrics, pipeline.clock)
        listener.gate = Gate(pipeline.clock, [Token("all", Role.ADMIN, "a token that no reader has")], PUBLIC)
        listener.links = AckLinks(pipeline.store, lambda: pipeline.policy, pipeline.clock, "Asia/Shanghai")
        self._socket = bind("127.0.0.1:0")
        self._port = int(self._socket.getsockname()[1])
        self._server = make_server(listener)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Page:
        """An answer of the listener; as a browser asks that sends no referrer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request(method, path, body, {"origin": "null"} | headers)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        page = Page(answer.status, answer.read().decode(), found)
        connection.close()
        return page

    def link(self, channel: str = "oncall/1") -> str:
        """The path of the link in the last message of a channel."""
        url: str = last(self.pipeline, channel)["links"]["ack"]
        assert url.startswith(f"{PUBLIC}/a/")
        return url.removeprefix(PUBLIC)

    def press(self, path: str, by: str = "ann") -> Page:
        """The button, with a name."""
        form = urlencode({"by": by}).encode()
        return self.ask("POST", path, form, **{"content-type": "application/x-www-form-urlencoded"})

    def alerts(self) -> list[Alert]:
        return self.pipeline.store.read(lambda unit: unit.list_alerts())

    def states(self) -> set[AlertState]:
        return {alert.state for alert in self.alerts()}

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)


@pytest.fixture
def serve() -> Iterator[Any]:
    """Serves a pipeline."""
    opened: list[Served] = []

    def one(pipeline: Pipeline) -> Served:
        opened.append(Served(pipeline))
        return opened[-1]

    yield one
    for each in opened:
        each.close()


def everything(served: Served) -> Any:
    """All that a person can change by a link."""

    def look(unit: Unit) -> Any:
        alerts = unit.list_alerts()
        groups = unit.groups_of([alert.id for alert in alerts])
        return sorted(map(repr, alerts)), sorted(map(repr, groups)), unit.deliveries()

    return served.pipeline.store.read(look)


def test_the_button_acknowledges_in_all_channels_and_nobody_is_escalated_to(
    make: MakePipeline, serve: Any
) -> None:
    """Looking changes nothing, also twice; the button keeps the next channel and the repetition quiet."""
    chief = plan("chief")
    rule = failed(
        to=("oncall", "team"),
        escalate=(Escalation(15 * MINUTE * 1_000_000, ("chief",)),),
        repeat_interval=HOUR * 1_000_000,
    )
    served: Served = serve(make(rule, channels=(plan("oncall"), plan("team"), chief)))
    take(served.pipeline, 0, instance(), instance(number=1))
    before = everything(served)
    for method in ("GET", "GET", "HEAD"):
        page = served.ask(method, served.link())
        assert page.status == 200
    assert "Acknowledge 2 alerts?" in served.ask("GET", served.link()).text
    assert everything(served) == before
    page = served.press(served.link())
    assert (page.status, "2 alerts acknowledged" in page.text) == (200, True)
    assert "acknowledged by ann (by the link) until 2027-01-15 17:00:00 +08:00" in page.text
    assert served.states() == {AlertState.ACKNOWLEDGED}
    at(served.pipeline, 50 * MINUTE)
    told = {name: reasons(served.pipeline, f"{name}/1") for name in ("oncall", "team", "chief")}
    assert told == {"oncall": ["first"], "team": ["first"], "chief": []}


def test_without_the_button_the_escalation_comes(make: MakePipeline, serve: Any) -> None:
    """The other side of the test above: a link that was only looked at holds nobody back."""
    rule = failed(escalate=(Escalation(15 * MINUTE * 1_000_000, ("chief",)),))
    served: Served = serve(make(rule, channels=(plan("oncall"), plan("chief"))))
    take(served.pipeline, 0, instance())
    served.ask("GET", served.link())
    at(served.pipeline, 50 * MINUTE)
    assert reasons(served.pipeline, "chief/1") == ["escalation"]


def test_pressing_it_twice_changes_nothing_more(make: MakePipeline, serve: Any) -> None:
    """The second person is told who was first; the time that is covered does not grow."""
    served: Served = serve(make(failed()))
    take(served.pipeline, 0, instance())
    served.press(served.link(), "ann")
    before = everything(served)
    served.pipeline.clock.move(60)
    for page in (served.press(served.link(), "bob"), served.ask("GET", served.link())):
        assert "Already acknowledged" in page.text
        assert "ann (by the link)" in page.text
        assert "<button" not in page.text
    assert everything(served) == before


def test_what_joined_since_is_asked_for_again(make: MakePipeline, serve: Any) -> None:
    """A worse alert fires in an acknowledged group: the old link shows it, and takes only it."""
    worse = failed("jobs", JOB_FAILED, severity=Severity.CRITICAL)
    served: Served = serve(make(failed(), worse))
    take(served.pipeline, 0, instance())
    path = served.link()
    served.press(path, "ann")
    take(served.pipeline, 60, job("OnJobFailed"))
    page = served.ask("GET", path)
    assert "Acknowledge 1 alert?" in page.text
    assert "<b>jobs</b> critical" in page.text
    served.press(path, "bob")
    assert {alert.rule: alert.acknowledged_by for alert in served.alerts()} == {
        "failed": "ann (by the link)",
        "jobs": "bob (by the link)",
    }


def test_a_link_dies_with_its_alerts(make: MakePipeline, serve: Any) -> None:
    """What has ended is said to have ended, and a later group is not reached by the old link."""
    served: Served = serve(make(failed(resolve_when=RESOLVED)))
    take(served.pipeline, 0, instance())
    path = served.link()
    take(served.pipeline, 60, job("OnJobFinished"))
    take(served.pipeline, 120, instance())
    assert served.link() != path
    for page in (served.ask("GET", path), served.press(path)):
        assert (page.status, "This has already ended" in page.text) == (200, True)
    assert {alert.state for alert in served.alerts() if alert.ended_at is None} == {AlertState.FIRING}


def test_the_message_of_the_end_only_explains(make: MakePipeline, serve: Any) -> None:
    """There is nothing to acknowledge or silence any more; the page of what happened is there."""
    served: Served = serve(make(failed(resolve_when=RESOLVED)))
    take(served.pipeline, 0, instance())
    take(served.pipeline, 60, job("OnJobFinished"))
    assert reasons(served.pipeline) == ["first", "resolved"]
    assert last(served.pipeline)["links"].keys() == {"explain"}


def test_the_link_of_a_storm_acknowledges_all_that_it_tells(make: MakePipeline, serve: Any) -> None:
    """Many jobs told in one message are acknowledged together; those told before it are not."""
    served: Served = serve(make(failed(), channels=(plan("oncall", storm=(1, 60_000_000)),)))
    take(served.pipeline, 0, instance(job_id="told-alone"))
    take(served.pipeline, 1, *(instance(job_id=f"job-{n}") for n in range(3)))
    assert reasons(served.pipeline) == ["first", "storm"]
    [storm] = {delivery.group_id for _, delivery in served.pipeline.channels["oncall/1"].sent[1:]}
    assert last(served.pipeline)["links"]["explain"].endswith(f"/groups/{storm}")
    assert "Acknowledge 3 alerts?" in served.ask("GET", served.link()).text
    served.press(served.link())
    assert [alert.key for alert in served.alerts() if alert.state is AlertState.FIRING] == [
        '["told-alone","Echo","0"]'
    ]


def test_a_message_of_the_fallback_leads_to_what_could_not_be_told(make: MakePipeline, serve: Any) -> None:
    """The fallback channel's link names the group whose message was given up, with what joined since."""
    served: Served = serve(make(failed(), channels=(plan("oncall", fallback="team"), plan("team"))))
    served.pipeline.channels["oncall/1"].script = [Verdict(Outcome.REFUSED, "no such room", 404)]
    take(served.pipeline, 0, instance())
    at(served.pipeline, 1)
    take(served.pipeline, 2, instance(number=1))
    assert "Acknowledge 2 alerts?" in served.ask("GET", served.link("team/1")).text


@pytest.mark.parametrize("bend", ["", "A" * 40, "../healthz", "A" * 5000])
def test_what_is_no_link_of_ours_is_told_nothing(make: MakePipeline, serve: Any, bend: str) -> None:
    """One page for all of them, looked at or pressed, and nothing changes."""
    served: Served = serve(make(failed()))
    take(served.pipeline, 0, instance())
    before = everything(served)
    pages = [served.ask("GET", f"/a/{bend}"), served.press(f"/a/{bend}"), served.ask("GET", "/a/short")]
    assert {(page.status, page.text) for page in pages} == {(404, pages[0].text)}
    assert everything(served) == before


def test_a_large_group_is_acknowledged_in_many_transactions(
    make: MakePipeline, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nothing else waits for long: each alert once, and the page counts them all."""
    monkeypatch.setattr("router.pipeline.people.BATCH", 3)
    served: Served = serve(make(failed()))
    take(served.pipeline, 0, *(instance(number=number) for number in range(10)))
    page = served.press(served.link())
    assert "<h1>10 alerts acknowledged</h1>" in page.text
    assert "10 alerts, 10 events, since" in page.text
    assert "exit code 137 (10)" in page.text
    assert served.states() == {AlertState.ACKNOWLEDGED}


def test_a_revoked_link_opens_nothing(make: MakePipeline, serve: Any) -> None:
    """A change of keys leaves sent links alive; a revocation ends them at once, in a running router."""
    served: Served = serve(make(failed()))
    take(served.pipeline, 0, instance())
    store, path = served.pipeline.store, served.link()
    store.write(lambda unit: rotate_keys(unit, revoke=False))
    assert served.ask("GET", path).status == 200
    store.write(lambda unit: rotate_keys(unit, revoke=True))
    assert served.ask("GET", path).status == served.press(path).status == 404
    take(served.pipeline, 600, instance(number=1))
    assert served.ask("GET", served.link()).status == 200


def test_a_page_says_nothing_that_acts(make: MakePipeline, serve: Any) -> None:
    """What an event contains is text; nothing is run, framed, cached, listed, or passed on by the address."""
    served: Served = serve(make(failed()))
    take(served.pipeline, 0, instance(job_id=HOSTILE))
    page = served.ask("GET", served.link())
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "\u202e" not in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"].startswith("noindex")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    pressed = served.press(served.link(), "<b>ann</b>\r\nx")
    assert "<b>ann" not in pressed.text
    assert served.alerts()[0].acknowledged_by == "<b>ann</b> x (by the link)"


def test_only_looking_and_pressing_is_answered(make: MakePipeline, serve: Any) -> None:
    """Another verb changes nothing, nor does too large a form; other addresses still ask for the token."""
    served: Served = serve(make(failed()))
    take(served.pipeline, 0, instance())
    before = everything(served)
    assert served.ask("DELETE", served.link()).status == 405
    assert served.ask("POST", served.link(), b"by=" + b"x" * 5000).status == 413
    assert served.ask("POST", "/v1/events/hook", b"{}").status in (401, 403)
    assert everything(served) == before
    assert served.ask("GET", "/router" + served.link()).status == 200


def test_a_store_that_cannot_be_written_is_said_to_the_person(
    make: MakePipeline, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page, not JSON: that it may be done in part, and what to do."""
    served: Served = serve(make(failed()))
    take(served.pipeline, 0, instance())

    def full(work: Any) -> Any:
        raise RouterError("store-unavailable", "the disk is full")

    path = served.link()
    monkeypatch.setattr(served.pipeline.store, "write", full)
    page = served.press(path)
    assert (page.status, page.headers["retry-after"]) == (503, "2")
    assert "Not everything could be done: the disk is full" in page.text
    monkeypatch.undo()
    assert served.states() == {AlertState.FIRING}


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (b"by=ann", "ann"),
        (b"", "somebody"),
        (b"by=%20%0A", "somebody"),
        (b"by=" + "李".encode() * 100, "李" * 63 + "…"),
        (b"&".join([b"a=1"] * 50), "somebody"),
        (b"by=%ff", "\ufffd"),
    ],
)
def test_the_name_in_a_form(form: bytes, name: str) -> None:
    """Optional, one line, not long; that nobody has proved it stands behind it."""
    assert name_in(form) == f"{name} (by the link)"


def test_a_pipeline_without_a_public_address_has_no_links(make: MakePipeline) -> None:
    """No dead link in any message, though keys are there."""
    pipeline = make(failed())
    pipeline.store.write(make_keys)
    pipeline.tongue = replace(pipeline.tongue, public_url="")
    take(pipeline, 0, instance())
    assert last(pipeline)["links"] == {}

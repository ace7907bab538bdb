"""Nothing that an event says acts anywhere: not on a page, in a log, in a mail, in a message, on a terminal.

Each output of the router stands in a table here with how it is made, or with why no event comes into it.
A new address or command that is in no table turns a test red.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, quote
from xml.etree import ElementTree as ET

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.main import get_command

from router import telemetry
from router.channels import kind_of_url
from router.cli import app
from router.config.settings_file import OWN_PATHS
from router.core.catalogue import EVENTS
from router.telemetry import log
from router.web.site import API, PAGES
from tests.channels.mail_servers import mailbox
from tests.channels.making import send
from tests.channels.servers import Received, listening
from tests.channels.services import SERVICES, Service
from tests.cli.running import Done, run
from tests.core.text.making import notified, rendered
from tests.injection.hostile import HOSTILE, PRODUCT, Page, acting_on_a_terminal, forged_lines
from tests.injection.world import World, world

Words = Sequence[str]
#: In messages: ends of lines, tabs, and the space of no width that keeps a ping from being one.
OURS = "\n\t\u200b"
NO_EVENT = "no event comes into it"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A router that has taken every event with every word."""
    with world(tmp_path_factory.mktemp("world")) as one:
        yield one


# pages and the API


def _events(full: World) -> list[str]:
    """Of each kind every nineteenth event, another one from kind to kind; and those whose name is hostile."""
    return full.ids[::19] + full.ids[-2 * len(HOSTILE) :: 3]


def _some(full: World) -> list[str]:
    """An event of every second kind, and those whose name is hostile."""
    return full.ids[:: 2 * len(HOSTILE) - 1] + full.ids[-2 * len(HOSTILE) :: 2]


def _alerts(full: World) -> list[str]:
    found = full.house.ask("GET", "/v1/alerts?limit=500").json()["alerts"]
    return [one["id"] for one in found][::5]


def _groups(full: World) -> list[str]:
    found = full.house.ask("GET", "/v1/groups?limit=500").json()["groups"]
    return [one["id"] for one in found][::5]


def _deliveries(full: World) -> list[str]:
    return [one["id"] for one in full.deliveries()]


def _words(full: World) -> list[str]:
    return [quote(word.encode("utf-8", "replace"), safe="") for word in HOSTILE]


def _rules(full: World) -> list[str]:
    return [one["name"] for one in full.house.ask("GET", "/v1/rules").json()["rules"]]


#: Every address that is read: what stands for ``*`` in each that is asked.
READ: dict[str, tuple[Callable[[World], list[str]] | None, Words]] = {
    "/": (None, ["/"]),
    "/events": (_words, ["/events", "/events?limit=500", "/events?job=*", "/events?type=*&rule=*"]),
    "/events/{event_id}": (_events, ["/events/*"]),
    "/groups/{group_id}": (_groups, ["/groups/*"]),
    "/alerts": (_words, ["/alerts", "/alerts?state=firing", "/alerts?rule=*"]),
    "/deliveries": (_words, ["/deliveries", "/deliveries?state=dead", "/deliveries?channel=*"]),
    "/deliveries/{delivery_id}": (_deliveries, ["/deliveries/*"]),
    "/silences": (_words, ["/silences", "/silences?matcher=`true`", "/silences?matcher=*&comment=*&lasts=*"]),
    "/rules": (None, ["/rules"]),
    "/rules/{name}": (_rules, ["/rules/*"]),
    "/try": (_some, ["/try?id=*"]),
    "/health": (None, ["/health"]),
    "/job": (_words, ["/job?id=*"]),
    "/login": (None, ["/login"]),
    "/v1/job": (_words, ["/v1/job?id=*"]),
    "/v1/status": (None, ["/v1/status"]),
    "/v1/rules": (None, ["/v1/rules"]),
    "/v1/top": (None, [f"/v1/top?by={by}" for by in ("rule", "channel", "event", "job", "source")]),
    "/v1/books": (None, ["/v1/books"]),
    "/v1/deeds": (None, ["/v1/deeds"]),
    "/v1/ids": (_alerts, ["/v1/ids?begin=*"]),
    "/v1/deliveries": (None, ["/v1/deliveries?limit=500"]),
    "/v1/deliveries/{delivery_id}": (_deliveries, ["/v1/deliveries/*"]),
    "/v1/silences": (None, ["/v1/silences?all=true"]),
    "/v1/events": (_words, ["/v1/events?limit=500", "/v1/events?job=*"]),
    "/v1/events/{event_id}": (_some, ["/v1/events/*"]),
    "/v1/undecodable": (None, ["/v1/undecodable?limit=500"]),
    "/v1/alerts": (None, ["/v1/alerts?limit=500"]),
    "/v1/groups": (None, ["/v1/groups?limit=500"]),
    "/v1/alerts/{alert_id}": (_alerts, ["/v1/alerts/*"]),
    "/v1/tail": (None, ["/v1/tail?since=1h"]),
}
#: Addresses of which no answer has an event in it, and those that only change what the others show.
OTHER = {
    "/healthz": NO_EVENT,
    "/readyz": NO_EVENT,
    "/metrics": "test_no_label_of_a_metric_is_an_event_s",
    "/live": NO_EVENT,
    "/live.js": NO_EVENT,
    "/v1/openapi.json": NO_EVENT,
    "/-/reload": NO_EVENT,
    "/v1/drill": NO_EVENT,
    "/-/proof": NO_EVENT,
    "/logout": NO_EVENT,
    "/v1/try": "test_what_is_posted_is_answered_as_json",
    "/v1/silences/preview": "test_what_is_posted_is_answered_as_json",
    **dict.fromkeys(
        (
            *("/groups/{group_id}/acknowledge", "/groups/{group_id}/resolve", "/alerts/acknowledge"),
            *("/alerts/resolve", "/deliveries/change", "/silences/{silence_id}/expire"),
        ),
        "a redirect to a page above",
    ),
    **dict.fromkeys(
        (
            *("/v1/alerts/acknowledge", "/v1/alerts/resolve", "/v1/deliveries/retry", "/v1/deliveries/drop"),
            "/v1/silences/{silence_id}/expire",
        ),
        "ids, or a silence as the list shows it",
    ),
}


def test_every_address_is_in_a_table() -> None:
    """A new one has to say what it shows."""
    paths = {str(getattr(route, "path", "")) for part in (*API, *PAGES) for route in part.routes}
    assert paths | set(OWN_PATHS) == READ.keys() | OTHER.keys()


def asked(full: World, address: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every address of a row, what it answers, and its headers."""
    fill, forms = READ[address]
    for form in forms:
        for value in fill(full) if fill and "*" in form else [""]:
            path = form.replace("*", value)
            answer = full.house.ask("GET", path)
            assert answer.status in (200, 400, 404), (path, answer.status)
            assert "evil-header" not in answer.headers
            assert PRODUCT not in answer.text
            assert answer.headers["x-content-type-options"] == "nosniff"
            yield path, answer.text, answer.headers


@pytest.mark.parametrize("address", [one for one in READ if not one.startswith("/v1/")])
def test_nothing_acts_on_a_page(full: World, address: str) -> None:
    """No element, attribute or address is an event's, in the drawings neither; the one script is ours."""
    for path, text, headers in asked(full, address):
        page = Page(text)
        assert page.wrong == [], path
        assert page.scripts == ([] if address == "/login" else [{"src": "/live.js", "defer": None}]), path
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-"), path
        assert "script-src 'self'; connect-src 'self'; form-action 'self';" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize("address", [one for one in READ if one.startswith("/v1/")])
def test_the_api_answers_json(full: World, address: str) -> None:
    """Whole objects, and no browser takes them for a page."""
    for path, text, headers in asked(full, address):
        lines = text.splitlines() if headers["content-type"] == "application/x-ndjson" else [text]
        assert headers["content-type"] in ("application/json", "application/x-ndjson"), path
        assert all(isinstance(json.loads(line), dict) for line in lines if line), path
        assert address != "/v1/tail" or len(lines) > 100


def test_what_is_posted_is_answered_as_json(full: World) -> None:
    """An event that is tried, and a silence that is previewed, for each word."""
    for word in HOSTILE:
        event = EVENTS["OnJobFailed"].sample() | {"JobName": word, "JobId": word}
        trial = full.house.ask("POST", "/v1/try", {"event": event, "filter": f"JobName == '{word}"})
        asked = {"matcher": "`true`", "lasts": "1h", "comment": word, "by": word[:60]}
        preview = full.house.ask("POST", "/v1/silences/preview", asked)
        for answer in (trial, preview):
            assert answer.headers["content-type"] == "application/json"
            assert isinstance(answer.json(), dict)
            assert PRODUCT not in answer.text


def test_the_page_behind_a_link_shows_words_only(full: World) -> None:
    """The form that acknowledges, of every message that was sent."""
    links = {
        found for one in full.sink.received for found in re.findall(rb'"https://[^"]*(/a/[^"]+)"', one.body)
    }
    assert links
    for link in links:
        answer = full.house.ask("GET", link.decode())
        assert answer.status == 200
        page = Page(answer.text)
        assert (page.wrong, page.scripts) == ([], [])
        assert PRODUCT not in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_no_label_of_a_metric_is_an_event_s(full: World) -> None:
    """Labels are names of the configuration and of the catalogue."""
    text = full.house.ask("GET", "/metrics").text
    values = [
        v for one in text_string_to_metric_families(text) for it in one.samples for v in it.labels.values()
    ]
    assert len(values) > 50
    assert [v for v in values if not re.fullmatch(r"[\w./+-]+", v) or "evil" in v] == []


# logs


@pytest.mark.parametrize("terminal", [False, True])
def test_a_line_of_the_log_is_a_line_of_ours(full: World, terminal: bool) -> None:
    """One JSON object a line; on a terminal nothing acts, and nothing begins a line."""
    shown = StringIO()
    with redirect_stderr(shown):
        telemetry.set_up_logs(terminal=terminal)
        told = [one for one in full.logged if one[1] != "debug"]
        for event, level, fields in told:
            # Bound before it was taken away from what the router logs.
            log(event, level, **fields)
    assert {event for event, _, _ in full.logged} >= {"filter.failed", "delivery.dead", "source.refused"}
    lines = shown.getvalue().splitlines()
    assert PRODUCT not in shown.getvalue()
    assert len(shown.getvalue().split("\n")) == len(lines) + 1 == len(told) + 1
    if terminal:
        assert [one for line in lines for one in acting_on_a_terminal(re.sub(r"\x1b\[\d*m", "", line))] == []
    else:
        assert all(line.isprintable() and isinstance(json.loads(line), dict) for line in lines)


# commands


def _ids(full: World, kind: str, *words: str) -> list[str]:
    found = json.loads(run(kind, "list", "--server", full.house.url, "-o", "json", *words).out)[kind]
    return [one["id"] for one in found]


def _file(full: World, name: str, text: str) -> str:
    path = full.house.file.parent / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def _event_file(full: World) -> str:
    event = EVENTS["OnJobFailed"].sample() | dict(
        zip(("JobName", "JobId", *HOSTILE), 2 * HOSTILE, strict=False)
    )
    return _file(full, "event.json", json.dumps(event))


def _few(found: list[str]) -> list[str]:
    """Of what is printed alike in any number."""
    return found[:: max(1, len(found) // 6)]


def _explain(full: World) -> Iterator[Words]:
    for event in _few(full.ids):
        yield "explain", "--id", event, "--clauses", "--server", full.house.url
    yield "explain", _event_file(full), "-c", str(full.house.file)


def _why_not(full: World) -> Iterator[Words]:
    for event in _few(full.ids)[:3]:
        yield "why-not", "--rule", "job", "--id", event, "-c", str(full.house.file)
    yield "why-not", "--channel", "mail", _event_file(full), "-c", str(full.house.file)
    yield "why-not", _event_file(full), "-c", str(full.house.file)


def _alerts_show(full: World) -> Iterator[Words]:
    for alert in _few(_ids(full, "alerts", "--limit", "500")):
        yield "alerts", "show", alert, "--server", full.house.url


def _changed_rules(full: World) -> str:
    rules = full.house.rules.read_text(encoding="utf-8").replace("to: [hook, echo, mail]", "to: [oncall]")
    _file(full, "new-rules.yaml", rules)
    settings = full.house.file.read_text(encoding="utf-8").replace("rules.yaml", "new-rules.yaml")
    return _file(full, "new.yaml", settings)


def _plan(full: World) -> Iterator[Words]:
    yield "plan", "-c", _changed_rules(full), "--against", str(full.house.file), "--since", "1h"


def _replay(full: World) -> Iterator[Words]:
    yield "replay", _event_file(full), "-c", str(full.house.file)
    yield "replay", "--since", "1h", "--at-recorded-times", "-c", str(full.house.file)
    yield "replay", "--undecodable", "-c", str(full.house.file)


def _tests(full: World, *more: str) -> Iterator[Words]:
    """Tests of rules that fail, with each word in the event."""
    cases = [
        {
            "name": f"word {at}",
            "given": [
                {"event": "OnJobFailed", "with": {"JobName": word, "ErrorMessage": word, "JobId": word}}
            ],
            "expect": [
                {
                    "by": "1m",
                    "channel": "oncall",
                    "count": 1,
                    "title_contains": "other",
                    "body_contains": word,
                },
                {"by": "1m", "channel": "oncall", "count": 1, "title_contains": word},
                {"by": "1m", "channel": "oncall", "count": 1, "body_contains": "other"},
            ],
        }
        # YAML cannot say half a surrogate pair.
        for at, word in enumerate(HOSTILE)
        if "\ud800" not in word
    ]
    text = "{{ event.JobName }} {{ event['ErrorMessage'] }}"
    rule = {"name": "r", "when": "Event == 'OnJobFailed'", "to": ["oncall"], "body": text, "tests": cases}
    yield "test", _file(full, "tested.yaml", json.dumps({"rules": [rule]})), *more


#: Every command: how it shows events, or why it does not.
COMMANDS: dict[str, Callable[[World], Iterator[Words]] | str] = {
    "run": "its log has a test above",
    "demo": NO_EVENT + ": it plays its own",
    "init": NO_EVENT,
    "check": NO_EVENT + ": it reads rules and settings",
    "test": _tests,
    "explain": _explain,
    "why-not": _why_not,
    "coverage": NO_EVENT + ": it reads rules",
    "events": lambda it: iter([("events", "--undecodable", "--server", it.house.url)]),
    "send": NO_EVENT,
    "drill": NO_EVENT + ": it sends its own",
    "doctor": lambda it: iter([("doctor", "-c", str(it.house.file))]),
    "tail": lambda it: iter(
        [
            ("tail", "--since", "1h", "--no-follow", "--server", it.house.url),
        ]
    ),
    "top": lambda it: iter(
        [
            ("top", "--by", by, "--server", it.house.url)
            for by in ("rule", "channel", "event", "job", "source")
        ]
    ),
    "plan": _plan,
    "replay": _replay,
    "schema": NO_EVENT,
    "verify": lambda it: iter([("verify", "--server", it.house.url)]),
    "rotate-keys": NO_EVENT,
    "alerts list": lambda it: iter([("alerts", "list", "--limit", "500", "--server", it.house.url)]),
    "alerts show": _alerts_show,
    "alerts ack": "it prints ids",
    "alerts resolve": "it prints ids",
    "silences list": lambda it: iter([("silences", "list", "--all", "--server", it.house.url)]),
    "silences add": lambda it: iter(
        [
            (
                "silences",
                "add",
                "`true`",
                "--for",
                "1h",
                "--comment",
                "c",
                "--dry-run",
                "--server",
                it.house.url,
            )
        ]
    ),
    "silences expire": "it prints ids",
    "deliveries list": lambda it: iter([("deliveries", "list", "--limit", "500", "--server", it.house.url)]),
    "deliveries show": lambda it: (
        ("deliveries", "show", one, "--server", it.house.url)
        for one in _few(_ids(it, "deliveries", "--limit", "500"))
    ),
    "deliveries retry": "it prints ids",
    "deliveries drop": "it prints ids",
    "store migrate": NO_EVENT,
    "store backup": NO_EVENT,
    "store compact": NO_EVENT,
    "store copy": NO_EVENT,
    "store set-aside": NO_EVENT,
    "mns serve": NO_EVENT,
    "mns setup": NO_EVENT,
    "mns notification": NO_EVENT,
    "mns simulate": NO_EVENT + ": it makes its own",
    "import alertmanager": NO_EVENT + ": it reads another one's rules",
}
FORMS = ("pipe", "terminal", "json")
#: Those that take all events through the engine again are run in one form: their tables, and how they
#: write JSON, are the others'.
SLOW = ("plan", "replay")
SHOWING = [
    (name, form)
    for name, of in COMMANDS.items()
    for form in FORMS
    if not isinstance(of, str) and (name not in SLOW or form == "terminal")
]


def test_every_command_is_in_the_table() -> None:
    """A new one has to say what it shows; and none writes CSV, where a formula would act."""

    def named(command: Any, *names: str) -> Iterator[str]:
        if not hasattr(command, "commands"):
            yield " ".join(names)
        for name, part in getattr(command, "commands", {}).items():
            yield from named(part, *names, name)

    assert set(named(get_command(app))) == COMMANDS.keys()
    # It is what --help says, by a test of its own.
    assert re.search("csv|tsv", Path("docs/commands.md").read_text(encoding="utf-8"), re.IGNORECASE) is None


@pytest.mark.parametrize(("name", "form"), SHOWING)
def test_nothing_acts_in_what_a_command_prints(
    full: World, name: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe, on a terminal and for programs: no control, no direction, no line of an event's own."""
    if form == "terminal":
        monkeypatch.setattr("typer.testing.BytesIOCopy.isatty", _is_a_terminal, raising=False)
        # Where a cell is broken into lines, each is one that an event has begun.
        monkeypatch.setenv("COLUMNS", "1000")
    of = cast("Callable[[World], Iterator[Words]]", COMMANDS[name])
    for words in of(full):
        done = run(*words, *(("-o", "json") if form == "json" else ()))
        assert done.status in (0, 1), done
        _acts_nowhere(done, words)
        if form == "json":
            _has_objects(done.out, name)


def _is_a_terminal(_: object) -> bool:
    return True


def _acts_nowhere(done: Done, words: Words) -> None:
    for text in (done.out, done.error):
        assert acting_on_a_terminal(text) == [], words
        assert forged_lines(text) == [], words
        assert PRODUCT not in text


def _has_objects(text: str, name: str) -> None:
    for one in text.splitlines() if name == "tail" else [text]:
        assert isinstance(json.loads(one), dict)


def test_a_report_for_ci_is_xml(full: World, tmp_path: Path) -> None:
    """JUnit's file has the elements and attributes that we write, whatever a failure says."""
    file = tmp_path / "junit.xml"
    [words] = _tests(full, "--junit", str(file))
    assert run(*words).status == 1
    root = ET.fromstring(file.read_bytes())  # noqa: S314  our own file
    assert {one.tag for one in root.iter()} == {"testsuites", "testsuite", "testcase", "failure"}
    keys = {key for one in root.iter() for key in one.attrib}
    assert keys == {"name", "tests", "failures", "time", "classname", "message"}
    assert len(list(root.iter("failure"))) == len(HOSTILE) - 1


# messages


def _message(word: str, at: int, url: str) -> Any:
    """What is told of an event all of whose fields are a word."""
    name = list(EVENTS)[at % len(EVENTS)]
    data = dict.fromkeys(EVENTS[name].sample(), word) | {"Event": name}
    return rendered(notified(data, keys=(word,)), kind_of_url(url))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        parts = cast("dict[str, Any] | list[Any]", value)
        for part in parts.values() if isinstance(parts, dict) else parts:
            yield from _strings(part)


def _payload(request: Received) -> list[str]:
    """The texts of a request: of JSON, of a form, or the whole body."""
    kind = request.headers.get("content-type", "")
    if "json" in kind:
        return list(_strings(json.loads(request.body)))
    if "urlencoded" in kind:
        return [value for _, value in parse_qsl(request.body.decode(), strict_parsing=True)]
    return [request.body.decode()]


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.name)
def test_nothing_acts_in_what_a_provider_is_sent(service: Service) -> None:
    """Each word in each field: the same headers and address as ever, and texts without a control."""
    with listening() as provider:
        provider.does(service.accepted)
        for at, word in enumerate(("plain", *HOSTILE)):
            send(service.url, _message(word, at, service.url), egress={service.origin: provider.origin})
        plain, *rest = provider.received
        assert len(rest) >= len(HOSTILE)
        for request in rest:
            assert request.headers.keys() <= plain.headers.keys() | {"markdown", "tags"}
            path, _, query = request.target.partition("?")
            assert path == plain.target.partition("?")[0]
            assert re.fullmatch(r"[\w%&=.~+*:/-]*", query)
            assert "evil" not in str([v for n, v in request.headers.items() if n != "title"])
            for text in _payload(request):
                assert PRODUCT not in text
                if service.name != "json":
                    assert [c for c in text if not c.isprintable() and c not in OURS] == []


def test_nothing_acts_in_a_mail() -> None:
    """The same headers as of any mail, each on one line; two parts, and of the HTML only our elements."""
    with mailbox() as box:
        url = f"mailto://127.0.0.1:{box.port}/?from=router@example.com&to=team@example.com"
        for at, word in enumerate(("plain", *HOSTILE)):
            send(url, _message(word, at, url))
    plain, *mails = box.mails
    assert len(mails) == len(HOSTILE)
    assert {to for _, tos in box.envelopes for to in tos} == {"team@example.com"}
    for mail in mails:
        _is_ours(mail, plain.keys())


def test_nothing_acts_in_the_mails_of_a_running_router(full: World) -> None:
    """The same of what the router has told by itself, digests among it."""
    for mail in full.box.mails:
        _is_ours(mail, [*full.box.mails[0].keys(), "In-Reply-To", "References"])


def _is_ours(mail: EmailMessage, headers: Sequence[str]) -> None:
    assert set(mail.keys()) <= set(headers)
    assert mail.defects == []
    for value in mail.values():
        assert str(value).isprintable(), str(value)
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    page = Page(_text(html))
    assert [one for one in page.wrong if "https://alerts.example.com/" not in one] == []
    assert page.scripts == []
    assert [c for c in _text(text) if not c.isprintable() and c not in OURS] == []
    assert PRODUCT not in _text(text) + _text(html)


def _text(part: Any) -> str:
    return part.get_content().replace("\r\n", "\n")

"""The API on a whole router that runs: what it shows, what it changes, whom it refuses."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.core.delivery import SECOND, State
from tests.cli.running import run
from tests.web.house import House, house, instance_failed, job_failed

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
TOKENS = ", token: t-admin, tokens: {p: {role: send, token: t-send}, g: {role: read, token: t-read}}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A router without a token."""
    with house(tmp_path_factory.mktemp("house")) as one:
        yield one


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A router with a token for each role."""
    with house(tmp_path_factory.mktemp("guarded"), http=TOKENS) as one:
        yield one


def get(served: House, path: str) -> Any:
    """A page of JSON."""
    answer = served.ask("GET", path)
    assert answer.status == 200, answer.text
    return answer.json()


def test_an_event_is_followed_to_its_messages(served: House) -> None:
    """One event shows its rule's verdict, its alert and each message; the alert and the message show more."""
    event = served.tell(job_failed("job-follow"))
    dead = served.until(
        lambda: [one for one in get(served, f"/v1/events/{event}")["deliveries"] if one["state"] == "dead"]
    )[0]
    shown = get(served, f"/v1/events/{event}")
    assert (shown["event"]["event"], shown["event"]["outcome"]) == ("OnJobFailed", "routed")
    assert shown["data"]["JobId"] == "job-follow"
    verdicts = {one["rule"]: one["verdict"] for one in shown["explanation"]["rules"]}
    assert verdicts == {"job-failed": "matched", "instance-failed": "not matched"}
    [alert] = shown["alerts"]
    assert {one["channel"] for one in get(served, f"/v1/alerts/{alert['id']}")["groups"]} == {
        "oncall",
        "broken",
    }
    message = get(served, f"/v1/deliveries/{dead['id']}")
    assert (message["delivery"]["channel"], message["tried"][0]["status"]) == ("broken", 404)
    assert "job-follow" in message["text"]["title"] + message["text"]["body"]


def test_lists_go_on_where_a_page_ends(served: House) -> None:
    """Behind ``next`` comes the next one; every event once, the newest first."""
    sent = [served.tell(job_failed(f"job-page-{n}")) for n in range(5)]
    found: list[str] = []
    before = ""
    while len(found) < 5:
        page = get(served, f"/v1/events?limit=2&before={before}")
        found += [one["id"] for one in page["events"]]
        before = page["next"]
    assert found[:5] == sent[::-1]
    named = get(served, "/v1/events?job=job-page-3")["events"]
    assert [one["id"] for one in named] == [sent[3]]


def test_a_person_acknowledges_and_resolves_and_it_is_on_record(served: House) -> None:
    """The alert stands so afterwards, a second time changes nothing, and the audit trail names who did it."""
    served.tell(instance_failed("job-ack", 1))
    served.tell(instance_failed("job-ack", 2))
    alerts = [a for a in get(served, "/v1/alerts?rule=instance-failed")["alerts"] if "job-ack" in a["key"]]
    which = {"ids": [alerts[0]["id"]], "group": True, "by": "anna"}
    done = served.ask("POST", "/v1/alerts/acknowledge", which).json()["ids"]
    assert sorted(done) == sorted(one["id"] for one in alerts)
    states = {a["id"]: a["state"] for a in get(served, "/v1/alerts?state=acknowledged")["alerts"]}
    assert set(done) <= set(states)
    assert served.ask("POST", "/v1/alerts/resolve", {"ids": done, "by": "anna"}).json()["ids"] == sorted(done)
    assert served.ask("POST", "/v1/alerts/resolve", {"ids": done}).json()["ids"] == []
    deeds = [(one["by"], one["what"], one["number"]) for one in get(served, "/v1/deeds")["deeds"]]
    assert ("anna", "resolve", 2) in deeds
    assert sum(number for by, what, number in deeds if (by, what) == ("anna", "acknowledge")) == 2


def test_a_dead_letter_is_tried_again_and_dropped(served: House) -> None:
    """Retried it is due again and dies again, dropped it stays so; both are on record."""
    served.tell(job_failed("job-dead"))

    def dead() -> list[Any]:
        return get(served, "/v1/deliveries?state=dead&channel=broken")["deliveries"]

    letter = served.until(dead)[0]["id"]
    assert served.ask("POST", "/v1/deliveries/retry", {"ids": [letter]}).json()["ids"] == [letter]
    served.until(lambda: get(served, f"/v1/deliveries/{letter}")["delivery"]["attempts"] == 2)
    served.until(lambda: get(served, f"/v1/deliveries/{letter}")["delivery"]["state"] == State.DEAD)
    dropped = {"ids": [letter], "before": {letter: "dead"}}
    assert served.ask("POST", "/v1/deliveries/drop", {"ids": [letter]}).json() == dropped
    assert get(served, f"/v1/deliveries/{letter}")["delivery"]["reason"].endswith("somebody")
    done = {one["what"] for one in get(served, "/v1/deeds")["deeds"] if one["subject"] == letter}
    assert done == {"retry", "drop"}


def test_what_a_person_retries_is_tried_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the loops to look by themselves, which they would do in ten minutes here."""
    monkeypatch.setattr("router.app.router.MAINTENANCE", 600.0)
    monkeypatch.setattr("router.pipeline.deliver.LONGEST_WAIT", 600 * SECOND)
    with house(tmp_path) as served:
        served.tell(job_failed())
        find = "/v1/deliveries?state=dead&channel=broken"
        [letter] = served.until(lambda: get(served, find)["deliveries"])
        served.ask("POST", "/v1/deliveries/retry", {"ids": [letter["id"]]})
        path = f"/v1/deliveries/{letter['id']}"
        served.until(lambda: get(served, path)["delivery"]["attempts"] == 2, seconds=60)


def test_all_dead_letters_of_a_channel_and_a_time(served: House) -> None:
    """Of the last hour they are tried again and then dropped; a wrong time, or nothing named, is refused."""
    for job in range(3):
        served.tell(job_failed(f"job-dead-{job}"))

    def dead() -> set[str]:
        found = get(served, "/v1/deliveries?state=dead&channel=broken")["deliveries"]
        return {one["id"] for one in found}

    letters = served.until(lambda: found if len(found := dead()) >= 3 else set[str]())
    asked = {"channel": "broken", "since": "1h"}
    assert set(served.ask("POST", "/v1/deliveries/retry", asked).json()["ids"]) >= letters
    served.until(lambda: dead() >= letters)
    unknown = served.ask("POST", "/v1/deliveries/drop", {"channel": "brokn"})
    assert (unknown.status, unknown.json()["error"]["remedy"]) == (404, "Did you mean broken?")
    assert set(served.ask("POST", "/v1/deliveries/drop", asked).json()["ids"]) >= letters
    assert not dead() & letters
    for wrong in ({}, {"since": "soon"}, {"ids": ["d-1"], "channel": "broken"}):
        assert served.ask("POST", "/v1/deliveries/retry", wrong).status == 400


def test_a_preview_says_that_it_did_not_look_at_all(served: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a state has more alerts than are looked at: in the API, on the page, by the command."""
    for number in range(2):
        served.tell(job_failed(f"job-many-{number}"))
    monkeypatch.setattr("router.pipeline.people.LOOKED_AT", 1)
    asked = {"matcher": "rule == 'job-failed'", "lasts": "1h", "comment": "moving", "by": "anna"}
    preview = served.ask("POST", "/v1/silences/preview", asked).json()
    assert (preview["open_number"], preview["whole"]) == (1, False)
    page = served.ask("GET", "/silences?matcher=rule+%3D%3D+'job-failed'&lasts=1h").text
    assert "Only 1 alerts were looked at, the open ones first" in page
    words = ("silences", "add", asked["matcher"], "--for", "1h", "--dry-run", "--server", served.url)
    assert "there may be more" in run(*words).out


def test_a_silence_is_previewed_made_and_ended(served: House) -> None:
    """The preview names what it would mute and makes nothing; made it is listed, ended it is over."""
    served.tell(job_failed("job-silence"))
    asked = {"matcher": "JobId == 'job-silence'", "lasts": "1h", "comment": "moving", "by": "anna"}
    preview = served.ask("POST", "/v1/silences/preview", asked).json()
    assert (preview["open_number"], len(preview["open"]), preview["warnings"]) == (1, 1, [])
    slip = served.ask("POST", "/v1/silences/preview", asked | {"matcher": "JobIdd == 'job-silence'"}).json()
    assert slip["warnings"] == [
        "events have no field JobIdd; did you mean JobId?",
        "it matches no alert that is open or of the last day",
    ]
    page = served.ask("GET", "/silences?matcher=JobIdd+%3D%3D+'a'&lasts=1h").text
    assert "Warning: events have no field JobIdd; did you mean JobId?" in page
    assert get(served, "/v1/silences") == {"silences": []}
    made = served.ask("POST", "/v1/silences", asked).json()["silence"]
    assert [one["id"] for one in get(served, "/v1/silences")["silences"]] == [made["id"]]
    ended = served.ask("POST", f"/v1/silences/{made['id']}/expire", b"").json()
    assert ended["silence"]["state"] == "expired"
    assert served.ask("POST", f"/v1/silences/{made['id']}/expire", b"").status == 404


def test_an_event_is_tried_without_a_trace(served: House) -> None:
    """It says what each rule and a filter of one's own come to; no event, no alert, no message is made."""
    before = served.tell(job_failed("job-before"))
    trial = {"event": instance_failed("job-try"), "filter": "ExitCode > `5` || Task == 'map'"}
    tried = served.ask("POST", "/v1/try", trial).json()
    assert {one["rule"]: one["verdict"] for one in tried["explanation"]["rules"]} == {
        "job-failed": "not matched",
        "instance-failed": "matched",
    }
    assert [(one["clause"], one["held"]) for one in tried["filter"]["parts"]] == [
        ("ExitCode > `5`", False),
        ("Task == 'map'", True),
    ]
    assert tried["explanation"]["messages"][0]["channel"] == "oncall"
    assert get(served, "/v1/events")["events"][0]["id"] == before


def test_an_event_is_tried_with_the_job_that_was_heard_of(served: House) -> None:
    """As it would be judged if it came; what it brings as ``Job`` is not used, and that is said."""
    served.tell(job_failed("job-heard"))
    trial = {"event": instance_failed("job-heard") | {"Job": {"Event": "Odd"}}, "filter": "Job.Event"}
    tried = served.ask("POST", "/v1/try", trial).json()
    assert tried["filter"]["values"] == {"Job.Event": "OnJobFailed"}
    assert tried["explanation"]["note"].startswith("The event's own Job is not used")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("GET", "/v1/alerts/none", None, 404, "no alert has the id none"),
        ("GET", "/v1/alerts?limit=0", None, 400, "limit: Input should be greater than or equal to 1"),
        ("GET", "/v1/alerts?before=x", None, 400, "expected what stood in `next`"),
        ("GET", "/v1/alerts?state=odd", None, 400, "state: Input should be"),
        ("POST", "/v1/alerts", {}, 405, "in this way"),
        ("POST", "/v1/alerts/resolve", {"ids": []}, 400, "ids: List should have at least 1 item"),
        ("POST", "/v1/alerts/resolve", b"{", 400, ""),
        (
            "POST",
            "/v1/silences",
            {"matcher": "a ==", "lasts": "1h", "comment": "c"},
            400,
            "matcher: not JMESPath",
        ),
        (
            "POST",
            "/v1/silences",
            {"matcher": "a", "lasts": "soon", "comment": "c"},
            400,
            "a duration such as",
        ),
        ("POST", "/v1/silences", {"matcher": "a", "lasts": "1h"}, 400, "a silence has a comment"),
        ("POST", "/v1/silences", {"matcher": "a", "comment": "c"}, 400, "say how long"),
        ("POST", "/v1/try", {"event": [1]}, 400, "this is no event"),
        ("POST", "/v1/try", {"event": {}, "filter": "a =="}, 400, "filter: not JMESPath"),
        ("POST", "/v1/try", {"event": {}, "source": "odd"}, 400, "no source is named so"),
        ("POST", "/v1/try", b'{"event": ' + b"[" * 100_000, 400, ""),
        ("POST", "/v1/try", b'{"event": ' + b"1" * 5000 + b"}", 400, ""),
        ("POST", "/v1/try", b"\xff\xfe", 400, ""),
        ("GET", "/v1/nothing", None, 404, "there is nothing here"),
    ],
)
def test_what_is_wrong_is_said_in_one_shape(
    served: House, method: str, path: str, body: Any, status: int, said: str
) -> None:
    """A code, a message that names what is wrong, a remedy; never a page of another kind."""
    answer = served.ask(method, path, body, {"content-type": "application/json"})
    assert answer.status == status, answer.text
    assert set(answer.json()["error"]) == {"code", "message", "remedy"}
    assert said in answer.json()["error"]["message"]


def test_too_large_a_request_is_refused_unread(served: House) -> None:
    """413 by what its header says, before its body comes."""
    answer = served.ask("POST", "/v1/try", b"", {"content-length": "2000000"})
    assert (answer.status, answer.json()["error"]["code"]) == (413, "too-large")


def test_roles_may_what_they_say(guarded: House) -> None:
    """A sender reads nothing, a reader changes nothing, nobody gets in without a token."""

    def status(method: str, path: str, token: str, body: Any = None) -> int:
        return guarded.ask(method, path, body, {"authorization": f"Bearer {token}"} if token else {}).status

    reads = ["/v1/alerts", "/v1/status", "/v1/openapi.json", "/metrics"]
    for path in reads:
        assert [status("GET", path, one) for one in ("", "t-send", "t-read", "t-admin")] == [
            401,
            403,
            200,
            200,
        ]
    for path in ("/v1/alerts/resolve", "/v1/alerts/acknowledge", "/v1/deliveries/drop"):
        tries = [status("POST", path, one, {"ids": ["x"]}) for one in ("", "t-send", "t-read", "t-admin")]
        assert tries == [401, 403, 403, 200]
    assert status("POST", "/-/reload", "t-read", b"") == 403
    sends = [status("POST", "/v1/events/hook", one, {"a": 1}) for one in ("", "t-read", "t-send", "t-admin")]
    assert sends == [401, 403, 200, 200]


def test_who_did_it_is_the_token_not_what_they_say(guarded: House) -> None:
    """With a token of a name, that name is on record."""
    guarded.tell(job_failed("job-who"), authorization="Bearer t-send")
    asked = {"matcher": "a", "lasts": "1h", "comment": "c", "by": "somebody else"}
    answer = guarded.ask("POST", "/v1/silences", asked, {"authorization": "Bearer t-admin"})
    assert answer.json()["silence"]["author"] == "http.token"


def test_a_reload_says_what_is_wrong_and_changes_nothing(tmp_path: Path) -> None:
    """A broken file is refused with its place, the old rules run on; mended, the new ones do."""
    with house(tmp_path) as one:
        good = one.rules.read_text()
        one.rules.write_text(good.replace("severity: critical", "severity: dire"))
        said = one.ask("POST", "/-/reload", b"").json()
        assert (said["reloaded"], "rules.yaml:4" in said["faults"][0]) == (False, True)
        assert get(one, "/v1/status")["faults"] == said["faults"]
        one.rules.write_text(good.replace("job-failed", "job-lost"))
        assert one.ask("POST", "/-/reload", b"").json() == {"reloaded": True, "faults": []}
        taken, refused = get(one, "/v1/deeds")["deeds"]
        assert (taken["by"], taken["what"], taken["subject"]) == (
            "somebody",
            "reload",
            one.router.config.policy.hash,
        )
        assert (refused["what"], "rules.yaml:4" in refused["subject"]) == ("fail to reload", True)
        assert {rule["name"] for rule in get(one, "/v1/rules")["rules"]} == {"job-lost", "instance-failed"}


def test_every_path_is_in_the_docs_and_the_document(served: House) -> None:
    """docs/api.md has a row for each path of the OpenAPI document, and no other."""
    document = get(served, "/v1/openapi.json")
    paths = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert set(re.findall(r"^\| `((?:GET|POST) [^`]+)` \|", PAGE.read_text(), re.MULTILINE)) == paths
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["description"]
            assert {"400", "401", "403", "404", "503"} <= set(operation["responses"])


def test_a_change_that_was_read_is_not_read_again(tmp_path: Path) -> None:
    """Whoever asks for a reload after a change has it; the look for changed files finds nothing more."""
    with house(tmp_path) as one:
        one.rules.write_text(one.rules.read_text() + "  # changed\n")
        assert one.ask("POST", "/-/reload", b"").json()["reloaded"]
        assert [one.router.watched.changed() for _ in range(3)] == [False, False, False]


def test_a_drill_that_fails_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole process drills by itself; the status and the page Health say what became of it."""
    monkeypatch.setattr("router.app.router.MAINTENANCE", 0.05)
    with house(tmp_path, http="}\ndrill: {channel: broken, within: 1s") as one:
        said = one.until(lambda: get(one, "/v1/status")["drill"], 60)
        assert said == "the drill was not accepted by broken within 1 s: broken/1 is dead"
        assert said in one.ask("GET", "/health").text
        assert one.ask("GET", "/readyz").status == 200
        [event] = get(one, "/v1/events")["events"]
        assert (event["source"], event["outcome"]) == ("alert-router.drill", "routed")
        for path in ("/v1/events/", "/events/"):
            assert one.ask("GET", path + event["id"]).status == 200

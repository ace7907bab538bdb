"""The pages of a whole router that runs: what they show, what their forms do, whom they refuse."""

import html
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast
from urllib.parse import quote, urlencode

import pytest

from router import telemetry
from router.config.settings_file import OWN_PATHS
from router.core.alert import AlertState
from router.ports import Unit
from router.web.inside import Inside
from router.web.site import API, make_site
from router.web.site import PAGES as PAGE_PARTS
from tests.web.house import Answer, House, house, instance_failed, job_failed

FORM = {"content-type": "application/x-www-form-urlencoded"}
PAGES = ["/", "/events", "/alerts", "/deliveries", "/silences", "/rules", "/try", "/health"]
#: The one script that a page has.
SCRIPT = '<script src="/live.js" defer></script>'
#: What would act: markup, a script, a terminal, a header, a formula, a template.
ACTING = "<script>alert(1)</script>\"'><img src=x onerror=1>\x1b[31m\r\nSet-Cookie: a=b\u202e=cmd|x {{ 7*7 }}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A router without a token."""
    with house(tmp_path_factory.mktemp("house")) as one:
        yield one


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[House]:
    """A router with tokens."""
    with house(tmp_path, http=", token: t-admin, tokens: {g: {role: read, token: t-read}}") as one:
        yield one


def page(served: House, path: str, **headers: str) -> str:
    """A page's text."""
    answer = served.ask("GET", path, None, headers)
    assert answer.status == 200, answer.text
    return answer.text


def post(served: House, path: str, fields: list[tuple[str, str]], **headers: str) -> Answer:
    """A form as a browser sends it."""
    given = FORM | {"origin": served.url} | headers
    return served.ask("POST", path, urlencode(fields).encode(), given)


def proof(text: str) -> str:
    """What a form of the page brings back."""
    found = re.search(r'name="form" value="([^"]+)"', text)
    assert found, "the page has a form"
    return found[1]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_shows_and_allows_nothing_else(served: House, path: str) -> None:
    """HTML with one style and one script of ours, kept by nobody, framed by nobody."""
    answer = served.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src 'self';" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == (
        "no-store",
        "nosniff",
    )
    assert f'href="{path}" aria-current="page"' in answer.text
    assert re.findall(r"<script.*?</script>", answer.text) == [SCRIPT]
    assert re.search(r"<[^>]*\son\w+=|<[^>]*\sstyle=", answer.text) is None


def test_a_person_acknowledges_what_fires(served: House) -> None:
    """The first page names the job and has a button; pressed, the alert is theirs, and no other."""
    served.tell(instance_failed("job-now"))
    served.tell(job_failed("job-other"))
    text = page(served, "/")
    card = next(one for one in text.split("<article")[1:] if "job-now" in one)
    assert "1 alert firing" in card
    group = re.search(r'action="(/groups/[^"]+)"', card)
    assert group
    done = post(served, group[1], [("form", proof(card)), ("by", "anna")])
    assert (done.status, done.headers["location"]) == (303, "/")
    alerts = {one.key: one for one in served.read(lambda unit: unit.list_alerts())}
    [mine] = [one for key, one in alerts.items() if "job-now" in key]
    [other] = [one for key, one in alerts.items() if "job-other" in key]
    assert (mine.state, mine.acknowledged_by) == (AlertState.ACKNOWLEDGED, "anna")
    assert other.state is AlertState.FIRING
    assert "anna: acknowledge" in page(served, "/health")


def test_a_person_resolves_what_they_pick(served: House) -> None:
    """The list has a box for each open alert; those that are picked end, by name, and no other."""
    served.tell(job_failed("job-picked"))
    served.tell(job_failed("job-left"))
    alerts = {one.key: one.id for one in served.read(lambda unit: unit.list_alerts(state="firing"))}
    [picked] = [name for key, name in alerts.items() if "job-picked" in key]
    [left] = [name for key, name in alerts.items() if "job-left" in key]
    text = page(served, "/alerts?state=firing")
    assert f'name="id" value="{picked}"' in text
    fields = [("form", proof(text)), ("id", picked), ("by", "anna")]
    assert post(served, "/alerts/resolve", fields).status == 303
    after = {one.id: one for one in served.read(lambda unit: unit.alerts([picked, left]))}
    assert (after[picked].state, after[picked].end_reason) == (AlertState.RESOLVED, "resolved by anna")
    assert after[left].state is AlertState.FIRING
    assert f'name="id" value="{picked}"' not in page(served, "/alerts")


def test_a_dead_letter_is_tried_again_from_its_page(served: House) -> None:
    """The list of dead letters leads to one, which shows the provider's answer; its button makes it due."""
    served.tell(job_failed("job-dead"))
    served.until(lambda: "broken/1" in page(served, "/deliveries?state=dead"))
    text = page(served, "/deliveries?state=dead")
    link = re.search(r'href="(/deliveries/[^"?]+)"', text)
    assert link
    shown = page(served, link[1])
    assert "404" in shown
    name = link[1].rpartition("/")[2]
    assert (
        post(served, "/deliveries/change", [("form", proof(shown)), ("id", name), ("what", "retry")]).status
        == 303
    )
    served.until(lambda: served.read(lambda unit: unit.deliveries(ids=[name]))[0].attempts == 2)
    served.until(lambda: served.read(lambda unit: unit.deliveries(ids=[name]))[0].state == "dead")
    assert (
        post(served, "/deliveries/change", [("form", proof(shown)), ("id", name), ("what", "drop")]).status
        == 303
    )
    assert served.read(lambda unit: unit.deliveries(ids=[name]))[0].state == "dropped"


def test_all_dead_letters_of_a_channel_are_dropped_from_the_list(served: House) -> None:
    """Those of a time that one writes, or of all times."""
    served.tell(job_failed("job-dropped"))
    served.until(lambda: "broken/1" in page(served, "/deliveries?state=dead&channel=broken"))
    text = page(served, "/deliveries?state=dead&channel=broken")
    assert "of broken that were given up" in text
    fields = [("form", proof(text)), ("channel", "broken"), ("what", "drop all")]
    assert post(served, "/deliveries/change", [*fields, ("since", "soon")]).status == 400
    assert post(served, "/deliveries/change", [*fields, ("since", "")]).status == 303
    assert "broken/1" not in page(served, "/deliveries?state=dead")


def test_a_silence_is_previewed_made_and_ended(served: House) -> None:
    """The preview shows the alert that it would mute; made, it is listed; its button ends it."""
    served.tell(job_failed("job-quiet"))
    matcher = "JobId == 'job-quiet'"
    preview = page(served, f"/silences?matcher={quote(matcher)}&lasts=1h&comment=moving")
    assert "It would mute 1 open alert," in preview
    fields = [("form", proof(preview)), ("matcher", matcher), ("lasts", "1h"), ("comment", "moving")]
    assert post(served, "/silences", fields).status == 303
    [silence] = served.read(lambda unit: unit.silences(0))
    assert silence.comment == "moving"
    listed = page(served, "/silences")
    assert html.escape(matcher) in listed.replace("&#39;", "&#x27;")
    assert post(served, f"/silences/{silence.id}/expire", [("form", proof(listed))]).status == 303
    assert "moving" not in page(served, "/silences")


def test_a_wrong_silence_says_what_is_wrong_and_keeps_what_was_typed(served: House) -> None:
    """A filter that is none, and a silence without a reason, are refused on the page."""
    assert "not JMESPath" in page(served, "/silences?matcher=a+==&lasts=1h")
    fields = [("form", proof(page(served, "/silences?matcher=a"))), ("matcher", "a &&& b"), ("lasts", "1h")]
    answer = post(served, "/silences", fields)
    assert (answer.status, "a &amp;&amp;&amp; b" in answer.text) == (400, True)


def test_an_event_and_a_filter_are_tried(served: House) -> None:
    """Each rule's verdict, the filter's parts, what would be sent; an event of the store can be taken."""
    event = served.tell(instance_failed("job-tried"))
    assert "job-tried" in page(served, f"/try?id={event}")
    query = urlencode({"event": '{"Event": "OnJobFailed", "JobId": "j"}', "filter": "JobId == 'k'"})
    text = page(served, f"/try?{query}")
    assert "← decided" in text
    assert "oncall/1" in text
    assert "not JMESPath" in page(served, "/try?" + urlencode({"event": "{}", "filter": "a =="}))
    assert "no event" in page(served, "/try?event=%5B")


def test_what_an_event_contains_acts_on_no_page(served: House) -> None:
    """In every field of an event: shown as text on each page that shows it, and its controls as pictures."""
    names = ["JobId", "JobName", "Task", "ErrorMessage", "UserId", "Odd" + ACTING]
    event = served.tell(instance_failed() | dict.fromkeys(names, ACTING))
    for path in (*PAGES, f"/events/{event}", f"/try?id={event}", f"/events?job={quote(ACTING)}"):
        answer = served.ask("GET", path)
        assert answer.status == 200
        for acting in ("<script", "<img", "\x1b", "\u202e", "\"'>"):
            assert acting not in answer.text.replace(SCRIPT, ""), (path, acting)
        assert "49" not in re.findall(r"\{\{ (\S+) \}\}", answer.text)
        assert "set-cookie" not in answer.headers
    assert "&lt;script&gt;" in page(served, f"/events/{event}")


@pytest.mark.parametrize("path", ["/nothing", "/events/none", "/deliveries/none"])
def test_what_is_not_there_is_said_on_a_page(served: House, path: str) -> None:
    """404 with words and a way back."""
    answer = served.ask("GET", path)
    assert (answer.status, "text/html" in answer.headers["content-type"]) == (404, True)
    assert '<a href="/">' in answer.text


def test_a_form_of_another_page_changes_nothing(served: House) -> None:
    """Without the page's proof, with a wrong one, or from another site: 403, and nothing has changed."""
    served.tell(job_failed("job-safe"))
    text = page(served, "/")
    group = re.findall(r'action="(/groups/[^"]+)"', text)[0]
    assert post(served, group, []).status == 403
    assert post(served, group, [("form", "x" * 43)]).status == 403
    assert post(served, group, [("form", proof(text))], origin="http://evil.example").status == 403
    assert post(served, group, [("form", proof(text))], host="evil.example").status == 403
    states = {one.state for one in served.read(lambda unit: unit.list_alerts()) if "job-safe" in one.key}
    assert states == {AlertState.FIRING}


def test_a_person_logs_in_looks_and_logs_out(guarded: House) -> None:
    """Without a session every page leads to the log-in; a reader sees pages without buttons that change."""
    away = guarded.ask("GET", "/")
    assert (away.status, away.headers["location"]) == (303, "/login")
    assert post(guarded, "/login", [("token", "wrong")]).status == 401
    entered = post(guarded, "/login", [("token", "t-read")])
    cookie = entered.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Max-Age=43200"))
    session = cookie.partition(";")[0]
    guarded.tell(job_failed(), authorization="Bearer t-admin")
    text = page(guarded, "/", cookie=session)
    assert "1 alert firing" in text
    assert "Acknowledge" not in text
    assert post(guarded, "/silences", [("form", "x")], cookie=session).status == 403
    assert "Max-Age=0" in post(guarded, "/logout", [], cookie=session).headers["set-cookie"]


def test_who_comes_and_goes_is_on_record(guarded: House) -> None:
    """Log-ins and log-outs with their token, wrong tokens with their address: one line, however many."""
    session = post(guarded, "/login", [("token", "t-admin")]).headers["set-cookie"].partition(";")[0]
    post(guarded, "/logout", [], cookie=session)
    post(guarded, "/logout", [])
    for number in range(20):
        post(guarded, "/login", [("token", f"wrong {number}")])
    guarded.router._note_wrong_tokens(last=True)  # pyright: ignore[reportPrivateUsage]
    deeds = guarded.read(lambda unit: unit.page_of_deeds(None, 100)).found
    by = {one.what: (one.by, one.subject) for one in deeds}
    assert by == {
        "log in": ("http.token", "127.0.0.1"),
        "log out": ("http.token", "127.0.0.1"),
        "fail to log in": ("127.0.0.1", "with a wrong token"),
    }
    assert [one.what for one in deeds].count("log in") == [one.what for one in deeds].count("log out") == 1
    # The loop may have told of the first ones before.
    assert sum(one.number for one in deeds if one.what == "fail to log in") == 20


def test_guesses_at_the_api_wait_and_a_session_goes_on(guarded: House) -> None:
    """The API answers 429 with Retry-After, the log-in as a page; who has logged in notices nothing."""
    session = post(guarded, "/login", [("token", "t-read")]).headers["set-cookie"].partition(";")[0]
    guesses = [{"authorization": f"Bearer {number}"} for number in range(6)]
    answer = [guarded.ask("GET", "/v1/alerts", headers=one) for one in guesses][-1]
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")
    assert answer.json()["error"]["code"] == "too-many"
    entered = post(guarded, "/login", [("token", "t-admin")])
    assert (entered.status, "Wait a minute" in entered.text) == (429, True)
    assert guarded.ask("GET", "/", headers={"cookie": session}).status == 200


def test_an_administrator_of_another_session_proves_nothing(guarded: House) -> None:
    """A form's proof holds for the session that it was made for only."""
    guarded.tell(job_failed(), authorization="Bearer t-admin")
    session = post(guarded, "/login", [("token", "t-admin")]).headers["set-cookie"].partition(";")[0]
    text = page(guarded, "/", cookie=session)
    group = re.findall(r'action="(/groups/[^"]+)"', text)[0]
    other = post(guarded, "/login", [("token", "t-admin")]).headers["set-cookie"].partition(";")[0]
    assert other != session
    assert post(guarded, group, [("form", proof(text))], cookie=other).status == 403
    assert post(guarded, group, [("form", proof(text))], cookie=session).status == 303
    [alert] = guarded.read(lambda unit: unit.list_alerts())
    assert alert.acknowledged_by == "http.token"


def test_no_source_can_take_a_path_of_the_page() -> None:
    """`check` knows every path that has no variable part."""
    app = make_site(cast("Inside", None))
    paths = {str(getattr(route, "path", "")) for part in (*API, *PAGE_PARTS) for route in part.routes}
    paths |= {str(getattr(route, "path", "")) for route in app.routes} - {""}
    assert len(paths) > 40
    assert {one for one in paths if "{" not in one} <= set(OWN_PATHS)


@pytest.mark.parametrize(
    "odd",
    [
        rb'{"Event": "OnJobFailed", "JobId": "\ud800 half", "Big": 1' + b"0" * 60 + b"}",
        b'{"Event": "OnJobFailed", "JobId": "\\u0000", "Deep": ' + b"[" * 60 + b"]" * 60 + b"}",
        b'{"Event": "OnJobFailed", "JobId": ["a", {"b": null}], "Float": 1e308, "": ""}',
    ],
)
def test_odd_values_are_shown_and_answered(served: House, odd: bytes) -> None:
    """Half a surrogate pair, huge numbers, deep nesting, a name of nothing: no page and no answer fails."""
    sent = served.ask("POST", "/v1/events/hook", odd, {"content-type": "application/json"})
    assert sent.status == 200, sent.text
    event = sent.json()["events"][0]["id"]
    for path in ("/", "/events", "/alerts", f"/events/{event}", f"/try?id={event}", "/deliveries"):
        assert served.ask("GET", path).status == 200, path
    for path in (f"/v1/events/{event}", "/v1/alerts", "/v1/events", "/v1/groups"):
        assert served.ask("GET", path).status == 200, path
    assert (
        served.ask("POST", "/v1/try", b'{"event": ' + odd + b"}", {"content-type": "application/json"}).status
        == 200
    )


def test_a_slow_look_holds_up_neither_the_loops_nor_the_listener(served: House) -> None:
    """While a page waits for the store, the loops read it, and health is answered."""
    begun, ends = threading.Event(), threading.Event()

    def slow(_: Unit) -> None:
        begun.set()
        ends.wait(60)

    with ThreadPoolExecutor(3) as threads:
        proved = proof(page(served, "/silences?matcher=a"))
        looking = threads.submit(served.store.look, slow)
        assert begun.wait(60)
        waiting = threads.submit(post, served, "/silences", [("form", proved), ("matcher", "a ==")])
        assert served.ask("GET", "/healthz").status == 200
        assert served.read(lambda unit: unit.outbox()) is not None
        served.tell(job_failed("job-meanwhile"))
        assert not waiting.done()
        ends.set()
        assert waiting.result(60).status == 400
        looking.result(60)


def test_a_page_that_fails_is_answered_once(served: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 in the one shape or as a page, without a word of our inside; the log has it once."""
    logged: list[str] = []

    def fail(_: object) -> None:
        raise ValueError("our inside")

    def note(event: str, *_: object, **__: object) -> None:
        logged.append(event)

    monkeypatch.setattr(served.store, "look", fail)
    monkeypatch.setattr(telemetry, "log", note)
    for asked, path in enumerate(("/v1/alerts", "/alerts"), 1):
        answer = served.ask("GET", path)
        assert answer.status == 500
        assert answer.headers["content-type"].startswith("application/json" if asked == 1 else "text/html")
        assert "the router failed on this request" in answer.text
        assert "our inside" not in answer.text
        # The log follows the answer, so it may come a moment after it.
        served.until(lambda seen=asked: logged.count("router.loop_failed") >= seen)
    assert logged.count("router.loop_failed") == 2


def test_who_is_not_known_sends_little(guarded: House) -> None:
    """A large body without a token is refused unread; a log-in and a known person's body are not."""
    long = {"content-length": "9000"}
    assert guarded.ask("POST", "/v1/try", b"", long).status == 413
    trial = {"event": {"a": "x" * 9000}}
    assert guarded.ask("POST", "/v1/try", trial, {"authorization": "Bearer t-read"}).status == 200


def test_a_job_is_told_from_its_first_event_to_its_last_message(served: House) -> None:
    """Its page, which its events and its card lead to, has its causes, its messages and a time line."""
    told = instance_failed("job/7 & more", 1, ErrorMessage="worker 7 has no memory", State="Failed")
    event = served.tell(told)
    served.tell(job_failed("job/7 & more", JobName="n<b>ightly", State="Failed"))
    link = "/job?id=job%2F7+%26+more"
    assert f'href="{link}"' in page(served, f"/events/{event}")
    assert f'href="{link}"' in served.until(lambda: found if link in (found := page(served, "/")) else "")
    text = page(served, link)
    assert "n&lt;b&gt;ightly" in text
    assert "exit code 1: worker &lt;n&gt; has no memory" in text
    assert text.count("<title>OnInstanceFailed") == 1
    story = served.ask("GET", "/v1" + link).json()
    assert (story["name"], story["state"], len(story["events"])) == ("n<b>ightly", "Failed", 2)
    assert story["causes"][0] == {"cause": "OnJobFailed", "number": 1}
    assert served.ask("GET", "/v1/job?id=none").status == 404
    assert [served.ask("GET", path).status for path in ("/job", "/job?id=none")] == [404, 404]


def test_a_rule_shows_what_it_tells(tmp_path: Path) -> None:
    """The text for each of its channels, in shadow too; and what it says where nothing has matched."""
    rules = (
        "rules:\n"
        "  - {name: told, when: \"Event == 'OnJobFailed'\", to: [oncall, broken]}\n"
        "  - {name: shy, when: \"Event == 'OnJobFailed'\", to: [oncall], mode: shadow}\n"
        "  - {name: idle, when: \"Event == 'OnJobStopped'\", to: [oncall]}\n"
    )
    with house(tmp_path, rules=rules) as served:
        served.tell(job_failed("job-7", JobName="nightly"))
        text = page(served, "/rules/told")
        assert all(target in text for target in ("<b>oncall/1</b>", "<b>broken/1</b>"))
        assert "<p>warning → oncall, broken" in text
        assert "nightly" in text.partition("What it tells")[2]
        assert "It is in shadow" in (shy := page(served, "/rules/shy"))
        assert "nightly" in shy.partition("What it tells")[2]
        assert "It has matched no event yet" in page(served, "/rules/idle")
        assert 'href="/rules/shy"' in page(served, "/rules")
        assert served.ask("GET", "/rules/none").status == 404

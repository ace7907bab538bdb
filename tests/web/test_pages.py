"""The pages of a whole router that runs: what they show, what their forms do, whom they refuse."""

import html
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Never, cast
from urllib.parse import quote, urlencode

import pytest

from router import telemetry
from router.config.settings_file import OWN_PATHS
from router.core.alert import AlertState
from router.core.event import Envelope, Undecodable
from router.core.group import absorbed, grown, opened_storm
from router.core.mute.interval import Span, TimeInterval
from router.errors import RouterError
from router.ports import SetAside, Unit
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
    group = re.search(r'action="(/groups/[^"]+/acknowledge)"', card)
    assert group
    done = post(served, group[1], [("form", proof(text)), ("by", "anna")])
    assert (done.status, done.headers["location"]) == (303, "/")
    alerts = {one.key: one for one in served.read(lambda unit: unit.list_alerts())}
    [mine] = [one for key, one in alerts.items() if "job-now" in key]
    [other] = [one for key, one in alerts.items() if "job-other" in key]
    assert (mine.state, mine.acknowledged_by) == (AlertState.ACKNOWLEDGED, "anna")
    assert other.state is AlertState.FIRING
    assert "anna: acknowledge" in page(served, "/health")


def test_a_group_is_looked_into_and_resolved(tmp_path: Path) -> None:
    """Its card leads to its alerts and to what its channel was told, with the answer; resolved, all end."""
    with house(tmp_path) as served:
        for number in range(3):
            served.tell(instance_failed("job-grouped", number))
        served.tell(job_failed("job-beside"))
        card = next(one for one in page(served, "/").split("<article")[1:] if "job-grouped" in one)
        link = re.search(r'href="(/groups/[^"]+)"', card)
        assert link
        text = served.until(lambda: found if "accepted" in (found := page(served, link[1])) else "")
        assert text.count('href="/events/') == 3
        assert "Instance 0 of map in job render failed" in text
        assert post(served, f"{link[1]}/resolve", [("form", proof(text)), ("by", "anna")]).status == 303
        ends = [(one.key, one.end_reason) for one in served.read(lambda unit: unit.list_alerts())]
        assert [end for key, end in ends if "job-grouped" in key] == ["resolved by anna"] * 3
        assert [end for key, end in ends if "job-beside" in key] == [""]
        assert "<p>Ended " in page(served, link[1])


def test_the_page_of_a_storm_lists_what_it_tells(served: House) -> None:
    """The alerts of all groups that it took in; it has none of its own."""
    jobs = [f"job-stormed-{number}" for number in range(3)]
    for job in jobs:
        served.tell(job_failed(job))

    def gather(unit: Unit) -> str:
        alerts = [one for one in unit.list_alerts(state="firing") if "job-stormed-" in one.key]
        groups = unit.groups({seat.group_id for one in alerts for seat in one.seats})
        storm = opened_storm("oncall", groups[0], groups[0].opened_at)
        for group in groups:
            storm = grown(storm, group)
        unit.put_groups([storm, *(absorbed(group, storm) for group in groups)])
        return storm.id

    text = page(served, f"/groups/{served.store.write(gather)}")
    assert [job for job in jobs if job not in text] == []


def test_a_job_is_named_wherever_its_id_stands(served: House) -> None:
    """Cards, alerts, events and groups name a job as its own events do; its instances say only its id."""
    job = "job-0000000058524720000077E900007257"
    served.tell(job_failed(job, JobName="nightly <render>"))
    event = served.tell({key: said for key, said in instance_failed(job).items() if key != "JobName"})
    group = served.until(
        lambda: re.search(r'href="(/groups/[^"]+)"', page(served, "/").partition("nightly &lt;")[2])
    )
    assert group
    for path in ("/", "/alerts", "/events", f"/events/{event}", "/rules/instance-failed", group[1]):
        assert f'<a href="/job?id={job}">nightly &lt;render&gt;</a>' in page(served, path), path
    silence = urlencode({"matcher": f"JobId == '{job}'"})
    assert f'href="/silences?{silence}"' in page(served, group[1])


def test_what_is_told_alone_is_called_by_its_key(tmp_path: Path) -> None:
    """No card is headed by an id that we made: the key names it, or without one its rule."""
    rules = (
        "rules:\n"
        "  - {name: order-lost, when: status == 'lost', key: [order], to: [oncall]}\n"
        "  - {name: order-odd, when: status == 'odd', to: [oncall]}\n"
    )
    with house(tmp_path, rules=rules) as served:
        served.tell({"order": "A-17", "status": "lost"})
        served.tell({"order": "A-18", "status": "odd"})
        assert sorted(re.findall(r"<h2>(.*?)</h2>", page(served, "/"))) == ["A-17", "order-odd"]


def test_an_event_shows_each_message_with_its_attempts(tmp_path: Path) -> None:
    """What each channel got, as text, and the provider's answer, are on the page of the event."""
    with house(tmp_path) as served:
        event = served.tell(job_failed("job-told"))
        served.until(lambda: not served.read(lambda unit: unit.outbox()))
        told = page(served, f"/events/{event}").partition("What was told since")[2]
        told = told.partition("What the rules of now say")[0]
        assert sorted(re.findall(r"<b>(\w+/1)</b>", told)) == ["broken/1", "oncall/1"]
        assert told.count("<pre>") == 2
        assert "404 Not Found" in told


def test_alerts_that_are_picked_are_acknowledged(served: House) -> None:
    """The other button of the list takes them as seen."""
    served.tell(job_failed("job-seen"))
    [seen] = [one.id for one in served.read(lambda unit: unit.list_alerts()) if "job-seen" in one.key]
    fields = [("form", proof(page(served, "/alerts"))), ("id", seen), ("by", "anna")]
    assert post(served, "/alerts/acknowledge", fields).status == 303
    [alert] = served.read(lambda unit: unit.alerts([seen]))
    assert (alert.state, alert.acknowledged_by) == (AlertState.ACKNOWLEDGED, "anna")


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
    # Also those of the tests before: what dies later would stand there again.
    served.until(lambda: not served.read(lambda unit: unit.outbox()))
    text = page(served, "/deliveries?state=dead&channel=broken")
    assert "of broken that were given up" in text
    fields = [("form", proof(text)), ("channel", "broken"), ("what", "drop all")]
    assert post(served, "/deliveries/change", [*fields, ("since", "soon")]).status == 400
    assert post(served, "/deliveries/change", [*fields, ("since", "")]).status == 303
    assert "broken/1" not in page(served, "/deliveries?state=dead")


def test_a_silence_is_previewed_made_and_ended(served: House) -> None:
    """The preview shows the alert that it would mute; made, it is listed, with what it recurs in; its button
    ends it.
    """
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
    assert "within its interval only" not in listed
    recurs = replace(silence, interval=(TimeInterval(weekdays=(Span(0, 0),)),))
    served.store.write(lambda unit: unit.put_silences([recurs]))
    assert "within its interval only" in page(served, "/silences")
    assert post(served, f"/silences/{silence.id}/expire", [("form", proof(listed))]).status == 303
    assert "moving" not in page(served, "/silences")


def test_a_wrong_silence_says_what_is_wrong_and_keeps_what_was_typed(served: House) -> None:
    """A filter that is none, and a silence without a reason, are refused on the page."""
    assert "not JMESPath" in page(served, "/silences?matcher=a+==&lasts=1h")
    fields = [("form", proof(page(served, "/silences?matcher=a"))), ("matcher", "a &&& b"), ("lasts", "1h")]
    answer = post(served, "/silences", fields)
    assert (answer.status, "a &amp;&amp;&amp; b" in answer.text) == (400, True)


def tried(served: House, event: str, filter: str = "", **more: str) -> str:  # noqa: A002
    """What Try answers to its form."""
    answer = post(served, "/try", [("event", event), ("filter", filter), *more.items()])
    assert answer.status == 200
    return html.unescape(answer.text).partition('<div id="answer"')[2]


def test_an_event_and_a_filter_are_tried(served: House) -> None:
    """Each rule's verdict, the filter's parts, what would be sent; an event of the store can be taken."""
    event = served.tell(instance_failed("job-tried"))
    assert "job-tried" in page(served, f"/try?id={event}")
    assert "OnTaskFailed" in page(served, "/try?sample=OnTaskFailed").partition("</textarea>")[0]
    query = urlencode({"event": '{"Event": "OnJobFailed", "JobId": "j"}', "filter": "JobId == 'k'"})
    text = page(served, f"/try?{query}")
    assert "Your filter does not hold" in text
    assert "← decided" in text
    assert "oncall/1" in text
    assert "this is no event: the body is a JSON array" in tried(served, "[]")


def test_an_edited_filter_changes_what_would_be_sent(served: House) -> None:
    """It is told as by the chosen rule, whose own filter is where one begins; else to every channel."""
    event = json.dumps(job_failed("job-long", Message="x" * 20_000))
    own = tried(served, event, rule="job-failed").partition("What the rules of now say")[0]
    assert "Your filter holds" in own
    assert re.findall(r"<b>(.*?)</b> <small>", own) == ["oncall/1", "broken/1"]
    assert "Nobody is told" in tried(served, event, "Event == 'OnJobStopped'", rule="job-failed")
    every = tried(served, event, "JobName == 'render'").partition("What the rules of now say")[0]
    assert re.findall(r"<b>(.*?)</b> <small>", every) == ["broken/1", "oncall/1"]
    assert post(served, "/try", [("event", event)], origin="http://evil.example").status == 403
    instance = json.dumps(instance_failed("job-none") | {"Job": {"JobName": "render"}})
    assert "The event's own Job is not used" in tried(served, instance)
    assert "Job.JobName = null" in tried(served, instance, "Job.JobName == 'render'")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("ExitCode == 137", "137 lacks its backticks; write `137` (character 13)"),
        ("Event = 'OnJobFailed'", "JMESPath writes == (character 7)"),
        ("Task == 'a' and Event == 'b'", "JMESPath writes && (character 13)"),
        ("Event in ['OnJobFailed']", "JMESPath writes contains("),
        ("Event == ‘OnJobFailed’", "straight quotes"),
        ('Event == "OnJobFailed"', "write a text in single quotes: 'OnJobFailed'"),
        ("Event == 'OnJobFailed' && ExitCode == `137`", "no known event meets ExitCode == `137` here"),
        ("Event == 'OnJobFaild'", "did you mean 'OnJobFailed'?"),
        ("Event == 'OnInstanceFailed' && Exitcode == `137`", "did you mean ExitCode?"),
        ("exitcode == `1`", "exitcode = null"),
        ("always", "always matches every event, in a rule"),
        ("a ==", "not JMESPath"),
    ],
)
def test_a_wrong_filter_is_told_what_to_write(served: House, wrong: str, said: str) -> None:
    """What newcomers write, and a filter that can never hold: the answer says what to write instead."""
    assert said in tried(served, json.dumps(instance_failed()), wrong)


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
    assert "openapi.json" not in answer.text
    assert ">What stands now</a>" in answer.text
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


def test_who_comes_while_the_store_takes_nothing_is_let_in(
    guarded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk Health is what people come for; that they came is not on record then."""

    def full(*_args: object) -> Never:
        raise RouterError("store-unavailable", "the disk is full")

    monkeypatch.setattr("router.web.pages.changed.people.note", full)
    entered = post(guarded, "/login", [("token", "t-admin")])
    assert (entered.status, entered.headers["location"]) == (303, "/")
    session = entered.headers["set-cookie"].partition(";")[0]
    assert "Max-Age=0" in post(guarded, "/logout", [], cookie=session).headers["set-cookie"]


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


def test_a_rule_in_shadow_is_compared_with_what_was_told(tmp_path: Path) -> None:
    """Of each of its alerts: who heard of the same event by which other rule, and for what it alone would."""
    rules = (
        "rules:\n"
        "  - {name: told, when: \"Event == 'OnJobFailed' && JobName == 'nightly'\", to: [oncall]}\n"
        "  - {name: shy, when: \"Event == 'OnJobFailed'\", to: [broken], mode: shadow}\n"
    )
    with house(tmp_path, rules=rules) as served:
        served.tell(job_failed("job-7", JobName="nightly"))
        served.tell(job_failed("job-8", JobName="weekly"))
        text = page(served, "/rules/shy").partition("Beside what was told")[2].partition("What it tells")[0]
        assert "Its newest 2 alerts: of 1 people heard by other rules; of <b>1</b> only" in text
        weekly, nightly = text.split("<tr>")[2:]
        assert "weekly" in weekly
        assert "nobody" in weekly
        assert ">told</a> → oncall <small>firing" in nightly
        assert "Beside what was told" not in page(served, "/rules/told")


def test_health_says_how_far_behind_a_source_is_where_the_store_is_and_since_when(tmp_path: Path) -> None:
    """Lag, store, the configuration's time, and a refused reload with its own."""
    with house(tmp_path) as served:
        assert "none since the start" in page(served, "/health")
        assert "oncall/1: nothing accepted since the start" in page(served, "/health")
        event = json.dumps(job_failed())
        served.tell({"TopicName": "t", "Message": event, "PublishTime": str(int(time.time() - 600) * 1000)})
        standing = served.ask("GET", "/v1/status").json()
        assert standing["sources"][0]["lag_seconds"] > 300
        assert standing["store"]["name"] == str(tmp_path / "state.db")
        assert (standing["store"]["size"] > 0, standing["refused_at"]) == (True, None)
        served.rules.write_text("rules: [{name: a}]\n", encoding="utf-8")
        assert served.ask("POST", "/-/reload", b"").json()["reloaded"] is False
        text = served.until(lambda: said if "oncall/1: <" in (said := page(served, "/health")) else "")
        assert 'oncall/1: <span class="well">well</span>' in text
        assert 'broken/1: <span class="well">' not in text
        assert "In force since 20" in text
        assert "a reload was refused 20" in text
        assert str(tmp_path / "state.db") in text


def test_what_could_not_be_read_is_listed(tmp_path: Path) -> None:
    """Events of the outcome undecodable are the messages that were set aside, with the reason."""
    with house(tmp_path) as served:
        lost = Undecodable(Envelope("hook", b"<not json>", int(time.time() * 1_000_000)), "no <JSON>")
        served.store.write(lambda unit: unit.set_aside([SetAside("u-1", lost)]))
        text = page(served, "/events?outcome=undecodable")
        assert "<td>no &lt;JSON&gt;</td><td><code>&lt;not json&gt;</code></td>" in text


def test_a_rule_of_the_routers_own_that_did_nothing_of_late_has_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alerts of old drills link to it when nothing of it is counted any more."""
    monkeypatch.setattr("router.web.api.process.HOUR", 0)  # what a day ago was is counted no more
    with house(tmp_path, http="}\ndrill: {channel: oncall") as one:
        answer = one.ask("GET", "/rules/alert-router.drill")
    assert answer.status == 200
    assert "The last 24 hours: 0 events" in answer.text

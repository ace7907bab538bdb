"""``plan`` and ``replay``: recorded events through the engine again."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from router import telemetry
from router.app import SystemClock
from router.config import load
from router.core import drill
from router.core.absence import SOURCE, missing
from router.core.catalogue import EVENTS
from router.core.event import Envelope, Event
from router.core.rule import Rule
from router.core.times import iso
from router.decoders import decode
from router.pipeline.ingest import Ingest
from router.pipeline.virtual import VirtualClock
from router.ports import EventRecord
from router.storage import open_store
from tests.cli.running import run, run_json, write_router
from tests.decoders.forms import FORMS, MESSAGE_ID, Form, in_form

HOUR = 3_600_000_000
RULES: list[dict[str, Any]] = [
    {"name": "job", "when": "Event == 'OnJobFailed'", "severity": "critical", "to": ["oncall"]},
    {"name": "task", "when": "Event == 'OnTaskFailed'", "to": ["team"]},
]


@pytest.fixture
def old(tmp_path: Path) -> str:
    """A router that took six events in the last hours; its router.yaml."""
    path = write_router(tmp_path, RULES, "oncall", "team")
    config = load(Path(path))
    store, now = open_store(config.settings.store), SystemClock().now()
    clock = VirtualClock(now)
    ingest = Ingest(store, decode, lambda: config.policy, clock, telemetry.Metrics(), lambda _: None)
    for number in range(6):
        body = EVENTS["OnJobFailed" if number % 2 else "OnTaskFailed"].sample() | {"JobId": f"job-{number}"}
        clock.at = now - (6 - number) * HOUR
        message = Envelope("hook", json.dumps(body).encode(), clock.at, position=str(number))
        answer = ingest.submit([message])
        ingest.step()
        answer.result(timeout=60)
    store.close()
    return path


def add(old: str, *events: tuple[float, str, dict[str, str]]) -> None:
    """Lets the old router take events of one more job: how many hours ago, their names and fields."""
    config = load(Path(old))
    store, now = open_store(config.settings.store), SystemClock().now()
    for ago, name, fields in events:
        body = EVENTS[name].sample() | {"JobId": "job-9"} | fields
        message = Envelope("hook", json.dumps(body).encode(), now - int(ago * HOUR), position=f"{name} {ago}")
        clock = VirtualClock(message.received_at)
        ingest = Ingest(store, decode, lambda: config.policy, clock, telemetry.Metrics(), lambda _: None)
        answer = ingest.submit([message])
        ingest.step()
        answer.result(timeout=60)
    store.close()


def ago(hours: float) -> str:
    """The time so long ago, as programs read it."""
    return iso(SystemClock().now() - int(hours * HOUR))[:19]


def changed(old: str, *rules: dict[str, Any]) -> str:
    """A router.yaml beside the old one, with other rules."""
    settings = json.loads(Path(old).read_text(encoding="utf-8"))
    folder = Path(old).parent
    (folder / "new-rules.yaml").write_text(json.dumps({"rules": rules}), encoding="utf-8")
    (folder / "new.yaml").write_text(json.dumps(settings | {"rules": ["new-rules.yaml"]}), encoding="utf-8")
    return str(folder / "new.yaml")


def test_a_plan_says_what_changes_by_rule_channel_and_hour(old: str) -> None:
    """And lists each change: one rule is gone, another tells elsewhere."""
    new = changed(old, RULES[0] | {"to": ["team"]})
    out = run("plan", "-c", new, "--against", old).out
    assert "0 added, 3 removed, 3 moved, 0 changed, 0 kept." in out
    lines = [line.split() for line in out.splitlines()]
    assert ["task", "3", "0", "0", "3", "0", "0"] in lines
    assert ["job", "3", "3", "0", "0", "3", "0"] in lines
    assert ["oncall", "3", "0", "0", "0", "0", "0"] in lines
    assert sum(line[:1] == ["HOUR"] for line in lines) == 1
    assert "~ oncall  job  first  Job test-job failed  (oncall → team)" in out
    assert "- team  task  first  Task Echo" in out
    assert re.search(r"6 notifications before, 3 after: [0-9.]+ a day \(reckoned from \d+ h", out)


def test_no_change_is_said_so(old: str) -> None:
    """A rule that is written otherwise and means the same changes nothing."""
    new = changed(old, RULES[0], RULES[1] | {"when": "'OnTaskFailed' == Event"})
    out = run("plan", "-c", new, "--against", old).out
    assert "6 kept" in out
    assert "Nothing changes." in out


def test_a_template_that_changes_texts_alone_is_seen(old: str) -> None:
    """How many by rule and channel, with the first one's difference, and in a condition."""
    new = changed(old, RULES[0] | {"title": "{{ JobName }} broke \n it"}, RULES[1])
    done = run("plan", "-c", new, "--against", old, "--fail-if", "changed > 0")
    assert (done.status, "0 added, 0 removed, 0 moved, 3 changed, 3 kept." in done.out) == (1, True)
    assert "\n3 changed: oncall  job, such as " in done.out
    assert "\n  - Job test-job failed\n  + test-job broke it\n" in done.out
    [first, *_] = json.loads(run("plan", "-c", new, "--against", old, "-o", "json").out)["changes"]["changed"]
    assert (first["old"]["title"], first["new"]["title"]) == ("Job test-job failed", "test-job broke it")


def test_a_condition_fails_the_command(old: str) -> None:
    """With exit status 1 when it holds, 0 when it does not, 2 when it is none."""
    new = changed(old, RULES[0])
    done = run("plan", "-c", new, "--against", old, "--fail-if", "removed > 0 || per_day > 50")
    assert (done.status, "Refused: removed > 0" in done.out) == (1, True)
    assert run("plan", "-c", new, "--against", old, "--fail-if", "added > 0").status == 0
    assert (
        "no number is named removd"
        in run("plan", "-c", new, "--against", old, "--fail-if", "removd > 0").error
    )


def test_programs_read_the_plan(old: str) -> None:
    """All numbers and all changes."""
    found = run_json("plan", "-c", changed(old, RULES[0]), "--against", old)
    assert (found["events"], found["removed"], found["kept"], found["refused"]) == (6, 3, 3, False)
    assert [row["name"] for row in found["rules"]] == ["task", "job"]
    assert {one["channel"] for one in found["changes"]["removed"]} == {"team"}
    assert len(found["hours"]) == 3


def test_a_plan_says_how_many_alerts_it_does_not_know(old: str) -> None:
    """Those that were open before its first event: their repeats and ends are in neither."""
    told = [
        run("plan", "-c", old, "--against", old, "--since", since).out for since in ("7d", "210m", "330m")
    ]
    said = ["open before" not in told[0], "3 alerts were open before" in told[1], "1 alert was" in told[2]]
    assert said == [True, True, True], told


def test_a_store_without_events_is_no_plan(old: str) -> None:
    """It would look as if nothing changed."""
    done = run("plan", "-c", old, "--against", old, "--since", "1m")
    assert (done.status, "no event of the last 1m" in done.error) == (2, True)


def test_a_replay_at_recorded_times_says_what_would_have_been_told(old: str) -> None:
    """When, on which channel, why and what; nothing is sent or written."""
    told = run_json("replay", "--since", "1d", "--at-recorded-times", "-c", old)["notifications"]
    assert [(one["channel"], one["rule"], one["reason"]) for one in told] == [
        ("team", "task", "first"),
        ("oncall", "job", "first"),
    ] * 3
    assert told[1]["title"] == "Job test-job failed"
    out = run("replay", "--since", "1d", "--at-recorded-times", "-c", old).out
    assert "6 notifications. Nothing was sent." in out
    assert run("replay", "--since", "1d", "--at-recorded-times", "--send", "-c", old).status == 2


def test_what_was_heard_of_a_job_before_is_known(old: str) -> None:
    """Its own event came before the time that is asked for: filters see ``Job`` as they saw it then."""
    add(old, (5.5, "OnJobRunning", {"JobName": "nightly"}), (2.5, "OnTaskFailed", {}))
    when = "Event == 'OnTaskFailed' && Job.JobName == 'nightly'"
    new = changed(old, {"name": "by-name", "when": when, "to": ["team"]})
    told = run_json("replay", "--since", "3h", "--at-recorded-times", "-c", new)["notifications"]
    assert [one["rule"] for one in told] == ["by-name"]
    assert run_json("plan", "-c", new, "--against", new, "--since", "3h")["kept"] == 1
    # What it was called when the event came, whatever came of it.
    add(old, (0.5, "OnJobFailed", {"JobName": "renamed"}))
    told = run_json("replay", "--since", "3h", "--at-recorded-times", "-c", new)["notifications"]
    assert [one["rule"] for one in told] == ["by-name"]


def test_nothing_is_missing_before_the_store_was_there(old: str) -> None:
    """Its first event is six hours old: of the days before nobody knows."""
    absent = {"every": "*/10 * * * *", "grace": "1m"}
    new = changed(old, {"name": "absent", "when": "Event == 'OnJobFailed'", "absent": absent, "to": ["team"]})
    told = run_json("replay", "--since", "7d", "--at-recorded-times", "-c", new)["notifications"]
    assert min(one["time"] for one in told) > ago(6.1)


def test_what_is_missing_before_the_first_event_is_told(old: str) -> None:
    """A quiet time is a part of what is asked for, where the store is older."""
    absent = {"every": "*/10 * * * *", "grace": "1m"}
    new = changed(old, {"name": "absent", "when": "Event == 'OnJobFailed'", "absent": absent, "to": ["team"]})
    found = run_json("plan", "-c", new, "--against", old, "--since", "230m")
    assert min(one["time"] for one in found["changes"]["added"]) < ago(3.1)


@pytest.mark.parametrize(
    "words", [("plan", "--against"), ("replay", "--at-recorded-times", "-c"), ("replay", "-c")]
)
def test_more_events_than_fit_are_not_cut_in_silence(
    old: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan over some of them would look like one over all."""
    for command in ("plan", "replay"):
        monkeypatch.setattr(f"router.cli.{command}.MOST", 5)
    done = run(*words, old, "--since", "1d", *(["-c", old] if words[0] == "plan" else []))
    assert (done.status, "more than 5 events" in done.error) == (2, True)


def test_what_the_router_made_itself_is_not_replayed(old: str) -> None:
    """An absence comes of itself, and a drill that is over tries nothing."""
    store, now = open_store(f"sqlite:///{Path(old).parent / 'state.db'}"), SystemClock().now()
    event = missing(Rule("nightly", when=None), now - HOUR, 0, now)
    absent = Envelope(SOURCE, json.dumps(event.data).encode(), now)
    tried = Envelope(drill.NAME, drill.event_body(), now, position="1")
    drilled = decode(tried)
    assert isinstance(drilled, Event)
    pairs = ((event, absent), (drilled, tried))
    records = [EventRecord(one, envelope, "", "routed", "", ()) for one, envelope in pairs]
    store.write(lambda unit: unit.add_events(records))
    store.close()
    assert len(run_json("replay", "--since", "1d", "-c", old)["events"]) == 6
    assert run_json("plan", "-c", old, "--against", old)["events"] == 6


@pytest.mark.parametrize("form", FORMS)
def test_what_came_over_mns_is_sent_again(old: str, form: Form) -> None:
    """Its id there makes it no double of itself, nor the same event once more."""
    config = load(Path(old))
    store, clock = open_store(config.settings.store), SystemClock()
    body = in_form(form, json.dumps(EVENTS["OnJobFailed"].sample() | {"JobId": "job-9"}))
    headers = {"x-mns-message-id": MESSAGE_ID}
    message = Envelope("queue", body, clock.now(), headers=headers, identity=f"mns:{MESSAGE_ID}")
    ingest = Ingest(store, decode, lambda: config.policy, clock, telemetry.Metrics(), lambda _: None)
    answer = ingest.submit([message])
    ingest.step()
    [first] = answer.result(timeout=60)
    store.close()
    [again] = run_json("replay", "--since", "30m", "--send", "-c", old)["events"]
    assert (first.outcome, again["outcome"]) == ("routed", "routed")
    assert again["id"] != first.id

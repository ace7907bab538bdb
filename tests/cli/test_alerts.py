"""``alerts``: listed and shown, acknowledged and ended by a person, beside a router."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from router.app import SystemClock, load_config
from router.cli import app
from router.cli.api import Api
from router.core.event import Envelope
from router.decoders import decode
from router.errors import RouterError
from router.pipeline import people
from router.pipeline.ingest import take_in
from router.storage import open_store
from tests.acceptance.harness import sample
from tests.cli.running import run, run_json, write_router

RULES = [
    {"name": "failed", "when": "Event == 'OnJobFailed'", "to": ["oncall", "team"], "group_by": ["Event"]},
    {"name": "task", "when": "Event == 'OnTaskFailed'", "to": ["team"]},
]
HOSTILE = "job-\x1b[2J\n\u202egpj"


def take(config: str, *events: dict[str, Any]) -> None:
    """Takes events into the store of a router, as a running one would."""
    settings = load_config(config)
    store = open_store(settings.settings.store)
    now = SystemClock().now()
    envelopes = [Envelope("hook", json.dumps(event).encode(), now) for event in events]
    decoded = [(one, decode(one)) for one in envelopes]
    try:
        store.write(lambda unit: take_in(unit, decoded, settings.policy, now))
    finally:
        store.close()


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Two jobs and a task have failed; one job has a hostile id."""
    path = write_router(tmp_path, RULES, "oncall", "team")
    take(path, sample("OnJobFailed", JobId=HOSTILE), sample("OnJobFailed", JobId="job-2"))
    take(path, sample("OnTaskFailed"))
    return path


def listed(config: str, *words: str) -> list[dict[str, Any]]:
    """What ``alerts list`` says."""
    found: list[dict[str, Any]] = run_json("alerts", "list", "-c", config, *words)["alerts"]
    return found


def test_alerts_are_listed_by_rule_and_state(config: str) -> None:
    """Each with its rule, key and state; nothing of an event acts on the terminal or makes a line."""
    assert sorted(one["rule"] for one in listed(config)) == ["failed", "failed", "task"]
    assert len(listed(config, "--rule", "failed", "--state", "firing")) == 2
    assert listed(config, "--state", "resolved") == []
    shown = run("alerts", "list", "-c", config).out
    assert (len(shown.splitlines()), "\x1b" in shown, "\u202e" in shown) == (4, False, False)
    assert run("alerts", "list", "-c", config, "--rule", "none").out == "No alerts.\n"


def test_an_alert_is_shown_with_its_groups(config: str) -> None:
    """Its key, its groups by channel; an unknown id says where ids are."""
    [hostile] = [one["id"] for one in listed(config) if "gpj" in one["key"]]
    shown = run("alerts", "show", hostile, "-c", config)
    assert (shown.status, "\x1b" in shown.out, "\u202e" in shown.out) == (0, False, False)
    assert "failed  " in shown.out
    assert "Nothing was sent." in shown.out
    [whole] = run_json("alerts", "show", hostile, "-c", config)["alerts"]
    assert sorted(one["channel"] for one in whole["groups"]) == ["oncall", "team"]
    missing = run("alerts", "show", "a-none", "-c", config)
    assert (missing.status, "`alerts list` shows ids" in missing.error) == (2, True)


def test_a_person_acknowledges_one_or_its_whole_group(config: str) -> None:
    """One alone; with ``--group`` all that are told together; who did it is kept; others stay."""
    first, second = (one["id"] for one in listed(config, "--rule", "failed"))
    done = run("alerts", "ack", first, "a-none", "-c", config, "--by", "kim\x1b[2J")
    [taken] = listed(config, "--state", "acknowledged")
    until = taken["acknowledged_until"][:19].replace("T", " ")
    assert (done.status, done.out) == (1, f"1 acknowledged until {until} UTC (1h).\n")
    assert done.error == "Unknown: a-none. `alerts list` shows ids.\n"
    assert (taken["id"], taken["acknowledged_by"]) == (first, "kim\x1b[2J")
    assert "\x1b" not in run("alerts", "list", "-c", config).out
    again = run("alerts", "ack", first, "-c", config)
    [taken] = listed(config, "--state", "acknowledged")
    until = taken["acknowledged_until"][:19].replace("T", " ")
    said = f"0 acknowledged. Were acknowledged already: {first}. That holds until {until} UTC (1h) now.\n"
    assert (again.status, again.out) == (0, said)
    whole = run_json("alerts", "ack", first, "--group", "-c", config)["alerts"]
    assert all(one["acknowledged_until"] >= taken["acknowledged_until"] for one in whole)
    assert sorted(one["id"] for one in whole) == sorted([first, second])
    assert [one["rule"] for one in listed(config, "--state", "firing")] == ["task"]


def test_a_large_group_is_acknowledged_in_parts(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off, the command says how many it took; given again it takes the rest."""
    monkeypatch.setattr(people, "BATCH", 2)
    monkeypatch.setattr("router.cli.alerts.AT_ONCE", 2)
    take(config, *(sample("OnJobFailed", JobId=f"job-{number}") for number in range(3, 10)))
    first = listed(config, "--rule", "failed")[0]["id"]
    post, allowed = Api.post, iter(range(2))

    def breaks(api: Api, path: str, **fields: Any) -> Any:
        if next(allowed, None) is None:
            raise RouterError("store-unavailable", "the store is away")
        return post(api, path, **fields)

    monkeypatch.setattr(Api, "post", breaks)
    done = CliRunner().invoke(app, ["alerts", "ack", first, "--group", "-c", config])
    assert "It broke off: 5 are acknowledged, others are not." in done.stderr
    assert len(listed(config, "--state", "acknowledged")) == 5
    monkeypatch.setattr(Api, "post", post)
    assert run("alerts", "ack", first, "--group", "-c", config).out.startswith("4 acknowledged until ")
    assert [one["rule"] for one in listed(config, "--state", "firing")] == ["task"]


def test_a_person_ends_an_alert_once(config: str) -> None:
    """It is resolved with who did it, its group ends with its last; a second time changes nothing."""
    [task] = [one["id"] for one in listed(config, "--rule", "task")]
    assert run("alerts", "resolve", task, "-c", config, "--by", "kim").out == "1 resolved.\n"
    [whole] = run_json("alerts", "show", task, "-c", config)["alerts"]
    assert (whole["state"], whole["end_reason"]) == ("resolved", "resolved by kim")
    assert all(one["ended_at"] for one in whole["groups"])
    assert run("alerts", "resolve", task, "-c", config).out == f"0 resolved. Not open: {task} (resolved).\n"
    assert run("alerts", "ack", task, "-c", config).out == f"0 acknowledged. Not open: {task} (resolved).\n"
    unknown = run("alerts", "resolve", "a-none", "-c", config)
    assert (unknown.status, unknown.out) == (1, "0 resolved.\n")

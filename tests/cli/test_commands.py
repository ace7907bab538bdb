"""The commands on a store that holds a few events: what they print, as text and as JSON."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.harness import ROOT, Process, Sink, post, sample, write_config
from tests.cli.running import Done, run

RULES = [
    {"name": "failed", "when": "Event == 'OnJobFailed'", "to": ["oncall"]},
    {"name": "broken", "when": "length(fault) > `1`", "to": ["oncall"]},
    {"name": "watched", "when": "Event == 'OnTaskFailed'", "mode": "shadow"},
]


def command(folder: Path, *words: str, stdin: str = "") -> Done:
    """Runs a command in a folder."""
    with contextlib.chdir(folder):
        return run(*words, stdin=stdin.encode())


def as_json(folder: Path, *words: str, stdin: str = "") -> Any:
    """What a command prints with ``-o json``."""
    done = command(folder, *words, "-o", "json", stdin=stdin)
    assert done.status == 0, done
    return json.loads(done.out)


@pytest.fixture
def folder(tmp_path: Path, sink: Sink) -> Path:
    """A router has run here: one job failed and was told, one message was set aside, one channel refused."""
    channels = {"oncall": {"urls": [sink.url("good"), sink.url("bad", status=404)], "storm": "off"}}
    process = Process(write_config(tmp_path, channels, RULES))
    post(process.port, "/v1/events/hook", sample("OnJobFailed", JobName="a\x1b[2Jb"))
    post(process.port, "/v1/events/hook", sample("OnInstanceFailed", ExitCode="1"))
    post(process.port, "/v1/events/push", b"\xff\xfe")
    sink.wait_for(1)
    assert process.terminate() == 0
    return tmp_path


def test_deliveries_list_show_retry_and_drop(folder: Path) -> None:
    """The outbox with the providers' answers; a dead letter is made due again, then ended by a person."""
    listed = as_json(folder, "deliveries", "list")["deliveries"]
    assert {one["target"]: one["state"] for one in listed} == {"oncall/1": "sent", "oncall/2": "dead"}
    [dead] = [one["id"] for one in listed if one["state"] == "dead"]
    shown = command(folder, "deliveries", "show", dead)
    assert "404" in shown.out
    assert "\x1b" not in shown.out
    assert "1 due again" in command(folder, "deliveries", "retry", dead).out
    assert "1 dropped" in command(folder, "deliveries", "drop", dead).out
    assert as_json(folder, "deliveries", "list", "--state", "dropped")["deliveries"][0]["id"] == dead
    assert "0 due again" in command(folder, "deliveries", "retry", dead).out
    assert command(folder, "deliveries", "show", "d-none").status == 2


def test_all_dead_letters_of_a_channel_or_of_a_time(folder: Path) -> None:
    """With --channel, with --since, with both; without any of them it says what to name."""
    unknown = command(folder, "deliveries", "retry", "--channel", "oncal")
    assert (unknown.status, "no channel is named oncal. Did you mean oncall?" in unknown.error) == (2, True)
    assert "1 due again" in command(folder, "deliveries", "retry", "--channel", "oncall", "--since", "1h").out
    assert "0 due again" in command(folder, "deliveries", "retry", "--since", "1h").out
    refused = command(folder, "deliveries", "retry")
    assert (refused.status, "--channel, --since or both" in refused.error) == (2, True)
    assert command(folder, "deliveries", "drop", "--since", "soon").status == 2
    assert as_json(folder, "deliveries", "list", "--state", "waiting")["deliveries"]


def test_the_books_balance(folder: Path) -> None:
    """Every event and delivery has its end."""
    books = as_json(folder, "verify")
    counts = {one["name"]: one["count"] for one in books["books"]}
    assert books["balanced"]
    assert (counts["events.routed"], counts["events.unmatched"], counts["undecodable"]) == (1, 1, 1)
    assert "balance" in command(folder, "verify").out


def test_explain_says_why_for_every_rule(folder: Path) -> None:
    """Matched, failed, not matched: each with its reason, and the text that would be sent."""
    event = json.dumps(sample("OnJobFailed"))
    verdicts = {one["rule"]: one for one in as_json(folder, "explain", "-", stdin=event)["rules"]}
    assert verdicts["failed"]["verdict"] == "matched"
    assert verdicts["broken"]["verdict"] == "failed"
    assert verdicts["watched"]["verdict"] == "not matched"
    stored = as_json(folder, "deliveries", "list")["deliveries"][0]
    assert stored["channel"] == "oncall"
    assert command(folder, "explain", "nothing.json").status == 2
    assert "cannot read nothing.json" in command(folder, "explain", "nothing.json").error


def test_what_was_set_aside_is_listed_and_replayed(folder: Path) -> None:
    """A replay takes what was set aside, and the store's events, through the rules again."""
    [kept] = as_json(folder, "events", "--undecodable")["undecodable"]
    assert kept["body"] == "\\xff\\xfe"
    aside = command(folder, "replay", "--undecodable").out
    assert "undecodable" in aside
    assert "1 events, 0 would be told." in aside
    shown = command(folder, "replay", "--since", "1h")
    assert "2 events, 1 would be told. Nothing was sent" in shown.out
    sent = as_json(folder, "replay", "--since", "1h", "--send")["events"]
    assert sorted(one["outcome"] for one in sent) == ["routed", "unmatched"]
    (folder / "events.jsonl").write_text(json.dumps(sample("OnJobFailed")) + "\n\n", encoding="utf-8")
    assert "1 events, 1 would be told" in command(folder, "replay", "events.jsonl").out
    assert command(folder, "replay").status == 2


def test_the_catalogue_is_shown(tmp_path: Path) -> None:
    """Names, a sample, a schema; a misspelt name is met with the nearest."""
    assert len(as_json(tmp_path, "events")["events"]) == 19
    assert json.loads(command(tmp_path, "events", "OnJobFailed").out)["Event"] == "OnJobFailed"
    assert "properties" in json.loads(command(tmp_path, "events", "OnJobFailed", "--schema").out)
    task = command(tmp_path, "events", "OnTaskFailed")
    assert "Job" not in json.loads(task.out)
    assert task.error.startswith("Filters also see Job (Job.JobName, ")
    assert "StartTime, EndTime, Job\n" in command(tmp_path, "events").out
    wrong = command(tmp_path, "events", "OnJobFaild")
    assert (wrong.status, "Did you mean OnJobFailed?" in wrong.error) == (2, True)


def test_send_shows_the_providers_answer(folder: Path) -> None:
    """Each target's verdict; exit status 1 because one refused."""
    done = command(folder, "send", "oncall")
    assert done.status == 1
    assert "oncall/1: accepted (200)" in done.out
    assert "oncall/2: refused (404)" in done.out
    assert "no channel is named nobody" in command(folder, "send", "nobody").error


def test_schema_writes_both_files(tmp_path: Path) -> None:
    """Editors find the schemas where they are put."""
    assert command(tmp_path, "schema", "--to", ".").status == 0
    for name in ("router", "rules"):
        assert json.loads((tmp_path / f"{name}.schema.json").read_text())["properties"]


def test_store_migrate_is_safe_to_repeat(folder: Path) -> None:
    """Twice the same answer."""
    first = command(folder, "store", "migrate")
    assert (first.status, first.out) == (0, command(folder, "store", "migrate").out)


def test_a_second_router_on_one_store_is_refused(folder: Path) -> None:
    """It says which file, and what to do."""
    process = Process(folder / "router.yaml")
    second = subprocess.run(
        [sys.executable, "-m", "router", "run", "-c", "router.yaml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert second.returncode == 2
    assert "another alert-router runs on" in second.stderr
    assert process.terminate() == 0


def test_help_teaches(tmp_path: Path) -> None:
    """Every command explains itself."""
    for name in (
        "run",
        "demo",
        "check",
        "explain",
        "events",
        "send",
        "tail",
        "top",
        "replay",
        "schema",
        "verify",
    ):
        done = command(tmp_path, name, "--help")
        assert done.status == 0
        assert len(done.out) > 200

"""``mns setup``, ``notification`` and ``simulate``, against the stand-in; docs/mns.md is tried elsewhere."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from mns.account import Account
from mns.queue import QueueMeta
from typer.testing import CliRunner, Result

from router.cli.mns import app
from router.errors import RouterError
from router.mns.application import KEYS, StandIn
from router.mns.faults import Switch
from tests.mns.conftest import account, admin, shared_stand_in, stand_in

__all__ = ["account", "admin", "shared_stand_in", "stand_in"]

RULES = {"rules": [{"name": "job-failed", "when": "Event == 'OnJobFailed'", "to": ["oncall"]}]}


def write(folder: Path, sources: dict[str, Any]) -> str:
    (folder / "rules.yaml").write_text(json.dumps(RULES), encoding="utf-8")
    settings = {
        "store": f"sqlite:///{folder / 'state.db'}",
        "http": {"listen": "127.0.0.1:1"},
        "sources": sources,
        "channels": {"oncall": {"url": "json://127.0.0.1:1/"}},
        "rules": ["rules.yaml"],
    }
    file = folder / "router.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")
    return str(file)


@pytest.fixture
def source(stand_in: StandIn) -> dict[str, Any]:
    keys = {"access_key_id": "stand-in", "access_key_secret": KEYS["stand-in"]}
    return {"kind": "mns-queue", "endpoint": stand_in.url, "queue": "jobs"} | keys


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_setup_as_json(tmp_path: Path, source: dict[str, Any]) -> None:
    """One object with the steps and whether the way is proved; nothing else on standard output."""
    file = write(tmp_path, {"batch": source})
    done = run("setup", "-c", file, "--topic", "events", "-o", "json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert [step["done"] for step in said["steps"]] == ["made"] * 3
    assert said["proved"] is True


def test_setup_that_finds_something_different(
    tmp_path: Path, source: dict[str, Any], account: Account
) -> None:
    """It is said with what to do, the exit status is 1, and the way is proved all the same."""
    account.get_queue("jobs").create(QueueMeta(msg_ttl=86400))
    done = run("setup", "-c", write(tmp_path, {"batch": source}), "--topic", "events")
    assert done.exit_code == 1
    assert "queue jobs: is there, but it keeps messages for 1 days" in done.output
    assert "proved: test event" in done.output


def test_a_push_is_not_proved_without_a_router(tmp_path: Path, source: dict[str, Any]) -> None:
    """The subscription is made; the line says what to start."""
    file = write(tmp_path, {"batch": source})
    done = run("setup", "-c", file, "--topic", "events", "--url", "http://127.0.0.1:1/v1/events/p")
    assert done.exit_code == 1
    assert "subscription alert-router-push to http://127.0.0.1:1/v1/events/p: made" in done.output
    assert "not proved: no router answers; start `alert-router run`" in done.output


def failure(*words: str) -> RouterError:
    error = run(*words).exception
    assert isinstance(error, RouterError)
    return error


def test_what_cannot_be_set_up(
    tmp_path: Path, source: dict[str, Any], stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two sources, none and no variables, a refusal of MNS: each says what to do."""
    monkeypatch.delenv("MNS_ENDPOINT", raising=False)
    two = write(tmp_path, {"one": source, "two": source | {"queue": "other"}})
    assert failure("setup", "-c", two, "--topic", "t").remedy == "Give --source: one, two"
    assert run("setup", "-c", two, "--topic", "t", "--source", "two", "--dry-run").exit_code == 0
    none = write(tmp_path, {"hook": {"kind": "webhook"}})
    assert (
        "Set MNS_ENDPOINT, ALIBABA_CLOUD_ACCESS_KEY_ID" in failure("setup", "-c", none, "--topic", "t").remedy
    )
    stand_in.faults.set("access-denied", Switch())
    refused = failure("setup", "-c", write(tmp_path, {"one": source}), "--topic", "t")
    assert (refused.code, refused.message.startswith("MNS: AccessDenied")) == ("mns", True)


def test_a_jobs_json_is_compared(tmp_path: Path, source: dict[str, Any]) -> None:
    """Findings for people and for programs, and exit status 1."""
    file = write(tmp_path, {"batch": source})
    job = tmp_path / "job.json"
    job.write_text('{"Notification": {"Topic": {"Events": ["OnJobWaiting"]}}}', encoding="utf-8")
    done = run("notification", "-c", file, "--check", str(job))
    assert done.exit_code == 1
    assert "OnJobWaiting is asked for, and no rule uses it [N302]; leave it out" in done.output
    assert "OnJobFailed is not asked for, and is used by job-failed [N303]; add it" in done.output
    found = json.loads(run("notification", "-c", file, "--check", str(job), "-o", "json").stdout)
    assert [finding["code"] for finding in found["findings"]] == ["N302", "N303"]


def test_clusters_and_jobs_exclude_one_another(tmp_path: Path, source: dict[str, Any]) -> None:
    """One block is for one of both."""
    file = write(tmp_path, {"batch": source})
    assert "exclude" in failure("notification", "-c", file, "--cluster", "--job").message
    block = json.loads(run("notification", "-c", file, "--cluster").stdout)
    assert block["Notification"]["Topic"]["Events"] == []


def test_simulate_at_a_rate(tmp_path: Path, source: dict[str, Any], stand_in: StandIn) -> None:
    """About so many in a second, and faults that pass lose none."""
    file = write(tmp_path, {"batch": source})
    run("setup", "-c", file, "--topic", "events")
    stand_in.faults.set("reset", Switch(times=2, operation="publish"))
    started = time.monotonic()
    done = run("simulate", "-c", file, "--topic", "events", "--jobs", "1", "--instances", "2", "--rate", "50")
    assert done.exit_code == 0, done.output
    count = int(done.output.split()[0])
    assert time.monotonic() - started >= (count - 1) / 50
    assert len(stand_in.state.queues["jobs"].messages) == count

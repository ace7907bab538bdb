"""A job fails, the right people are told: the real process, real HTTP, a receiver in another process."""

import json
import signal
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.app import SystemClock, channels_of, load_config
from router.channels import rate_of_url
from tests.acceptance.harness import Process, Sink, get, post, sample, write_config

RULE: dict[str, Any] = {
    "name": "instance-failed",
    "when": "Event == 'OnInstanceFailed' && ExitCode != `0`",
    "to": ["oncall"],
    "group_by": ["..."],
}


@pytest.fixture
def router(tmp_path: Path, sink: Sink) -> Iterator[Process]:
    """A router with one rule and one channel."""
    process = Process(write_config(tmp_path, {"oncall": {"url": sink.url("oncall"), "storm": "off"}}, [RULE]))
    yield process
    assert process.terminate() == 0


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A router for tests that change nothing and tell nobody."""
    folder = tmp_path_factory.mktemp("standing")
    process = Process(write_config(folder, {"oncall": {"url": "json://127.0.0.1:9/"}}, [RULE]))
    yield process
    assert process.terminate() == 0


def test_only_failures_with_an_exit_code_are_told_once_each(router: Process, sink: Sink) -> None:
    """Exit code 0 tells nobody; "137", 137 and "-9" tell three; the same message again tells nobody."""
    first = sample("OnInstanceFailed")
    assert post(router.port, "/v1/events/push", first, {"x-mns-message-id": "m0"})[0] == 204
    events = [
        sample("OnInstanceFailed", JobId=f"job-{n}", ExitCode=code)
        for n, code in enumerate(["137", 137, "-9"])
    ]
    for _ in range(2):
        for number, event in enumerate(events):
            headers = {"x-mns-message-id": f"m-{number}"}
            assert post(router.port, "/v1/events/push", event, headers)[0] == 204
    received = sink.wait_for(3)
    time.sleep(0.3)
    told = [json.loads(note["body"]) for note in sink.received()]
    assert len(received) == len(told) == 3
    assert sorted(note["event"]["data"]["ExitCode"] for note in told) == [-9, 137, 137]


def test_the_webhook_answers_with_a_verdict_for_each_event(router: Process, sink: Sink) -> None:
    """A JSON array is one commit; its answer says of each element what became of it."""
    batch = [sample("OnInstanceFailed", ExitCode="1"), sample("OnJobFinished"), "no object"]
    status, body = post(router.port, "/v1/events/hook", json.dumps(batch).encode())
    assert status == 200
    assert [event["outcome"] for event in json.loads(body)["events"]] == [
        "routed",
        "unmatched",
        "undecodable",
    ]
    assert len(sink.wait_for(1)) == 1


def test_health_readiness_and_metrics(standing: Process) -> None:
    """The three pages that operators read answer."""
    assert get(standing.port, "/healthz") == (200, b"ok\n")
    ready = json.loads(get(standing.port, "/readyz")[1])
    assert (ready["ready"], ready["problems"]) == (True, [])
    assert all(one["caught_up"] for one in ready["sources"].values())
    status, page = get(standing.port, "/metrics")
    assert status == 200
    assert b"alert_router_build_info" in page


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/events/nobody", b"{}", 404),
        ("/v1/events/hook", b"not json", 400),
        ("/v1/events/hook", b"[" + b" " * 300_000 + b"]", 413),
    ],
)
def test_what_is_no_event_is_refused(standing: Process, path: str, body: bytes, status: int) -> None:
    """An unknown source, a body that is no JSON and one that is too large get their own answers."""
    answered, said = post(standing.port, path, body)
    assert answered == status
    assert json.loads(said)["error"]["message"]


def test_a_reload_is_checked_before_it_is_taken(router: Process, sink: Sink, tmp_path: Path) -> None:
    """SIGHUP with a broken rule file changes nothing; with a good one the new rule is in force."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [{name: Broken, when: '(', to: [nobody]}]", encoding="utf-8")
    router.popen.send_signal(signal.SIGHUP)
    _wait_for_log(router, "config.refused")
    assert post(router.port, "/v1/events/hook", sample("OnInstanceFailed", ExitCode="1"))[0] == 200
    assert len(sink.wait_for(1)) == 1
    rules.write_text(
        json.dumps({"rules": [RULE | {"when": "Event == 'OnJobFailed'", "group_by": ["..."]}]}),
        encoding="utf-8",
    )
    router.popen.send_signal(signal.SIGHUP)
    _wait_for_log(router, "config.loaded", 2)
    assert post(router.port, "/v1/events/hook", sample("OnInstanceFailed", ExitCode="1"))[0] == 200
    assert post(router.port, "/v1/events/hook", sample("OnJobFailed"))[0] == 200
    told = [json.loads(note["body"])["event"]["data"]["Event"] for note in sink.wait_for(2)]
    assert told == ["OnInstanceFailed", "OnJobFailed"]
    assert _deeds(router) == [("SIGHUP", "reload"), ("SIGHUP", "fail to reload")]


def test_files_that_change_are_read_by_themselves(router: Process, sink: Sink, tmp_path: Path) -> None:
    """Without a signal, within some seconds; faults are said and change nothing."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: [{name: Broken, when: '(', to: [nobody]}]", encoding="utf-8")
    _wait_for_log(router, "config.refused")
    on_job = {"rules": [RULE | {"when": "Event == 'OnJobFailed'", "group_by": ["..."]}]}
    rules.write_text(json.dumps(on_job), encoding="utf-8")
    _wait_for_log(router, "config.loaded", 2)
    assert post(router.port, "/v1/events/hook", sample("OnJobFailed"))[0] == 200
    assert len(sink.wait_for(1)) == 1
    assert _deeds(router) == [("changed files", "reload"), ("changed files", "fail to reload")]


def _deeds(router: Process) -> list[tuple[str, str]]:
    """Who did what, the newest first."""
    with urllib.request.urlopen(f"http://127.0.0.1:{router.port}/v1/deeds", timeout=60) as answer:
        return [(one["by"], one["what"]) for one in json.load(answer)["deeds"]]


def _wait_for_log(router: Process, event: str, times: int = 1) -> None:
    ends = time.monotonic() + 60
    while router.log.count(event) < times:
        assert time.monotonic() < ends, router.log
        time.sleep(0.01)


def test_a_store_that_cannot_be_written_acknowledges_nothing(
    router: Process, sink: Sink, tmp_path: Path
) -> None:
    """While another process holds the store: 503 in time, not ready; then all is well by itself."""
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    event = sample("OnInstanceFailed", ExitCode="1")
    started = time.monotonic()
    assert post(router.port, "/v1/events/push", event, {"x-mns-message-id": "m1"})[0] == 503
    assert time.monotonic() - started < 15
    status, said = get(router.port, "/readyz")
    assert status == 503
    assert "lock" in str(json.loads(said)["problems"])
    other.execute("ROLLBACK")
    other.close()
    assert post(router.port, "/v1/events/push", event, {"x-mns-message-id": "m1"})[0] == 204
    assert len(sink.wait_for(1)) == 1
    ends = time.monotonic() + 60
    while get(router.port, "/readyz")[0] != 200:
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_hanging_channel_delays_no_other(tmp_path: Path, sink: Sink) -> None:
    """While one channel hangs for 60 s, another one's message arrives long before that."""
    channels = {
        "slow": {"url": sink.url("slow", hang=60), "storm": "off", "timeout": "60s"},
        "quick": {"url": sink.url("quick"), "storm": "off"},
    }
    rules = [
        RULE | {"name": "hang", "to": ["slow"], "when": "kind == 'slow'"},
        RULE | {"name": "quick", "to": ["quick"], "when": "kind == 'quick'"},
    ]
    router = Process(write_config(tmp_path, channels, rules))
    try:
        for number in range(30):
            assert post(router.port, "/v1/events/hook", {"kind": "slow", "n": number})[0] == 200
        time.sleep(0.5)
        for number in range(5):
            started = time.time_ns()
            assert post(router.port, "/v1/events/hook", {"kind": "quick", "n": number})[0] == 200
            note = sink.wait_for(number + 1)[-1]
            assert (note["at"] - started) / 1e9 < 20
    finally:
        router.kill()


def test_sigterm_ends_it_in_time_and_a_second_one_at_once(tmp_path: Path, sink: Sink) -> None:
    """With a send in flight that hangs, SIGTERM ends the process within 20 s, and a second one at once."""
    channels = {"slow": {"url": sink.url("slow", hang=60), "storm": "off", "timeout": "2s"}}
    router = Process(write_config(tmp_path, channels, [RULE | {"to": ["slow"], "when": "always"}]))
    assert post(router.port, "/v1/events/hook", {"a": 1})[0] == 200
    time.sleep(0.3)
    started = time.monotonic()
    assert router.terminate() == 0
    assert time.monotonic() - started < 20


def test_a_providers_own_limit_is_the_default_rate(tmp_path: Path) -> None:
    """A DingTalk robot takes 20 a minute: without `rate` its target is paced so; with it, as told."""
    robot = "dingtalk://" + "0" * 64 + "/"
    channels = {
        "own": {"url": robot},
        "told": {"url": robot, "rate": "5/min"},
        "hook": {"url": "json://127.0.0.1:9/"},
    }
    config = load_config(write_config(tmp_path, channels, [RULE | {"to": ["own"]}]))
    rates = {name: plan.rate for name, (_, plan) in channels_of(config, SystemClock()).items()}
    assert rates["own/1"] == rate_of_url(robot)
    assert rates["own/1"] is not None
    assert (rates["told/1"], rates["hook/1"]) == ((5, 60_000_000), None)

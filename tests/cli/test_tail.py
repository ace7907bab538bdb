"""``tail``: what came and what became of it, as lines and as objects; how it ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.cli.tail import watch
from router.core.delivery import State
from router.core.message import Message
from router.errors import RouterError
from router.storage import open_store
from tests.acceptance.harness import sample
from tests.cli.running import keep, run, write_router
from tests.cli.test_alerts import HOSTILE, RULES, take
from tests.storage.making import START, delivery


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A job has failed, another with a hostile id runs, a message was no event, a delivery was refused."""
    path = write_router(tmp_path, RULES, "oncall", "team")
    take(path, sample("OnJobFailed", JobId="job-1"), sample("OnJobRunning", JobId=HOSTILE))
    keep(tmp_path, b"\x1b[2J no event")
    text = Message("Job \x1b failed", "").to_json()
    reason = "refused: no\nsuch \x1b room"
    refused = delivery("d1", content=text, state=State.DEAD, ended_at=START, reason=reason)
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    store.write(lambda unit: unit.add_deliveries([refused]))
    store.close()
    return path


def test_what_is_there_is_shown_and_it_ends(config: str) -> None:
    """A line for each; nothing of an event acts on the terminal or makes a line of its own."""
    done = run("tail", "-c", config, "--no-follow")
    assert (done.status, "\x1b" in done.out, "\u202e" in done.out) == (0, False, False)
    lines = [line.split(maxsplit=2)[2] for line in done.out.splitlines()]
    assert sorted(lines) == [
        "dead         oncall/1  Job \\u001b failed; refused: no\\u000asuch \\u001b room",
        "routed       hook      OnJobFailed job-1; matched failed",
        "undecodable  hook      the body is neither JSON, nor an MNS notification, nor base64 of these: "
        "send a JSON object: \\u001b[2J no event",
        "unmatched    hook      OnJobRunning job-\\u001b[2J\\u000a\\u202egpj",
    ]


def test_for_programs_each_line_is_an_object(config: str) -> None:
    """With its type, its time and what became of it."""
    done = run("tail", "-c", config, "--no-follow", "-o", "json")
    found = {
        one["type"]: one
        for one in map(json.loads, done.out.splitlines())
        if one.get("event") != "OnJobRunning"
    }
    assert sorted(found) == ["delivery", "event", "undecodable"]
    event, dead = found["event"], found["delivery"]
    assert (event["event"], event["about"], event["outcome"]) == ("OnJobFailed", {"JobId": "job-1"}, "routed")
    assert [one["rule"] for one in event["matches"]] == ["failed"]
    assert (dead["target"], dead["state"]) == ("oncall/1", "dead")


def test_only_what_is_wanted(config: str) -> None:
    """By rule, by filter, so many lines; what is wrong is said before anything is read."""

    def shown(*words: str) -> int:
        return len(run("tail", "-c", config, "--no-follow", *words).out.splitlines())

    assert shown("--rule", "failed") == 1
    assert shown("--filter", "Event == 'OnJobRunning'") == 1
    assert (shown("-n", "2"), shown("-n", "0"), shown("--since", "1h", "-n", "1")) == (2, 0, 1)
    assert run("tail", "-c", config, "--no-follow", "--since", "1h").out.count("OnJob") == 2
    assert "Did you mean failed?" in run("tail", "-c", config, "--rule", "faild").error
    assert "--filter: " in run("tail", "-c", config, "--filter", "Event ==").error


def test_it_goes_on_over_a_store_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """It says so once for each trouble, and shows what came meanwhile; another fault ends it."""
    full = RouterError("store-unavailable", "the disk is full")
    looks: list[list[str] | Exception] = [["a"], full, full, ["b"], full, RouterError("other", "else")]
    shown: list[str] = []

    def new() -> Iterator[Any]:
        look = looks.pop(0)
        if isinstance(look, Exception):
            raise look
        yield from look

    with pytest.raises(RouterError, match="else"):
        watch(new, lambda one: shown.append(str(one)), lambda _: False)
    assert (shown, capsys.readouterr().err.count("the disk is full")) == (["a", "b"], 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well(config: str, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM: status 0, nothing on standard error; what it showed was flushed."""
    with following(config) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (0, "")


def test_a_reader_that_goes_ends_it(config: str) -> None:
    """A closed pipe ends it with status 0, also while nothing comes."""
    with following(config) as process:
        assert process.stdout is not None
        for _ in range(4):
            process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert (process.wait(60), process.stderr.read()) == (0, "")


def test_a_reader_that_goes_before_a_line_ends_it(config: str) -> None:
    """What is written to nobody is no fault: status 0, nothing on standard error."""
    with following(config, "--no-follow") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert (process.wait(60), process.stderr.read()) == (0, "")


def following(config: str, *more: str) -> "subprocess.Popen[str]":
    """``tail`` beside us."""
    words = [sys.executable, "-m", "router", "tail", "-c", config, *more]
    pipe = subprocess.PIPE
    # Who was started in the background ignores Ctrl-C, and so would whom we start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True)
    finally:
        signal.signal(signal.SIGINT, before)

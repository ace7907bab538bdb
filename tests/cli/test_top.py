"""``top``: what is noisy and what is dead, by rule, channel, event, job and source."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from router.app import load_config
from router.core.delivery import SECOND, Delivery, State
from router.core.group import Tally
from router.core.key import arrival
from router.pipeline.top import By, Row, top
from router.ports import Store, Unit
from router.storage import open_store
from tests.acceptance.harness import sample
from tests.cli.running import run, run_json, write_router
from tests.cli.test_alerts import take
from tests.storage.making import START, alert, delivery, event_record, group, notification, set_aside

RULES: list[dict[str, Any]] = [
    {"name": "failed", "when": "Event == 'OnJobFailed'", "to": ["oncall"]},
    {"name": "task", "when": "Event == 'OnTaskFailed'", "to": ["oncall"]},
    {"name": "off", "when": "Event == 'OnTaskFailed'", "to": ["team"], "mode": "off"},
    {
        "name": "beat",
        "when": "Event == 'OnJobFinished'",
        "to": ["team"],
        "absent": {"every": "0 6 * * *", "location": "UTC"},
    },
]
Work = Callable[[Unit], object]
NOW = START + 2 * 3600 * SECOND
SINCE = NOW - 3600 * SECOND
SLICE = 600 * SECOND


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Rules of which one matched twice."""
    path = write_router(tmp_path, RULES, "oncall", "team")
    take(path, sample("OnJobFailed", JobId="job-1"), sample("OnJobFailed", JobId="job-2"))
    return path


def counts(config: str, by: By, *works: Work) -> list[Row]:
    """What ``top`` finds of the hour before :data:`NOW` after this was written."""
    settings = load_config(config)
    store: Store = open_store(settings.settings.store)
    try:
        for work in works:
            store.write(work)
        return top(store, settings.policy, by, SINCE, NOW)
    finally:
        store.close()


def matched(name: str, at: int, *rules: str, **more: Any) -> Work:
    """Writes an event that these rules matched."""
    matches = tuple((rule, f"a-{name}") for rule in rules)
    return lambda unit: unit.add_events([event_record(name, at, matches=matches, **more)])


def test_rules_are_sorted_by_how_often_they_matched(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all slices of the time, its ends included; the others last, with their last match and mode."""
    monkeypatch.setattr("router.pipeline.top.SLICE", SLICE)
    works: list[Work] = [matched(f"e{n}", SINCE + n * SLICE, "task", "gone") for n in range(7)]
    works += [matched("before", SINCE - 1, "task"), matched("x", NOW, "gone", failures=(("failed", "?"),))]

    def others(unit: Unit) -> None:
        opened = [
            ("a1", SINCE, "task", ""),
            ("a2", NOW, "task", "off hours"),
            ("a3", SINCE - 9, "failed", ""),
        ]
        unit.put_alerts(
            [replace(alert(name, "e1", at), rule=rule, muted_by=by) for name, at, rule, by in opened]
        )
        unit.put_groups([group("g", None, tallies={"task": Tally(told=1)})])
        unit.add_notifications([notification("n", "g", "e1", NOW)])
        unit.put_ends({arrival("beat"): SINCE - 7}, SINCE)

    gone, task, failed, beat, off = counts(config, By.RULE, *works, others)
    assert gone == Row("gone", {"events": 8}, NOW, "removed")
    assert task == Row("task", {"events": 7, "alerts": 2, "muted": 1, "told": 1}, NOW)
    assert failed.counts == {"failures": 1}
    assert (beat, off) == (Row("beat", {}, SINCE - 7, "absent"), Row("off", {}, None, "off"))


def test_channels_are_counted_by_what_was_told(config: str) -> None:
    """Notifications, and deliveries by where they stand; a channel that heard nothing comes last."""

    def ended(name: str, state: State) -> Delivery:
        return delivery(name, at=SINCE, state=state, ended_at=NOW, reason="ok")

    works: list[Work] = [
        lambda unit: unit.add_notifications([notification("n", "g", "e1", SINCE)]),
        lambda unit: unit.add_deliveries(
            [
                ended("d1", State.SENT),
                ended("d2", State.DEAD),
                ended("d5", State.DROPPED),
                ended("d6", State.REPLACED),
                delivery("d3", at=NOW),
                delivery("d4", at=SINCE - 1),
            ]
        ),
    ]
    oncall, team = counts(config, By.CHANNEL, *works)
    stands = {"told": 1, "sent": 1, "dead": 1, "open": 1, "dropped": 1, "replaced": 1}
    assert oncall == Row("oncall", stands, SINCE)
    assert team == Row("team")


def test_what_is_written_is_not_called_sent(config: str) -> None:
    """The table of channels has a column for messages, and one for each way that their deliveries stand."""
    heading = run("top", "--by", "channel", "-c", config).out.splitlines()[0]
    assert " ".join(heading.split()) == ("CHANNEL WRITTEN SENT WAITING DEAD DROPPED REPLACED PER MIN LAST")


def test_events_jobs_and_sources_are_counted_by_outcome(config: str) -> None:
    """Those of the time alone."""
    works: list[Work] = [
        matched("e1", SINCE, "task"),
        matched("e2", SINCE + 1, outcome="unmatched"),
        lambda unit: unit.set_aside([set_aside("u", NOW)]),
    ]
    [event] = counts(config, By.EVENT, *works)
    assert event == Row("Job.State.Failed", {"events": 2, "routed": 1, "unmatched": 1}, SINCE + 1)
    assert [row.name for row in counts(config, By.JOB)] == ["job-e1", "job-e2"]
    [hook] = counts(config, By.SOURCE)
    assert hook == Row("hook", event.counts | {"undecodable": 1}, NOW)


def test_the_table_of_rules(config: str) -> None:
    """What came, then what did not: when it came last, or never; a hostile name acts on no terminal."""
    done = run("top", "-c", config, "--since", "10m")
    lines = [line.split() for line in done.out.splitlines()]
    assert " ".join(lines[0]) == "RULE EVENTS ALERTS MUTED WRITTEN FILTER FAILURES PER MIN LAST"
    assert lines[1][:7] == ["failed", "2", "2", "-", "-", "-", "0.2"]
    assert [line[0] + " " + " ".join(line[7:]) for line in lines[2:]] == [
        "beat never (absent)",
        "off never (off)",
        "task never",
    ]
    few = run("top", "-c", config, "--since", "10m", "-n", "1").out.splitlines()
    assert (len(few), few[-1]) == (5, "2 more that did not: -n 3")
    take(config, sample("OnJobFailed", JobId="job-\x1b[2J\n"))
    hostile = run("top", "-c", config, "--by", "job").out
    assert (len(hostile.splitlines()), "\x1b" in hostile, "job-\\u001b[2J\\u000a" in hostile) == (
        4,
        False,
        True,
    )


def test_for_programs(config: str) -> None:
    """One object with one list, named by what is counted; every column a number."""
    found = run_json("top", "-c", config, "--since", "10m")
    failed, *others = found["rules"]
    last = failed.pop("last")
    assert failed == {
        "name": "failed",
        "events": 2,
        "alerts": 2,
        "muted": 0,
        "told": 0,
        "failures": 0,
        "per_minute": 0.2,
        "note": "",
    }
    assert found["since"] < last
    assert [one["last"] for one in others] == [None, None, None]
    assert len(run_json("top", "-c", config, "--by", "channel")["channels"]) == 2


def test_what_is_asked_wrongly_is_said(config: str) -> None:
    """To watch needs a terminal; no time has no rate."""
    assert "--watch needs a terminal" in run("top", "-c", config, "--watch").error
    assert "0s is no time" in run("top", "-c", config, "--since", "0s").error


def test_it_is_shown_again_on_a_terminal_until_it_is_ended(config: str) -> None:
    """``--watch`` draws over what stood there; SIGTERM ends it with status 0."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "router", "top", "-c", config, "--watch"]
    with subprocess.Popen(
        words, stdout=theirs, stderr=subprocess.PIPE, env=os.environ | {"TERM": "xterm"}
    ) as process:
        shown = b""
        while b"task" not in shown:
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert (process.returncode, error, shown.startswith(b"\x1b[H\x1b[J")) == (0, b"", True)

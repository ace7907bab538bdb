"""``silences``: made, listed and ended by a person; a dry run shows what they match."""

from dataclasses import replace
from pathlib import Path

import pytest

from router.storage import open_store
from tests.acceptance.harness import sample
from tests.cli.running import run, run_json, write_router
from tests.cli.test_alerts import HOSTILE, take

RULES = [{"name": "failed", "when": "Event == 'OnJobFailed'", "to": ["oncall"]}]
WEEKEND = {"weekend": [{"weekdays": ["saturday", "sunday"]}]}


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Two jobs have failed; one has a hostile id."""
    path = write_router(tmp_path, RULES, "oncall", time_intervals=WEEKEND)
    take(path, sample("OnJobFailed", JobId=HOSTILE), sample("OnJobFailed", JobId="job-2"))
    return path


def test_a_silence_is_made_listed_and_ended(config: str) -> None:
    """Active at once, by its maker; expired it is listed with ``--all`` only, and cannot be ended twice."""
    words = ("--for", "2h", "--by", "kim", "--comment", "moving\x1b[2J\n\udcff")
    assert "is active until" in run("silences", "add", "JobId == 'job-2'", *words, "-c", config).out
    [one] = run_json("silences", "list", "-c", config)["silences"]
    assert (one["state"], one["author"], one["matcher"]) == ("active", "kim", "JobId == 'job-2'")
    shown = run("silences", "list", "-c", config).out
    assert (len(shown.splitlines()), "\x1b" in shown) == (2, False)
    assert run("silences", "expire", one["id"], "-c", config).out.endswith("Alerts judged again: 0.\n")
    assert run("silences", "list", "-c", config).out == "No silences.\n"
    assert run_json("silences", "list", "--all", "-c", config)["silences"][0]["state"] == "expired"
    again = run("silences", "expire", one["id"], "-c", config)
    assert (again.status, "is over since" in again.error) == (1, True)
    unknown = run("silences", "expire", "s-none", "-c", config)
    assert (unknown.status, "`silences list` shows ids" in unknown.error) == (1, True)


def test_what_an_expired_silence_held_back_is_judged_again(tmp_path: Path, config: str) -> None:
    """The alert that it mutes is due at once; one that another silence mutes is not."""
    words = ("--for", "2h", "--comment", "c", "-c", config)
    silence = run_json("silences", "add", "JobId == 'job-2'", *words)["silences"][0]["id"]
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    first, second = store.read(lambda unit: unit.list_alerts())
    held = replace(first, muted_by=f"silenced by {silence} (kim: c)", due_at=None)
    other = replace(second, muted_by=f"silenced by {silence}0 (kim: c)", due_at=None)
    store.write(lambda unit: unit.put_alerts([held, other]))
    assert run_json("silences", "expire", silence, "-c", config)["judged_again"] == 1
    due = store.read(lambda unit: {one.id: one.due_at is not None for one in unit.list_alerts()})
    store.close()
    assert due == {held.id: True, other.id: False}


def test_a_dry_run_shows_what_it_matches_and_makes_nothing(config: str) -> None:
    """Open alerts, and those of the last day that have ended; nothing of an event acts on the terminal."""
    words = ("silences", "add", "rule == 'failed'", "--for", "1h", "--dry-run", "-c", config)
    found = run_json(*words)
    assert (len(found["open"]), len(found["last_day"])) == (2, 0)
    run("alerts", "resolve", found["open"][0]["id"], "-c", config)
    found = run_json(*words)
    assert (len(found["open"]), len(found["last_day"])) == (1, 1)
    shown = run(*words).out
    assert ("\x1b" in shown, "nothing was silenced" in shown) == (False, True)
    none = run_json("silences", "add", "JobId == 'x'", "--for", "1h", "--dry-run", "-c", config)
    assert none.pop("warnings") == ["it matches no alert that is open or of the last day"]
    assert none == {"open": [], "open_number": 0, "last_day": [], "last_day_number": 0, "whole": True}
    assert run("silences", "list", "--all", "-c", config).out == "No silences.\n"


SLIP = ("silences", "add", "ExitCde == `137`", "--for", "1m", "--comment", "x")


def test_a_field_that_no_event_can_have_is_refused(tmp_path: Path) -> None:
    """Where it is known of each source what it brings: as `check` says it of a rule's filter."""
    queue = {
        "kind": "mns-queue",
        "endpoint": "http://127.0.0.1:9",
        "queue": "q",
        "access_key_id": "i",
        "access_key_secret": "s",
    }
    path = write_router(tmp_path, RULES, "oncall", sources={"queue": queue})
    refused = run(*SLIP, "-c", path)
    assert (refused.status, refused.error) == (
        2,
        "the matcher: events have no field ExitCde. Did you mean ExitCode?",
    )
    for meant in ("event.id == 'e' || ExitCode == `1`", "labels.team == 'a' && key[0] == 'b'", "tick == 'x'"):
        assert run("silences", "add", meant, *SLIP[3:], "-c", path).status == 0


def test_a_field_that_a_foreign_event_may_have_is_warned_of(config: str) -> None:
    """A webhook may bring it: the silence is made, and a line says it; so of what `tail` is to show."""
    said = "events have no field ExitCde; did you mean ExitCode?"
    for words in (SLIP, (*SLIP, "--dry-run")):
        done = run(*words, "-c", config)
        assert (done.status, f"Warning: the matcher: {said}" in done.error) == (0, True)
    done = run("tail", "--filter", SLIP[2], "--no-follow", "-c", config)
    assert (done.status, f"Warning: --filter: {said}" in done.error) == (0, True)


def test_a_silence_recurs_within_an_interval(config: str) -> None:
    """An entry of the settings by name; another name is met with those that there are."""
    words = ("silences", "add", "rule", "--for", "7d", "--comment", "c", "-c", config, "--interval")
    assert run_json(*words, "weekend")["silences"][0]["recurs"]
    assert "named 'week'; there are: weekend" in run(*words, "week").error


def test_who_reads_a_silence_that_recurs_sees_that_it_does(config: str) -> None:
    """It is active for months, and mutes nothing now."""
    words = ("rule", "--for", "90d", "--comment", "c", "--interval", "weekend", "-c", config)
    assert run("silences", "add", *words).out.endswith(" UTC, within weekend only.\n")
    assert "  active, recurs  " in run("silences", "list", "-c", config).out


def test_a_pending_silence_starts_at_its_time(config: str) -> None:
    """Times with an offset; it waits until it starts."""
    words = ("--start", "2027-01-01T08:00+08:00", "--end", "2027-01-01T10:00+08:00", "--comment", "c")
    [one] = run_json("silences", "add", "rule", *words, "-c", config)["silences"]
    assert (one["state"], one["starts_at"]) == ("pending", "2027-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("JobId = 'x'", "--for", "1h", "--comment", "c"), "\n  JobId = 'x'\n        ^"),
        (("JobId = 'x'", "--for", "1h", "--comment", "c"), "Write: JobId == 'x'"),
        (("rule == 'faild'", "--for", "1h", "--comment", "c"), "Did you mean 'failed'?"),
        (("rule == 'faild'", "--for", "1h", "--dry-run"), "'faild' is no known rule"),
        (('rule == "failed"', "--for", "1h", "--comment", "c"), "single quotes: 'failed'"),
        (("severity == 'critcal'", "--for", "1h", "--comment", "c"), "Did you mean 'critical'?"),
        (("JobId == 'a' && JobId == 'b'", "--for", "1h", "--comment", "c"), "Write || where either"),
        (("rule", "--comment", "c"), "--for 2h, or --end"),
        (("rule", "--for", "1h", "--end", "2030-01-01", "--comment", "c"), "one of both"),
        (("rule", "--for", "1h"), "--comment 'the disks are being moved'"),
        (("rule", "--for", "soon", "--comment", "c"), "expected a duration"),
        (("rule", "--end", "soon", "--comment", "c"), "the end: expected a time such as"),
        (("rule", "--end", "2020-01-01", "--comment", "c"), "ends after it starts, and in the future"),
        (("\x1b[2J", "--for", "1h", "--comment", "c"), "the matcher: not JMESPath"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(config: str, words: tuple[str, ...], said: str) -> None:
    """Each fault of an argument is status 2, what is wrong, and for a matcher where."""
    done = run("silences", "add", *words, "-c", config)
    assert (done.status, said in done.error, "\x1b" in done.error) == (2, True, False), done.error


def test_a_silence_without_an_end_is_refused_with_one(config: str) -> None:
    """The time that it proposes is still to come."""
    error = run("silences", "add", "rule", "--comment", "c", "-c", config).error
    assert error.startswith("it needs an end. Say --for 2h, or --end ")
    proposed = error.rpartition(" ")[2]
    assert run("silences", "add", "rule", "--comment", "c", "--end", proposed, "-c", config).status == 0

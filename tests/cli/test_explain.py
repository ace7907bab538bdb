"""``explain``: events from everywhere, the clause that decided, and the slip behind it."""

import json
from pathlib import Path

import pytest

from router.ports import Job
from router.storage import open_store
from tests.acceptance.harness import sample
from tests.cli.running import keep, run, run_json, write_router
from tests.decoders.forms import FORMS, Form, in_form

RULES = [
    {"name": "nightly", "when": "Event == 'OnJobFailed' && JobName == 'nightly-etI'", "to": ["oncall"]},
    {"name": "any", "when": "Event == 'OnJobFailed' || Task == 'x'", "to": ["oncall"]},
]
EVENT = sample("OnJobFailed", JobName="nightly-etl")


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Two rules, one with a slip."""
    return write_router(tmp_path, RULES, "oncall")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoded", [False, True])
def test_an_event_in_any_form_from_anywhere(tmp_path: Path, config: str, form: Form, encoded: bool) -> None:
    """A file, standard input and the store say the same, for JSON, XML and base64 bodies."""
    body = in_form(form, json.dumps(EVENT), encoded=encoded)
    (tmp_path / "event").write_bytes(body)
    by_file = run_json("explain", "-c", config, str(tmp_path / "event"))
    by_stdin = run_json("explain", "-c", config, "-", stdin=body)
    by_id = run_json("explain", "-c", config, "--id", keep(tmp_path, body))
    assert [one["verdict"] for one in by_file["rules"]] == ["not matched", "matched"]
    assert by_file["rules"] == by_stdin["rules"] == by_id["rules"]


def test_the_clause_that_decided_has_its_slip(config: str) -> None:
    """In the sentence, in the tree and for programs; a clause that was not reached is not marked."""
    body = json.dumps(EVENT).encode()
    said = "JobName == 'nightly-etI' does not hold: JobName is 'nightly-etl', one letter off"
    shown = run("explain", "-c", config, "--clauses", stdin=body).out
    assert said in shown
    assert "✗ JobName == 'nightly-etI'   (JobName = 'nightly-etl', one letter off)   ← decided\n" in shown
    assert "✓ Event == 'OnJobFailed'   (Event = 'OnJobFailed')\n" in shown
    assert "· Task == 'x'\n" in shown
    job = f"JobId '{EVENT['JobId']}'"
    assert f"any      {job}  {job}\n" in shown
    nightly = run_json("explain", "-c", config, stdin=body)["rules"][0]
    assert nightly["reason"] == said
    assert [(part["decided"], part["hint"]) for part in nightly["clauses"]["parts"]] == [
        (False, ""),
        (True, "one letter off"),
    ]


@pytest.mark.parametrize(
    ("when", "decided"),
    [
        ("Event == 'OnJobFailed'", ["✓ Event == 'OnJobFailed'"]),
        ("Event == 'OnJobFailed' && JobId", ["✓ all of"]),
        ("Event == 'OnJobFailed' && (JobId || JobName)", ["✓ all of"]),
        ("Event == 'OnJobFailed' || JobId", ["✓ Event == 'OnJobFailed'"]),
        ("Event == 'OnJobFailed' && JobName == 'x'", ["✗ JobName == 'x'"]),
        ("JobName == 'x' || !JobId", ["✗ one of"]),
    ],
)
def test_the_arrow_stands_where_it_was_decided(tmp_path: Path, when: str, decided: list[str]) -> None:
    """At the one part that was enough; where all were needed, once, at the whole."""
    config = write_router(tmp_path, [{"name": "a", "when": when, "to": ["oncall"]}], "oncall")
    shown = run("explain", "-c", config, "--clauses", stdin=json.dumps(EVENT).encode()).out
    found = [line for line in shown.splitlines() if line.endswith("← decided")]
    assert [line.strip().partition("   ")[0] for line in found] == decided


def test_what_an_event_contains_does_nothing_to_the_terminal(config: str) -> None:
    """Escapes, line ends, direction marks and lone surrogates are shown as text, and a huge value is cut."""
    bad = "\x1b[2J\r\n✓ forged\u202e\x9b31m\ud800" + "x" * 100_000
    body = json.dumps(EVENT | {"Event": bad, "JobName": bad}).encode()
    for words in ([], ["--clauses"], ["-o", "json"]):
        done = run("explain", "-c", config, *words, stdin=body)
        assert done.status == 0
        assert "\n✓ forged" not in done.out
        assert not set(done.out) & set("\x1b\r\u202e\x9b\ud800")
    assert len(run("explain", "-c", config, "--clauses", stdin=body).out) < 5000


def test_an_event_comes_from_the_source_that_is_named(tmp_path: Path, config: str) -> None:
    """Rules with ``from`` match it then; an unknown name is refused with the one that was meant."""
    write_router(tmp_path, [{"name": "a", "from": ["other"], "when": "always", "to": ["oncall"]}], "oncall")
    body = json.dumps(EVENT).encode()
    for words, verdict in (
        ([], "not judged"),
        (["--source", "hook"], "not judged"),
        (["--source", "other"], "matched"),
    ):
        [rule] = run_json("explain", "-c", config, *words, stdin=body)["rules"]
        assert rule["verdict"] == verdict
    assert "this one has no source (name one with --source)" in run("explain", "-c", config, stdin=body).out
    done = run("explain", "-c", config, "--source", "othr", stdin=body)
    assert done == (2, "", "no source is named othr. Did you mean other?")
    both = run("explain", "-c", config, "--source", "other", "--id", "e-1")
    assert both == (2, "", "--source and --id exclude one another. --id knows it already")


def test_where_there_is_one_source_the_event_comes_from_it(tmp_path: Path) -> None:
    """As in a configuration that was imported from Alertmanager: its rules match without any option."""
    rules = [{"name": "a", "from": ["prometheus"], "when": "always", "to": ["oncall"]}]
    config = write_router(tmp_path, rules, "oncall", sources={"prometheus": {"kind": "webhook"}})
    found = run_json("explain", "-c", config, stdin=b'{"labels": {"alertname": "x"}}')
    assert found["event"]["source"] == "prometheus"
    assert found["rules"][0]["verdict"] == "matched"


def test_what_cannot_be_explained_is_said(tmp_path: Path, config: str) -> None:
    """No such event, a message that was set aside, a body that is no event, one that is too long."""
    assert "no event in the store has the id e-none" in run("explain", "-c", config, "--id", "e-none").error
    aside = run("explain", "-c", config, "--id", keep(tmp_path, b"[1]"))
    assert (aside.status, "was set aside: the body is a JSON array" in aside.error) == (2, True)
    assert "the body is empty" in run("explain", "-c", config, "-").error
    assert "more than 262144" in run("explain", "-c", config, "-", stdin=b"{" * 300_000).error


OF_JOBS = [
    {"name": "nightly", "when": "Event == 'OnInstanceFailed' && Job.JobName == 'nightly'", "to": ["oncall"]}
]
INSTANCE = sample("OnInstanceFailed", JobId="job-1")


def hear(folder: Path, **job: str) -> None:
    """Puts what was heard of a job into the store of a router."""
    store = open_store(f"sqlite:///{folder / 'state.db'}")
    store.write(lambda unit: unit.put_jobs([Job(job["JobId"], job, 0)], 0))
    store.close()


def test_an_event_is_judged_with_what_the_store_heard_of_its_job(tmp_path: Path) -> None:
    """As ``run`` does it, by ``explain``, ``why-not`` and ``replay``; a job that is sent is not used."""
    config = write_router(tmp_path, OF_JOBS, "oncall")
    hear(tmp_path, JobId="job-1", JobName="nightly")
    for event in (INSTANCE, INSTANCE | {"Job": {"JobName": "other"}}):
        body = json.dumps(event).encode()
        explained = run_json("explain", "-c", config, stdin=body)
        assert explained["rules"][0]["verdict"] == "matched"
        assert explained["note"].startswith("The event's own Job is not used: ") == ("Job" in event)
        shown = run("why-not", "-c", config, "--rule", "nightly", stdin=body).out
        assert shown.startswith("nightly tells: it matches")
        [replayed] = run_json("replay", "-c", config, "-", stdin=body)["events"]
        assert replayed["rules"] == "nightly"


def test_a_job_of_which_nothing_was_heard_is_said(tmp_path: Path) -> None:
    """And what brings it; no store is made for it, and what the event sends is not used."""
    config = write_router(tmp_path, OF_JOBS, "oncall")
    unknown = "nothing is known of 'job-1'; an OnJob… event of this JobId brings it, if it comes before"
    for job, note in (
        (None, f"Job is null: {unknown}"),
        (
            {"JobName": "nightly"},
            "The event's own Job is not used: the router joins what it last heard of the job. "
            f"It is null: {unknown}",
        ),
    ):
        body = json.dumps(INSTANCE | {"Job": job}).encode()
        assert run_json("explain", "-c", config, stdin=body)["note"] == note
        assert f"\n{note}\n" in run("explain", "-c", config, stdin=body).out
        assert f"\n{note}\n" in run("why-not", "-c", config, "--rule", "nightly", stdin=body).out
    assert not (tmp_path / "state.db").exists()
    assert run_json("explain", "-c", config, stdin=json.dumps(EVENT).encode())["note"] == ""


def test_a_replay_hears_of_jobs_in_the_order_of_its_events(tmp_path: Path) -> None:
    """What comes after a job's own event is judged with it; nothing is stored."""
    config = write_router(tmp_path, OF_JOBS, "oncall")
    job = sample("OnJobRunning", JobId="job-1", JobName="nightly")
    lines = b"\n".join(json.dumps(one).encode() for one in (INSTANCE, job, INSTANCE))
    for _ in range(2):
        said = run_json("replay", "-c", config, "-", stdin=lines)["events"]
        assert [one["rules"] for one in said] == ["", "", "nightly"]


def test_a_store_that_cannot_be_asked_is_said(tmp_path: Path) -> None:
    """The rest is explained all the same."""
    config = write_router(tmp_path, OF_JOBS, "oncall")
    (tmp_path / "state.db").write_bytes(b"no database" * 1000)
    done = run("explain", "-c", config, stdin=json.dumps(INSTANCE).encode())
    assert (done.status, "Job is null" in done.out) == (0, True)
    assert done.error.startswith("What was heard of the event's job is not known: ")

"""``explain``: events from everywhere, the clause that decided, and the slip behind it."""

import json
from pathlib import Path

import pytest

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

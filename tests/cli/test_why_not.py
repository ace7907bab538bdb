"""``why-not``: one sentence, the clauses and the messages below it."""

import json
from pathlib import Path

import pytest

from tests.acceptance.harness import Process, Sink, post, sample, write_config
from tests.cli.running import keep, run, run_json, write_router

RULES = [
    {"name": "nightly", "when": "Event == 'OnJobFailed' && JobName == 'nightly-etI'", "to": ["oncall"]},
    {"name": "render", "when": "Event == 'OnTaskFailed'", "to": ["oncall"]},
    {"name": "queued", "when": "always", "from": ["other"], "to": ["team"]},
]
EVENT = json.dumps(sample("OnJobFailed", JobName="nightly-etl")).encode()


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Three rules and two channels."""
    return write_router(tmp_path, RULES, "oncall", "team")


def test_a_rule_is_answered_in_a_sentence_and_its_clauses(tmp_path: Path, config: str) -> None:
    """The same by file and by standard input; for programs with a code."""
    (tmp_path / "event.json").write_bytes(EVENT)
    by_file = run("why-not", "-c", config, "--rule", "nightly", str(tmp_path / "event.json"))
    assert by_file == run("why-not", "-c", config, "--rule", "nightly", "-", stdin=EVENT)
    assert (by_file.status, by_file.out) == (
        0,
        "nightly did not tell: JobName == 'nightly-etI' does not hold: "
        "JobName is 'nightly-etl', one letter off.\n"
        "\n"
        "   ✗ all of\n"
        "      ✓ Event == 'OnJobFailed'   (Event = 'OnJobFailed')\n"
        "      ✗ JobName == 'nightly-etI'   (JobName = 'nightly-etl', one letter off)   ← decided\n",
    )
    [reason] = run_json("why-not", "-c", config, "--rule", "nightly", stdin=EVENT)["reasons"]
    assert (reason["rule"], reason["told"], reason["code"]) == ("nightly", "no", "clause")
    assert reason["clauses"]["parts"][1]["decided"]
    assert reason["deliveries"] == []


def test_a_channel_is_answered_by_its_nearest_rule(config: str) -> None:
    """The others stand below; `--source` and `--channel` with `--rule` are heard."""
    shown = run("why-not", "-c", config, "--channel", "oncall", stdin=EVENT).out
    assert shown.startswith("nightly (the nearest of 2 rules that tell oncall) did not tell: JobName ==")
    assert shown.endswith(
        "The other rules that tell oncall:\n"
        "   render: Event == 'OnTaskFailed' does not hold: Event is 'OnJobFailed'\n"
    )
    queued = run("why-not", "-c", config, "--channel", "team", stdin=EVENT).out
    assert "queued did not tell: it looks only at events from other, and this one has no source" in queued
    told = run_json("why-not", "-c", config, "--rule", "queued", "--source", "other", stdin=EVENT)
    assert told["reasons"][0]["told"] == "would be"


def test_every_rule_is_answered_where_none_is_named(tmp_path: Path, config: str) -> None:
    """A line each, the nearest first; of many that do not match twenty; an event of the store too."""
    asked = ("why-not", "-c", config, "--source", "other")
    assert run(*asked, stdin=EVENT).out == (
        "queued tells: it matches and tells team; --id asks what became of an event.\n"
        "nightly did not tell: JobName == 'nightly-etI' does not hold: "
        "JobName is 'nightly-etl', one letter off.\n"
        "render did not tell: Event == 'OnTaskFailed' does not hold: Event is 'OnJobFailed'.\n"
    )
    rules = [one["rule"] for one in run_json(*asked, stdin=EVENT)["reasons"]]
    assert rules == ["queued", "nightly", "render"]
    by_id = run("why-not", "-c", config, "--id", keep(tmp_path, EVENT)).out
    assert by_id.startswith("nightly did not tell: ")
    many = [{"name": f"r{number}", "when": "Task", "to": ["oncall"]} for number in range(23)]
    write_router(tmp_path, many, "oncall")
    assert run(*asked, stdin=EVENT).out.endswith("And 3 more that did not match: -o json\n")
    write_router(tmp_path, [], "oncall")
    assert run(*asked, stdin=EVENT).out == "There are no rules.\n"


def test_wrong_usage_says_what_was_meant(config: str) -> None:
    """An unknown rule, channel or event: status 2."""
    wrong = {
        ("--rule", "nigthly"): "no rule is named nigthly. Did you mean nightly?",
        ("--channel", "on-call"): "no channel is named on-call. Did you mean oncall?",
        ("--rule", "nightly", "--channel", "teem"): "no channel is named teem. Did you mean team?",
        ("--rule", "nightly", "--source", "hok"): "no source is named hok. Did you mean hook?",
        ("--rule", "nightly", "--source", "hook", "--id", "e-1"): (
            "--source and --id exclude one another. --id knows it already"
        ),
        ("--rule", "nightly", "--id", "e-1"): "no event in the store has the id e-1",
        ("--id", "nonsense"): "no event in the store has the id nonsense",
    }
    for words, said in wrong.items():
        done = run("why-not", "-c", config, *words, stdin=EVENT)
        assert (done.status, done.out, done.error.startswith(said)) == (2, "", True), done


def test_nothing_of_an_event_acts_on_the_terminal(tmp_path: Path, config: str) -> None:
    """Escapes and line ends are text, in the sentence, the clauses and the JSON."""
    bad = sample("OnJobFailed", JobName="\x1b[2J\r\nnightly told: all is well\x9b\u202e")
    for words in ([], ["-o", "json"]):
        done = run("why-not", "-c", config, "--rule", "nightly", *words, stdin=json.dumps(bad).encode())
        assert not set(done.out) & set("\x1b\r\x9b\u202e")
        assert "\nnightly told: all is well" not in done.out


def test_what_became_of_an_event_of_the_store(tmp_path: Path, sink: Sink) -> None:
    """A router told one target and was refused by another: the refusal is the reason, both are listed."""
    channels = {"oncall": {"urls": [sink.url("good"), sink.url("bad", status=404)], "storm": "off"}}
    config = write_config(tmp_path, channels, [{"name": "failed", "when": "always", "to": ["oncall"]}])
    process = Process(config)
    _, body = post(process.port, "/v1/events/hook", EVENT)
    sink.wait_for(1)
    assert process.terminate() == 0
    event_id = json.loads(body)["events"][0]["id"]
    asked = ("why-not", "-c", str(config), "--id", event_id, "--channel", "oncall")
    shown = run(*asked).out
    assert shown.startswith("failed told in part: oncall/1 accepted it at ")
    assert "; the message to oncall/2 is dead: refused: " in shown
    assert "404" in shown
    assert "oncall/1  sent" in shown
    states = {one["target"]: one["state"] for one in run_json(*asked)["reasons"][0]["deliveries"]}
    assert states == {"oncall/1": "sent", "oncall/2": "dead"}


def test_a_message_that_was_set_aside_says_why(tmp_path: Path, config: str) -> None:
    """It never reached the rules."""
    done = run("why-not", "-c", config, "--rule", "nightly", "--id", keep(tmp_path, b"[1]"))
    assert (done.status, "was set aside: the body is a JSON array" in done.error) == (2, True)

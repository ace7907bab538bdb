"""``test``: the examples of its page, what it says of failures, snapshots, reports for programs."""

import json
import re
import socket
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.running import run, run_json, write_router

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.+?)```", PAGE, re.S)

RULE = """\
rules:
  - name: instance-failed
    when: Event == 'OnInstanceFailed' && ExitCode != `0`
    to: [oncall]
    tests:
"""
WRONG = (
    RULE
    + """\
      - name: exit code 0 is told too
        given: [{event: OnInstanceFailed, with: {ExitCode: "0"}}]
        expect:
          - {by: 5m, channel: oncall, count: 1}
"""
)


def wrote(folder: Path, text: str, name: str = "rules.yaml") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def said_of(folder: Path, given: str, expect: str) -> str:
    """What is said of one test."""
    case = f"      - name: it\n        given: [{given}]\n        expect: [{expect}]\n"
    return run("test", wrote(folder, RULE + case)).out


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_the_page_passes(tmp_path: Path, text: str) -> None:
    """As it stands there, and `check` finds nothing in it."""
    file = wrote(tmp_path, text)
    done = run("test", file)
    assert done.status == 0, done.out
    assert run("check", file).status == 0


def test_the_failure_on_the_page_is_what_people_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letter by letter, the seconds aside; and the exit status is 1."""
    monkeypatch.chdir(tmp_path)
    wrote(tmp_path, WRONG, "rules/instances.yaml")
    done = run("test", "rules/instances.yaml")
    [shown] = re.findall(r"```\n(rules/instances.yaml\n.+?)```", PAGE, re.S)
    assert re.sub(r"\d+\.\d s", "0.0 s", done.out).split() == shown.split()
    assert done.status == 1


def test_the_shipped_rules_are_tested_whole() -> None:
    """Every test of every set passes, and they leave nothing out."""
    done = run("test", str(ROOT / "rules" / "batchcompute"), "--coverage")
    assert done.status == 0, done.out
    assert "Every rule, clause, event and text is reached." in done.out


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{by: 0s, channel: oncall, count: 0}", "by 0s: expected 0 messages on oncall, got 1"),
        ("{by: 0s, channel: oncal, count: 1}", "no rule tells a channel named oncal; known: oncall"),
        ("{by: 0s, channel: oncall, reason: new}", "expected the reason new, got first"),
        ("{by: 0s, channel: oncall, title_contains: 'Job'}", "expected a title with 'Job', got 'Instance "),
        ("{by: 0s, channel: oncall, body_contains: '%%'}", "expected a text with '%%', got "),
        ("{by: 1h, alerts: resolved}", "expected all alerts of instance-failed resolved, got 1 firing"),
        ("{by: 1h, alerts: none}", "expected no alert of instance-failed, got 1 firing"),
        ("{by: 1h, rule: other, alerts: none}", "no rule is named other"),
        ("{by: 0s, channel: oncall, snapshot: page}", "there is no snapshot"),
    ],
)
def test_a_failure_says_what_was_expected_and_what_came(tmp_path: Path, expect: str, said: str) -> None:
    """With the line of the expectation, the messages until then and the state of the alerts."""
    out = said_of(tmp_path, "{event: OnInstanceFailed, with: {ExitCode: '137'}}", expect)
    assert said in out
    assert "rules.yaml:8:18: by " in out
    assert "alerts of instance-failed: 1 firing" in out or "named other" in out or "oncal;" in out


def test_a_channel_that_nobody_tells_does_not_fail_in_vain(tmp_path: Path) -> None:
    """A misspelt name tried nothing, and the test passed."""
    given = "{channel: {name: oncal, fails: {times: 1, with: throttled}}}, {event: OnInstanceFailed}"
    out = said_of(tmp_path, given, "{by: 1h, channel: oncall, count: 0}")
    assert "no rule tells a channel named oncal; known: oncall" in out


def test_a_muted_alert_says_by_what(tmp_path: Path) -> None:
    """The reason stands in the explanation of the failure."""
    text = RULE.replace("to: [oncall]", "to: [oncall]\n    mode: shadow") + WRONG.removeprefix(RULE)
    done = run("test", wrote(tmp_path, text.replace('"0"', '"1"')))
    assert "muted: shadow" in done.out


def test_channels_fail_as_they_are_told(tmp_path: Path) -> None:
    """Throttled it is sent again, with pauses; refused it is sent to the fallback."""
    channels = {
        "oncall": {"url": "json://127.0.0.1:9/", "fallback": "team"},
        "team": {"url": "json://127.0.0.1:9/"},
    }
    rule = {
        "name": "failed",
        "when": "Event == 'OnJobFailed'",
        "to": ["oncall"],
        "tests": [
            {
                "name": "throttled",
                "given": [
                    {"channel": {"name": "oncall", "fails": {"times": 2, "with": "throttled"}}},
                    {"event": "OnJobFailed"},
                ],
                "expect": [
                    {"by": "0s", "channel": "oncall", "count": 0},
                    {"by": "1h", "channel": "oncall", "count": 1},
                    {"by": "1h", "channel": "team", "count": 0},
                ],
            },
            {
                "name": "refused",
                "given": [
                    {"channel": {"name": "oncall", "fails": {"with": "refused"}}},
                    {"event": "OnJobFailed"},
                ],
                "expect": [
                    {"by": "1h", "channel": "oncall", "count": 0},
                    {"by": "1m", "channel": "team", "count": 1},
                ],
            },
        ],
    }
    config = write_router(tmp_path, [rule], "oncall", "team")
    settings = json.loads(Path(config).read_text(encoding="utf-8"))
    settings["channels"] = channels
    Path(config).write_text(json.dumps(settings), encoding="utf-8")
    done = run("test", config)
    assert done.status == 0, done.out


def test_a_test_sends_nothing(tmp_path: Path) -> None:
    """Nobody calls at the address of a channel that was told."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    case = {
        "name": "it",
        "given": [{"event": "OnJobFailed"}],
        "expect": [{"by": "0s", "channel": "oncall", "count": 1}],
    }
    rule = {"name": "failed", "when": "Event == 'OnJobFailed'", "to": ["oncall"], "tests": [case]}
    config = write_router(tmp_path, [rule], "oncall")
    settings = json.loads(Path(config).read_text(encoding="utf-8"))
    settings["channels"] = {"oncall": {"url": f"json://127.0.0.1:{listener.getsockname()[1]}/"}}
    Path(config).write_text(json.dumps(settings), encoding="utf-8")
    with listener:
        assert run("test", config).status == 0
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_snapshots_hold_the_text_and_are_renewed_on_demand(tmp_path: Path) -> None:
    """Missing or different it fails, and says the difference; --update writes it; then it passes."""
    text = WRONG.replace('"0"', '"1"').replace("count: 1", "snapshot: page")
    file = wrote(tmp_path, text)
    assert run("test", file).status == 1
    assert run("test", file, "--update").status == 0
    assert run("test", file).status == 0
    kept = tmp_path / "snapshots" / "rules" / "page.txt"
    title = kept.read_text(encoding="utf-8").splitlines()[0]
    kept.write_text(kept.read_text(encoding="utf-8").replace(title, "something else"), encoding="utf-8")
    done = run("test", file)
    assert done.status == 1
    assert "-something else" in done.out
    assert f"+{title}" in done.out


def test_coverage_lists_what_no_test_reached(tmp_path: Path) -> None:
    """Rules, clauses, events and texts of one's own."""
    rules = """\
rules:
  - name: failed
    when: Event == 'OnInstanceFailed' && ExitCode != `0`
    to: [oncall]
    tests:
      - name: it
        given: [{event: OnInstanceFailed, with: {ExitCode: "1"}}]
        expect: [{by: 0s, alerts: firing}]
  - name: stopped
    when: Event == 'OnJobStopped'
    title: "{{ JobName }} was stopped"
    to: [oncall]
"""
    done = run("test", wrote(tmp_path, rules), "--coverage")
    assert done.status == 0
    assert done.out.split("No test reached:\n")[1].split("\n\n")[0].splitlines() == [
        "  clause  failed: when: never false: Event == 'OnInstanceFailed'",
        "  clause  failed: when: never false: ExitCode != `0`",
        "  rule    stopped: no test made an alert of it",
        "  clause  stopped: when: never true: Event == 'OnJobStopped'",
        "  text    stopped: title and body",
        "  event   OnJobStopped: stopped",
    ]
    missed = run_json("test", str(tmp_path / "rules.yaml"), "--coverage", "-o", "json")["missed"]
    assert missed[-1] == {"what": "event", "rule": "", "name": "OnJobStopped: stopped"}


def test_programs_read_the_results(tmp_path: Path) -> None:
    """JSON on standard output, and JUnit's XML in a file, whatever characters a text has."""
    file = wrote(tmp_path, WRONG.replace("told too", 'told "\\\\x1b" <&> ]]>'))
    report = tmp_path / "report.xml"
    done = run("test", file, "-o", "json", "--junit", str(report))
    assert done.status == 1
    [test] = json.loads(done.out)["tests"]
    assert (test["rule"], test["passed"], test["line"]) == ("instance-failed", False, 6)
    [failure] = test["failures"]
    assert failure["message"] == "by 5m: expected 1 message on oncall, got 0"
    [suite] = ET.fromstring(report.read_bytes())  # noqa: S314 our own
    assert suite.attrib["failures"] == "1"
    [case] = suite
    assert case.attrib["classname"] == "instance-failed"
    assert "expected 1 message" in case[0].attrib["message"]


def test_no_test_and_no_rule_are_faults(tmp_path: Path) -> None:
    """They would look like success otherwise."""
    none = RULE.removesuffix("    tests:\n")
    done = run("test", wrote(tmp_path, none))
    assert done.status == 2
    assert "there is no test in these rules" in done.error
    assert run("test", str(tmp_path / "nothing.yaml")).status == 2
    assert run("test", wrote(tmp_path, none.replace("when:", "whe:"))).status == 2
    missing = str(tmp_path / "no" / "report.xml")
    assert run("test", wrote(tmp_path, WRONG), "--junit", missing).status == 2


def test_a_job_that_is_not_known_is_hinted_at(tmp_path: Path) -> None:
    """Where a filter asks for ``Job``, and no event of the job came before."""
    rule = RULE.replace("ExitCode != `0`", "Job.JobName == 'nightly'")
    instance = "{event: OnInstanceFailed, with: {JobId: job-1}}"
    job = "{event: OnJobRunning, with: {JobId: job-1, JobName: weekly}}"

    def said(given: str) -> str:
        expected = "{by: 0s, channel: oncall, count: 1}"
        case = f"      - name: it\n        given: [{given}]\n        expect: [{expected}]\n"
        return run("test", wrote(tmp_path, rule + case)).out

    hint = "0s OnInstanceFailed: Job is null: nothing is known of 'job-1'; an OnJob… event of this JobId"
    assert hint in said(instance)
    known = said(f"{job}, {instance}")
    assert "Job.JobName is 'weekly'" in known
    assert "Job is null" not in known

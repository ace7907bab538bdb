"""What README.md shows works as it stands there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.acceptance.harness import Process, Sink, post

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    """The one code block of that language that contains the text."""
    [found] = [code for code in re.findall(rf"```{language}\n(.*?)```", README, re.S) if containing in code]
    return found


def command(*words: str, cwd: Path, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs ``alert-router`` with these words."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environ
    return subprocess.run(
        [sys.executable, "-m", "router", *words],
        cwd=cwd,
        input=stdin,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the two files of the first own rule."""
    settings = block("yaml", "ONCALL_URL")
    (tmp_path / "router.yaml").write_text(settings + "http: {listen: 127.0.0.1:0}\n", encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "first.yaml").write_text(block("yaml", "name: job-failed"), encoding="utf-8")
    return tmp_path


def test_the_first_own_rule_is_checked_explained_and_told(folder: Path, sink: Sink) -> None:
    """The ten minutes of the README: check, explain, run, send, received."""
    url = sink.url("")
    checked = command("check", "router.yaml", cwd=folder, ONCALL_URL=url)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    event = '{"Event": "OnJobFailed", "JobId": "job-1", "JobName": "nightly"}'
    assert event in README
    explained = command("explain", "-", cwd=folder, stdin=event, ONCALL_URL=url)
    assert explained.returncode == 0, explained.stderr
    assert "job-failed" in explained.stdout
    assert "Job nightly failed" in explained.stdout
    process = Process(folder / "router.yaml", ONCALL_URL=url)
    status, body = post(process.port, "/v1/events/hook", event.encode())
    assert (status, json.loads(body)["events"][0]["outcome"]) == (200, "routed")
    assert "Job nightly failed" in sink.wait_for(1)[0]["body"]
    listed = command("deliveries", "list", cwd=folder, ONCALL_URL=url)
    assert "sent" in listed.stdout
    sent = command("send", "oncall", cwd=folder, ONCALL_URL=url)
    assert sent.returncode == 0, sent.stdout
    balanced = command("verify", cwd=folder, ONCALL_URL=url)
    assert balanced.returncode == 0, balanced.stdout
    assert process.terminate() == 0


def test_there_is_one_first_rule(tmp_path: Path) -> None:
    """README, the ten minutes and ``init`` show the same one, in the same file, and try it alike."""
    assert command("init", cwd=tmp_path).returncode == 0
    [made] = yaml.safe_load((tmp_path / "rules" / "first.yaml").read_text(encoding="utf-8"))["rules"]
    start = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")
    event = 'echo \'{"Event": "OnJobFailed", "JobId": "job-1", "JobName": "nightly"}\' |'
    for text in (README, start):
        [shown] = [
            code for code in re.findall(r"```yaml\n(.*?)```", text, re.S) if "name: job-failed" in code
        ]
        assert yaml.safe_load(shown)["rules"] == [{key: made[key] for key in made if key != "tests"}]
        assert "`rules/first.yaml`" in text
        assert event in text


def test_the_program_of_the_readme_runs() -> None:
    """The embedding example holds."""
    done = subprocess.run(
        [sys.executable, "-c", block("python", "RuleSet.load")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_page_that_the_readme_links_exists() -> None:
    """No dead link to a page of this project."""
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_every_command_has_a_row_in_the_readme() -> None:
    """A new command turns this red until the README names it."""
    listed = command("--help", cwd=ROOT).stdout
    names = re.findall(r"^│ ([a-z][a-z-]+) ", listed, re.M) or re.findall(r"^  ([a-z][a-z-]+) ", listed, re.M)
    assert "run" in names
    for name in names:
        assert f"`{name}" in README, name

"""``init``: a new user's first files are right, and nobody's own are touched."""

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from tests.acceptance.harness import Process, Sink, post, sample
from tests.cli.running import run

FILES = ["router.yaml", "rules/first.yaml", "router.schema.json", "rules.schema.json"]


def test_what_it_writes_has_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its next commands, as they are printed: the check finds nothing, the test passes, the event is told."""
    printed = run("init", str(tmp_path / "new")).out
    assert all(f"wrote   {tmp_path / 'new' / name}\n" in printed for name in FILES)
    goes, checks, tests, explains, runs = printed.partition("Next:\n")[2].splitlines()
    assert goes == f"  cd {tmp_path / 'new'}"
    monkeypatch.chdir(tmp_path / "new")
    checked = run(*shlex.split(checks)[1:])
    assert (checked.status, checked.out) == (0, "No fault found.\n")
    assert "1 test passed" in run(*shlex.split(tests)[1:]).out
    _, event, _, _, *command = shlex.split(explains)
    assert re.search("job-failed +matched  tells oncall", run(*command, stdin=event.encode()).out)
    assert runs == "  alert-router run -c router.yaml"


def test_the_router_runs_with_it(tmp_path: Path, sink: Sink) -> None:
    """The real process; only its two addresses are others here, for the tests' sake."""
    run("init", str(tmp_path))
    settings = tmp_path / "router.yaml"
    ours = {"127.0.0.1:8080": "127.0.0.1:0", "json://127.0.0.1:9000/": sink.url("")}
    text = settings.read_text(encoding="utf-8")
    for shipped, other in ours.items():
        assert text.count(f'"{shipped}"') == 1
        text = text.replace(f'"{shipped}"', f'"{other}"')
    settings.write_text(text, encoding="utf-8")
    process = Process(settings)
    assert post(process.port, "/v1/events/hook", sample("OnJobFailed"))[0] == 200
    assert len(sink.wait_for(1)) == 1
    assert process.terminate() == 0


def test_editors_find_the_schemas(tmp_path: Path) -> None:
    """The first line of each file leads to a schema that stands beside."""
    run("init", str(tmp_path))
    for name in ("router.yaml", "rules/first.yaml"):
        first = (tmp_path / name).read_text(encoding="utf-8").splitlines()[0]
        path = (tmp_path / name).parent / first.removeprefix("# yaml-language-server: $schema=")
        assert json.loads(path.read_text(encoding="utf-8"))["properties"]


@pytest.mark.parametrize("stands", FILES)
def test_what_stands_is_not_touched(tmp_path: Path, stands: str) -> None:
    """It is listed, and the other files are written beside it."""
    (tmp_path / stands).parent.mkdir(exist_ok=True)
    (tmp_path / stands).write_text("mine", encoding="utf-8")
    done = run("init", str(tmp_path))
    assert done.status == 0
    assert f"kept    {tmp_path / stands}\n" in done.out
    assert (tmp_path / stands).read_text(encoding="utf-8") == "mine"
    assert done.out.count("wrote   ") == (2 if stands == "router.yaml" else 3)


def test_a_router_that_stands_gets_no_rule(tmp_path: Path) -> None:
    """Its patterns might take the rule in at its next start, and it may know no such channel."""
    (tmp_path / "router.yaml").write_text("rules: ['rules/*.yaml']", encoding="utf-8")
    done = run("init", str(tmp_path))
    assert "left    " in done.out
    assert not (tmp_path / "rules").exists()


def test_a_link_that_leads_nowhere_stands(tmp_path: Path) -> None:
    """Nothing is written through it to where it leads."""
    os.symlink(tmp_path / "elsewhere", tmp_path / "router.yaml")
    assert f"kept    {tmp_path / 'router.yaml'}\n" in run("init", str(tmp_path)).out
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """Exit status 2, with the path."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run("init", str(tmp_path / "file" / "deeper"))
    assert (done.status, str(tmp_path / "file") in done.error) == (2, True)
    done = run("init", str(tmp_path / "file"))
    assert (done.status, "file/rules" in done.error) == (2, True)

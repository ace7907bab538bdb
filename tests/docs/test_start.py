"""docs/start.md: its commands, as they stand there, end with a message at the receiver."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.acceptance.harness import Process, Sink, post

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "start.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Every line of the page that begins with one of ours."""
    blocks = [text.removeprefix("\n") for text in PAGE.split("```")[1::2] if text.startswith("\n")]
    return [line for block in blocks for line in block.splitlines() if "alert-router" in line]


def test_the_ten_minutes_end_with_a_message(tmp_path: Path, sink: Sink) -> None:
    """init, check, test, explain, run, and the event: each command of the page, in its order."""
    shown = commands()
    assert [line.split()[1] for line in shown if line.startswith("alert-router")] == [
        "init",
        "check",
        "test",
        "run",
    ]
    folder = tmp_path / "my-router"
    for line in shown:
        if " run " in line:
            continue
        done = _shell(line, tmp_path if " init " in line else folder)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        if "explain" in line:
            assert "nightly" in done.stdout
    assert re.findall(r"```yaml\n(rules:.*?)```", PAGE, re.S)[0].rstrip() in _without_comments(
        folder / "rules" / "first.yaml"
    )
    _told(folder, sink)


def _told(folder: Path, sink: Sink) -> None:
    settings = folder / "router.yaml"
    text = settings.read_text("utf-8").replace("json://127.0.0.1:9000/", sink.url(""))
    settings.write_text(text.replace("127.0.0.1:8080", "127.0.0.1:0"), encoding="utf-8")
    [event] = re.findall(r"curl -d '(.*?)' http", PAGE)
    process = Process(settings)
    status, body = post(process.port, "/v1/events/hook", event.encode())
    assert (status, json.loads(body)["events"][0]["outcome"]) == (200, "routed")
    assert "nightly" in sink.wait_for(1)[0]["body"]
    finished = json.dumps(json.loads(event) | {"Event": "OnJobFinished"})
    assert post(process.port, "/v1/events/hook", finished.encode())[0] == 200
    assert json.loads(sink.wait_for(2)[1]["body"])["reason"] == "resolved"
    assert process.terminate() == 0


def _shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    ours = f"{shlex.quote(sys.executable)} -m router"
    return subprocess.run(
        ["bash", "-c", line.replace("alert-router ", f"{ours} ", 1)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _without_comments(file: Path) -> str:
    lines = file.read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#")).lstrip()

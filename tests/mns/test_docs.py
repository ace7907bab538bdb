"""Every command of docs/mns.md, in its order, against the stand-in."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.harness import Sink

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "mns.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def script(ports: dict[str, str]) -> str:
    """All commands of the page; whoever is started in the background is waited for."""
    lines = ["set -eu", "trap 'kill $(jobs -p)' EXIT"]
    for line in "".join(blocks("sh")).splitlines():
        lines += [f"echo '$ {line.split(' -d ')[0]}'", line]
        if line.endswith("&"):
            port = {"mns serve": "9324", "run &": "8080", "run -c push.yaml": "8081"}
            [address] = [where for what, where in port.items() if what in line]
            path = "admin" if address == "9324" else "healthz"
            lines.append(f"until curl -s -o /dev/null http://127.0.0.1:{address}/{path}; do sleep 0.05; done")
    text = "\n".join(lines)
    for written, used in ports.items():
        text = text.replace(written, used)
    return text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the page's files, and ``alert-router`` on the path."""
    program = tmp_path / "bin" / "alert-router"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m router "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    for text in blocks("yaml"):
        name = text.splitlines()[0].removeprefix("# ")
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_page_works_as_it_stands_there(folder: Path, sink: Sink) -> None:
    """Set up, proved twice, run, simulated: the pager rings, by queue and by push, and no command fails."""
    ports = {"9324": free_port(), "8080": free_port(), "8081": free_port()}
    for file in ("router.yaml", "push.yaml"):
        text = (folder / file).read_text(encoding="utf-8")
        text = text if "http:" in text else f'http: {{listen: "127.0.0.1:8080"}}\n{text}'
        for written, used in ports.items():
            text = text.replace(written, used)
        (folder / file).write_text(text, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environ |= {
        "PATH": f"{folder / 'bin'}:{environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "ONCALL_URL": sink.url("oncall"),
    }
    with subprocess.Popen(
        ["bash", "-c", script(ports)],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            said, _ = shell.communicate(timeout=600)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, said
    assert said.count("would be made") == 3
    assert said.count("): made") + said.count(": made\n") == 4
    assert said.count("proved: test event") == 2
    assert "not proved" not in said
    assert "by this command, as no router runs" in said
    assert "by the running router" in said
    assert '{"ready":true,"problems":[],"sources":{' in said
    assert "asks for exactly those events that the rules can use" in said
    assert sink.wait_for(2)


def test_the_notification_block_is_what_the_rules_need(folder: Path) -> None:
    """Two events of sixteen, in the documented form; the others are named as left out."""
    environ = os.environ | {
        "PYTHONPATH": str(ROOT),
        "ONCALL_URL": "json://127.0.0.1:1/",
        "MNS_ENDPOINT": "http://123.mns.cn-hangzhou.aliyuncs.com",
        "MNS_ID": "id",
        "MNS_SECRET": "secret",
    }
    done = subprocess.run(
        [sys.executable, "-m", "router", "mns", "notification", "--topic", "batch-events"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"Events": [\n        "OnJobFailed",\n        "OnInstanceFailed"\n      ]' in done.stdout
    assert '"Endpoint": "http://123.mns.cn-hangzhou-internal.aliyuncs.com/"' in done.stdout
    assert "OnJobWaiting" in done.stderr
    assert "OnInstanceFailed: instance-failed" in done.stderr


def test_every_switch_of_the_stand_in_and_every_key_is_found() -> None:
    """The page names the admin address, and docs/sources.md every key of both sources."""
    from router.config.later import SETTINGS
    from router.config.settings import MnsPush, MnsQueue

    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    for name, field in [*MnsQueue.model_fields.items(), *MnsPush.model_fields.items()]:
        key = field.alias or name
        if key == "kind" or f"sources.*.{key}" in SETTINGS:
            continue
        assert f"`{key}" in page or f"{key}:" in page, key
    assert "GET /admin" in PAGE

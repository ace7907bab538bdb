"""The image: judged by a linter, and each of its commands run here."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.harness import ROOT, Process, write_config
from tests.deploy.kustomize import render

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
TEXT = DOCKERFILE.read_text(encoding="utf-8")
HADOLINT = Path(sys.executable).with_name("hadolint")


def lint(file: Path) -> tuple[int, str]:
    """Status and findings of hadolint."""
    done = subprocess.run([HADOLINT, file], capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def health_check() -> list[str]:
    """The command that says whether a container lives."""
    [command] = re.findall(r"^ +CMD (\[.*\])$", TEXT, re.M)
    return json.loads(command)


def test_the_linter_finds_nothing(tmp_path: Path) -> None:
    """And it would: an image without a tag is a finding."""
    assert lint(DOCKERFILE) == (0, "")
    (tmp_path / "Dockerfile").write_text("FROM python\n", encoding="utf-8")
    status, said = lint(tmp_path / "Dockerfile")
    assert (status, "DL3006" in said) == (1, True)


def test_what_is_copied_is_there_and_let_in() -> None:
    """Each file and folder of a COPY stands, and .dockerignore, which refuses all else, names it."""
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*)$", TEXT, re.M) for word in line.split()[:-1]]
    assert {line[1:] for line in ignore if line.startswith("!")} == set(copied)
    assert "*" in ignore
    assert all((ROOT / name).exists() for name in copied)


def test_the_health_check_sees_life_and_death(tmp_path: Path) -> None:
    """Status 0 beside a running router with a token, another one when nobody listens."""
    rules = [{"name": "all", "when": "always", "to": ["oncall"]}]
    http = {"listen": "127.0.0.1:0", "token": "a-token-of-some-length"}
    process = Process(write_config(tmp_path, {"oncall": {"url": "json://127.0.0.1:9/"}}, rules, http=http))
    python, *words = health_check()
    assert python == "python"
    ours = [sys.executable, *(word.replace(":8080/", f":{process.port}/") for word in words)]
    assert subprocess.run(ours, timeout=300, check=False).returncode == 0
    assert process.terminate() == 0
    assert subprocess.run(ours, stderr=subprocess.DEVNULL, timeout=300, check=False).returncode != 0


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe"])
def test_the_sidecar_is_probed_by_the_same_command(probe: str) -> None:
    """What is tested here is what Kubernetes runs."""
    [app] = [
        one for one in render(ROOT / "deploy/kubernetes/overlays/sidecar") if one["kind"] == "Deployment"
    ]
    [sidecar] = app["spec"]["template"]["spec"]["initContainers"]
    assert sidecar[probe]["exec"]["command"] == health_check()


def test_the_user_is_a_number_and_owns_the_state() -> None:
    """Kubernetes refuses to run a name as not-root, for it cannot see who that is."""
    [user] = re.findall(r"^USER (\d+):\d+$", TEXT, re.M)
    assert int(user) > 0
    assert f"install -d -o {user} -g {user} -m 0700 /var/lib/alert-router" in TEXT

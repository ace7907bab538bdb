"""The systemd unit, judged by systemd's own tools. CI installs them; elsewhere they may be missing."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from router.app import SENDS_END_WITHIN
from tests.acceptance.harness import ROOT

UNIT = ROOT / "deploy" / "systemd" / "alert-router.service"
PROGRAM = "/opt/alert-router/bin/alert-router"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and "CI" not in os.environ,
    reason="systemd-analyze is not here; CI has it",
)


def analyze(folder: Path, text: str, *words: str) -> tuple[int, str]:
    """Status and words of systemd-analyze about a unit whose program is there."""
    unit = folder / UNIT.name
    assert PROGRAM in text
    unit.write_text(text.replace(PROGRAM, sys.executable), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", *words, str(unit)], capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


@needs_systemd
def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    """And it would: a key that is spelt wrong is named."""
    text = UNIT.read_text(encoding="utf-8")
    assert analyze(tmp_path, text, "verify", "--man=no") == (0, "")
    slip = analyze(tmp_path, text.replace("WatchdogSec", "WatchdogSek"), "verify", "--man=no")
    assert "Unknown key 'WatchdogSek'" in slip[1]


@needs_systemd
def test_what_the_service_may_do_is_little(tmp_path: Path) -> None:
    """systemd's own measure of exposure, of 10: at most 2.0; without hardening it is more."""
    words = ("security", "--offline=true", "--threshold=20")
    status, said = analyze(tmp_path, UNIT.read_text(encoding="utf-8"), *words)
    assert status == 0, said[-500:]
    assert analyze(tmp_path, f"[Service]\nExecStart={PROGRAM}\n", *words)[0] != 0


def test_a_large_store_can_be_changed_before_it_is_ready() -> None:
    """Half an hour: systemd would end a migration, and the next start begin it anew, for ever."""
    assert "\nTimeoutStartSec=30min\n" in UNIT.read_text(encoding="utf-8")


def test_the_router_ends_before_systemd_kills_it() -> None:
    """The unit's time to stop is longer than what the router takes for itself."""
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(encoding="utf-8"), re.M)
    assert int(seconds) > SENDS_END_WITHIN + 2

"""The demo tells its story and notices when it does not."""

import subprocess
import sys

from router.cli.demo.play import TARGETS
from router.cli.demo.story import STORY


def test_demo_once_tells_the_story() -> None:
    """One command, no settings: each provider got what it should, and the exit status is 0."""
    done = subprocess.run(
        [sys.executable, "-m", "router", "demo", "--once"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for via in {via for chapter in STORY for channel in chapter.told for via in TARGETS[channel]}:
        assert f"-- {via}" in done.stdout
    assert "nightly-render" in done.stdout

"""The demo tells its story and notices when it does not."""

import subprocess
import sys

import pytest

from router.cli.demo import play
from router.cli.demo.play import TARGETS, Play, shipped_rules
from router.cli.demo.story import STORY, Chapter
from router.cli.demo.ways import ByWebhook


@pytest.mark.parametrize("over", [[], ["--mns"]], ids=["webhook", "mns"])
def test_demo_once_tells_the_story(over: list[str]) -> None:
    """One command, no settings: each provider got what it should, also over a topic of MNS."""
    done = subprocess.run(
        [sys.executable, "-m", "router", "demo", "--once", *over],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for via in {via for chapter in STORY for channel in chapter.told for via in TARGETS[channel]}:
        assert f"-- {via}" in done.stdout
    # Whole: with what happened, not with a title alone.
    assert done.stdout.count("3 of 40 instances failed") == len(TARGETS["oncall"])


def test_a_message_that_does_not_come_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a chapter's message missing, or one too many, the demo would say so and end with 1."""
    monkeypatch.setattr(play, "PATIENCE", 0.5)
    # Ends with the first that is one too many; a busy machine may need longer than a demo waits.
    monkeypatch.setattr(play, "SILENCE", 5)
    silent = Chapter("nobody is told of this", STORY[0].events, told={"team": 1})
    loud = Chapter("somebody is told of this", STORY[-1].events, told={})
    monkeypatch.setattr(play, "STORY", (silent, loud))
    wrong = Play(shipped_rules(), lambda chapter, received: None, ByWebhook()).run()
    assert [fault.partition(":")[0] for fault in wrong] == [silent.heading, loud.heading]

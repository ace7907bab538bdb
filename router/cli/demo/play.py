"""Plays the story through a real router, and shows what each provider was sent."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from router.app import load_config
from router.cli.demo.sink import Received, Sink
from router.cli.demo.story import STORY, Chapter
from router.cli.demo.ways import Way
from router.sidecar import running

#: Seconds that a chapter's messages are given to arrive.
PATIENCE = 10.0
#: Seconds in which a message that nobody should get would show up.
SILENCE = 0.4

#: Where the demo's channels send, and under which names the sink knows it.
TARGETS = {"oncall": ("Slack", "SMS", "DingTalk", "e-mail"), "team": ("Slack", "e-mail")}


def settings(sink: Sink, rules: Path, folder: Path, sources: Mapping[str, Any]) -> dict[str, Any]:
    """The demo's router.yaml: real providers' URLs, and everything for them sent to the sink."""
    slack = "slack://T00000000/B00000000/demodemodemodemodemodemo"
    return {
        "store": f"sqlite:///{folder / 'demo.db'}",
        "http": {"listen": "127.0.0.1:0"},
        "sources": dict(sources),
        "channels": {
            "oncall": {
                "urls": [
                    f"{slack}/#oncall",
                    "twilio://AC00000000000000000000000000000000:demo@15550100000/15550100001",
                    "dingtalk://0000000000000000000000000000000000000000000000000000000000000000/",
                    f"mailto://{sink.smtp}?from=router@example.com&to=oncall@example.com",
                ],
                "storm": "off",
            },
            "team": {
                "urls": [
                    f"{slack}/#team",
                    f"mailto://{sink.smtp}?from=router@example.com&to=team@example.com",
                ],
                "storm": "off",
            },
        },
        "egress": {
            "https://hooks.slack.com": sink.http,
            "https://api.twilio.com": sink.http,
            "https://oapi.dingtalk.com": sink.http,
        },
        "rules": [str(rules / "batchcompute" / "*.yaml")],
    }


class Play:
    """A router, a sink and the story.

    Args:
        show: given each chapter, when it has ended, with what was received.
        way: how the events get to the router.
    """

    def __init__(self, rules: Path, show: Callable[[Chapter, Sequence[Received]], None], way: Way) -> None:
        self._rules = rules
        self._way = way
        self._show = show
        self._received: list[Received] = []
        self._changed = threading.Condition()

    def run(self, stay: Callable[[str], None] | None = None) -> list[str]:
        """Plays the story; returns what went wrong, in words.

        Args:
            stay: called with the address after the story, while the router still runs.
        """
        with tempfile.TemporaryDirectory(prefix="alert-router-demo-") as name:
            folder = Path(name)
            sink = Sink(self._take)
            with self._way.opened(folder) as sources:
                file = folder / "router.yaml"
                # JSON is YAML.
                file.write_text(json.dumps(settings(sink, self._rules, folder, sources)), encoding="utf-8")
                with running(load_config(file)) as (_, address):
                    self._way.connect(address)
                    wrong = [fault for chapter in STORY for fault in self._tell(chapter)]
                    if stay is not None:
                        stay(address)
            sink.close()
        return wrong

    def _tell(self, chapter: Chapter) -> list[str]:
        with self._changed:
            self._received.clear()
        for event in chapter.events:
            self._way.send(event)
        wanted = sorted(via for channel, count in chapter.told.items() for via in TARGETS[channel] * count)
        got = self._wait_for(len(wanted))
        self._show(chapter, got)
        came = sorted(received.via for received in got)
        if came == wanted:
            return []
        return [f"{chapter.heading}: expected {_list(wanted)}, came {_list(came)}"]

    def _take(self, received: Received) -> None:
        with self._changed:
            self._received.append(received)
            self._changed.notify()

    def _wait_for(self, count: int) -> list[Received]:
        ends = time.monotonic() + PATIENCE
        with self._changed:
            while len(self._received) < count and (left := ends - time.monotonic()) > 0:
                self._changed.wait(left)
            self._changed.wait_for(lambda: len(self._received) > count, SILENCE)
            return list(self._received)


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def shipped_rules() -> Path:
    """The rule sets that come with the program: in the package, or beside it in a checkout.

    Raises:
        RouterError: ``not-found``.
    """
    import router
    from router.errors import RouterError

    package = Path(router.__file__).parent
    for folder in (package / "shipped_rules", package.parent / "rules"):
        if (folder / "batchcompute").is_dir():
            return folder
    raise RouterError("not-found", "the shipped rules are missing from this installation")

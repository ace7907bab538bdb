"""A link in a message, through the real process: pressed after a restart, ended by a change of keys."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.acceptance.harness import Process, Sink, get, post, sample, write_config
from tests.cli.running import run, run_json

RULE: dict[str, Any] = {"name": "failed", "when": "Event == 'OnJobFailed'", "to": ["oncall", "team"]}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_a_link_acknowledges_through_the_running_router(tmp_path: Path, sink: Sink) -> None:
    """The URL that the receiver was sent is the one that works; `alerts list` says who pressed the button."""
    channels = {name: {"url": sink.url(name)} for name in ("oncall", "team")}
    http = {"listen": "127.0.0.1:0", "public_url": "https://alerts.example.com/night/", "token": "secret"}
    config = write_config(tmp_path, channels, [RULE], http=http)
    process = Process(config)
    event = sample("OnJobFailed")
    assert post(process.port, "/v1/events/hook", event, {"authorization": "Bearer secret"})[0] == 200
    told: list[dict[str, Any]] = [json.loads(note["body"]) for note in sink.wait_for(2)]
    urls: list[str] = [one["links"]["ack"] for one in told]
    assert len(set(urls)) == 2
    assert all(url in one["text"]["body"] for url, one in zip(urls, told, strict=True))
    assert process.terminate() == 0
    process = Process(config)
    path = urlsplit(urls[0]).path
    assert path.startswith("/night/a/")
    assert get(process.port, path)[0] == 200
    [alert] = run_json("alerts", "list", "-c", str(config))["alerts"]
    assert alert["state"] == "firing"
    assert post(process.port, path.removeprefix("/night"), b"by=ann", FORM)[0] == 200
    [alert] = run_json("alerts", "list", "-c", str(config))["alerts"]
    assert (alert["state"], alert["acknowledged_by"]) == ("acknowledged", "ann (by the link)")
    assert b"Already acknowledged" in get(process.port, urlsplit(urls[1]).path)[1]
    assert run("rotate-keys", "--revoke", "-c", str(config)).status == 0
    assert get(process.port, path)[0] == 404
    assert process.terminate() == 0
    assert '"alert.acknowledged"' in process.log
    assert path.rpartition("/")[2] not in process.log

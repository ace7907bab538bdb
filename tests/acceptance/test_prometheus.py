"""Prometheus posts alerts as to an Alertmanager: told once, and told when it is over."""

import json
from pathlib import Path
from typing import Any

from tests.acceptance.harness import Process, Sink, post, write_config

RULE: dict[str, Any] = {
    "name": "disk-full",
    "when": "labels.alertname == 'DiskFull'",
    "from": ["prometheus"],
    "key": ["fingerprint"],
    "resolve_when": "status == 'resolved'",
    "send_resolved": True,
    "to": ["oncall"],
}
SOURCES = {"prometheus": {"kind": "alertmanager"}}
PATH = "/v1/events/prometheus/api/v2/alerts"


def test_an_alert_is_told_once_and_its_end(tmp_path: Path, sink: Sink) -> None:
    """However often it is said that it fires; an alert that no rule wants tells nobody."""
    channels = {"oncall": {"url": sink.url("oncall"), "storm": "off"}}
    router = Process(write_config(tmp_path, channels, [RULE], sources=SOURCES))
    alert = {"labels": {"alertname": "DiskFull", "instance": "a"}, "startsAt": "2026-11-01T15:45:02Z"}
    other = {"labels": {"alertname": "Watchdog"}, "startsAt": "2026-11-01T15:45:02Z"}
    for year in (2098, 2099):
        said = json.dumps([alert | {"endsAt": f"{year}-01-01T00:00:00Z"}, other]).encode()
        assert post(router.port, PATH, said)[0] == 200
    sink.wait_for(1)
    ended = json.dumps([alert | {"endsAt": "2026-11-01T16:00:00Z"}]).encode()
    assert post(router.port, PATH, ended)[0] == 200
    sink.wait_for(2)
    assert router.terminate() == 0
    told = [json.loads(request["body"]) for request in sink.received()]
    assert [one["reason"] for one in told] == ["first", "resolved"]
    assert told[0]["event"]["data"]["labels"] == alert["labels"]

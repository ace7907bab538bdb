"""Commands that only look need no secret of those who send."""

import json
from pathlib import Path

import pytest

from tests.cli.running import keep, run, write_router

LOOKS = [
    ("events", "--undecodable"),
    ("alerts", "list"),
    ("deliveries", "list"),
    ("deliveries", "list", "--state", "dead"),
    ("silences", "list"),
    ("silences", "add", "rule == 'a'", "--for", "1h", "--comment", "x", "--dry-run"),
    ("top",),
    ("tail", "--since", "5m", "--no-follow"),
    ("verify",),
    ("explain",),
    ("why-not", "--rule", "a"),
    ("store", "migrate"),
]
SENDS = [
    ("check", "router.yaml"),
    ("send", "oncall", "-c", "router.yaml"),
    ("run", "-c", "router.yaml"),
    ("alerts", "resolve", "a-1", "-c", "router.yaml"),
]


@pytest.fixture
def without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A router whose channel and queue have their secrets in an environment that is not there."""
    sources = {
        "hook": {"kind": "webhook"},
        "queue": {
            "kind": "mns-queue",
            "endpoint": "http://127.0.0.1:9",
            "queue": "q",
            "access_key_id": "${env:NO_ID}",
            "access_key_secret": "${file:no-secret}",
        },
    }
    channels = {"oncall": {"url": "${env:NO_URL}"}, "team": {"urls": ["slack://${env:NO_TOKEN}"]}}
    rule = {"name": "a", "when": "type == 'a'", "to": ["oncall", "team"]}
    write_router(tmp_path, [rule], sources=sources, channels=channels)
    keep(tmp_path, b"{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_who_only_looks_needs_no_secret(without: Path, words: tuple[str, ...]) -> None:
    """Events, alerts, deliveries and verdicts are shown without the addresses of channels and access keys."""
    done = run(*words, "-c", "router.yaml", stdin=b'{"type": "a"}')
    assert done.status == 0, done


def test_rules_are_tested_without_secrets(without: Path) -> None:
    """Nothing is sent: a build server needs no token; what is missing is said."""
    given, expect = {"at": "0s", "event": "OnJobFailed"}, {"by": "1m", "channel": "oncall", "count": 1}
    case = {"name": "told", "given": [given], "expect": [expect]}
    rule = {"name": "a", "when": "Event == 'OnJobFailed'", "to": ["oncall"], "tests": [case]}
    (without / "rules.yaml").write_text(json.dumps({"rules": [rule]}), encoding="utf-8")
    done = run("test", "router.yaml")
    assert (done.status, done.error.count("the environment has no NO_URL")) == (0, 1), done


@pytest.mark.parametrize("words", SENDS, ids=" ".join)
def test_who_sends_needs_them(without: Path, words: tuple[str, ...]) -> None:
    """The one that is missing is named with its place."""
    done = run(*words)
    assert done.status != 0
    assert "the environment has no NO_URL" in done.out + done.error


def test_a_channel_without_its_address_is_shown_plainly(without: Path) -> None:
    """Where the address is missing its kind is unknown, which is said; where a part is, the kind is known."""
    done = run("explain", "-o", "json", stdin=b'{"type": "a"}')
    kinds = {one["target"]: one["kind"] for one in json.loads(done.out)["messages"]}
    assert kinds == {"oncall/1": "plain", "team/1": "slack"}
    assert "channels.oncall.url: the environment has no NO_URL" in done.error


def test_what_looking_needs_must_be_there(without: Path) -> None:
    """The address of the store is no secret of a channel."""
    settings = json.loads((without / "router.yaml").read_text())
    (without / "router.yaml").write_text(json.dumps(settings | {"store": "${env:NO_STORE}"}))
    done = run("alerts", "list")
    assert (done.status, "the environment has no NO_STORE" in done.error) == (2, True)

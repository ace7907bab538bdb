"""The keys of MNS sources: what is taken, and what is said of what is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from router.app import access_of, queue_settings
from router.config import load
from router.config.settings import MnsPush, MnsQueue
from router.errors import ConfigError

QUEUE: dict[str, Any] = {
    "kind": "mns-queue",
    "endpoint": "http://127.0.0.1:9324",
    "queue": "batch-alerts",
    "access_key_id": "id",
    "access_key_secret": "very-secret",
}
RULES = {"rules": [{"name": "job-failed", "when": "Event == 'OnJobFailed'", "to": ["oncall"]}]}


def settings(folder: Path, source: dict[str, Any]) -> Any:
    (folder / "rules.yaml").write_text(json.dumps(RULES), encoding="utf-8")
    file = folder / "router.yaml"
    whole = {
        "sources": {"batch": source},
        "channels": {"oncall": {"url": "json://127.0.0.1:1/"}},
        "rules": ["rules.yaml"],
    }
    file.write_text(json.dumps(whole), encoding="utf-8")
    return load(file).settings.sources["batch"]


def test_a_queue_with_its_defaults(tmp_path: Path) -> None:
    """Two consumers, 5 s of waiting, ten receives; the secret shows nowhere."""
    keys = settings(tmp_path, QUEUE)
    assert isinstance(keys, MnsQueue)
    made = queue_settings(keys)
    assert (made.queue, made.consumers, made.wait, made.visibility, made.max_dequeues) == (
        "batch-alerts",
        2,
        5,
        None,
        10,
    )
    assert access_of(keys).access_key_secret == "very-secret"
    assert "very-secret" not in repr(keys) + repr(made)


def test_a_queue_with_everything(tmp_path: Path) -> None:
    """Each key arrives where it is used."""
    more = {"security_token": "t", "consumers": 4, "wait": "20s", "visibility": "2m", "max_dequeues": 3}
    keys = settings(tmp_path, QUEUE | more)
    assert isinstance(keys, MnsQueue)
    made = queue_settings(keys)
    assert (made.access.security_token, made.consumers, made.wait) == ("t", 4, 20)
    assert (made.visibility, made.max_dequeues) == (120, 3)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("endpoint", "http://host/path", "without a path"),
        ("endpoint", "mns.aliyuncs.com", "expected http://ACCOUNT"),
        ("endpoint", "HTTP://host", "in lower case"),
        ("queue", "-q", "queue"),
        ("wait", "31s", "expected 0s to 30s"),
        ("wait", 5, "expected a duration such as 90s"),
        ("visibility", "0s", "expected 1s to 43200s"),
        ("visibility", "1d", "expected 1s to 43200s"),
        ("consumers", 0, "consumers"),
        ("max_dequeues", 0, "max_dequeues"),
        ("acces_key_id", "x", "did you mean access_key_id"),
    ],
)
def test_what_is_not_taken(tmp_path: Path, key: str, value: Any, said: str) -> None:
    """The finding names the key or the range, with its place."""
    with pytest.raises(ConfigError) as error:
        settings(tmp_path, QUEUE | {key: value})
    assert said in str(error.value)
    assert "router.yaml:1:" in str(error.value)


def test_a_push_is_verified_unless_told_otherwise(tmp_path: Path) -> None:
    """``verify`` is on; off must be written."""
    keys = settings(tmp_path, {"kind": "mns-push"})
    assert isinstance(keys, MnsPush)
    assert (keys.verify, keys.certificate, keys.max_age) == ("on", None, None)
    off = settings(tmp_path, {"kind": "mns-push", "verify": "off"})
    assert isinstance(off, MnsPush)
    assert off.verify == "off"


def test_a_push_with_everything(tmp_path: Path) -> None:
    """What is expected, how old it may be, and whose signature."""
    (tmp_path / "mns.pem").touch()
    keys = settings(
        tmp_path,
        {
            "kind": "mns-push",
            "certificate": "mns.pem",
            "expect": {"owner": "123", "topic": "t"},
            "max_age": "15m",
        },
    )
    assert isinstance(keys, MnsPush)
    assert keys.expect.model_dump(exclude_none=True) == {"owner": "123", "topic": "t"}
    assert (keys.certificate, keys.max_age) == (str(tmp_path / "mns.pem"), 900_000_000)


def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    """``check`` says so, and where the path is seen from."""
    with pytest.raises(ConfigError, match=r"sources\.batch\.certificate: No such file .*router\.yaml"):
        settings(tmp_path, {"kind": "mns-push", "certificate": "mns.pem"})

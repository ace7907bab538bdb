"""Every key and every code has a place in docs/configuration.md."""

import re
from pathlib import Path
from typing import Any

import router.config as config
from router.config.rules import RuleKeys
from router.config.settings import Channel, Http, HttpClient, Settings

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def keys_of(model: Any, prefix: str = "") -> list[str]:
    """A model's keys as a file names them."""
    return [prefix + (field.alias or name) for name, field in model.model_fields.items()]


def test_every_key_has_a_row() -> None:
    """A new key turns this red until the page names it."""
    keys = keys_of(Settings) + keys_of(Http, "http.") + keys_of(HttpClient, "http_client.")
    keys += keys_of(Channel) + keys_of(RuleKeys)
    sections = {"http", "http_client", "sources", "channels"}
    for key in keys:
        assert key in sections or f"`{key}`" in PAGE, key


def test_every_code_has_a_row() -> None:
    """Each code that the reader of files gives is explained, and no other."""
    code = "".join(file.read_text(encoding="utf-8") for file in Path(config.__file__).parent.glob("*.py"))
    given = set(re.findall(r'"([YTC]\d{3})"', code))
    explained = set(re.findall(r"^\| `([YTC]\d{3})`", PAGE, re.M))
    assert given == explained

"""Every key and every code has a place in docs/configuration.md."""

import re
from pathlib import Path
from typing import Any

import pytest

import router.config as config
from router.config import later
from router.config.rules import RuleKeys
from router.config.settings import (
    Channel,
    Drill,
    File,
    Http,
    HttpClient,
    MnsPush,
    MnsQueue,
    Ping,
    Settings,
    Webhook,
)

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def keys_of(model: Any, prefix: str = "") -> list[str]:
    """A model's keys as a file names them."""
    return [prefix + (field.alias or name) for name, field in model.model_fields.items()]


def rows(heading: str) -> set[str]:
    """The keys that have a row below a heading."""
    section = PAGE.split(f"\n{heading}\n")[1].split("\n#")[0]
    return set(re.findall(r"^\| `([a-z_.]+)` \|", section, re.M))


def later_keys(prefix: str) -> set[str]:
    """Those of router.yaml that do not work in this version at all."""
    return {key.removeprefix(prefix) for key, works in later.SETTINGS.items() if not works}


@pytest.mark.parametrize(
    ("heading", "models", "prefix"),
    [
        (
            "## router.yaml",
            {"": Settings, "http.": Http, "http_client.": HttpClient, "ping.": Ping, "drill.": Drill},
            "",
        ),
        ("### Sources", {"": Webhook, " ": MnsPush, "  ": MnsQueue, "   ": File}, "sources.*."),
        ("### Channels", {"": Channel}, "channels.*."),
    ],
)
def test_every_key_of_router_yaml_has_a_row(heading: str, models: dict[str, Any], prefix: str) -> None:
    """A new key, or one that works from now on, turns this red until the page names it, and no other."""
    keys = {key.strip() for outer, model in models.items() for key in keys_of(model, outer)}
    assert rows(heading) == keys - later_keys(prefix) - {"http", "http_client", "ping", "drill"}


def test_every_key_of_a_rule_has_a_row() -> None:
    """The same for rule files."""
    assert rows("## Rule files") == set(keys_of(RuleKeys))


def test_every_code_has_a_row() -> None:
    """Each code that the reader of files gives is explained, and no other."""
    code = "".join(file.read_text(encoding="utf-8") for file in Path(config.__file__).parent.glob("*.py"))
    given = set(re.findall(r'"([FYTC]\d{3})"', code))
    explained = set(re.findall(r"^\| `([FYTC]\d{3})`", PAGE, re.M))
    assert given == explained

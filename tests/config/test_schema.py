"""The JSON Schemas say what the reader says: what it takes is valid, what it refuses for its form is not."""

import re
from pathlib import Path
from typing import Any

import pytest

from router.config import load, rule_files, schemas
from router.config.settings import Settings
from router.config.yaml import Document, parse, read
from router.errors import ConfigError
from tests.config.json_schema import holds

ROOT = Path(__file__).parent.parent.parent
SCHEMAS = schemas()
RULES = "rules:\n  - {name: a, when: always, to: [c], group_by: ['...'], mode: off, labels: {a: b}}\n"
SETTINGS = """
store: postgresql://h/db
http: {listen: "[::1]:80", token: "${file:token}"}
sources:
  hook: {kind: webhook, path: /x}
  push: {kind: mns-push, verify: off, expect: {topic: t}, max_age: 15m}
  q: {kind: mns-queue, endpoint: "http://h", queue: q, consumers: 3, access_key_id: a, access_key_secret: s}
  lines: {kind: file, path: "-"}
channels:
  c: {urls: ["json://h/"], rate: "${env:RATE}", storm: off, timeout: 3s, max_unknown: 1, accept: "a"}
  d: {url: "json://h/", fallback: c, give_up_after: 1h}
rules: [r.yaml]
egress: {"https://a": "http://b:1"}
http_client: {proxy: "http://p:1"}
retention: 1d
timezone: Asia/Shanghai
language: zh
"""


def value(text: str) -> Any:
    """What a YAML text says."""
    return parse(Document("f", text)).value


def is_taken(folder: Path, settings: str, rules: str) -> bool:
    """Whether the reader finds no fault of form."""
    (folder / "router.yaml").write_text(settings)
    (folder / "r.yaml").write_text(rules)
    (folder / "token").write_text("secret")
    try:
        load(folder / "router.yaml", environ={"RATE": "3/min"})
    except ConfigError:
        return False
    return True


def test_what_is_taken_is_valid(tmp_path: Path) -> None:
    """Every key that works in this version, and references in the place of texts and numbers."""
    assert is_taken(tmp_path, SETTINGS, RULES)
    assert holds(SCHEMAS["router"], value(SETTINGS))
    assert holds(SCHEMAS["rules"], value(RULES))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: webhook", "kind: webhok"),
        ("kind: webhook", "kid: webhook"),
        ("path: /x", "path: x"),
        ("path: /x", "schema: [x]"),
        ("consumers: 3", "consumers: 0"),
        ("access_key_id: a, ", ""),
        ("verify: off", "verify: maybe"),
        ("max_age: 15m", "max_age: 15"),
        ("max_age: 15m", "max_age: ''"),
        ("storm: off", "storm: {groups: 0}"),
        ("storm: off", "proxy: 'http://p'"),
        ("storm: off", "formats: {}"),
        ("storm: off", "strom: off"),
        ("storm: off", "url: 'json://h/'"),
        ("max_unknown: 1", "max_unknown: true"),
        ("  d: {", "  D_d: {"),
        ("rules: [r.yaml]", "rules: r.yaml"),
        ("rules: [r.yaml]", ""),
        ("language: zh", "language: fr"),
        ("http://b:1", "http://b:1/path"),
        ("retention: 1d", "time_intervals: []"),
    ],
)
def test_what_is_refused_in_router_yaml_is_invalid(tmp_path: Path, old: str, new: str) -> None:
    """Wrong words, forms, ranges, missing and unknown keys, and keys of a later version."""
    text = SETTINGS.replace(old, new)
    assert text != SETTINGS
    assert not is_taken(tmp_path, text, RULES)
    assert not holds(SCHEMAS["router"], value(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: a", "name: A"),
        ("name: a, ", ""),
        ("when: always, ", ""),
        ("to: [c]", "to: c"),
        ("mode: off", "mode: of"),
        ("mode: off", "hold: 5"),
        ("['...']", "JobId"),
        ("{a: b}", "{a: 1}"),
        ("mode: off", "stop: 'yes'"),
        ("rules:", "defaults: {name: x}\nrules:"),
        ("rules:", "defaults: {severity: bad}\nrules:"),
        ("rules:", "rule: 1\nrules:"),
    ],
)
def test_what_is_refused_in_a_rule_file_is_invalid(tmp_path: Path, old: str, new: str) -> None:
    """The same for rules and defaults."""
    text = RULES.replace(old, new)
    assert text != RULES
    assert not is_taken(tmp_path, SETTINGS, text)
    assert not holds(SCHEMAS["rules"], value(text))


def test_what_is_shipped_and_shown_is_valid() -> None:
    """The shipped rules, and every YAML block of the README."""
    for file in rule_files(ROOT / "rules"):
        assert holds(SCHEMAS["rules"], read(file).value), file
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    assert blocks
    for block in blocks:
        name = "router" if "channels:" in block else "rules"
        assert holds(SCHEMAS[name], value(block)), block


def test_an_editor_has_something_to_say() -> None:
    """Every key of both schemas has a description, and durations have defaults as people write them."""
    for schema in SCHEMAS.values():
        for name, model in [("", schema), *schema["$defs"].items()]:
            for key, form in model.get("properties", {}).items():
                assert form.get("description") or key == "kind", f"{name}.{key}"
    channel = SCHEMAS["router"]["$defs"]["Channel"]["properties"]
    assert (channel["timeout"]["default"], channel["give_up_after"]["default"]) == ("12s", "1d")
    assert SCHEMAS["router"]["properties"]["retention"]["default"] == "14d"
    assert set(SCHEMAS["router"]["properties"]) <= {f.alias or n for n, f in Settings.model_fields.items()}

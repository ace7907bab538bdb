"""What a path names: settings, rule files, or a folder of both."""

from pathlib import Path

import pytest

from router.config import named, rule_files
from router.errors import ConfigError

SETTINGS = "sources: {hook: {kind: webhook}}\nrules: ['rules/*.yaml', '../shared.yaml', 'none-*.yaml']\n"


def _write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SETTINGS if path.stem.startswith("router") else "rules: []\n")


def test_a_folder_with_settings_is_those_and_what_they_do_not_name(tmp_path: Path) -> None:
    """What settings name is checked with them, and not again without their channels."""
    _write(
        tmp_path, "router.yaml", "b/router-test.yml", "rules/a.yaml", "rules/a.txt", "shared.yaml", "b/c.yml"
    )
    found = named(tmp_path)
    assert found.settings == [tmp_path / "b" / "router-test.yml", tmp_path / "router.yaml"]
    assert found.rules == [tmp_path / "b" / "c.yml"]
    assert rule_files(tmp_path) == found.rules


def test_what_is_hidden_and_folders_that_end_so_are_left_out(tmp_path: Path) -> None:
    """As a shell's pattern leaves them out; a hidden file that is named itself counts."""
    _write(tmp_path, "a.yaml", ".b.yaml", ".c/d.yaml", "e.yaml/f.yaml")
    assert rule_files(tmp_path) == [tmp_path / "a.yaml", tmp_path / "e.yaml" / "f.yaml"]
    assert rule_files(tmp_path / ".b.yaml") == [tmp_path / ".b.yaml"]
    assert rule_files(tmp_path / ".c") == [tmp_path / ".c" / "d.yaml"]


def test_a_folder_without_rules_is_an_error(tmp_path: Path) -> None:
    """Who names the wrong folder is not told that all is well."""
    (tmp_path / "notes.txt").write_text("rules: []")
    with pytest.raises(ConfigError, match="no rule file stands in this folder"):
        named(tmp_path)

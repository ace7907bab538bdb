"""The line that a finding is about, and the carets under it."""

import re
from pathlib import Path

import pytest

from tests.cli.running import run


def _quoted(path: Path, text: str, encoding: str = "utf-8") -> tuple[str, str]:
    """The first quoted line and the line with its carets, without the gutter."""
    path.write_text(text, encoding=encoding, newline="")
    lines = run("check", str(path)).out.splitlines()
    at = next(number for number, line in enumerate(lines) if re.match(r" *\d+ \| ", line))
    line, carets = lines[at], lines[at + 1]
    return line.partition("| ")[2], carets.partition("| ")[2]


RULE = "  - {name: a, when: \"Event == 'OnJobFaild'\", to: [b]}"


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029"])
def test_the_line_is_the_one_that_yaml_counts(tmp_path: Path, end: str) -> None:
    """Whatever ends a line in YAML ends it here."""
    path = tmp_path / "rules.yaml"
    line, carets = _quoted(path, f"rules:{end}  # one{end}{RULE}{end}")
    assert line == RULE
    assert carets.index("^") == RULE.index("'OnJobFaild'")
    assert carets.count("^") == len("'OnJobFaild'")


def test_a_byte_order_mark_is_no_letter(tmp_path: Path) -> None:
    """The carets of the first line stand where they stand without it."""
    path = tmp_path / "rules.yaml"
    line, carets = _quoted(path, "{rules: [], ruels: 1}\n", "utf-8-sig")
    assert line == "{rules: [], ruels: 1}"
    assert carets.index("^") == line.index("ruels")


@pytest.mark.parametrize(
    ("letters", "columns"), [("中文", 4), ("🙂", 2), ("e\u0301", 1), ("ｱ", 1), ("\u200d", 6)]
)
def test_carets_are_as_wide_as_what_they_mean(tmp_path: Path, letters: str, columns: int) -> None:
    """Two columns for a wide letter, none for an accent, six for what is escaped; also before the part."""
    path = tmp_path / "rules.yaml"
    _, carets = _quoted(path, RULE.join(("rules:\n", "\n")).replace("OnJobFaild", f"OnJobFaild{letters}"))
    assert carets.count("^") == len("'OnJobFaild'") + columns
    _, moved = _quoted(path, RULE.join(("rules:\n", "\n")).replace("name: a", f"title: '{letters}', name: a"))
    assert moved.index("^") == RULE.index("'OnJobFaild'") + len("title: '', ") + columns


def test_of_a_long_line_the_part_is_shown(tmp_path: Path) -> None:
    """A line of 100,000 letters is cut before and behind what is meant."""
    path = tmp_path / "rules.yaml"
    much = " " * 50_000
    text = f"rules: [{{name: a, {much} when: \"Event == 'OnJobFaild'\", {much} to: [b]}}]\n"
    line, carets = _quoted(path, text)
    assert len(line) < 200
    assert line[carets.index("^") : carets.rindex("^") + 1] == "'OnJobFaild'"
    assert line.startswith("…")
    assert line.endswith("…")

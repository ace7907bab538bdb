"""YAML 1.2 as it is taken here: what scalars say, and what is refused, quickly."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config.yaml import MOST_BYTES, MOST_FAULTS, Document, parse, read


def value(text: str) -> Any:
    """What a document without faults says."""
    document = parse(Document("f", text))
    assert document.findings == []
    return document.value


def refusals(text: str) -> list[tuple[str, int, int]]:
    """Codes and places of a document's faults."""
    return [(one.code, one.place.line, one.place.column) for one in parse(Document("f", text)).findings]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("9" * 400, float("inf")),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("2026-11-23", "2026-11-23"),
        ("1_000", "1_000"),
        ("'1'", "1"),
        ('"true"', "true"),
    ],
)
def test_a_plain_scalar_says_what_yaml_1_2_says(text: str, said: Any) -> None:
    """true, false, null and numbers; everything else is text, also what YAML 1.1 took for more."""
    assert value(f"a: {text}") == {"a": said}


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("a: &x 1\nb: *x\n", [("Y003", 1, 4), ("Y003", 2, 4)]),
        ("&x a: 1\n", [("Y003", 1, 1)]),
        ("a: !!str 1\n", [("Y005", 1, 4)]),
        ("a: !x [1]\n", [("Y005", 1, 4)]),
        ("!x a: 1\n", [("Y005", 1, 1)]),
        ("a: ! b\n", [("Y005", 1, 4)]),
        ("a: {<<: {b: 1}, c: 1}\n", [("Y003", 1, 5)]),
        ("'<<': 1\n", []),
        ("a: 1\nb: 2\na: [3, {4: 5}]\nb: 1\n", [("Y007", 3, 1), ("Y007", 4, 1)]),
        ("? [a]\n: 1\nb: 2\nb: 3\n", [("Y006", 1, 3), ("Y007", 4, 1)]),
        ("a: 1\n--- \nb: 2\n", [("Y002", 2, 1)]),
        ("a: b: c\n", [("Y001", 1, 5)]),
        ("a: [\n", [("Y001", 2, 1)]),
        ("a: \u2029\n  é\x07\n", [("Y001", 3, 4)]),
    ],
)
def test_what_is_refused_has_its_place(text: str, refused: list[tuple[str, int, int]]) -> None:
    """Each fault of form has its code, line and column; one hides no other."""
    assert refusals(text) == refused


def test_what_was_refused_is_marked_and_empty() -> None:
    """A value with a fault of form is no value, and says that it was told already."""
    document = parse(Document("f", "a: !x {b: [1, 2]}\nc: 3\n"))
    assert (document.value, document.broken) == ({"a": None, "c": 3}, {("a",)})


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 200_000,
        "- " * 200_000,
        "{a: " * 200_000,
        "a: &a [x]\n" + "".join(f"{i}: &{i}x [{', '.join(['*a'] * 9)}]\n" for i in range(20_000)),
        "a: [" + "*a, " * 1_000_000 + "]",
        "x: {" + "a: 1, " * 500_000 + "}",
        "? " * 200_000,
        "a: &x\n" + "b: " * 200_000,
        "".join(f"a{i}: {{<<: [*b, *b]}}\n" for i in range(100_000)),
        "k: " + '"' + "\\x41" * 1_000_000,
    ],
    ids=["flow", "block", "maps", "aliases", "alias-list", "doubles", "keys", "scalars", "merges", "text"],
)
def test_a_bomb_is_refused_quickly(bomb: str) -> None:
    """Neither nesting nor repetition costs memory or time: megabytes are refused within two seconds."""
    started = time.process_time()
    faults = refusals(bomb)
    assert 0 < len(faults) <= MOST_FAULTS
    assert time.process_time() - started < 2


@settings(deadline=None)
@given(st.text(max_size=60) | st.text("ab:-[]{}&*!|>'\"%@`#,?\n \t\\<", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text ends in anything but a value or a finding."""
    document = parse(Document("f", text))
    for finding in document.findings:
        assert finding.place.line >= 1
        assert finding.place.column >= 1


def test_a_file_is_read_only_if_it_is_a_small_text(tmp_path: Path) -> None:
    """Missing, a folder, a pipe nobody writes to, too large, not UTF-8: each is said, none hangs."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"#" * (MOST_BYTES + 1))
    (tmp_path / "latin").write_bytes(b"a: \xe9")
    said = {
        name: [(one.code, one.message) for one in read(tmp_path / name).findings]
        for name in ("none", ".", "pipe", "large", "latin", "\0")
    }
    assert said == {
        "none": [("Y000", "cannot be read: No such file or directory")],
        ".": [("Y000", "cannot be read: it is a folder")],
        "pipe": [("Y000", "cannot be read: it is not a regular file")],
        "large": [("Y000", "cannot be read: it is larger than 8 MiB")],
        "latin": [("Y000", "not UTF-8: the byte 0xE9 stands here")],
        "\0": [("Y000", "cannot be read: no file has such a name")],
    }


def test_a_byte_order_mark_does_not_count(tmp_path: Path) -> None:
    """Editors that write one move no column."""
    (tmp_path / "f").write_bytes("\ufeffa: !x b".encode())
    assert [one.place.column for one in read(tmp_path / "f").findings] == [4]

"""What is said of a file that is not YAML: in plain words, at the place where a person would mend it."""

from pathlib import Path

import pytest

from router.config.yaml import Document, parse, read


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("rules:\n\t- name: a\n", 2, 1, "a tab cannot indent; indent with spaces"),
        ("a: @x\n", 1, 4, "a text cannot begin with @; put it in quotes"),
        ("a:\n  - {b: 1\n", 2, 5, "the { that begins here never ends; close it with }"),
        ("a: 'b\nc: d\n", 1, 4, "the ' that begins here never ends; close it with '"),
        ("a: [1, [2,\n\n", 3, 1, "the file ends too early"),
        ("a: b: c\n", 1, 5, "a colon and a space begin a value, and none can stand here"),
        ("- a\n-b\n", 2, 1, "expected a key, a colon and a space"),
        ("a:\n  - b: 1\n   c: 2\n", 3, 4, "expected an entry of the list that begins in line 2"),
        (
            '- a: 1\n  b: "x" y # c: d\n',
            2,
            10,
            "did not find expected key (begun in line 1); put the whole text in",
        ),
        ("a: [1, 2\nb: 3\n", 2, 2, "did not find expected ',' or ']' (begun in line 1)"),
    ],
)
def test_what_is_not_yaml_is_said_in_plain_words(text: str, line: int, column: int, said: str) -> None:
    """With what to do, where there is one thing to do."""
    [finding] = parse(Document("r.yaml", text)).findings
    assert (finding.code, finding.place.line, finding.place.column) == ("Y001", line, column)
    assert said in f"{finding.message}; {finding.fix}"


@pytest.mark.parametrize("end", ["", " ", "\n", "\n\n"])
@pytest.mark.parametrize(
    "text", ["[", "{", "{a", "'", '"', "a: |x", "a: !", "a: &", "- [a, {", "%", "a: [b: c: d", "?"]
)
def test_every_place_is_within_the_file(text: str, end: str) -> None:
    """Also where it ends too early; nothing fails on what is not there."""
    for finding in parse(Document("r.yaml", text + end)).findings:
        assert 1 <= finding.place.line <= (text + end).count("\n") + 1
        assert 1 <= finding.place.column <= len(text + end) + 1


@pytest.mark.parametrize(
    ("content", "line", "column", "said"),
    [
        (b"rules:\n  - {name: a\xff}\n", 2, 13, "the byte 0xFF stands here"),
        (b"\xef\xbb\xbfa: \xc3(\n", 1, 4, "the byte 0xC3 stands here"),
        ("a: é\r\n# ".encode() + b"\x80", 2, 3, "the byte 0x80 stands here"),
        ("rules: []\n".encode("utf-16"), 1, 1, "it is UTF-16"),
    ],
)
def test_what_is_not_utf8_is_found(tmp_path: Path, content: bytes, line: int, column: int, said: str) -> None:
    """By line and column, as an editor shows it."""
    path = tmp_path / "rules.yaml"
    path.write_bytes(content)
    [finding] = read(path).findings
    assert (finding.code, finding.message) == ("Y000", f"not UTF-8: {said}")
    assert (finding.place.line, finding.place.column) == (line, column)

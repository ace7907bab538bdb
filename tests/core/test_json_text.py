"""JSON from outside."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.json_text import (
    MAX_DEPTH,
    JsonError,
    canonical_json,
    is_json_type,
    kind_of,
    read_json,
    write_json,
    write_text,
)

LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(VALUES)
def test_reads_what_the_standard_library_writes(value: Any) -> None:
    """Any JSON value comes back, as compact text and as ASCII with escapes."""
    finite = json.loads(json.dumps(value).replace("Infinity", "0"))
    for ascii_only in (True, False):
        text = json.dumps(finite, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        assert read_json(text) == finite


@given(VALUES)
def test_what_is_written_comes_back(value: Any) -> None:
    """Any finite JSON value, as ASCII; named in order, equal values give equal texts."""
    finite = json.loads(json.dumps(value).replace("Infinity", "0"))
    text = write_json(finite)
    assert text.isascii()
    assert json.loads(text) == finite
    assert json.loads(canonical_json(finite)) == finite


@given(st.dictionaries(st.text(), VALUES))
def test_equal_values_have_one_canonical_text(value: dict[str, Any]) -> None:
    """The order of names says nothing."""
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


def test_half_a_surrogate_pair_is_written_as_an_escape() -> None:
    """What no UTF-8 can hold is still text, and a tuple by any name is a list."""
    assert write_json({"b": "\ud800", "a": (1,)}) == '{"b":"\\ud800","a":[1]}'


def test_letters_stand_as_they_are_in_a_text_for_people() -> None:
    """No escape for a letter; what the fast writer refuses is written by the standard library."""
    assert write_text({"a": "Ä\u2028", "b": (1,)}) == '{"a":"Ä\u2028","b":[1]}'
    assert write_text({"a": "\ud800", "b": 2**70}) == f'{{"a":"\ud800","b":{2**70}}}'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"\xef\xbb\xbf{}", {}),
        (b" \r\n[1]\t", [1]),
        (b"18446744073709551616", 18446744073709551616.0),
        (b'"\\u0000"', "\0"),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"cut \\ud83d"', "cut �"),
        (b'"\\ude00 tail"', "� tail"),
        (b'"\\ud83d\\ud83d\\ude00"', "�😀"),
        (b'"\\\\ud83d \\ud83d"', "\\ud83d �"),
    ],
)
def test_all_that_the_grammar_allows_is_read(text: bytes, value: object) -> None:
    """Names twice, marks, integers beyond 64 bits and half pairs are read as documented."""
    assert read_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"[1,]",
        b"{a:1}",
        b"'a'",
        b"1 2",
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: bytes) -> None:
    """A fault says where it is."""
    with pytest.raises(JsonError, match=r"\(line 1, column \d+\)"):
        read_json(text)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_bounded(opening: str, closing: str) -> None:
    """The deepest allowed is read, one more is refused, and so are thousands."""
    inner = "1" if opening != "[" else ""

    def nested(depth: int) -> bytes:
        return f"{opening * depth}{inner}{closing * depth}".encode()

    read_json(nested(MAX_DEPTH))
    for depth in (MAX_DEPTH + 1, 1000, 30_000):
        with pytest.raises(JsonError, match=r"deep|depth"):
            read_json(nested(depth))


def test_many_small_values_are_not_deep() -> None:
    """Width is no depth: 80,000 lists beside one another are read."""
    assert len(read_json(b"[" + b"[]," * 80_000 + b"[]]")) == 80_001


@pytest.mark.parametrize(
    "text", [b"\\ud800" * 43_000, b'"' + b"\\ud800" * 43_000, b"[" * 262_144, b"\\" * 262_144]
)
def test_hostile_texts_are_refused_quickly(text: bytes) -> None:
    """256 KiB of the worst are refused in far less than a second."""
    started = time.thread_time()
    with pytest.raises(JsonError):
        read_json(text)
    assert time.thread_time() - started < 0.5


def test_media_types() -> None:
    """JSON under its own name, a suffix, any case, with parameters, or unsaid."""
    assert all(map(is_json_type, ["", "application/json", "Application/CloudEvents+JSON; charset=utf-8"]))
    assert not any(map(is_json_type, ["text/plain", "application/xml", "application/jsonx"]))


def test_kinds_in_words() -> None:
    """Every JSON value has its word."""
    for kind, text in {"object": "{}", "array": "[]", "text": '""', "number": "1.5", "null": "null"}.items():
        assert kind_of(read_json(text.encode())) == kind
    assert (kind_of(1), kind_of(True), kind_of(False)) == ("number", "true", "false")

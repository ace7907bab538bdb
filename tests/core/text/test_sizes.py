"""Lengths in the units that providers count."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.text import sizes

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("{" * 80, 1),
        ("{" * 81, 2),
        ("é" * 160, 1),
        ("字" * 70, 1),
        ("字" * 71, 2),
        ("字" * 134, 2),
        ("字" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # a pair is not divided: 33 of them in each segment
        ("a" * 69 + "字", 1),
        ("a" * 100 + "…", 2),
    ],
)
def test_segments_are_those_of_the_standard(text: str, segments: int) -> None:
    """160 and 153 septets of GSM-7, 70 and 67 units of UCS-2, pairs undivided."""
    assert sizes.segments(text) == segments


@given(ANY_TEXT)
def test_bytes_and_units_are_those_of_the_encodings(text: str) -> None:
    """Sizes are what the encoders say."""
    assert sizes.utf8(text) == len(text.encode())
    assert sizes.utf16(text) * 2 == len(text.encode("utf-16-le"))
    assert sizes.json_bytes(text) == len(json.dumps(text, ensure_ascii=False).encode()) - 2


@given(ANY_TEXT)
def test_lines_weigh_what_their_elements_take(text: str) -> None:
    """A Feishu post and an Adaptive Card take no more bytes than is counted."""
    lines = text.split("\n")
    post = [[{"tag": "text", "text": line}] for line in lines]
    card = [
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line or " "}]} for line in lines
    ]
    assert len(_json(post)) <= sizes.feishu(text)
    assert len(_json(card)) <= sizes.adaptive_card(text)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

"""Texts are shortened between characters as people see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.text.clip import clip, clip_bytes

FAMILY = "👩‍👩‍👧"
FLAG = "🇨🇳"
THUMB = "👍🏽"
ACCENT = "e\u0301"
KEYCAP = "1\ufe0f\u20e3"


@pytest.mark.parametrize("character", [FAMILY, FLAG, THUMB, ACCENT, KEYCAP, "字", "a"])
@pytest.mark.parametrize("most", range(1, 16))
def test_no_character_is_divided(character: str, most: int) -> None:
    """What is left of a row of characters is a row of whole ones, and the mark."""
    text = character * 8
    cut = clip(text, most)
    if cut != text:
        assert cut.endswith("…")
        assert len(cut) <= most
        assert cut[:-1] == character * (len(cut[:-1]) // len(character))


@given(st.text(), st.integers(1, 50))
def test_a_text_is_as_long_as_it_may_be(text: str, most: int) -> None:
    """At most so many code points; a text that fits stays as it is."""
    cut = clip(text, most)
    assert len(cut) <= most
    assert cut == text if len(text) <= most else cut.endswith("…")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 50))
def test_a_text_has_as_many_bytes_as_it_may_have(text: str, most: int) -> None:
    """At most so many bytes, valid UTF-8; a text that fits stays as it is."""
    cut = clip_bytes(text, most)
    assert len(cut.encode()) <= most
    if len(text.encode()) <= most:
        assert cut == text
    else:
        assert cut.removesuffix("…") == text[: len(cut.removesuffix("…"))]


def test_a_heap_of_accents_is_cut() -> None:
    """A character of a thousand accents is no reason to keep or to drop everything."""
    cut = clip("Z" + "\u0301" * 1_000, 50)
    assert 40 < len(cut) <= 50

"""A character of a text is found again in its file: exactly, however the text is written."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config.yaml import Document, parse

WAY = ("rules", 0, "when")
BEFORE = "rules:\n  - when: "

#: What a filter is made of, without what ends a plain scalar.
LETTERS = st.characters(codec="utf-8", categories=("L", "N"), include_characters="!=&|'`().,-_")
WORDS = st.text(LETTERS, min_size=1, max_size=6).map(lambda word: f"a{word}z")
#: A character in double quotes, as it is written and as it is read.
WRITTEN = st.one_of(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters='"\\').map(
        lambda letter: (letter, letter)
    ),
    st.sampled_from([('\\"', '"'), ("\\\\", "\\"), ("\\n", "\n"), ("\\x41", "A"), ("\\u2026", "…")]),
    st.sampled_from([("\\U0001F6A8", "\U0001f6a8"), ("\\N", "\x85"), ("\\ ", " "), ("\\t", "\t")]),
)


def check(text: str, value: str, places: list[tuple[int, int]]) -> None:
    """The document has that value, and each of its characters that place (line, column, from 1)."""
    document = parse(Document("f", text))
    assert document.findings == []
    assert document.value["rules"][0]["when"] == value
    found = [document.place_in(WAY, offset) for offset in range(len(value))]
    assert [(place.line, place.column) for place in found] == places


@settings(deadline=None)
@given(st.lists(WRITTEN, min_size=1))
def test_in_double_quotes(letters: list[tuple[str, str]]) -> None:
    """An escape is one character, and stands where its backslash stands."""
    text, places = BEFORE + '"', list[tuple[int, int]]()
    for written, _ in letters:
        places.append((2, len(text) - len("rules:\n") + 1))
        text += written
    check(text + '"\n', "".join(letter for _, letter in letters), places)


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1))
def test_in_single_quotes(value: str) -> None:
    """A doubled quote is one character."""
    text, places = BEFORE + "'", list[tuple[int, int]]()
    for letter in value:
        places.append((2, len(text) - len("rules:\n") + 1))
        text += "''" if letter == "'" else letter
    check(text + "'\n", value, places)


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1), st.sampled_from(["", "'", '"']), st.data())
def test_over_several_lines(words: list[str], quote: str, data: st.DataObject) -> None:
    """Without quotes and within them a line end is one space, empty lines are line ends of their own."""
    if quote == "'":
        words = [word.replace("'", "") for word in words]
    gaps = [data.draw(st.integers(0, 3)) for _ in words[1:]]
    text, value, places = BEFORE + quote, "", list[tuple[int, int]]()
    for word, gap in zip(words, [*gaps, None], strict=True):
        value, places = value + word, places + spots(text, word)
        text += word
        if gap is not None:
            between, said = "\n" * gap or " ", "\n" * (gap - 1) or " "
            value, places = value + said, places + spots(text, between)[-len(said) :]
            text += between + ("      " if gap else "")
    check(text + quote + "\n", value, places)


def spots(text: str, more: str) -> list[tuple[int, int]]:
    """Where each character of more stands when it follows text."""
    found: list[tuple[int, int]] = []
    for letter in more:
        line_start = text.rfind("\n") + 1
        found.append((text.count("\n") + 1, len(text) - line_start + 1))
        text += letter
    return found


@settings(deadline=None)
@given(
    st.lists(WORDS, min_size=1, max_size=5),
    st.sampled_from(["|", "|-", "|+", ">", ">-", ">+"]),
    st.integers(1, 8),
    st.booleans(),
    st.data(),
)
def test_in_a_block(words: list[str], style: str, indent: int, explicit: bool, data: st.DataObject) -> None:
    """Literal and folded: the indentation does not count, a fold is one space, empty lines stay."""
    gaps = [data.draw(st.integers(1, 3)) for _ in words[1:]]
    header = style + (str(indent) if explicit else "") + "  # a comment\n"
    text, value, places = BEFORE + header, "", list[tuple[int, int]]()
    for word, gap in zip(words, [*gaps, None], strict=True):
        text += " " * (4 + indent)
        value, places = value + word, places + spots(text, word)
        text += word
        between = "\n" * (gap or 1)
        said = between if style[0] == "|" or gap is None else between[1:] or " "
        if gap is None and style.endswith("-"):
            said = ""
        value, places = value + said, places + spots(text, between)[len(between) - len(said) :]
        text += between
    check(text, value, places)


@settings(deadline=None)
@given(
    st.text(" \t\n\r\x85\u2028ab'\"\\#x:", max_size=12),
    st.sampled_from(["", "'", '"', "|", ">2", "|+", ">-"]),
)
def test_every_text_has_places_that_only_go_forward(body: str, style: str) -> None:
    """Whatever the reader takes, each character has a place, none before that of the one before it."""
    quote = style if style in ("'", '"') else ""
    start = f"{style}\n      " if style[:1] in ("|", ">") and style else quote
    document = parse(Document("f", BEFORE + start + body + quote + "\n"))
    value = document.value["rules"][0]["when"] if document.value and not document.findings else None
    if isinstance(value, str):
        places = [document.place_in(WAY, offset) for offset in range(len(value) + 1)]
        assert all((one.line, one.column) < (two.line, two.column) for one, two in pairwise(places[:-1]))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (BEFORE + "a ==\n", 2, 15),
        (BEFORE + "'a =='\n", 2, 16),
        (BEFORE + ">-\n      a ==\n", 3, 11),
        (BEFORE + ">\n      a ==\n", 3, 11),
        (BEFORE + "''\n", 2, 12),
    ],
)
def test_the_end_of_a_text_is_behind_its_last_character(text: str, line: int, column: int) -> None:
    """A filter that lacks something at its end is shown where it ends, not on the next line."""
    document = parse(Document("f", text))
    place = document.place_in(WAY, len(document.value["rules"][0]["when"]))
    assert (place.line, place.column) == (line, column)


def test_a_value_that_is_no_text_is_found_as_a_whole() -> None:
    """Lists, and what is not there at all, have the place of the nearest thing around."""
    document = parse(Document("f", BEFORE + "[a]\n"))
    assert document.place_in(WAY, 3).column == 11
    assert document.place((*WAY, 7, "x")).column == 11
    assert document.key_place(WAY).column == 5

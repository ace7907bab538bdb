"""A character of a value is found again in its file."""

from hypothesis import given
from hypothesis import strategies as st

from router.config.yaml import Document, parse

WORDS = st.text(st.characters(codec="ascii", exclude_categories=("C",), exclude_characters="\\"), min_size=1)
FILTERS = st.from_regex(r"[A-Za-z][A-Za-z0-9_.]{0,8}( (==|&&|\|\|) [A-Za-z0-9'`]{1,6}){0,4}", fullmatch=True)


def found(document: Document, way: tuple[str | int, ...], offset: int) -> str:
    """The character at the place of a value's character."""
    place = document.place_in(way, offset)
    return document.text.splitlines()[place.line - 1][place.column - 1]


@given(WORDS, st.data())
def test_in_single_quotes(text: str, data: st.DataObject) -> None:
    """Doubled quotes count once."""
    document = parse(Document("f", "a:\n  - when: '" + text.replace("'", "''") + "'\n"))
    assert document.value == {"a": [{"when": text}]}
    offset = data.draw(st.integers(0, len(text) - 1))
    assert found(document, ("a", 0, "when"), offset) == text[offset]


@given(FILTERS, st.data())
def test_as_a_plain_scalar(text: str, data: st.DataObject) -> None:
    """What stands without quotes."""
    document = parse(Document("f", f"a:\n  - when: {text}\n"))
    offset = data.draw(st.integers(0, len(text) - 1))
    assert found(document, ("a", 0, "when"), offset) == text[offset]


@given(st.lists(FILTERS, min_size=1, max_size=4), st.sampled_from(["|", "|-", ">", ">-"]), st.data())
def test_in_a_block(lines: list[str], style: str, data: st.DataObject) -> None:
    """Literal and folded blocks: the indentation does not count, a fold is one space."""
    block = "".join(f"      {line}\n" for line in lines)
    document = parse(Document("f", f"a:\n  - when: {style}\n{block}    to: [x]\n"))
    value = document.value["a"][0]["when"]
    offset = data.draw(st.integers(0, len(value.rstrip()) - 1))
    if value[offset] not in " \n":
        assert found(document, ("a", 0, "when"), offset) == value[offset]

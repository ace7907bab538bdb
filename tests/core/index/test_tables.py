"""The tables against asking each entry in turn."""

import operator
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.core.index.choice import Entry
from router.core.index.clues import ClueKind
from router.core.index.tables import FieldTable

ASKED: dict[ClueKind, Callable[[Any, Any], bool]] = {
    "equal": operator.eq,
    "starts": str.startswith,
    "ends": str.endswith,
    "within": operator.contains,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
TEXTS = st.text("abc", max_size=8)
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, 2.0, 1e300, float("inf")])


def found(kind: ClueKind, literals: list[Any], value: Any) -> list[Any]:
    """The literals whose entries the value finds."""
    entries = {Entry(kind, ("f",), literal): (at,) for at, literal in enumerate(literals)}
    positions: list[int] = []
    FieldTable(("f",), entries).find({"f": value}, positions)
    return sorted(literals[at] for at in positions)


@given(st.sampled_from(list(ASKED)), st.lists(TEXTS, unique=True, max_size=30), TEXTS)
def test_a_text_finds_what_it_pleases(kind: ClueKind, literals: list[str], value: str) -> None:
    """All texts that it equals, starts with, contains …, each once, and no other."""
    assert found(kind, literals, value) == sorted(text for text in literals if ASKED[kind](value, text))


@given(
    st.sampled_from(["equal", "lt", "lte", "gt", "gte"]),
    st.lists(NUMBERS, unique=True, max_size=12),
    NUMBERS,
)
def test_a_number_finds_what_it_pleases(kind: ClueKind, literals: list[float], value: float) -> None:
    """All numbers that it equals, is less than …, each once, and no other."""
    assert found(kind, literals, value) == sorted(number for number in literals if ASKED[kind](value, number))


def test_long_texts_are_searched_for_the_literals() -> None:
    """Of a text far longer than there are literals, not every part is looked at."""
    assert found("within", ["needle", "ab", "none"], "hay" * 1000 + "needle") == ["needle"]


def test_what_is_not_a_number_finds_nothing() -> None:
    """NaN, as literal or value, is neither more nor less than anything."""
    assert found("gt", [1.0, float("nan")], 5) == [1.0]
    assert found("lt", [1.0, 2.0], float("nan")) == []


def test_values_of_another_kind_find_their_entries() -> None:
    """Lists, objects and nothing are no text; a boolean is neither a text nor a number."""
    cases: list[tuple[Any, list[str]]] = [
        ("a", ["text"]),
        (1, ["no text", "number"]),
        (True, ["no text"]),
        (None, ["no text"]),
        ([1], ["no text"]),
        ({}, ["no text"]),
    ]
    for value, expected in cases:
        assert found("is", ["text", "number", "no text"], value) == expected


def test_a_deeper_field_is_read_like_a_filter_reads_it() -> None:
    """What is missing on the way is null."""
    table = FieldTable(
        ("Job", "State"),
        {Entry("equal", ("Job", "State"), None): (1,), Entry("equal", ("Job", "State"), "x"): (2,)},
    )
    for data, expected in [
        ({"Job": {"State": "x"}}, [2]),
        ({"Job": "x"}, [1]),
        ({}, [1]),
        ({"Job": [1]}, [1]),
    ]:
        positions: list[int] = []
        table.find(data, positions)
        assert positions == expected

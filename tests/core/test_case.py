"""Events of a test: the first is as it is written, the others differ where they are told to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.case import Given, body_of


@given(st.integers() | st.text() | st.none(), st.integers(0, 99_999))
def test_the_first_is_as_it_is_written_and_no_two_are_equal(value: Any, number: int) -> None:
    """Whatever the varied field was; a field that is not there begins as an empty text."""
    event = Given(0, {"Id": value, "Other": 1}, vary=("Id",))
    assert body_of(event, 0) == {"Id": "" if value is None else value, "Other": 1}
    assert body_of(event, number) != body_of(event, number + 1)


@pytest.mark.parametrize(
    ("value", "third"), [("0", "2"), ("a", "a-2"), (7, 9), ("", "-2"), (None, "-2"), ("²", "²-2")]
)
def test_numbers_count_on_and_texts_get_a_number(value: Any, third: Any) -> None:
    """Numbers as text stay texts."""
    assert body_of(Given(0, {"Id": value}, vary=("Id",)), 2)["Id"] == third

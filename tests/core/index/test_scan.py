"""Many filters asked at once."""

from typing import Any

import pytest

from router.core.filter import Filter
from router.core.index.scan import make_scan


def found(data: dict[str, Any], *filters: str) -> list[int]:
    """The positions that a scan over these filters finds."""
    positions: list[int] = []
    make_scan([(at, Filter(text)) for at, text in enumerate(filters)])(data, positions)
    return positions


def test_filters_of_one_shape_differ_in_their_literals() -> None:
    """One loop asks all of them."""
    filters = [f"length(JobName) == `{number}`" for number in range(2, 9)]
    assert found({"JobName": "abcd"}, *filters) == [2]


def test_filters_of_many_shapes_share_a_scan() -> None:
    """Each holds by itself."""
    filters = ["a", "!a", "a == 'x' && b", "contains(a, 'x')", "map(&[@, 'x'], b)", "b[?c == 'x']"]
    assert found({"a": "x", "b": [{"c": "x"}]}, *filters) == [0, 2, 3, 4, 5]


@pytest.mark.parametrize("event", ["other", "OnJobFailed"])
def test_what_raises_is_found_only_where_the_filter_gets_there(event: str) -> None:
    """A part that is evaluated before the loop may raise; only filters that reach it fail."""
    filters = [f"Event == '{name}' && length(Task) > `1`" for name in ("other", "another", "more")]
    assert found({"Event": event}, *filters) == ([0] if event == "other" else [])
    assert found({"Event": event, "Task": "ab"}, *filters) == ([0] if event == "other" else [])


def test_filters_that_must_be_counted_are_asked_one_by_one() -> None:
    """One that stops at its bound is found, for it failed."""
    assert found({"a": "x"}, "a == 'x'", "@" + " | [@,@][]" * 24, "a == 'y'") == [0, 1]

"""A filter as other code sees it."""

import contextlib
import copy
from types import MappingProxyType
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.filter import Filter, FilterError
from tests.core.filter.strategies import TIMES, documents, expressions


@pytest.mark.slow
@given(expressions, documents)
@settings(max_examples=100 * TIMES, deadline=None)
def test_results_are_the_callers_own(expression: str, data: Any) -> None:
    """Whatever is done to a result, neither the document nor the filter changes."""
    before, sought = copy.deepcopy(data), Filter(expression)
    try:
        found = sought.search(data)
    except Exception:  # noqa: BLE001
        return
    expected = repr(found)
    _spoil(found)
    assert repr(data) == repr(before)
    assert "_Expression" in expected or repr(sought.search(data)) == expected


def _spoil(value: Any) -> None:
    """Empties lists and objects from the inside."""
    if isinstance(value, list | dict):
        parts: list[Any] = list(value.values() if isinstance(value, dict) else value)  # type: ignore[reportUnknownArgumentType]
        for part in parts:
            _spoil(part)
        value.clear()


@pytest.mark.slow
@given(st.text(alphabet="ab.[]*?|&!=<>`'\"(){}@,:0123 \\\n", max_size=12))
@settings(max_examples=200 * TIMES, deadline=None)
@pytest.mark.filterwarnings("ignore:deprecated string literal:PendingDeprecationWarning")
def test_only_filter_errors_leave_the_parser(text: str) -> None:
    """Whatever stands in a file, loading it ends well or with a filter error."""
    with contextlib.suppress(FilterError):
        Filter(text)


@pytest.mark.parametrize(
    ("text", "column"), [("a = b", 2), ("a &&", 4), ("foo[?a", 6), ("#", 0), ("'open", 0)]
)
def test_a_fault_has_its_column(text: str, column: int) -> None:
    """Where the parser stopped, counted from 0."""
    with pytest.raises(FilterError, match="not JMESPath") as raised:
        Filter(text)
    assert raised.value.column == column


def test_a_failing_filter_does_not_hold_and_says_why() -> None:
    """Unlike types and wrong arguments are counted, never fatal."""
    assert "TypeError: '>' not supported" in Filter("a > `1`").judge({"a": "x"}).error
    assert Filter("length(a)").judge({}).error.startswith("JMESPathTypeError: In function length()")
    assert not Filter("length(a)").holds({})


def test_an_error_on_record_is_short() -> None:
    """A value of any size in an error's words is cut."""
    assert len(Filter("abs(a)").judge({"a": "x" * 100_000}).error) == 300


def test_a_filter_is_its_text() -> None:
    """Equal texts are equal filters; the representation shows the text."""
    assert Filter("a") == Filter("a")
    assert Filter("a") != Filter("b")
    assert len({Filter("a"), Filter("a")}) == 1
    assert repr(Filter("a")) == "Filter('a')"


def test_any_mapping_is_an_object() -> None:
    """The root may be a mapping that is not a dict."""
    data = MappingProxyType({"a": {"b": 1}})
    assert Filter("a.b").search(data) == 1
    assert Filter("a.b == `1`").holds(data)


@pytest.mark.slow
@given(expressions)
@settings(max_examples=100 * TIMES, deadline=None)
def test_the_tree_is_the_parsers(expression: str) -> None:
    """A filter gives the tree as ``jmespath`` parsed it."""
    assert Filter(expression).ast == jmespath.compile(expression).parsed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Event == 'a' && ExitCode != `137`", "Event == 'bc' && ExitCode != `-9`"),
        ("contains(['a', 'b'], Event)", "contains(['x', 'y', 'z'], Event)"),
    ],
)
def test_filters_of_one_shape_share_their_code(one: str, other: str) -> None:
    """10,000 rules of one shape cost one compilation."""
    assert Filter(one).shape is Filter(other).shape


def test_literals_that_compare_differently_make_other_shapes() -> None:
    """0 and 1 need care that other numbers do not."""
    shapes = {
        Filter(f"a == {literal}").shape for literal in ("`0`", "`2`", "'a'", "`null`", "`true`", "`[]`")
    }
    assert len(shapes) == 6

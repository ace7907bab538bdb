"""The generated code against ``jmespath``, over the whole language; `make bench` does 100,000 pairs."""

from typing import Any

import pytest
from hypothesis import given, settings

from router.core.filter import Filter
from router.core.filter.stepwise import Stepwise, is_true
from tests.core.filter.outcomes import outcome, reference
from tests.core.filter.strategies import TIMES, documents, expressions


@pytest.mark.slow
@given(expressions, documents)
@settings(max_examples=400 * TIMES, deadline=None)
def test_search_is_jmespath_search(expression: str, data: Any) -> None:
    """Same value, same types, same order, or the same exception with the same words."""
    assert outcome(lambda: Filter(expression).search(data)) == outcome(lambda: reference(expression, data))


@pytest.mark.slow
@given(expressions, documents)
@settings(max_examples=200 * TIMES, deadline=None)
def test_a_filter_holds_when_the_result_is_true(expression: str, data: Any) -> None:
    """The code that finds only the truth agrees with the truth of the result, exceptions included."""
    truth = outcome(lambda: bool(Filter(expression).truth(data)))
    assert truth == outcome(lambda: is_true(reference(expression, data)))


@pytest.mark.slow
@given(expressions, documents)
@settings(max_examples=100 * TIMES, deadline=None)
def test_counting_changes_no_result(expression: str, data: Any) -> None:
    """The interpreter that counts its steps finds what ``jmespath`` finds."""
    counted = outcome(lambda: Stepwise().visit(Filter(expression).ast, data))
    assert counted == outcome(lambda: reference(expression, data))


NESTED = {
    "not": "!({})",
    "or": "(z||{})",
    "and": "(a&&{})",
    "and on the left": "({}&&a)",
    "list": "[{}]",
    "equal": "({} == b)",
    "less": "({} < `3`)",
    "condition": "b[?{}]",
    "projection": "({})[*]",
    "values": "({}).*",
    "pipe": "({}|@)",
    "pipe into": "(@|{})",
    "call": "not_null({})",
    "checked call": "contains({},a)",
    "map": "map(&{},b)",
    "sort_by": "sort_by(b,&{})",
    "flatten": "({})[]",
    "slice": "({})[0:1]",
}


@pytest.mark.parametrize("form", NESTED.values(), ids=NESTED.keys())
@pytest.mark.parametrize("depth", [11, 12, 13, 24, 30])
def test_deep_expressions_are_cut_into_functions(form: str, depth: int) -> None:
    """Nesting beyond what Python's compiler takes in one expression makes no difference."""
    expression = "a"
    for _ in range(depth):
        expression = form.format(expression)
    data = {"a": 1, "b": [{"b": [1], "a": "x"}], "c": {"c": 0}}
    assert outcome(lambda: Filter(expression).search(data)) == outcome(lambda: reference(expression, data))

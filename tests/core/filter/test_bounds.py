"""What would take too long, or too much memory, ends at its bound."""

import time
from typing import Any

import pytest
from hypothesis import given, settings

from router.core.filter import Filter, FilterError
from router.core.filter.bounds import MAX_DEPTH, MAX_LENGTH, MAX_NODES
from router.core.filter.functions import FUNCTIONS
from router.core.filter.growth import UNKNOWN, growth
from router.core.filter.shape import shape_of, weight
from tests.core.filter.outcomes import reference
from tests.core.filter.strategies import TIMES, documents, expressions

EVENT = {"Event": "OnJobFailed", "JobName": "train-7", "Tags": [{"Key": "team", "Value": "nlp"}]}

VAST = {
    "flattened pairs": "@" + " | [@,@][]" * 24,
    "joined pairs": "Event" + " | join('', [@,@])" * 26,
    "pairs as text": "@" + " | [@,@]" * 26 + " | to_string(@)",
    "pairs compared": "[@" + " | [@,@]" * 24 + ", @" + " | [@,@]" * 24 + "] | [0] == [1]",
    "pairs counted": "[@" + " | [@,@]" * 24 + "] | contains(@, [@])",
    "literals projected": "@" + " | [@,@,`[1,2,3,4,5,6,7,8,9,10]`][]" * 20,
    "text in text": "Event" + " | [@] | to_string(@)" * 20,
    "wide separator": "Event" + " | join(to_string([@,@]), [@,@,@])" * 12,
    "sorted": "[@,@,@,@][]" + " | [@,@,@,@][]" * 10 + " | sort_by(@, &Event)",
    "mapped": "[@]" + " | map(&[@,@], [@,@,@][])" * 14,
    "cross product": "[@,@,@,@,@,@,@,@]" + " | [*].[`[1,2,3,4,5,6,7,8,9]`][][]" * 9,
}


@pytest.mark.parametrize("expression", VAST.values(), ids=VAST.keys())
def test_vast_evaluations_stop(expression: str) -> None:
    """An expression that doubles and doubles fails within a blink, and says why."""
    started = time.thread_time()
    judged = Filter(expression).judge(EVENT)
    assert "more than 100,000 steps" in judged.error
    assert time.thread_time() - started < 2


def test_a_search_that_stops_raises_a_filter_error() -> None:
    """Embedding programs get one kind of error for it."""
    with pytest.raises(FilterError, match="100,000 steps"):
        Filter(VAST["flattened pairs"]).search(EVENT)


BEYOND = {
    "too long": "a" * (MAX_LENGTH + 1),
    "too deep": "!" * MAX_DEPTH + "a",
    "brackets beyond the parser": "(" * 2000 + "a" + ")" * 2000,
    "flattens beyond the parser": "[]" * 2000,
    "a literal too deep": "`" + "[" * 1500 + "]" * 1500 + "`",
    "too many parts": "||".join(["a"] * (MAX_NODES // 2 + 1)),
}


@pytest.mark.parametrize("expression", BEYOND.values(), ids=BEYOND.keys())
def test_expressions_beyond_the_bounds_are_refused(expression: str) -> None:
    """Length, depth and number of parts are checked when a filter is loaded."""
    with pytest.raises(FilterError):
        Filter(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "Event == 'OnJobFailed' && contains(JobName, 'train')",
        "Tags[?Key == 'team'].Value | [0] == 'nlp'",
        "sort_by(Tags, &Key)[*].{k: Key, v: Value}",
        "join(', ', Tags[*].Value[])",
        " || ".join(f"JobName == 'job-{number}'" for number in range(30)),
        " || ".join(f"Tags[?Key == 'k{number}']" for number in range(20)),
    ],
)
def test_what_people_write_runs_uncounted(expression: str) -> None:
    """Usual filters, also long ones, are proven harmless before any event."""
    assert Filter(expression).shape.bounded


def test_every_function_is_known_to_the_proof() -> None:
    """A function that is added must say how much it makes of its arguments."""
    for name, spec in FUNCTIONS.FUNCTION_TABLE.items():
        arguments = ", ".join("&a" if "expref" in one["types"] else "'a'" for one in spec["signature"])
        node, _ = shape_of(Filter(f"{name}({arguments})").ast)
        assert growth(node).size is not UNKNOWN, f"{name} is missing in router.core.filter.growth"


@pytest.mark.slow
@given(expressions, documents)
@settings(max_examples=200 * TIMES, deadline=None)
def test_results_weigh_at_most_what_was_proven(expression: str, data: Any) -> None:
    """The bound on the size of a result holds for every document."""
    try:
        found = reference(expression, data)
    except Exception:  # noqa: BLE001
        return
    proven = growth(shape_of(Filter(expression).ast)[0]).size
    assert weight(found) <= proven.slope * weight(data) + proven.rest

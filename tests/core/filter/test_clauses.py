"""Why a filter held or did not."""

from typing import Any

import jmespath
import pytest
from hypothesis import given
from jmespath.exceptions import JMESPathError

from router.core.filter import Filter, FilterError
from router.core.filter.clauses import Clause, clauses_of, reason_of, shown
from router.core.filter.unparse import text_of
from tests.core.filter.strategies import documents, expressions

FAILED = {"Event": "OnInstanceFailed", "ExitCode": 0, "Task": "render"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Event == 'OnJobFailed'", "Event == 'OnJobFailed' does not hold: Event is 'OnInstanceFailed'"),
        ("Event == 'OnInstanceFailed' && ExitCode != `0`", "ExitCode != `0` does not hold: ExitCode is 0"),
        ("Event == 'x' || Task == 'render'", "Task == 'render' holds: Task is 'render'"),
        ("JobName", "JobName does not hold: it is null"),
        (
            "!starts_with(Task, 'r')",
            "!starts_with(Task, 'r') does not hold: starts_with(Task, 'r') holds: Task is 'render'",
        ),
        (
            "Event == 'OnInstanceFaild'",
            "Event == 'OnInstanceFaild' does not hold: Event is 'OnInstanceFailed', one letter off",
        ),
    ],
)
def test_the_first_clause_that_decided_is_the_reason(text: str, reason: str) -> None:
    """One sentence: the clause, and the values that made it so."""
    assert reason_of(clauses_of(Filter(text), FAILED)) == reason


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("JobName == 'nightly-etI'", "one letter off"),
        ("'Nightly-ETL' == JobName", "only upper and lower case differ"),
        ("JobName != 'nightly_etl'", "one letter off"),
        ("contains(['daily-etl', 'nightly-etl '], JobName)", "only the spaces differ from 'nightly-etl '"),
        ('contains(`["nightly-et1", 7]`, JobName)', "one letter off"),
        ("starts_with(JobName, 'Nightly-')", "only upper and lower case differ"),
        ("ends_with(JobName, '-ETL')", "only upper and lower case differ"),
        ("Jobname == 'nightly-etl'", "the event has JobName"),
        ("starts_with(Jobname || '', 'x')", ""),
        ("JobName == 'nightly-etl'", ""),
        ("JobName == 'weekly-report'", ""),
        ("Missing == 'nightly-etl'", ""),
    ],
)
def test_a_slip_is_hinted(text: str, hint: str) -> None:
    """A text, a part of one, or a field's name that is a letter off what the event has."""
    data = {"JobName": "nightly-etl", "nothing": None}
    assert clauses_of(Filter(text), data).hint == hint


def test_a_name_in_double_quotes_is_seen() -> None:
    """It is written as it was, and what it was taken for is said; a right name in quotes is left alone."""
    clause = clauses_of(Filter('kind == "backup"'), {"kind": "backup"})
    assert clause.text == 'kind == "backup"'
    assert clause.values == (("kind", "backup"), ('"backup"', None))
    assert "a text is 'backup'" in clause.hint
    for right in ("\"content-type\" == 'x'", 'kind == "peer-kind"', "kind == backup"):
        assert clauses_of(Filter(right), {"kind": "backup"}).hint == ""


def test_a_chain_of_the_same_sign_is_one_list() -> None:
    """However it is bracketed; another sign, or ``!``, begins a list of its own."""

    def listed(clause: Clause) -> Any:
        return [listed(part) for part in clause.parts] if clause.parts else clause.text

    def of(text: str) -> Any:
        return listed(clauses_of(Filter(text), FAILED))

    assert of("a && b && c && d") == of("a && (b && c) && d") == of("(a && b) && (c && d)") == [*"abcd"]
    assert of("Task || b || c") == ["Task", "b", "c"]
    assert of("a && (b || c || d) && !(e && f)") == ["a", ["b", "c", "d"], [["e", "f"]]]
    assert of("!!a") == [["a"]]


def test_the_clauses_that_decided_are_marked() -> None:
    """The first false one under and; every one where all had to hold; the one that failed."""

    def decided(text: str) -> list[bool]:
        return [part.decided for part in clauses_of(Filter(text), FAILED).parts]

    assert decided("Event && ExitCode != `0` && Task") == [False, True, False]
    assert decided("Event && Task == 'render'") == [True, True]
    assert decided("Event && Task == 'render' && ExitCode && Missing && Event") == [False] * 3 + [True, False]
    assert decided("Event || Task") == [True, False]
    assert decided("Task == 'x' || Event == 'y'") == [True, True]
    assert decided("Task && length(ExitCode) > `1`") == [False, True]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\x1b[2J\r\nb", "'a\\u001b[2J\\u000d\\u000ab'"),
        ("x" * 500_000, "'" + "x" * 79 + "…"),
        ({"a": [None, True, "é"]}, '{"a": [null, true, "é"]}'),
        (None, "null"),
        (1.5, "1.5"),
    ],
)
def test_a_value_is_shown_on_one_short_line(value: object, text: str) -> None:
    """Nothing of an event acts on a terminal or fills it."""
    assert shown(value) == text


def test_a_clause_that_fails_says_why() -> None:
    """A wrong type inside a function is the reason, with the function's own words."""
    reason = reason_of(clauses_of(Filter("Task == 'render' && length(ExitCode) > `1`"), FAILED))
    assert reason.startswith("length(ExitCode) > `1` fails: ")
    assert "length" in reason


def test_clauses_that_are_not_reached_have_no_value() -> None:
    """As JMESPath does: after the first false part of && nothing is evaluated."""
    tree = clauses_of(Filter("Event == 'x' && length(ExitCode) > `1`"), FAILED)
    assert [part.held for part in tree.parts] == [False, None]
    assert tree.error == ""


@given(expressions)
def test_an_expression_written_again_is_the_same(text: str) -> None:
    """What is shown of a part of a filter parses to that very part."""
    try:
        tree = jmespath.compile(text).parsed
    except JMESPathError:
        return
    assert jmespath.compile(text_of(tree)).parsed == tree


@given(expressions, documents)
def test_a_tree_says_what_the_filter_says(text: str, document: object) -> None:
    """The root of the tree has the filter's own verdict, and there is always a reason."""
    try:
        expression = Filter(text)
    except FilterError:
        return
    data = {"a": document, "Event": "OnJobFailed"}
    tree, judged = clauses_of(expression, data), expression.judge(data)
    assert bool(tree.error) == bool(judged.error)
    assert tree.error or tree.held == judged.held
    assert reason_of(tree)

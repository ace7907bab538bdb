"""What filters cannot hold without."""

from typing import Any

import pytest

from router.core.filter import Filter
from router.core.index.clues import Choice, Clue, Need, need_of


def said(need: Need | None, literals: tuple[Any, ...]) -> str:
    """A need in words: ``a == 'x' or (b is text)``; ``|`` stands between choices."""
    if need is None:
        return "nothing known"
    if isinstance(need, Clue):
        sought = literals[need.at] if isinstance(need.at, int) else need.at
        return f"{'.'.join(need.path)} {need.kind} {sought!r}"
    parts = [said(part, literals) for part in need.parts]
    return f"[{' | '.join(parts)}]" if isinstance(need, Choice) else f"({' or '.join(parts)})"


CASES = [
    ("Event == 'a'", "Event equal 'a'"),
    ("'a' == Event", "Event equal 'a'"),
    ("Job.State == 'a'", "Job.State equal 'a'"),
    ("ExitCode == `0`", "ExitCode equal 0"),
    ("Task == `null`", "Task equal None"),
    ("!(Event != 'a')", "Event equal 'a'"),
    ("contains(['a', 'b'], Event)", "Event among ['a', 'b']"),
    ("contains(`[1, 2]`, ExitCode)", "ExitCode among [1, 2]"),
    ("Event == 'a' || Event == 'b'", "(Event equal 'a' or Event equal 'b')"),
    ("Event == 'a' && Job == 'b'", "[Event equal 'a' | Job equal 'b']"),
    ("Event != 'a' && Job == 'b'", "[Job equal 'b']"),
    ("Tags[?k == 'a'] && Job == 'b'", "[Job equal 'b']"),
    ("contains(Task, 'a')", "(Task within 'a' or Task is 'no text')"),
    ("starts_with(Task, 'a')", "(Task starts 'a' or Task is 'no text')"),
    ("ends_with(Task, 'a')", "(Task ends 'a' or Task is 'no text')"),
    ("ExitCode > `1`", "(ExitCode gt 1 or ExitCode is 'text')"),
    ("`1` >= ExitCode", "(ExitCode lte 1 or ExitCode is 'text')"),
    ("EndTime < '2017'", "(EndTime lt '2017' or EndTime is 'number')"),
    # What stands on the left and may raise is looked for as well.
    ("length(Task) > `1` && Job == 'b'", "nothing known"),
    ("!starts_with(Task, 'a') && Job == 'b'", "[(Task is 'no text' or Job equal 'b')]"),
    ("Tags[?k > `1`] && Job == 'b'", "nothing known"),
    ("(Tags | k > `1`) && Job == 'b'", "nothing known"),
    ("a == b && Job == 'b'", "nothing known"),
    ("Tags[::0] && Job == 'b'", "nothing known"),
    ("abs(`1`, `2`) && Job == 'b'", "nothing known"),
    # Nothing that a table could find.
    ("Event != 'a'", "nothing known"),
    ("Event == 'a' || Task", "nothing known"),
    ("Event == `[1]`", "nothing known"),
    ("ExitCode > `null`", "nothing known"),
    ("ExitCode > RetryCount", "nothing known"),
    ("!(Event == 'a')", "nothing known"),
    ("Tags[0] == 'a'", "nothing known"),
    ("Job | State == 'a'", "nothing known"),
    ("@" + " | [@,@][]" * 24, "nothing known"),
]


@pytest.mark.parametrize(("expression", "expected"), CASES, ids=[case[0][:40] for case in CASES])
def test_what_a_filter_needs(expression: str, expected: str) -> None:
    """Each filter's clues, and with them those of what could raise before."""
    sought = Filter(expression)
    assert said(need_of(sought.shape), sought.literals) == expected

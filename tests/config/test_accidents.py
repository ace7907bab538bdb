"""Where YAML takes a part of a filter for itself, it is said in words about filters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config.accidents import BLOCK, QUOTES
from router.config.rule_file import read_rules
from router.config.yaml import Document, parse
from router.core.filter import Filter

BLOCK_RULE = "rules:\n  - name: a\n    when: {}\n    mode: off\n"
FLOW_RULE = "rules:\n  - {{name: a, when: {}, mode: off}}\n"


def said(text: str) -> list[tuple[str, int, int, str, str]]:
    """Code, place, message and remedy of each finding."""
    document = parse(Document("f", text))
    read_rules(document)
    return [(f.code, f.place.line, f.place.column, f.message, f.fix) for f in document.findings]


@pytest.mark.parametrize(
    ("text", "column", "taken"),
    [
        ("!contains(JobName, 'x')", 28, "the ! at the beginning"),
        ("!Event", 11, "the ! at the beginning"),
        ("!!Event", 11, "the ! at the beginning"),
        ("&Event", 11, "the & at the beginning"),
        ("*.a == 'x'", 12, "the * at the beginning"),
        ("`1` == ExitCode", 11, "the ` at the beginning"),
        ("@ == 'x'", 11, "the @ at the beginning"),
        ("'a' == Event", 15, "the quotes at the beginning"),
        ('"a" == Event', 15, "the quotes at the beginning"),
        ("Event == 'a: b'", 22, "the colon followed by a space"),
    ],
)
def test_in_a_line_of_its_own(text: str, column: int, taken: str) -> None:
    """The accident is named, with the block as the way out."""
    [(code, line, at, message, fix)] = said(BLOCK_RULE.format(text))
    assert (code, line, at, fix) == ("F109", 3, column, BLOCK)
    assert message.endswith(f"when: YAML takes {taken} for itself")


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("`1` == ExitCode", "the ` at the beginning"),
        ("'a' == Event", "the quotes at the beginning"),
        ("Event == 'a: b'", "a comma, a bracket, or what is behind a #"),
        ("contains(['a', 'b'], Event)", "a comma, a bracket, or what is behind a #"),
        ("x[?a == `1`] | [0]", "a comma, a bracket, or what is behind a #"),
    ],
)
def test_inside_braces(text: str, taken: str) -> None:
    """There a filter takes double quotes."""
    [(code, _, _, message, fix)] = said(FLOW_RULE.format(text))
    assert (code, message, fix) == ("F109", f"when: YAML takes {taken} for itself", QUOTES)


@pytest.mark.parametrize(
    ("rule", "text", "message", "fix"),
    [
        (BLOCK_RULE, "Event == 'a #b' && x", "YAML takes #b' && x for a comment", BLOCK),
        (FLOW_RULE, "starts_with(JobName, Task)", "YAML ends the filter at the comma", QUOTES),
        (BLOCK_RULE, "Event == 'x' && ExitCode != 0", "0 lacks its backticks", "write `0`"),
        (BLOCK_RULE, "ExitCode > -5 && x", "-5 lacks its backticks", "write `-5`"),
        (BLOCK_RULE, "Progress >= 1.5", "1.5 lacks its backticks", "write `1.5`"),
    ],
)
def test_a_filter_that_yaml_cut_or_a_number_spoils(rule: str, text: str, message: str, fix: str) -> None:
    """What is no JMESPath any more says why, and what to write."""
    found = said(rule.format(text))
    assert ("F109", f"rule a: when: {message}", fix) in [(code, text, way) for code, *_, text, way in found]


@pytest.mark.parametrize("end", ["\r", "\r\n", "\x85", "\u2028"])
def test_what_is_cut_ends_with_its_line(end: str) -> None:
    """Whatever ends a line in YAML."""
    [found] = said(BLOCK_RULE.format("Event == 'a #b' && x").replace("\n", end))
    assert found[3] == "rule a: when: YAML takes #b' && x for a comment"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Event == = 'x'  # a comment of one's own", "Y020"),
        ("Event == 'x' && && y", "Y020"),
    ],
)
def test_what_is_no_accident_is_not_called_one(text: str, code: str) -> None:
    """A filter that is wrong by itself is said to be no JMESPath."""
    assert [one[0] for one in said(BLOCK_RULE.format(text))] == [code]


def test_a_fault_elsewhere_in_the_line_is_no_accident_of_the_filter() -> None:
    """A bracket that is not closed behind a filter in quotes is plain bad YAML."""
    assert [one[0] for one in said("rules:\n  - {name: a, when: 'x, y', to: [a}\n")] == ["Y001"]


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@settings(deadline=None)
@given(st.text("abE1 =!'`&|:#,[]{}()\"@*-", min_size=1, max_size=20))
def test_a_filter_in_a_block_is_left_alone(text: str) -> None:
    """The way out that is offered works: whatever the filter, a block holds it whole."""
    text = text.strip() or "x"
    document = parse(Document("f", f"rules:\n  - name: a\n    when: >-\n      {text}\n    mode: off\n"))
    assert document.findings == []
    assert document.value["rules"][0]["when"] == text
    read_rules(document)
    assert all(one.code == "Y020" or "backticks" in one.message for one in document.findings)
    if not document.findings:
        assert Filter(text)

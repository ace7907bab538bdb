"""Matchers say the same in JMESPath as in Alertmanager, on any label."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.config.alertmanager.emitted import flow
from router.config.alertmanager.matchers import Matcher, not_all_of, parse
from router.config.yaml import Document
from router.config.yaml import parse as parse_yaml
from router.core.filter import Filter

_CHARACTERS = st.characters(exclude_categories=["Cs"])
_VALUES = st.text(_CHARACTERS, max_size=6) | st.sampled_from(
    ["", "\\", "it's", "`", "a\\'", "critical", "\n"]
)
_NAMES = st.sampled_from(["severity", "x", "a.b", 'quo"te', "ü"])
_OPERATORS = st.sampled_from(["=", "!=", "=~", "!~"])


def meets(matcher: Matcher, labels: dict[str, str]) -> bool:
    """As Alertmanager's ``labels.Matcher.Matches``; patterns here are escaped texts."""
    value = labels.get(matcher.label, "")
    if matcher.operator in ("=", "!="):
        return (value == matcher.value) == (matcher.operator == "=")
    return (re.fullmatch(matcher.value, value) is not None) == (matcher.operator == "=~")


@given(_NAMES, _OPERATORS, _VALUES, st.dictionaries(_NAMES, _VALUES))
@example("x", "=~", "a|b", {"x": "a\n"})
@example("x", "!=", "a", {})
def test_a_matcher_agrees_with_alertmanager(
    name: str, operator: str, value: str, labels: dict[str, str]
) -> None:
    """Whatever stands in labels and values, also where the label is missing or empty."""
    value = re.escape(value) if "~" in operator and value != "a|b" else value
    if "~" in operator and any(not letter.isascii() or letter == "\0" for letter in value):
        return
    matcher = Matcher(name, operator, value)
    judged = Filter(matcher.filter()).judge({"labels": labels})
    assert not judged.error
    assert judged.held == meets(matcher, labels)
    assert Filter(not_all_of([matcher])).holds({"labels": labels}) != judged.held


@given(st.text(_CHARACTERS))
def test_a_text_is_the_same_behind_yaml(text: str) -> None:
    """Hostile values come back from the files as they went in."""
    document = parse_yaml(Document("x", "key: " + flow([text, {text or "k": text}]) + "\n"))
    assert not document.findings or text == "<<"
    assert document.value["key"][0] == text


@pytest.mark.parametrize(
    ("written", "matchers"),
    [
        ('severity="critical"', [Matcher("severity", "=", "critical")]),
        ("team = ops", [Matcher("team", "=", "ops")]),
        ('{a=~"x,y|z", "b c"!="\\"q\\""}', [Matcher("a", "=~", "x,y|z"), Matcher("b c", "!=", '"q"')]),
        ('a=~"v1\\.2"', [Matcher("a", "=~", "v1\\.2")]),
        ('a=""', [Matcher("a", "=", "")]),
    ],
)
def test_matchers_are_read_in_all_their_forms(written: str, matchers: list[Matcher]) -> None:
    """With braces or without, quoted or not, several at once."""
    assert parse(written) == matchers


@pytest.mark.parametrize("written", ["", "severity", '="x"', 'a="x'])
def test_what_is_no_matcher_is_refused(written: str) -> None:
    """Never half read."""
    with pytest.raises(ValueError, match="no matcher"):
        parse(written)

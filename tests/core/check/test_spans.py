"""Where in a text its parts stand."""

from random import Random

import pytest
from hypothesis import assume, given

from router.core.check.paths import Node, parts_of
from router.core.check.spans import spans_of
from router.core.filter import Filter, FilterError
from tests.core.check.strategies import LAW, filter_text, randoms

#: Parts that are expressions by themselves wherever they stand.
WHOLE = ("comparator", "function_expression", "literal", "and_expression", "or_expression")


def walk(node: Node) -> list[Node]:
    return [node, *(inner for part in parts_of(node) for inner in walk(part))]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("  a  ==  'x y'  ", ["a  ==  'x y'", "a", "'x y'"]),
        ("(a || b) && !c", ["(a || b) && !c", "a || b", "a", "b", "!c", "c"]),
        ("a.b.c == `1`", ["a.b.c == `1`", "a.b.c", "a", "b", "c", "`1`"]),
        ("contains(['é', \"b\"], a )", ["contains(['é', \"b\"], a )", "['é', \"b\"]", "'é'", '"b"', "a"]),
        ("a\n&& b[0]", ["a\n&& b[0]", "a", "b[0]", "b", "b[0]"]),
    ],
)
def test_each_part_has_its_place(text: str, parts: list[str]) -> None:
    """Blanks and parentheses around a part are not its own; what follows a bracket has its holder's place."""
    ast = Filter(text).ast
    spans = spans_of(text, ast)
    assert [text[slice(*spans[id(node)])] for node in walk(ast)] == parts


@pytest.mark.slow
@LAW
@given(randoms)
def test_a_part_is_what_stands_at_its_place(random: Random) -> None:
    """Read by itself, the text at a part's place is the part."""
    text = filter_text(random)
    try:
        ast = Filter(text).ast
    except FilterError:
        assume(False)
        raise
    spans = spans_of(text, ast)
    for node in walk(ast):
        if node["type"] in WHOLE:
            start, end = spans[id(node)]
            assert Filter(text[start:end]).ast == node

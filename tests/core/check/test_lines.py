"""Sets of numbers and texts."""

from hypothesis import given
from hypothesis import strategies as st

from router.core.check.lines import ALWAYS, ANY, OPPOSITE, End, Line, just, starting_with

WORDS = st.sampled_from(["", "a", "ab", "abc", "b", "ba", "\U0010ffff", "a\U0010ffff", "z"])
ENDS = st.none() | st.tuples(WORDS, st.booleans()).map(lambda end: End(*end))
SETS = st.frozensets(WORDS, max_size=3)
LINES = SETS.map(Line) | st.tuples(st.none(), SETS, ENDS, ENDS).map(lambda line: Line(*line))


@given(LINES, LINES, WORDS)
def test_joined_and_met(one: Line, other: Line, word: str) -> None:
    """What is joined has all of both, what is met nothing that is in but one; nothing is lost."""
    in_both, in_either = one.has(word) and other.has(word), one.has(word) or other.has(word)
    assert one.met(other).has(word) == in_both
    assert one.joined(other).has(word) or not in_either
    assert one.but(word).has(word) is False


@given(LINES, LINES, WORDS, WORDS)
def test_what_is_always_ordered(one: Line, other: Line, left: str, right: str) -> None:
    """A comparison that always holds does for every two members, and its opposite for none."""
    if not one or not other or not one.has(left) or not other.has(right):
        return
    holds = {"lt": left < right, "lte": left <= right, "gt": left > right, "gte": left >= right}
    for sign, always in ALWAYS.items():
        assert holds[sign] or not always(one, other)
        assert holds[sign] != holds[OPPOSITE[sign]]


@given(WORDS, WORDS, WORDS)
def test_texts_with_a_prefix(prefix: str, before: str, after: str) -> None:
    """They are a range, also where the last letter is the greatest there is."""
    for text in (before, prefix + after, before + prefix):
        assert starting_with(prefix).has(text) == text.startswith(prefix)


def test_nothing_and_anything() -> None:
    """An empty set is false in Python, any other is not."""
    assert not Line()
    assert ANY
    assert just("a")
    assert not just("a").met(just("b"))

"""Whether two texts are nearly the same."""

import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.filter.near import letters_off, nearest, slip

words = st.text("abI1 ", max_size=8)


@pytest.mark.parametrize(
    ("wanted", "found", "said"),
    [
        ("nightly-etI", "nightly-etl", "one letter off"),
        ("nightly", "nihgtly", "two letters off"),
        ("OnJobFaild", "OnJobFailed", "one letter off"),
        ("OnJobFailed", "onjobfailed", "only upper and lower case differ"),
        ("render", "render ", "only the spaces differ"),
        ("render frames", "renderframes", "only the spaces differ"),
        ("render", "render", ""),
        ("OnJobFailed", "OnTaskFailed", ""),
        ("job-1", "job-2", ""),
        ("job-9", "job-10", ""),
        ("on", "off", ""),
        ("cat", "car", ""),
        ("", " ", "only the spaces differ"),
    ],
)
def test_a_slip_is_named(wanted: str, found: str, said: str) -> None:
    """Case, spaces, one letter, two letters; a number, a short or another word is no slip."""
    assert slip(wanted, found) == said


def test_the_smallest_slip_is_the_nearest() -> None:
    """Case comes before letters, and a name that is far from all has none."""
    assert nearest("Exitcode", ["ExitCodes", "ExitCode", "Event"]) == "ExitCode"
    assert nearest("Exitcode", ["Event", "JobName"]) == ""


@given(words, words, st.integers(0, 3))
def test_the_letters_off_are_the_edit_distance(one: str, other: str, most: int) -> None:
    """Near the diagonal the same number as the whole table has, cut at the bound."""

    @cache
    def distance(left: int, right: int) -> int:
        if not left or not right:
            return left + right
        changed = distance(left - 1, right - 1) + (one[left - 1] != other[right - 1])
        return min(distance(left - 1, right) + 1, distance(left, right - 1) + 1, changed)

    assert letters_off(one, other, most) == min(distance(len(one), len(other)), most + 1)


def test_long_hostile_texts_cost_no_time() -> None:
    """A megabyte on both sides is told apart without looking through it a second time."""
    one, other = "a" * 1_000_000 + "b", "a" * 1_000_000 + "c"
    started = time.thread_time()
    assert slip(one, other) == ""
    assert slip("a" * 250 + "b" * 6, "a" * 250 + "c" * 6) == ""
    assert time.thread_time() - started < 1

"""Words a letter or two off."""

import pytest

from router.core.catalogue import EVENTS, FIELDS
from router.core.check.near import distance, is_near, nearest


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [
        ("", "ab", 2),
        ("State", "State", 0),
        ("Faield", "Failed", 1),
        ("Stoped", "Stopped", 1),
        ("abcd", "acbx", 2),
    ],
)
def test_distance_counts_letters(one: str, other: str, steps: int) -> None:
    """Put in, left out, changed, or swapped with the neighbour: one each, in both directions."""
    assert distance(one, other) == distance(other, one) == steps


@pytest.mark.parametrize(
    ("word", "meant"), [("Exitcode", "ExitCode"), ("jobname", "JobName"), ("Stat", "State")]
)
def test_the_nearest_field_is_found(word: str, meant: str) -> None:
    """Case counts for nothing, a letter for little."""
    assert nearest(word, FIELDS) == meant


@pytest.mark.parametrize("word", ["type", "status", "Status", "id", "name", "severity", "Colour", "no"])
def test_fields_of_others_are_near_to_none(word: str) -> None:
    """What other producers call their fields is no slip of the pen."""
    assert nearest(word, FIELDS) is None


def test_no_known_word_is_taken_for_another() -> None:
    """Two fields, or two events, are never so near that nobody can say which was meant."""
    words = [*EVENTS, *FIELDS]
    assert not [(one, other) for one in words for other in words if one != other and is_near(one, other)]

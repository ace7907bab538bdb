"""Frozen nouns with some fields changed."""

from dataclasses import dataclass, replace

import pytest

from router.core.changed import changed, made


@dataclass(frozen=True)
class Noun:
    name: str
    count: int = 0


def test_changed_is_what_replace_makes() -> None:
    """The other fields stay, and the noun that was given stays as it was."""
    old = Noun("a", 1)
    assert changed(old, count=2) == replace(old, count=2) == Noun("a", 2)
    assert old == Noun("a", 1)


def test_a_field_that_is_not_there_is_refused() -> None:
    """A mistyped name must not become a field."""
    with pytest.raises(TypeError, match="Noun has no field coutn"):
        changed(Noun("a"), coutn=2)


def test_a_noun_is_made_from_all_its_fields() -> None:
    """As its own maker makes it."""
    assert made(Noun, {"name": "a", "count": 2}) == Noun("a", 2)

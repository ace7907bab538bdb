"""Words that are a letter or two off another."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, or None. Short words must be nearer than long ones."""
    ranked = sorted((distance(word, one), one) for one in known if is_near(word, one))
    return ranked[0][1] if ranked else None


def is_near(word: str, known: str) -> bool:
    """Whether one may have been written for the other: case apart, or a letter in four, at most two."""
    most = min(2, len(known) // 4)
    return abs(len(word) - len(known)) <= most and distance(word.lower(), known.lower()) <= most


def distance(one: str, other: str) -> int:
    """How many letters must be put in, left out, changed, or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, target in enumerate(other, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != target))
            is_swapped = row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == target
            now.append(min(cost, before[column - 2] + 1) if is_swapped else cost)
        before, last = last, now
    return last[-1]

"""Filters that need a text to start with, end with, or contain another."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from router.core.index.scan import Bucket, take

#: Letters of a text that are looked at together.
GRAM = 3


class Texts:
    """What the text of one field finds.

    Args:
        starts: filters by what the text must start with; ``ends`` and ``within`` likewise.
    """

    def __init__(self, starts: dict[str, Bucket], ends: dict[str, Bucket], within: dict[str, Bucket]) -> None:
        self._starts = starts
        self._start_lengths = sorted(set(map(len, starts)))
        self._ends = ends
        self._end_lengths = sorted(set(map(len, ends)))
        self._within = _Within(within)

    def find(self, text: str, data: Mapping[str, Any], found: list[int]) -> None:
        """Adds the filters that the text may please."""
        size = len(text)
        for length in self._start_lengths:
            if length > size:
                break
            take(self._starts.get(text[:length], ()), data, found)
        for length in self._end_lengths:
            if length > size:
                break
            take(self._ends.get(text[size - length :], ()), data, found)
        for bucket in self._within.find(text):
            take(bucket, data, found)


class _Within:
    """Each literal stands under the rarest of its trigrams: only those in the text are looked for."""

    def __init__(self, literals: dict[str, Bucket]) -> None:
        self._buckets = literals
        self._short = [literal for literal in literals if len(literal) < GRAM]
        self._by_gram: dict[str, list[str]] = defaultdict(list)
        common = Counter(gram for literal in literals for gram in _grams(literal))
        for literal in literals:
            if len(literal) >= GRAM:
                self._by_gram[min(_grams(literal), key=lambda gram: (common[gram], gram))].append(literal)

    def find(self, text: str) -> Iterator[Bucket]:
        """The buckets of the literals in the text."""
        return (self._buckets[literal] for literal in self._likely(text) if literal in text)

    def _likely(self, text: str) -> Iterable[str]:
        if len(text) > 2 * len(self._buckets):
            return self._buckets
        grams = _grams(text) & self._by_gram.keys()
        return [*self._short, *(literal for gram in grams for literal in self._by_gram[gram])]


def _grams(text: str) -> set[str]:
    return {text[at : at + GRAM] for at in range(len(text) - GRAM + 1)}

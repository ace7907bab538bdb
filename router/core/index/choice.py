"""Which of a filter's needs to look up: the one that finds the fewest filters in vain."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from router.core.index.clues import Choice, Clue, ClueKind, Need, Path

#: Clues on texts and order need tables that are worth it only for so many filters.
FEW = 50


class Entry(NamedTuple):
    """A clue with its literal: what stands in a table. ``among`` becomes one ``equal`` for each element."""

    kind: ClueKind
    path: Path
    value: Any


class Choices:
    """How often each entry is needed by the filters of one set, and what each filter's best need is."""

    def __init__(self) -> None:
        self._entries: Counter[Entry] = Counter()
        self._by_field: Counter[tuple[ClueKind, Path]] = Counter()
        self._with_tables = 0

    def count(self, need: Need | None, literals: tuple[Any, ...]) -> None:
        """Notes what a filter could be looked up by."""
        entries = set(_entries(need, literals)) if need is not None else set[Entry]()
        self._entries.update(entries)
        self._by_field.update({(entry.kind, entry.path) for entry in entries})
        self._with_tables += any(entry.kind not in ("equal", "is") for entry in entries)

    def best(self, need: Need | None, literals: tuple[Any, ...]) -> list[Entry] | None:
        """The entries to look the filter up by; None when it is better asked every time."""
        if need is None:
            return None
        cost, entries = self._best(need, literals)
        return entries if cost < math.inf else None

    def _best(self, need: Need, literals: tuple[Any, ...]) -> tuple[float, list[Entry]]:
        if isinstance(need, Clue):
            entries = _expanded(need, literals)
            return sum(map(self._cost, entries)), entries
        parts = [self._best(part, literals) for part in need.parts]
        if isinstance(need, Choice):
            return min(parts, key=lambda part: part[0])
        return sum(cost for cost, _ in parts), [entry for _, entries in parts for entry in entries]

    def _cost(self, entry: Entry) -> float:
        """How many filters it is likely to find."""
        match entry.kind:
            case "is":
                return 0
            case "equal":
                return math.inf if _unhashable(entry.value) else self._entries[entry]
            case "starts" | "ends" | "within" | "among":
                return self._entries[entry] + 1 if self._with_tables >= FEW else math.inf
            case _:
                half = self._by_field[entry.kind, entry.path] / 2
                return half + 1 if self._with_tables >= FEW else math.inf


def _entries(need: Need, literals: tuple[Any, ...]) -> Iterator[Entry]:
    if isinstance(need, Clue):
        yield from (entry for entry in _expanded(need, literals) if not _unhashable(entry.value))
    else:
        for part in need.parts:
            yield from _entries(part, literals)


def _expanded(clue: Clue, literals: tuple[Any, ...]) -> list[Entry]:
    value: Any = literals[clue.at] if isinstance(clue.at, int) else clue.at
    if clue.kind == "among":
        return [Entry("equal", clue.path, element) for element in value]
    return [Entry(clue.kind, clue.path, value)]


def _unhashable(value: Any) -> bool:
    return isinstance(value, list | dict)

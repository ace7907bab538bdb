"""The rules of one set, each where an event finds it the quickest."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from router.core.filter import Filter
from router.core.index.choice import Choices, Entry
from router.core.index.clues import Path, need_of
from router.core.index.scan import Bucket, make_scan
from router.core.index.tables import FieldTable

#: From so many filters on, those that need the same are asked in one scan.
MANY = 32

Positioned = tuple[int, Filter]


class Narrowing:
    """Finds, among filters with positions, those that may hold for an event or fail on it.

    Args:
        filters: each with its position.
    """

    def __init__(self, filters: Iterable[Positioned]) -> None:
        by_entry, rest = _placed(list(filters))
        self._tables = [FieldTable(path, buckets) for path, buckets in _by_path(by_entry).items()]
        self._scan = make_scan(rest) if rest else None

    def find(self, data: Mapping[str, Any], found: list[int]) -> None:
        """Adds positions; in no order, some of them more than once."""
        for table in self._tables:
            table.find(data, found)
        if self._scan is not None:
            self._scan(data, found)


def _placed(filters: list[Positioned]) -> tuple[dict[Entry, list[Positioned]], list[Positioned]]:
    """Filters by what they need, and those that nothing narrows."""
    needs = {shape: need_of(shape) for shape in {sought.shape for _, sought in filters}}
    choices = Choices()
    for _, sought in filters:
        choices.count(needs[sought.shape], sought.literals)
    by_entry: dict[Entry, list[Positioned]] = defaultdict(list)
    rest: list[Positioned] = []
    for at, sought in filters:
        entries = choices.best(needs[sought.shape], sought.literals)
        if entries is None:
            rest.append((at, sought))
        for entry in set(entries or ()):
            by_entry[entry].append((at, sought))
    return by_entry, rest


def _by_path(by_entry: Mapping[Entry, list[Positioned]]) -> dict[Path, dict[Entry, Bucket]]:
    by_path: dict[Path, dict[Entry, Bucket]] = defaultdict(dict)
    for entry, filters in by_entry.items():
        by_path[entry.path][entry] = _bucket(filters)
    return by_path


def _bucket(filters: list[Positioned]) -> Bucket:
    if len(filters) == 1:
        return filters[0][0]
    if len(filters) < MANY:
        return tuple(at for at, _ in filters)
    return make_scan(filters)

"""Filters that need a field to be more or less than something, in order."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal

from router.core.index.choice import Entry
from router.core.index.scan import Bucket, take

_WORDS = ("lt", "lte", "gt", "gte")


class Orders:
    """Thresholds of one field; those of texts and of numbers apart, as they have no order between them."""

    def __init__(self, entries: Mapping[Entry, Bucket]) -> None:
        sorted_out: dict[tuple[str, str], list[tuple[Any, Bucket]]] = defaultdict(list)
        for entry, bucket in entries.items():
            if entry.kind in _WORDS and entry.value == entry.value:  # NaN is neither more nor less
                sorted_out[_kind(entry.value), entry.kind].append((entry.value, bucket))
        self._thresholds: dict[str, list[_Thresholds]] = defaultdict(list)
        for (kind, word), pairs in sorted_out.items():
            self._thresholds[kind].append(_Thresholds(word, pairs))

    def find(
        self, kind: Literal["text", "number"], value: Any, data: Mapping[str, Any], found: list[int]
    ) -> None:
        """Adds the filters whose threshold the value passes."""
        for thresholds in self._thresholds.get(kind, ()):
            for bucket in thresholds.passed(value):
                take(bucket, data, found)


class _Thresholds:
    def __init__(self, word: str, pairs: list[tuple[Any, Bucket]]) -> None:
        self._word = word
        pairs.sort(key=lambda pair: pair[0])
        self._at = [threshold for threshold, _ in pairs]
        self._buckets = [bucket for _, bucket in pairs]

    def passed(self, value: Any) -> list[Bucket]:
        """The buckets of the thresholds that the value is less than (``lt``), more than (``gt``) …"""
        match self._word:
            case "lt":
                return self._buckets[bisect_right(self._at, value) :]
            case "lte":
                return self._buckets[bisect_left(self._at, value) :]
            case "gt":
                return self._buckets[: bisect_left(self._at, value)]
            case _:
                return self._buckets[: bisect_right(self._at, value)]


def _kind(value: Any) -> str:
    return "text" if isinstance(value, str) else "number"

"""Names in the order in which they fall due."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import islice


class Due:
    """What is due, the earliest first; what was put again counts as it was put last."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def put(self, name: str, at: int | None) -> None:
        if at is None:
            self._at.pop(name, None)
        elif self._at.get(name) != at:
            self._at[name] = at
            heappush(self._heap, (at, name))

    def until(self, now: int, limit: int, wanted: Callable[[str], bool] = lambda _: True) -> list[str]:
        found: dict[str, int] = {}
        passed: list[tuple[int, str]] = []
        while len(found) < limit and (first := self._first()) is not None and first[0] <= now:
            passed.append(heappop(self._heap))
            if first[1] not in found and wanted(first[1]):
                found[first[1]] = first[0]
        for one in dict.fromkeys(passed):
            heappush(self._heap, one)
        return list(found)

    def newest(self, now: int, limit: int, wanted: Callable[[str], bool]) -> list[str]:
        due = sorted(((at, name) for name, at in self._at.items() if at <= now), reverse=True)
        return list(islice((name for _, name in due if wanted(name)), limit))

    def next(self, wanted: Callable[[str], bool] = lambda _: True, after: int = 0) -> int | None:
        first = self._first()
        if first is None or (first[0] > after and wanted(first[1])):
            return first[0] if first else None
        return min((at for name, at in self._at.items() if at > after and wanted(name)), default=None)

    def _first(self) -> tuple[int, str] | None:
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0] if self._heap else None

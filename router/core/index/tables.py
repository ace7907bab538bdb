"""What the value of one field finds: tables from values to the filters that need them."""

from collections.abc import Mapping
from typing import Any

from router.core.filter.compiled.runtime import field
from router.core.index.choice import Entry
from router.core.index.clues import Path
from router.core.index.orders import Orders
from router.core.index.scan import Bucket, take
from router.core.index.texts import Texts


class FieldTable:
    """Everything that is needed of the field at one path.

    Args:
        entries: what is needed of it, and by which filters.
    """

    def __init__(self, path: Path, entries: Mapping[Entry, Bucket]) -> None:
        self._name, *self._deeper = path
        self._equal = _of_kind("equal", entries)
        self._kinds = _of_kind("is", entries)
        self._texts = Texts(*(_of_kind(kind, entries) for kind in ("starts", "ends", "within")))
        self._orders = Orders(entries)
        self._only_equal = len(self._equal) == len(entries)

    def find(self, data: Mapping[str, Any], found: list[int]) -> None:
        """Adds the filters that may hold or fail for what the field holds."""
        value = data.get(self._name)
        for name in self._deeper:
            value = field(value, name)
        if value.__hash__ is not None:  # a list or an object equals no literal here
            take(self._equal.get(value, ()), data, found)
        if not self._only_equal:
            self._find_more(value, data, found)

    def _find_more(self, value: Any, data: Mapping[str, Any], found: list[int]) -> None:
        if isinstance(value, str):
            take(self._kinds.get("text", ()), data, found)
            self._texts.find(value, data, found)
            self._orders.find("text", value, data, found)
            return
        take(self._kinds.get("no text", ()), data, found)
        if isinstance(value, int | float) and not isinstance(value, bool):
            take(self._kinds.get("number", ()), data, found)
            self._orders.find("number", value, data, found)


def _of_kind(kind: str, entries: Mapping[Entry, Bucket]) -> dict[Any, Bucket]:
    return {entry.value: bucket for entry, bucket in entries.items() if entry.kind == kind}

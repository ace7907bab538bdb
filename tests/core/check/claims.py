"""What each remark claims of the part that it is about, checked on one event."""

from collections.abc import Callable, Mapping
from typing import Any

from router.core.check import Remark
from router.core.check.paths import Node, parts_of
from router.core.check.spans import Span
from router.core.filter.stepwise import is_true
from tests.core.check.membership import Failed


class OnEvent:
    """A filter's parts with what they found on an event."""

    def __init__(self, ast: Node, spans: Mapping[int, Span], found: Mapping[int, list[Any]]) -> None:
        self._nodes = list(_walk(ast))
        self._spans = spans
        self._found = found

    def check(self, remark: Remark) -> None:
        """Fails if the event contradicts the remark."""
        span = remark.start, remark.end
        if remark.code == "F104":
            self._check_types(remark, span)
            return
        values = self._values(next(node for node in self._nodes if self._spans[id(node)] == span))
        assert all(_CLAIMS[remark.code](value) for value in values), (remark, values)

    def _values(self, node: Node) -> list[Any]:
        return self._found.get(id(node), [])

    def _check_types(self, remark: Remark, span: Span) -> None:
        if remark.message.endswith("fails"):
            call = self._around(span, "function_expression", strictly=True)
            assert all(value is Failed for value in self._values(call)), remark
            return
        comparator = self._around(span, "comparator", strictly=False)
        call = self._around(span, "function_expression", strictly=True)
        if comparator and not (call and self._length(call) < self._length(comparator)):
            decided = comparator["value"] == "ne"
            values = [value for value in self._values(comparator) if value is not Failed]
            assert all(is_true(value) == decided for value in values), (remark, values)
        elif call:
            item = next(node for node in self._nodes if self._spans[id(node)] == span)
            wanted = self._values(call["children"][1])
            assert not any(item["value"] == value for value in wanted), (remark, wanted)

    def _around(self, span: Span, kind: str, *, strictly: bool) -> Any:
        holding = [node for node in self._nodes if node["type"] == kind and self._holds(node, span, strictly)]
        return min(holding, key=self._length, default=None)

    def _holds(self, node: Node, span: Span, strictly: bool) -> bool:
        start, end = self._spans[id(node)]
        return start <= span[0] and span[1] <= end and not (strictly and (start, end) == span)

    def _length(self, node: Node) -> int:
        start, end = self._spans[id(node)]
        return end - start


_CLAIMS: dict[str, Callable[[Any], bool]] = {
    "F105": lambda value: value is Failed or not is_true(value),
    "F106": lambda value: value is not Failed and is_true(value),
    "F108": lambda value: value is Failed or value is None or type(value) in (int, float),
}
CODES = frozenset({"F104", *_CLAIMS})


def _walk(node: Node) -> list[Node]:
    return [node, *(inner for part in parts_of(node) for inner in _walk(part))]

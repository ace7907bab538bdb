"""One filter: parsed by ``jmespath``, bounded, and judged without ever being fatal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import Options

from router.core.filter.functions import FUNCTIONS
from router.errors import RouterError

#: Bounds of an expression, checked when it is loaded.
MAX_LENGTH = 4096
MAX_DEPTH = 64
MAX_NODES = 1000


class FilterError(RouterError):
    """An expression that is not JMESPath, or is beyond its bounds.

    Args:
        column: where in the expression, counted from 0.
    """

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__("filter", message)
        self.column = column


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a filter held; ``error`` says in words why it failed instead, or is empty."""

    held: bool
    error: str = ""


class Filter:
    """A JMESPath filter: the grammar and the results of the ``jmespath`` package, and a few functions more.

    Raises:
        FilterError: the text is not JMESPath, or is too long, too deep or too large.
    """

    __slots__ = ("_options", "_parsed", "text")

    def __init__(self, expression: str) -> None:
        self.text = expression
        self._parsed = _parse(expression)
        self._options = Options(custom_functions=FUNCTIONS)

    @property
    def ast(self) -> Mapping[str, Any]:
        """The parsed expression, as ``jmespath`` names its nodes."""
        return self._parsed.parsed

    def search(self, data: Any) -> Any:
        """What the expression finds in the data: the same result, or exception, as ``jmespath.search``."""
        return self._parsed.search(data, options=self._options)

    def judge(self, data: Any) -> Judged:
        """Whether the filter holds for the data; a filter that fails does not hold and says why."""
        try:
            found = self.search(data)
        except Exception as error:  # noqa: BLE001  jmespath lets a bare TypeError out for unlike types
            return Judged(False, f"{type(error).__name__}: {error}")
        return Judged(is_true(found))

    def holds(self, data: Any) -> bool:
        """Whether the result is true-like in JMESPath; False when the filter fails on the data."""
        return self.judge(data).held

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


def is_true(found: Any) -> bool:
    """JMESPath's truth: ``false``, ``null``, ``''``, ``[]`` and ``{}`` are not true; the number 0 is."""
    return not (found is None or found is False or found == "" or found == [] or found == {})


def _parse(expression: str) -> Any:
    if len(expression) > MAX_LENGTH:
        raise FilterError(f"a filter has at most {MAX_LENGTH} characters; this one has {len(expression)}")
    try:
        parsed = jmespath.compile(expression)
    except JMESPathError as error:
        column = getattr(error, "lex_position", None) or 0
        raise FilterError(f"not JMESPath: {_first_line(error)}", column) from error
    except RecursionError:
        raise FilterError(f"a filter nests at most {MAX_DEPTH} deep") from None
    _check_size(parsed.parsed)
    return parsed


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].rstrip(":. ")


def _check_size(ast: Mapping[str, Any]) -> None:
    nodes, waiting = 0, [(ast, 1)]
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        if depth > MAX_DEPTH:
            raise FilterError(f"a filter nests at most {MAX_DEPTH} deep")
        if nodes > MAX_NODES:
            raise FilterError(f"a filter has at most {MAX_NODES} parts")
        waiting += [(child, depth + 1) for child in node["children"] if isinstance(child, dict)]

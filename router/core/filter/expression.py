"""One filter: parsed by ``jmespath``, run as Python code, bounded, and judged without ever being fatal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from router.core.filter.bounds import FilterError, check_length, check_size, too_deep
from router.core.filter.compiled.program import Evaluate, Shape, shape_with_code
from router.core.filter.shape import ast_of, shape_of

#: The longest text of an error on record; ``jmespath`` puts whole values in.
_LONGEST_ERROR = 300
#: Brackets, and literals, in which they are none.
_BRACKETS = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|[()\[\]{}]""", re.DOTALL)
_CLOSED_BY = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a filter held; ``error`` says in words why it failed instead, or is empty."""

    held: bool
    error: str = ""


_HOLDERS = frozenset((list, dict))
_HELD, _NOT_HELD = Judged(True), Judged(False)


class Filter:
    """A JMESPath filter: the grammar and the results of the ``jmespath`` package, and a few functions more.

    Data is what JSON can say: dicts, lists, texts, numbers, booleans, None.

    Raises:
        FilterError: the text is not JMESPath, or is too long, too deep or too large.
    """

    __slots__ = ("_search", "literals", "shape", "text")

    def __init__(self, expression: str) -> None:
        ast = _parse(expression)
        node, literals = shape_of(ast)
        self.text = expression
        self.shape: Shape = shape_with_code(node, len(literals))
        self.literals: tuple[Any, ...] = literals
        self._search: Evaluate | None = None

    @property
    def ast(self) -> Mapping[str, Any]:
        """The parsed expression, as ``jmespath`` names its nodes."""
        return ast_of(self.shape.node, self.literals)

    def search(self, data: Any) -> Any:
        """What the expression finds in the data: the same result, or exception, as ``jmespath.search``.

        The result is the caller's own: changing it changes neither the data nor the filter.

        Raises:
            FilterError: it takes more steps than a filter may.
        """
        found = (self._search or self._make_search())(data)
        return detached(found) if found.__class__ in _HOLDERS else found

    def truth(self, data: Any) -> Any:
        """Something that is true in Python when the filter holds; raises as :meth:`search`."""
        return self.shape.truth(data, *self.literals)

    def judge(self, data: Any) -> Judged:
        """Whether the filter holds for the data; a filter that fails does not hold and says why."""
        try:
            return _HELD if self.shape.truth(data, *self.literals) else _NOT_HELD
        except Exception as error:  # noqa: BLE001  jmespath lets a bare TypeError out for unlike types
            return Judged(False, f"{type(error).__name__}: {error}"[:_LONGEST_ERROR])

    def holds(self, data: Any) -> bool:
        """Whether the result is true-like in JMESPath; False when the filter fails on the data."""
        return self.judge(data).held

    def _make_search(self) -> Evaluate:
        self._search = self.shape.search(*self.literals)
        return self._search

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)


def detached(found: Any) -> Any:
    """A copy of a list or an object, to any depth."""
    own = found.copy()
    waiting = [own]
    while waiting:
        holder = waiting.pop()
        for at in _holders_in(holder):
            holder[at] = holder[at].copy()
            waiting.append(holder[at])
    return own


def _holders_in(holder: Any) -> list[Any]:
    """Indices or keys of the lists and objects in a list or an object."""
    parts = holder.items() if holder.__class__ is dict else enumerate(holder)
    return [at for at, part in parts if part.__class__ in _HOLDERS]


def _parse(expression: str) -> Mapping[str, Any]:
    check_length(expression)
    try:
        ast: Mapping[str, Any] = jmespath.compile(expression).parsed
    except JMESPathError as error:
        column = getattr(error, "lex_position", None) or 0
        open_bracket = _unclosed(expression) if "Incomplete" in str(error) else ""
        also = f": the {open_bracket} is not closed" if open_bracket else ""
        raise FilterError(f"not JMESPath: {_first_line(error)}{also}", column) from error
    except RecursionError:
        raise too_deep() from None
    check_size(ast)
    return ast


def _unclosed(expression: str) -> str:
    """The last bracket that is opened and not closed; nothing where there is none."""
    waiting: list[str] = []
    for sign in _BRACKETS.findall(expression):
        if sign in _CLOSED_BY:
            waiting.append(sign)
        elif waiting and _CLOSED_BY[waiting[-1]] == sign:
            waiting.pop()
    return waiting[-1] if waiting else ""


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].rstrip(":. ")

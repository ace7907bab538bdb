"""One generated function: the names in it, and how a node of the tree becomes a Python expression.

Everything is an expression. A piece of code that needs a value twice binds it to a name first,
``(t1 := …)``; names are never used again for anything else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from textwrap import indent
from typing import NamedTuple

from router.core.filter.shape import Node

#: Python's compiler allows some 200 nested brackets: deeper parts become functions of their own.
DEEPEST = 12


class Code(NamedTuple):
    """A Python expression that can stand as an operand.

    Args:
        plain: its truth in Python is its truth in JMESPath (only the number 0 differs).
    """

    text: str
    plain: bool = False


Write = Callable[["Scope", Node, str], Code]


@dataclass
class Program:
    """The functions that one expression needs, and how each type of node is written.

    Args:
        writers: by node type.
    """

    writers: Mapping[str, Write]
    functions: list[str] = field(default_factory=list[str])
    names: int = 0

    def name(self, prefix: str) -> str:
        """A name that nothing else has."""
        self.names += 1
        return f"{prefix}{self.names}"

    def function(self, node: Node, truth: bool = False) -> str:
        """Writes a function from the current value to the node's; returns its name."""
        name = self.name("part")
        self.functions.append(f"def {name}(data):\n{indent(self.lines(node, truth), '    ')}")
        return name

    def lines(self, node: Node, truth: bool = False) -> str:
        """The lines of such a function.

        Args:
            truth: only the truth of the result counts: any value with Python's truth will do.
        """
        scope = Scope(self)
        found = scope.truth(node, "data") if truth else scope.value(node, "data").text
        opening = "fields = data if data.__class__ is dict else mapping(data)\n" if scope.reads_fields else ""
        return f"{opening}return {found}\n"


@dataclass
class Scope:
    """One function being written. Its parameter is ``data``; ``fields`` is what its fields are read from."""

    program: Program
    depth: int = 0
    reads_fields: bool = False

    def value(self, node: Node, current: str) -> Code:
        """The node's value where ``current`` is the current value's expression."""
        if self.depth >= DEEPEST:
            return Code(f"{self.program.function(node)}({current})")
        self.depth += 1
        try:
            return self.program.writers[node.type](self, node, current)
        finally:
            self.depth -= 1

    def truth(self, node: Node, current: str) -> str:
        """An expression that is true in Python when the node's value is true in JMESPath."""
        if self.depth >= DEEPEST:
            return f"{self.program.function(node, truth=True)}({current})"
        if node.type in _LOGIC and current.isidentifier():
            return self._logic(node, current)
        code = self.value(node, current)
        return code.text if code.plain else jmespath_truth(*self.bound(code.text))

    def _logic(self, node: Node, current: str) -> str:
        self.depth += 1
        try:
            parts = [self.truth(child, current) for child in node.children]
        finally:
            self.depth -= 1
        return f"(not {parts[0]})" if node.type == "not_expression" else f"({_LOGIC[node.type].join(parts)})"

    def bound(self, text: str) -> tuple[str, str]:
        """A name for a value that is needed twice, and the code of its first use."""
        if text.isidentifier():
            return text, text
        name = self.program.name("t")
        return name, f"({name} := {text})"


def jmespath_truth(name: str, first: str) -> str:
    """Python's truth, and the number 0 is true; of what :meth:`Scope.bound` gave."""
    return f"({first} or {name} == 0 and {name} is not False)"


_LOGIC = {"and_expression": " and ", "or_expression": " or ", "not_expression": "not"}

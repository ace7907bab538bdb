"""From a shape to Python functions.

The source for ``Event == 'OnJobFailed' && starts_with(JobName, 'prod-')``, once for all such filters::

    def truth(data, p0, p1):
        fields = data if data.__class__ is dict else mapping(data)
        return ((fields.get('Event') == p0)
                and (t1.startswith(p1) if (t1 := fields.get('JobName')).__class__ is str
                     else call('starts_with', [t1, p1])))

``search`` is the same within ``def make(p0, p1)``: it has its literals at hand, and starts sooner. Among
10,000 rules that are seldom asked, a function for each would only be in the way.
"""

from collections.abc import Callable
from functools import cached_property, lru_cache
from textwrap import indent
from typing import Any

from router.core.filter.compiled import calls, logic, paths, projections
from router.core.filter.compiled.runtime import NAMES
from router.core.filter.compiled.scope import Program, Write
from router.core.filter.growth import is_bounded
from router.core.filter.shape import Node, ast_of
from router.core.filter.stepwise import Stepwise, is_true

Evaluate = Callable[[Any], Any]

#: How each type of node is written.
WRITERS: dict[str, Write] = {
    "and_expression": logic.both,
    "comparator": logic.comparator,
    "current": paths.same,
    "expref": calls.expression,
    "field": paths.field,
    "filter_projection": projections.list_projection,
    "flatten": projections.flatten,
    "function_expression": calls.call,
    "identity": paths.same,
    "index": paths.element,
    "index_expression": paths.chain,
    "key_val_pair": paths.pair,
    "literal": paths.literal,
    "literal_list": paths.literal_list,
    "multi_select_dict": paths.new_object,
    "multi_select_list": paths.new_list,
    "not_expression": logic.negated,
    "or_expression": logic.either,
    "pipe": paths.chain,
    "projection": projections.list_projection,
    "slice": paths.cut,
    "subexpression": paths.chain,
    "value_projection": projections.value_projection,
}


class Shape:
    """A shape and its code, which is made when it is first needed.

    Args:
        node: the tree; see :func:`router.core.filter.shape.shape_of`.
        holes: how many literals it takes.
    """

    def __init__(self, node: Node, holes: int) -> None:
        self.node = node
        self.holes = holes

    @cached_property
    def bounded(self) -> bool:
        """Whether its work is bounded by the event's size, so that the code may run uncounted."""
        return is_bounded(self.node)

    @cached_property
    def search(self) -> Callable[..., Evaluate]:
        """Takes the literals; returns the function from a value to what the expression finds in it."""
        if self.bounded:
            return _made(self.source(truth=False), "make")

        def bound(*literals: Any) -> Evaluate:
            return lambda data: self._counted(data, literals)

        return bound

    @cached_property
    def truth(self) -> Callable[..., Any]:
        """Takes a value and the literals; returns something that is true in Python when the filter holds."""
        if self.bounded:
            return _made(self.source(truth=True), "truth")

        def truth(data: Any, *literals: Any) -> bool:
            return is_true(self._counted(data, literals))

        return truth

    def _counted(self, data: Any, literals: tuple[Any, ...]) -> Any:
        return Stepwise().visit(ast_of(self.node, literals), data)

    def source(self, truth: bool) -> str:
        """The source of ``truth`` or ``make``, as above."""
        program = Program(WRITERS)
        lines = program.lines(self.node, truth)
        literals = ", ".join(f"p{index}" for index in range(self.holes))
        parts = indent("".join(program.functions), "    ")
        if truth:
            return f"def truth(data, {literals}):\n{parts}{indent(lines, '    ')}"
        search = indent(f"def search(data):\n{indent(lines, '    ')}", "    ")
        return f"def make({literals}):\n{parts}{search}    return search\n"


def _made(source: str, name: str) -> Callable[..., Any]:
    names: dict[str, Any] = dict(NAMES)
    exec(compile(source, "<filter>", "exec"), names)  # noqa: S102  written by us; literals are arguments
    return names[name]


@lru_cache(maxsize=4096)
def shape_with_code(node: Node, holes: int) -> Shape:
    """The one shape object of equal trees."""
    return Shape(node, holes)

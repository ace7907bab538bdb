"""From a shape to Python functions.

The source for ``Event == 'OnJobFailed' && starts_with(JobName, 'prod-')``, once for all such filters::

    def make(p0, p1):
        def search(data):
            fields = data if data.__class__ is dict else mapping(data)
            return ((fields.get('Event') == p0)
                    and (t1.startswith(p1) if (t1 := fields.get('JobName')).__class__ is str
                         else call('starts_with', [t1, p1])))
        return search
"""

from collections.abc import Callable
from functools import cached_property, lru_cache
from textwrap import indent
from typing import Any

from router.core.filter.compiled import calls, logic, paths, projections
from router.core.filter.compiled.runtime import NAMES
from router.core.filter.compiled.scope import Program, Write
from router.core.filter.growth import is_bounded
from router.core.filter.shape import Node

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
        return self._made(truth=False)

    @cached_property
    def truth(self) -> Callable[..., Evaluate]:
        """The same, but of the results only the truth in Python counts."""
        return self._made(truth=True)

    def source(self, truth: bool) -> str:
        """The source of ``make``, as above."""
        program = Program(WRITERS)
        program.function(self.node, "search", truth)
        parameters = ", ".join(f"p{index}" for index in range(self.holes))
        functions = indent("".join(program.functions), "    ")
        return f"def make({parameters}):\n{functions}    return search\n"

    def _made(self, truth: bool) -> Callable[..., Evaluate]:
        names: dict[str, Any] = dict(NAMES)
        exec(compile(self.source(truth), "<filter>", "exec"), names)  # noqa: S102  written by us; literals are arguments
        return names["make"]


@lru_cache(maxsize=4096)
def shape_with_code(node: Node, holes: int) -> Shape:
    """The one shape object of equal trees."""
    return Shape(node, holes)

"""``jmespath``'s own interpreter with a budget, for expressions that could make too much of an event.

Every step costs, and so does every value that is made, by its weight as a tree: ``[@, @]`` written 26 times
is small in memory and takes minutes to walk.
"""

from typing import Any

from jmespath.visitor import Options, TreeInterpreter

from router.core.filter.bounds import MAX_STEPS, too_much_work
from router.core.filter.compiled.runtime import Expression
from router.core.filter.functions import FUNCTIONS
from router.core.filter.shape import weight

_MAKERS = {
    "filter_projection",
    "flatten",
    "function_expression",
    "multi_select_dict",
    "multi_select_list",
    "projection",
    "value_projection",
}


class Stepwise(TreeInterpreter):
    """Evaluates any node of a parsed expression: the same results, or a :class:`FilterError`.

    One instance is for one evaluation. ``visit(node, value)`` takes any node, so each part of an expression
    can be asked for its value.
    """

    def __init__(self, budget: int = MAX_STEPS) -> None:
        super().__init__(Options(custom_functions=FUNCTIONS))
        self._left = budget

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._spend(1)
        found: Any = super().visit(node, *args, **kwargs)
        if node["type"] in _MAKERS:
            self._spend(weight(found, self._left))
        return found

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        arguments = [self.visit(child, value) for child in node["children"]]
        self._spend(sum(weight(argument, self._left) for argument in arguments))
        if node["value"] == "join":
            self._spend(_joined_weight(arguments))
        return FUNCTIONS.call_function(node["value"], arguments)

    def visit_expref(self, node: Any, value: Any) -> Any:
        return Expression(lambda element: self.visit(node["children"][0], element))

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise too_much_work()


def _joined_weight(arguments: list[Any]) -> int:
    """What the separators of a ``join`` weigh."""
    if len(arguments) == 2 and isinstance(arguments[0], str) and isinstance(arguments[1], list):
        return len(arguments[0]) * len(arguments[1]) // 32  # type: ignore[reportUnknownArgumentType]
    return 0


def is_true(found: Any) -> bool:
    """JMESPath's truth: ``false``, ``null``, ``''``, ``[]`` and ``{}`` are not true; the number 0 is."""
    return not (found is None or found is False or found == "" or found == [] or found == {})

"""Finds the rules that hold for an event without asking each of them.

Four steps, a file each: what a filter cannot hold without (:mod:`clues`), tables of that by field
(:mod:`tables`, :mod:`texts`), generated loops over what no table narrows (:mod:`scan`), and the rules of
one set put into them (:mod:`narrowing`). Every rule found is then judged as it would be without an index.
"""

from router.core.index.rule_index import make_index

__all__ = ["make_index"]

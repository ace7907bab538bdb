"""JMESPath filters: what they find in an event, and whether they hold."""

from router.core.filter.bounds import FilterError
from router.core.filter.expression import Filter, Judged

__all__ = ["Filter", "FilterError", "Judged"]

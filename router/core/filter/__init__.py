"""JMESPath filters: what they find in an event, and whether they hold."""

from router.core.filter.expression import Filter, FilterError, Judged

__all__ = ["Filter", "FilterError", "Judged"]

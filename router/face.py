"""The public face, see ``router/__init__.py``."""

from router.core.event import Event
from router.core.filter import Filter
from router.core.rule import Match
from router.errors import RouterError

__all__ = ["Event", "Filter", "Match", "RouterError"]

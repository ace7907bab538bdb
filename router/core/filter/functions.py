"""The functions that filters have beyond JMESPath's own; each returns null on null."""

import fnmatch
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

import re2
from jmespath import functions


@lru_cache(maxsize=1024)
def _re2(pattern: str) -> Any:
    """Compiled for linear time; RE2 has no backtracking. Raises ``re2.error`` for a bad pattern."""
    engine: Any = re2  # no type hints
    options = engine.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return engine.compile(pattern, options)


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> Any:
    return _re2("(?s)^" + fnmatch.translate(pattern).removeprefix("(?s:").rpartition(")")[0] + "$")


_TEXT: Any = {"types": ["string", "null"]}


class Functions(functions.Functions):
    """JMESPath's functions, and ours."""

    @functions.signature(_TEXT, _TEXT)
    def _func_matches(self, text: str | None, pattern: str | None) -> bool | None:
        """Whether the RE2 pattern is found anywhere in the text."""
        return None if text is None or pattern is None else _re2(pattern).search(text) is not None

    @functions.signature(_TEXT, _TEXT)
    def _func_glob(self, text: str | None, pattern: str | None) -> bool | None:
        """Whether the whole text fits a shell pattern: ``*``, ``?``, ``[…]``."""
        return None if text is None or pattern is None else _glob(pattern).search(text) is not None

    @functions.signature(_TEXT)
    def _func_lower(self, text: str | None) -> str | None:
        return None if text is None else text.lower()

    @functions.signature(_TEXT)
    def _func_upper(self, text: str | None) -> str | None:
        return None if text is None else text.upper()

    @functions.signature(_TEXT, _TEXT)
    def _func_seconds_between(self, start: str | None, end: str | None) -> float | None:
        """Seconds from one ISO 8601 time to another; without an offset they are UTC."""
        return None if start is None or end is None else (_time(end) - _time(start)).total_seconds()


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


FUNCTIONS = cast(Any, Functions())

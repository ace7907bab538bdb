"""YAML that a person wants to keep: every text quoted that could be read as something else."""

import json
import re
from typing import Any, cast

_PLAIN = re.compile("[A-Za-z][A-Za-z0-9_.-]*(/[A-Za-z_]+)*|([0-9]+[dhms])+")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def scalar(value: Any) -> str:
    """A scalar in flow or block."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return "".join(_letter(letter) for letter in json.dumps(value, ensure_ascii=False))


def _letter(letter: str) -> str:
    if letter.isprintable():
        return letter
    return f"\\U{ord(letter):08x}" if ord(letter) > 0xFFFF else f"\\u{ord(letter):04x}"


def flow(value: Any) -> str:
    """Anything on one line."""
    if isinstance(value, dict):
        keys = cast("dict[str, Any]", value)
        return "{" + ", ".join(f"{scalar(key)}: {flow(one)}" for key, one in keys.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(one) for one in cast("list[Any]", value)) + "]"
    return scalar(value)


def comment(text: str) -> str:
    """One line behind a ``#``, whatever the text holds."""
    return "# " + "".join(letter if letter.isprintable() else " " for letter in text)

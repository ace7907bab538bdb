"""How a field's value is read: numbers come as text, an empty text means that nothing is set."""

import re
from typing import Any

#: JSON's numbers, and a sign or zeros in front; ASCII digits only, and few enough for 64 bits.
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")


def read_number(value: Any) -> Any:
    """A number from a number or a text; None for an empty text.

    Whole numbers become ``int``, also ``"137.0"``. Whatever is no number comes back as it is.
    """
    if isinstance(value, str):
        is_plain = value.isdecimal() and value.isascii() and len(value) < 19
        return int(value) if is_plain else _from_text(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        return int(value)
    return value


def _from_text(text: str) -> Any:
    stripped = text.strip()
    if not stripped:
        return None
    found = _NUMBER.fullmatch(stripped)
    if found is None:
        return text
    is_whole = found[1] is None and found[2] is None
    return int(stripped) if is_whole else read_number(float(stripped))


def read_time(value: Any) -> Any:
    """The time as it came; None for an empty text."""
    return None if value == "" else value

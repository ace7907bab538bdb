"""Plain scalars to values, by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2, 10.3.2)."""

import re

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS_OF_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
#: What a scalar that is no text begins with; the others need no closer look.
_FIRST = frozenset("0123456789-+.~nNtTfF")
#: Digits of an integer; a longer one is a float.
_MOST_DIGITS = 300


def value_of(text: str) -> str | int | float | bool | None:
    """What a plain scalar says. ``no``, ``on``, ``12:30`` and dates are texts; ``010`` is ten."""
    if text[:1] not in _FIRST and text:
        return text
    if text in _WORDS:
        return None
    if text in _WORDS_OF_TRUTH:
        return _WORDS_OF_TRUTH[text]
    if _INT.fullmatch(text) and len(text) <= _MOST_DIGITS:
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text) or _INFINITE.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text

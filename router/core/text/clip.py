"""Shortening plain text, before it is escaped, so that no entity or escape is ever divided."""

import unicodedata

MARK = "…"

#: A character takes at most so many code points; beyond it a text is not worth keeping whole.
_LONGEST_CHARACTER = 32


def clip(text: str, most: int) -> str:
    """The text, or its beginning with ``…``: at most so many code points, cut between characters."""
    if len(text) <= most:
        return text
    return text[: whole(text, max(0, most - 1))].rstrip() + MARK[:most]


def clip_bytes(text: str, most: int) -> str:
    """The text, or its beginning with ``…``: at most so many bytes in UTF-8, cut between characters."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most:
        return text
    mark = MARK if most >= 3 else ""
    kept = encoded[: max(0, most - len(mark.encode()))].decode("utf-8", "ignore")
    return text[: whole(text, len(kept))].rstrip() + mark


def whole(text: str, end: int) -> int:
    """The nearest place at or before ``end`` that divides no character as people see it."""
    at = end
    while 0 < at < len(text) and _joined(text, at):
        at -= 1
        if end - at > _LONGEST_CHARACTER:
            return end
    return at


def _joined(text: str, at: int) -> bool:
    """Whether the code points before and after a place are one character."""
    before, after = text[at - 1], text[at]
    if before < "\u0300" and after < "\u0300":
        return before == "\r" and after == "\n"
    if before == "\u200d" or after in "\u200d\u200c":
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return True
    if _is_flag(before) and _is_flag(after):
        return _flags_before(text, at) % 2 == 1
    return unicodedata.category(after).startswith("M") or _is_surrogate_pair(before, after)


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags_before(text: str, at: int) -> int:
    """How many regional indicators stand together before a place: two make a flag."""
    start = at
    while start > 0 and _is_flag(text[start - 1]):
        start -= 1
    return at - start


def _is_surrogate_pair(before: str, after: str) -> bool:
    return "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff"

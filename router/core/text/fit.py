"""Texts are fitted to a limit in the provider's own unit: never a silent cut."""

import unicodedata
from collections.abc import Callable, Iterable

#: Ends a text that was shortened.
SHORTENED = "… (shortened)"


def fit(texts: Iterable[str], limit: int, size: Callable[[str], int]) -> str:
    """The first text that fits, else the last one cut between characters, with a mark that says so."""
    last = ""
    for last in texts:
        if size(last) <= limit:
            return last
    return cut(last, limit, size)


def cut(text: str, limit: int, size: Callable[[str], int], mark: str = SHORTENED) -> str:
    """The longest beginning that fits with the mark; whole characters with their accents, no half entity."""
    if size(text) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(text[:middle] + mark) <= limit else (low, middle - 1)
    return text[: _whole(text, low)].rstrip() + mark


def _whole(text: str, end: int) -> int:
    """The nearest end at or before this one that divides no character, escape or entity."""
    while 0 < end < len(text) and (unicodedata.combining(text[end]) or text[end] in "\u200d\ufe0f"):
        end -= 1
    entity = text.rfind("&", max(0, end - 6), end)
    if entity >= 0 and ";" not in text[entity:end] and ";" in text[end : end + 6]:
        end = entity
    backslashes = len(text[:end]) - len(text[:end].rstrip("\\"))
    return end - backslashes % 2

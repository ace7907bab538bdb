"""Error messages without what differs from one instance to the next, so that equal troubles count as one."""

import re
from functools import lru_cache

from router.core.text.clip import clip
from router.core.text.dialects import one_line

#: Characters of a message that are read, and of what is kept.
_READ = 1_000
_KEPT = 160

_PART = re.compile(
    r"(?P<url>[a-zA-Z][a-zA-Z0-9+]{1,9}://[^\s'\"<>]+)"
    r"|(?P<time>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d\d:\d\d:\d\d(?:[.,]\d+)?)"
    r"|(?P<path>(?:/[^\s/'\"<>:;,()]+){2,}/?|(?<![\w>])[A-Za-z]:\\[^\s'\"<>:;,()]+)"
    r"|(?P<address>\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?)"
    r"|(?P<word>[\w-]+)",
)
_ID = re.compile(r"0x[0-9a-fA-F]+|(?=.*\d)(?=.*[A-Za-z])[\w-]{8,}")
_HEXADECIMAL = re.compile(r"[0-9a-f-]{8,}|[0-9A-F-]{8,}")
_NUMBER = re.compile(r"\d+")


def normalise(message: str) -> str:
    """A message in one line; ``<url> <time> <path> <address> <id> <n>`` stand for what varies.

    Takes time in proportion to the message; the same message, and its normal form, give the same.
    """
    return _normalised(message[:_READ])


@lru_cache(maxsize=1024)
def _normalised(message: str) -> str:
    return clip(_PART.sub(_normal, one_line(message)), _KEPT)


def _normal(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind != "word":
        return f"<{kind}>"
    word = found[0]
    if word.isalpha() or not any(map(str.isdigit, word)):
        return word
    if _ID.fullmatch(word) or _HEXADECIMAL.fullmatch(word):
        return "<id>"
    return _NUMBER.sub("<n>", word)

"""What must not be shown of a channel's URL, and texts made fit to be shown."""

from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

#: Of a provider's words, so many characters are kept.
LONGEST_ANSWER = 300
#: Shorter parts are words like ``v1`` or ``no``.
_SHORTEST = 4
#: Parameters of every Apprise URL that say how to send, not to whom.
_PLAIN = frozenset(
    {"format", "overflow", "verify", "cto", "rto", "redirect", "emojis", "store", "tz"}
    | {"retry", "wait", "optional", "method", "mode", "region", "batch", "image", "footer", "priority"}
)
HIDDEN = "***"


class Secrets:
    """The parts of URLs that are hidden wherever a provider's words may repeat them.

    Everything counts as secret but the schema and how to send: tokens, paths, users, passwords,
    headers, phone numbers, addresses.

    Args:
        urls: a channel's URL, a proxy's.
        open_parts: what may be shown, such as the host of one's own server.
    """

    def __init__(self, urls: Iterable[str], open_parts: Iterable[str] = ()) -> None:
        shown = {part.lower() for part in open_parts}
        found = {part for url in urls for part in _parts(url)}
        written = {form for part in found if part.lower() not in shown for form in _forms(part)}
        # The longest first: a part may lie within another.
        parts = sorted((part for part in written if len(part) >= _SHORTEST), key=len, reverse=True)
        self._parts = [(part, part.lower()) for part in parts]

    def hide(self, text: str) -> str:
        """The text with every secret in it as ``***``, whatever its case."""
        low = text.lower()
        if not any(part in text or lower in low for part, lower in self._parts):
            return text
        for part, _ in self._parts:
            text = _replaced(text, part)
        return text

    def shown(self, text: str) -> str:
        """A provider's words as they may be kept: no secrets, one line, at most 300 characters."""
        hidden = self.hide(text)
        if not hidden.isprintable():
            hidden = "".join(c if c.isprintable() else " " for c in hidden)
        line = " ".join(hidden.split())
        return line if len(line) <= LONGEST_ANSWER else line[: LONGEST_ANSWER - 1] + "…"


def _replaced(text: str, part: str) -> str:
    low, found = text.lower(), part.lower()
    if len(low) != len(text) or found not in low:  # letters that change their length have no secrets
        return text.replace(part, HIDDEN)
    pieces: list[str] = []
    start = 0
    while (at := low.find(found, start)) >= 0:
        pieces += [text[start:at], HIDDEN]
        start = at + len(part)
    return "".join([*pieces, text[start:]])


def _parts(url: str) -> set[str]:
    split = urlsplit(url.replace("/#", "/%23"))
    user, _, password = split.netloc.rpartition("@")[0].partition(":")
    host = split.netloc.rpartition("@")[2]
    found = {user, password, host, host.partition(":")[0], split.path.strip("/"), split.query, split.fragment}
    found |= set(split.path.split("/"))
    for name, value in parse_qsl(split.query, keep_blank_values=True):
        if name.lower() not in _PLAIN:
            found |= {value, *value.split(","), *value.split()}
    if user:
        found.add(b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode())
    return found


def _forms(part: str) -> set[str]:
    bare = unquote(part)
    return {part, bare, quote(bare), quote(bare, safe=""), quote_plus(bare)}

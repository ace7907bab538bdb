"""Hostile words, events that hold each of them in each of their fields, and how one sees that they act.

Words that would become an element, an attribute, a header or a line of ours begin with ``evil``.
"""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from router.core.catalogue import EVENTS

#: The product in ``{{ }}`` below: it stands nowhere unless a template was run.
PRODUCT = str(1_787_569 * 7)

HOSTILE = (
    "<script>evil()</script><evil-x onevil=1>",
    '"><evil-x a="',
    "' onevil='1",
    "\" onevil=1 x='",
    "</pre></title></textarea></svg><evil-x>",
    "javascript:evil(){{1787569*7}}{% evil %}${1787569*7}",
    "\x1b[2J\x1b[31;1mevil\x1b]0;evil\x07\x1b]8;;http://evil.example\x07\x9b2Jevil\x9d0;evil\x9c\x85",
    "job\r\nEvil-Header: 1\r\n\r\n<evil-x>",
    "\u202egnp.live\u202c\u2066evil\u2069\u200f",
    "=cmd|' /C evil'!A0",
    "@SUM(evil)",
    "+evil",
    "-evil",
    "\t=evil",
    "\rforged=evil\x00evil\x08\x7f",
    "\ud800evil\udc00",
    "<!channel> @everyone @all <@U012AB3CD>",
    "[evil](http://evil.example) <http://evil.example|evil>",
)


def events() -> Iterator[bytes]:
    """Each documented event with each hostile word in each of its fields, as bodies; and others.

    In one event the words go around its fields, so that as many events as there are words have each
    of them everywhere. The name of the event keeps its value, or nothing would know its kind, but in
    one more event for each word.
    """
    for name, kind in EVENTS.items():
        fields = [field for field in kind.sample() if field != "Event"]
        for turn in range(len(HOSTILE)):
            yield _body({"Event": name} | {field: _word(turn + at) for at, field in enumerate(fields)})
    for turn in range(len(HOSTILE)):
        word = _word(turn)
        yield _body(EVENTS["OnJobFailed"].sample() | {"Event": word, word: {word: [word]}})
        yield _body(
            {"specversion": "1.0", "type": word, "source": word, "id": f"{word}{turn}", "subject": word}
        )


def no_events() -> list[bytes]:
    """Bodies that are no event."""
    return [f"{word} no event".encode("utf-8", "surrogatepass") for word in HOSTILE]


def _word(at: int) -> str:
    return HOSTILE[at % len(HOSTILE)]


def _body(event: dict[str, Any]) -> bytes:
    # Half a surrogate pair goes as an escape, as only JSON can say it.
    return json.dumps(event).encode()


#: What colours and the line of progress of our own commands are made of.
_OURS = re.compile(r"\x1b\[(?:0|1|2|31|32|33)?m|\r\x1b\[K")


def acting_on_a_terminal(text: str) -> list[str]:
    """What of a command's text a terminal would act on, but for our own colours."""
    return [c for c in _OURS.sub("", text) if not c.isprintable() and c != "\n"]


def forged_lines(text: str) -> list[str]:
    """Lines that an event has begun."""
    return [line for line in text.splitlines() if line.lower().startswith(("evil-header", "forged="))]


class Page(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.feed(text)
        self.close()
        self.wrong += [f"control {c!r}" for c in text if not c.isprintable() and c not in "\n\t"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements and attributes that no template of ours has."""
        if tag == "script":
            self.scripts.append(dict(attrs))
        elif tag in ("iframe", "object", "embed", "img", "base", "link") or "evil" in tag:
            self.wrong.append(f"element {tag}")
        for name, value in attrs:
            if name.startswith("on") or "evil" in name or name == "srcdoc":
                self.wrong.append(f"attribute {name}")
            if name in ("href", "src", "action", "formaction") and not (value or "").startswith(("/", "?")):
                self.wrong.append(f"{name}={value}")

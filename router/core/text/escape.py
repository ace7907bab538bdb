"""What comes from an event is data in every markup: it pings nobody, links nowhere, breaks no layout."""

import re
from collections.abc import Callable
from html import escape as _html

from router.core.text.kinds import Markup

#: Characters that act on a reader's screen: controls, and those that turn the direction of text.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
#: A ping needs its @ before a letter: a zero-width joiner between them leaves text that pings nobody.
_PING = re.compile(r"@(?=\w)")
_JOINER = "\u2060"
_MARKDOWN = re.compile(r"([\\`*_\[\]<>~|])")
_LINE_MARK = re.compile(r"(?m)^(\s*)([#+-]|\d+\.)")
_BARE_LINK = re.compile(r"(?i)\b(https?)://")


def plain(text: str) -> str:
    """Without what acts on a screen; an @ before a word no longer pings."""
    return _PING.sub(f"@{_JOINER}", _ACTING.sub("\ufffd", text))


def mrkdwn(text: str) -> str:
    """For Slack: ``& < >`` are entities, so no mention and no link; formatting marks stay text."""
    escaped = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([*_~`])", f"{_JOINER}\\1", escaped)


def markdown(text: str) -> str:
    """For Markdown: every mark is escaped, a line cannot begin a heading or a list, links stay text."""
    escaped = _LINE_MARK.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", plain(text)))
    return _BARE_LINK.sub(rf"\1:{_JOINER}//", re.sub(r"\n+", "  \n", escaped))


def html(text: str) -> str:
    """For HTML: text, in an element or in a quoted attribute."""
    return _html(_ACTING.sub("\ufffd", text), quote=True)


ESCAPES: dict[Markup, Callable[[str], str]] = {"plain": plain, "mrkdwn": mrkdwn, "markdown": markdown}


def one_line(text: str) -> str:
    """For a title: no line ends, no runs of spaces."""
    return " ".join(text.split())

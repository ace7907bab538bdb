"""The markup of each kind of channel, and how an event's words stay words in it.

An event pings nobody, forges no link, breaks no layout and acts on no screen. Where a provider
knows no escape that is sure to hold (Slack, DingTalk), a character that would act is replaced by
one that looks like it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape as _entities

Change = Callable[[str], str]

#: Controls, halves of surrogate pairs, and what turns the direction of text or hides it.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e001f]"
)
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_ZERO_WIDTH = "\u200b"


def clean(text: str) -> str:
    """Text that acts on no screen: a control shows as its picture (``␛``), a turned direction vanishes."""
    if _ACTING.search(text) is None:
        return text
    return _ACTING.sub(_shown, _LINE_ENDS.sub("\n", text))


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "\ufffd" if code < 0xA0 or 0xD800 <= code <= 0xDFFF else ""


def one_line(text: str) -> str:
    """Without line ends and runs of spaces: for a title, or a value beside its label."""
    return " ".join(clean(text).split())


# pings: an @ acts on what follows; an invisible space between them leaves text

_PING = re.compile(
    r"@(?=\**(?:all|here|channel|everyone|room|online|team|stream|topic|所有人)|[!&]?\d{5,})|(?<![\w.+-])@(?=\w)",
    re.IGNORECASE,
)


def _unpinged(text: str) -> str:
    return _PING.sub("@" + _ZERO_WIDTH, text) if "@" in text else text


def _text(text: str) -> str:
    """For places where nothing in a text acts: mail, webhooks, pagers."""
    return clean(text)


_TAG = re.compile(r"<(?=[\w!@#/?])")
_LINK = re.compile(r"\](?=[(\[:])")


def _chat(text: str) -> str:
    """For plain text in a chat whose rules are not known: no ping, no tag, no link under other words."""
    return _LINK.sub("]" + _ZERO_WIDTH, _TAG.sub("<" + _ZERO_WIDTH, _unpinged(clean(text))))


# Slack: https://docs.slack.dev/messaging/formatting-message-text

_SLACK_ACTS = re.compile(r"[&<>*_~`@\n]")
_OPENS = re.compile(r"(?<![^\W_])[*_~](?=\S|$)|`")
_LOOKALIKE = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
_QUOTE = re.compile(r"(?m)^(?=[ \t]*>)")


def _slack(text: str) -> str:
    text = clean(text)
    if _SLACK_ACTS.search(text) is None:
        return text
    text = _OPENS.sub(lambda found: _LOOKALIKE[found[0]], _QUOTE.sub(_ZERO_WIDTH, text))
    return _slack_entities(_unpinged(text))


def _slack_entities(text: str) -> str:
    """``& < >``: with them gone there is no mention and no link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack_code(text: str) -> str:
    text = _slack_entities(clean(text).replace("`", "ˋ"))
    return f"```\n{text}\n```" if "\n" in text else f"`{text}`"


# Markdown as DingTalk knows it: https://open.dingtalk.com/document/robots/custom-robot-access

_MARKDOWN_ACTS = re.compile(r"[\\`*_\[\]<~|#>+=@\n-]|\d[.)]|^\s")
_LINE_MARK = re.compile(
    r"(?m)^(?=[ \t]*(?:[#>]|-(?:[ \t-]|$)|\+(?:[ \t]|$)|==|\d+[.)](?:[ \t]|$))|[ ]{4}|\t)"
)
_MARKS = str.maketrans({"[": "［", "]": "］", "*": "∗", "`": "ˋ", "|": "｜"})
_MARKDOWN_OPENS = re.compile(r"(?<![^\W_])_(?=\S|$)|~(?!/)|\\(?=[!-/:-@\[-`{-~]|$)")
_MARKDOWN_LOOKALIKE = {"_": "ˍ", "~": "∼", "\\": "＼"}


def _markdown(text: str) -> str:
    text = clean(text)
    if _MARKDOWN_ACTS.search(text) is None:
        return text
    text = _MARKDOWN_OPENS.sub(lambda found: _MARKDOWN_LOOKALIKE[found[0]], _LINE_MARK.sub(_ZERO_WIDTH, text))
    return _TAG.sub("＜", _unpinged(text.translate(_MARKS))).replace("\n", "  \n")


def _wecom(text: str) -> str:
    return _markdown(text).replace("  \n", "\n")


# Discord: https://discord.com/developers/docs/reference#message-formatting

_DISCORD_MARK = re.compile(r"[\\`*~|<>\[\]]|(?<![^\W_])_|_(?![^\W_])")
_DISCORD_LINE = re.compile(r"(?m)^([ \t]*)(?=#|-(?:[ \t#-]|$))|^([ \t]*\d+)(?=[.)](?:[ \t]|$))")


def _discord(text: str) -> str:
    escaped = _DISCORD_MARK.sub(lambda found: "\\" + found[0], clean(text))
    return _unpinged(_DISCORD_LINE.sub(lambda found: f"{found[1] or found[2] or ''}\\", escaped))


def _discord_code(text: str) -> str:
    text = _unpinged(clean(text).replace("`", "ˋ"))
    return f"```\n{text}\n```" if "\n" in text else f"`{text}`"


# HTML, and short messages


def html(text: str) -> str:
    """For an element or a quoted attribute."""
    return _entities(clean(text), quote=True)


#: Characters that would make a short message cost twice, and what stands for them.
_CHEAP = str.maketrans(
    {"…": "...", "–": "-", "—": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "×": "x"}
    | {"•": "-", "·": "-", "\u00a0": " ", "\t": " ", "`": "'"}
)


def _sms(text: str) -> str:
    return clean(text).translate(_CHEAP)


# dialects


def _same(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Dialect:
    """A markup.

    Args:
        escape: an event's words as text.
        code: an event's words as they are, where the markup has a form for that; else like ``escape``.
        strong: words of ours, set off.
        link: words of ours, and a URL of ours.
        url: a URL of ours inside a template's own markup.
        line: what stands before each line of a list.
        apart: what stands between links.
    """

    escape: Change
    code: Change
    strong: Change = _same
    link: Callable[[str, str], str] = "{}: {}".format
    url: Change = _same
    line: str = ""
    apart: str = "\n"


DIALECTS: dict[str, Dialect] = {
    "text": Dialect(_text, _text),
    "chat": Dialect(_chat, _chat),
    "slack": Dialect(
        _slack,
        _slack_code,
        strong="*{}*".format,
        link=lambda words, url: f"<{_slack_entities(url)}|{words}>",
        url=_slack_entities,
        apart=" · ",
    ),
    "markdown": Dialect(
        _markdown,
        _markdown,
        strong="**{}**".format,
        link=lambda words, url: f"[{words}]({url})",
        line="- ",
        apart=" · ",
    ),
    # As DingTalk's, but a line is a line, and a dash no mark: https://developer.work.weixin.qq.com/document/path/91770
    "wecom": Dialect(
        _wecom,
        _wecom,
        strong="**{}**".format,
        link=lambda words, url: f"[{words}]({url})",
        apart=" · ",
    ),
    "discord": Dialect(
        _discord,
        _discord_code,
        strong="**{}**".format,
        link=lambda words, url: f"[{words}](<{url}>)",
        apart=" · ",
    ),
    "html": Dialect(html, html, url=html),
    "sms": Dialect(_sms, _sms),
}

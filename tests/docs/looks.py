"""How messages look where they arrive, near enough for the pictures of docs/gallery.md.

What is shown is what is sent; the frames around it are drawings of ours.
"""

import json
import re
from html import escape

from markdown_it import MarkdownIt

from router.core.message import Message

#: Of each kind: its name, the class of its frame, and how its text is read.
LOOKS: dict[str, tuple[str, str, str]] = {
    "slack": ("Slack", "room", "mrkdwn"),
    "dingtalk": ("DingTalk, Markdown", "room", "markdown"),
    "dingtalk-text": ("DingTalk, text", "room", "text"),
    "dingtalk-card": ("DingTalk, action card", "card", "markdown"),
    "feishu": ("Feishu and Lark, text", "room", "text"),
    "feishu-card": ("Feishu and Lark, card", "card", "text"),
    "wecom": ("WeCom, Markdown", "room", "markdown"),
    "wecom-text": ("WeCom, text", "room", "text"),
    "wechat": ("A WeCom application", "room", "text"),
    "telegram": ("Telegram", "bubble", "text"),
    "discord": ("Discord", "dark", "markdown"),
    "teams": ("Microsoft Teams", "card", "text"),
    "email": ("E-mail", "mail", "html"),
    "sms": ("A short message", "phone", "text"),
    "pagerduty": ("PagerDuty", "incident", "text"),
    "opsgenie": ("Opsgenie", "incident", "text"),
    "webhook": ("A webhook", "code", "json"),
    "template": ("Aliyun: a variable of a short message or a call", "phone", "text"),
    "plain": ("Any other service", "room", "text"),
    "short": ("A service of few characters", "bubble", "text"),
    "pager": ("A pager", "pager", "text"),
}

_STYLE = """
body { margin: 0; padding: 20px; background: #eef0f3;
  font: 14px/1.5 'Noto Sans', 'Noto Sans CJK SC', sans-serif;
  color: #1d1c1d; columns: 3; column-gap: 20px; width: 1360px; }
figure { margin: 0 0 20px; break-inside: avoid; }
figcaption { font-size: 12px; color: #5b6270; margin: 0 0 4px; }
.frame { padding: 12px 14px; overflow-wrap: anywhere; white-space: pre-wrap; }
.frame p { margin: 0 0 6px; white-space: normal; } .frame h3, .frame h4 { margin: 0 0 6px; font-size: 15px; }
.title { font-weight: 700; margin-bottom: 4px; }
.room, .card, .incident, .mail { background: #fff; border: 1px solid #d9dde3; border-radius: 8px; }
.card { border-top: 4px solid #d93025; } .incident { border-left: 4px solid #d93025; }
.mail { padding: 0; white-space: normal; }
.bubble, .phone { background: #fff; border-radius: 14px; border-bottom-left-radius: 3px; }
.phone { background: #e5e5ea; max-width: 300px; }
.dark { background: #313338; color: #dbdee1; border-radius: 6px; } .dark a { color: #4aa8ff; }
.pager { background: #b9c4a4;
  font-family: 'Noto Sans Mono', monospace; border: 6px solid #333; border-radius: 6px; }
.code { background: #1e2430; color: #d5dbe6;
  font: 11px/1.45 'Noto Sans Mono', monospace; border-radius: 6px; }
code { font: 12px 'Noto Sans Mono', monospace; background: #80808022; border-radius: 3px; padding: 0 2px; }
pre { margin: 2px 0; padding: 6px; background: #80808018; font: 12px 'Noto Sans Mono', monospace; }
ul { margin: 0; padding-left: 18px; white-space: normal; }
.buttons { margin-top: 10px; white-space: normal; }
.buttons span { display: inline-block; border: 1px solid #9aa3b2; border-radius: 5px; padding: 3px 10px;
  margin: 0 6px 6px 0; font-weight: 600; font-size: 13px; }
a { color: #1264a3; text-decoration: none; }
"""


_MARKDOWN = MarkdownIt("zero").enable(
    ["emphasis", "link", "backticks", "heading", "newline", "escape", "list", "blockquote", "entity"]
)


def sheet(kind: str, messages: list[tuple[str, Message]]) -> str:
    """A page with the messages, each under its caption."""
    _, frame, reading = LOOKS[kind]
    figures = "".join(
        f"<figure><figcaption>{escape(caption)}</figcaption>"
        f'<div class="frame {frame}">{_inside(message, reading)}</div></figure>'
        for caption, message in messages
    )
    return f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><body>{figures}</body>'


def _inside(message: Message, reading: str) -> str:
    if reading == "html":
        return f'<div class="frame"><div class="title">{escape(message.title)}</div></div>{message.html}'
    if reading == "json":
        return escape(json.dumps(message.data, indent=1, ensure_ascii=False))
    title = f'<div class="title">{_read(message.title, reading)}</div>' if message.title else ""
    words = "".join(f"<span>{escape(words)}</span>" for words, _ in message.links)
    buttons = f'<div class="buttons">{words}</div>' if words else ""
    return f"{title}<div>{_read(message.body, reading)}</div>{buttons}"


def _read(text: str, reading: str) -> str:
    if reading == "markdown":
        return _MARKDOWN.render(text)
    if reading == "mrkdwn":
        return _mrkdwn(text)
    return escape(text)


def _mrkdwn(text: str) -> str:
    """Slack's: https://docs.slack.dev/messaging/formatting-message-text."""
    linked = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r'<a href="\1">\2</a>', text)
    boxed = re.sub(r"```\n?(.*?)\n?```", r"<pre>\1</pre>", linked, flags=re.DOTALL)
    coded = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", boxed)
    return re.sub(r"(?m)(?<![\w*])\*([^*\n]+)\*", r"<b>\1</b>", coded)

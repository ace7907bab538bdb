"""The HTML part of a mail: inline styles only, no image, readable in the dark and on a telephone."""

from collections.abc import Sequence

from router.core.text.builtin.layouts import foot
from router.core.text.builtin.story import Fact, Story
from router.core.text.builtin.words import Words
from router.core.text.dialects import html

#: Of the bar and the word; each is readable on white and on black.
_COLOURS = {"critical": "#d93025", "warning": "#b26a00", "info": "#1a73e8"}
_ENDED = "#188038"

_HEAD = (
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
    '<meta name="supported-color-schemes" content="light dark">'
    "<title>{title}</title></head>"
)
_BODY = (
    "margin:0;padding:16px;font-size:15px;line-height:1.5;"
    "font-family:-apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei',sans-serif"
)
_WORD = "font-weight:700;font-size:13px;letter-spacing:.04em"
_FOOT = "margin:8px 0 0;opacity:.65;font-size:13px"
_MONO = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px"
_LABEL = "padding:0 12px 8px 0;vertical-align:top;white-space:nowrap;opacity:.65;width:1%"
_VALUE = (
    "padding:0 0 8px;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere;word-break:break-word"
)
_BUTTON = (
    "display:inline-block;margin:0 8px 8px 0;padding:8px 14px;border:1px solid {colour};border-radius:6px;"
    "color:{colour};text-decoration:none;font-weight:600"
)


def mail(story: Story, words: Words, text: str | None = None) -> str:
    """A page.

    Args:
        text: a rule's own text, which stands in place of the facts; escaped or HTML of its own.
    """
    colour = _ENDED if story.ended else _COLOURS[story.severity]
    inside = _facts(story, words) if text is None else text
    return (
        f'<!doctype html><html>{_HEAD.format(title=html(story.headline))}<body style="{_BODY}">'
        f'<div style="max-width:640px;border-left:4px solid {colour};padding:4px 0 0 16px">'
        f'<div style="color:{colour};{_WORD}">{_word(story, words)}</div>'
        f'<h1 style="font-size:20px;line-height:1.3;margin:2px 0 16px">{html(story.headline)}</h1>'
        f"{inside}{_links(story, colour)}"
        f'<p style="{_FOOT}">{html(foot(story, words))}</p></div></body></html>'
    )


def mail_of_many(headline: str, severity: str, texts: Sequence[tuple[str, str]], end: str, link: str) -> str:
    """A page of several messages: each with its title and its text, then what could not be shown.

    Args:
        link: a link of ours as HTML, or nothing.
    """
    inside = "".join(
        f'<h2 style="font-size:16px;margin:0 0 4px">{html(t)}</h2>{own_text(html(b))}' for t, b in texts
    )
    return (
        f'<!doctype html><html>{_HEAD.format(title=html(headline))}<body style="{_BODY}">'
        f'<div style="max-width:640px;border-left:4px solid {_COLOURS[severity]};padding:4px 0 0 16px">'
        f'<h1 style="font-size:20px;line-height:1.3;margin:2px 0 16px">{html(headline)}</h1>'
        f'{inside}<p style="{_FOOT}">{html(end)} {link}</p></div></body></html>'
    )


def _word(story: Story, words: Words) -> str:
    return html("✓" if story.ended else words.severities[story.severity])


def own_text(text: str) -> str:
    """A rule's own text, escaped, with its lines as they are."""
    return f'<div style="white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 16px">{text}</div>'


def _facts(story: Story, words: Words) -> str:
    rows = "".join(map(_row, story.facts))
    table = f'<table style="border-collapse:collapse;width:100%;margin:0 0 8px">{rows}</table>'
    if not story.step:
        return table
    return f'{table}<p style="margin:0 0 16px"><b>{html(words.label_next)}</b> {html(story.step)}</p>'


def _row(fact: Fact) -> str:
    value = f'<span style="{_MONO}">{html(fact.value)}</span>' if fact.code else html(fact.value)
    return f'<tr><td style="{_LABEL}">{html(fact.label)}</td><td style="{_VALUE}">{value}</td></tr>'


def _links(story: Story, colour: str) -> str:
    style = _BUTTON.format(colour=colour)
    links = [f'<a href="{html(url)}" style="{style}">{html(label)}</a>' for label, url in story.links if url]
    return f'<p style="margin:0">{"".join(links)}</p>' if links else ""

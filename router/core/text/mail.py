"""The HTML part of a mail: inline styles only, no images, readable in the dark and on a telephone."""

from router.core.text.escape import html
from router.core.text.story import Story

_COLOURS = {"critical": "#c62828", "warning": "#b45309", "info": "#1d4ed8"}

_HEAD = (
    '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark"></head>'
)
_BODY = "font:15px/1.5 -apple-system,Segoe UI,Roboto,sans-serif;margin:0;padding:16px"
_LABEL = "padding:4px 16px 4px 0;opacity:.7;vertical-align:top;white-space:nowrap"
_VALUE = "padding:4px 0;word-break:break-word"
_FOOT = "opacity:.7;font-size:13px;margin:16px 0 0"


def mail(story: Story) -> str:
    """The story as a page."""
    colour = _COLOURS[story.severity]
    return (
        f'<!doctype html><html>{_HEAD}<body style="{_BODY}">'
        f'<div style="max-width:640px;border-left:4px solid {colour};padding-left:16px">'
        f'<p style="margin:0;color:{colour};font-weight:600">{html(story.severity.upper())}</p>'
        f'<h1 style="font-size:20px;margin:4px 0 12px">{html(story.headline)}</h1>'
        f'<table style="border-collapse:collapse">{_rows(story)}</table>{_step(story)}'
        f'<p style="{_FOOT}">{html(story.foot)}</p></div></body></html>'
    )


def _rows(story: Story) -> str:
    return "".join(
        f'<tr><td style="{_LABEL}">{html(label)}</td><td style="{_VALUE}">{html(value)}</td></tr>'
        for label, value in (*story.facts, *story.logs)
    )


def _step(story: Story) -> str:
    if story.next_step is None:
        return ""
    label, step = story.next_step
    return f'<p style="margin:16px 0"><b>{html(label)}:</b> {html(step)}</p>'

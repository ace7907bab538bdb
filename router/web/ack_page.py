"""The pages behind a link that acknowledges: HTML without scripts, for a telephone at night.

What an event contains is hostile here too: every value is escaped, clipped, and shows its controls.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from router.core.alert import AlertState
from router.core.group import Group
from router.core.rule import Severity
from router.core.text.clip import clip
from router.core.text.dialects import html, one_line
from router.core.text.values import key_values
from router.core.times import local
from router.ports import Standing
from router.web.answer import Answer

#: Characters of a person's name.
LONGEST_NAME = 64
#: Lines of a page, one for the alerts of a rule that stand alike; the others are counted.
MOST_LINES = 20
MOST_CAUSES = 3

_LONGEST_VALUE = 200
_STYLE = """
:root{color-scheme:light dark}
body{font:1.1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
body{max-width:34rem;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.4rem;line-height:1.3}
ul{list-style:none;padding:0}
li{border-left:.3rem solid GrayText;padding:.1rem .8rem;margin:0 0 1rem}
li.critical{border-color:#d92d20}
li.warning{border-color:#f79009}
li.info{border-color:#2e90fa}
small,footer{opacity:.8}
input,button{font:inherit;width:100%;box-sizing:border-box}
input,button{padding:.7rem;margin:.3rem 0 1rem;border-radius:.4rem}
input{border:1px solid GrayText;background:Field;color:FieldText}
button{border:0;background:#175cd3;color:#fff;font-weight:600;cursor:pointer}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = (
    (
        b"content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'".encode(),
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-frame-options", b"DENY"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A group behind a link, None where its record is gone, and how all its open alerts stand."""

    group: Group | None
    standings: tuple[Standing, ...]

    @property
    def firing(self) -> list[Standing]:
        """Those that nobody has acknowledged."""
        return [one for one in self.standings if one.state is AlertState.FIRING]


def question(found: Found, timezone: str) -> Answer:
    """What the button would acknowledge, and the button."""
    firing = found.firing
    if not firing:
        return no_question(found, timezone)
    return _page(
        f"Acknowledge {_counted(sum(one.alerts for one in firing), 'alert')}?",
        _about(found.group),
        _list(firing, timezone),
        f'<form method="post"><label>Your name, if you like <input name="by" maxlength="{LONGEST_NAME}"'
        ' autocomplete="name"></label><button>Acknowledge</button></form>',
        "<p><small>In all channels: not repeated, not escalated. Their end is told.</small></p>",
    )


def no_question(found: Found, timezone: str) -> Answer:
    """Nothing fires any more: it has ended, or somebody has it in hand."""
    if not found.standings:
        return _page("This has already ended", _about(found.group), "<p>There is nothing to acknowledge.</p>")
    return _page("Already acknowledged", _about(found.group), _list(found.standings, timezone))


def done(found: Found, taken: int, timezone: str) -> Answer:
    """How many alerts the button acknowledged, and how all of the group stand now."""
    return _page(
        f"{_counted(taken, 'alert')} acknowledged",
        _about(found.group),
        _list(found.standings, timezone),
        "<p>Until then further ones of the same rules that are no worse are recorded and not told.</p>",
    )


def unknown() -> Answer:
    """No link of ours: what it says depends on nothing."""
    said = "<p>It may be cut off, or it was ended by a change of keys.</p>"
    return _page("This link leads nowhere", said, status=404)


def failed(message: str) -> Answer:
    """The router cannot do it now, or not all of it, in words that hold no secret."""
    # Of many transactions the first may be committed.
    said = f"<p>Not everything could be done: {html(message)}. Try again in a moment.</p>"
    return _page("Not now", said, status=503)


def wrong_method() -> Answer:
    """Neither looked at nor acknowledged."""
    return _page("This is opened, or its button pressed", "", status=405)


def _about(group: Group | None) -> str:
    if group is None:
        return ""
    key = [] if group.is_storm else [str(part) for part in key_values(group.key) if part not in (None, "")]
    causes = sorted(group.causes.items(), key=lambda one: (-one[1], one[0]))[:MOST_CAUSES]
    lines = [" · ".join(map(_value, key)), *(f"{_value(cause)} ({times:,})" for cause, times in causes)]
    return "".join(f"<p>{html(line)}</p>" for line in lines if line)


def _list(standings: Sequence[Standing], timezone: str) -> str:
    ordered = sorted(standings, key=lambda one: (-Severity.of(one.severity), one.rule, one.state, one.by))
    items = [_item(one, timezone) for one in ordered[:MOST_LINES]]
    more = sum(one.alerts for one in ordered[MOST_LINES:])
    rest = f"<li>and {_counted(more, 'more alert')}</li>" if more else ""
    return f"<ul>{''.join(items)}{rest}</ul>"


def _item(one: Standing, timezone: str) -> str:
    severity = Severity.of(one.severity).word
    counts = f"{_counted(one.alerts, 'alert')}, {_counted(one.events, 'event')}"
    lines = [f"<b>{html(_value(one.rule))}</b> {severity}", f"{counts}, since {local(one.since, timezone)}"]
    if one.state is AlertState.ACKNOWLEDGED:
        until = local(one.until, timezone)
        lines.append(f"acknowledged by {html(_value(one.by))} until {until}")
    return f'<li class="{severity}">{"<br>".join(lines)}</li>'


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _value(text: str) -> str:
    return clip(one_line(text), _LONGEST_VALUE)


def _page(title: str, *parts: str, status: int = 200) -> Answer:
    head = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head>"
    )
    main = f"<main><h1>{html(title)}</h1>{''.join(parts)}</main>"
    body = f"<body>{main}<footer>alert-router</footer></body></html>"
    return Answer(status, (head + body).encode("utf-8", "replace"), b"text/html; charset=utf-8", _HEADERS)

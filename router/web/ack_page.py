"""The pages behind a link that acknowledges: HTML without scripts, for a telephone at night.

What an event contains is hostile here too: every value is escaped, clipped, and shows its controls.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from router.core.alert import Alert, AlertState
from router.core.group import Group
from router.core.rule import Severity
from router.core.text.clip import clip
from router.core.text.dialects import html, one_line
from router.core.text.values import key_values
from router.core.times import local
from router.web.answer import Answer

#: Characters of a person's name.
LONGEST_NAME = 64
#: Rules that a page lists; the others are counted.
MOST_RULES = 20

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
    """A group behind a link, with all its open alerts; None where its records are gone."""

    group: Group | None
    alerts: tuple[Alert, ...]

    @property
    def firing(self) -> list[Alert]:
        """Those that nobody has acknowledged."""
        return [alert for alert in self.alerts if alert.state is AlertState.FIRING]


def question(found: Found, timezone: str) -> Answer:
    """What the button would acknowledge, and the button."""
    firing = found.firing
    if not firing:
        return no_question(found, timezone)
    return _page(
        f"Acknowledge {_counted(len(firing), 'alert')}?",
        _about(found.group),
        _rules(firing, timezone),
        f'<form method="post"><label>Your name, if you like <input name="by" maxlength="{LONGEST_NAME}"'
        ' autocomplete="name"></label><button>Acknowledge</button></form>',
        "<p><small>In all channels: not repeated, not escalated. Their end is told.</small></p>",
    )


def no_question(found: Found, timezone: str) -> Answer:
    """Nothing fires any more: it has ended, or somebody has it in hand."""
    if not found.alerts:
        return _page("This has already ended", _about(found.group), "<p>There is nothing to acknowledge.</p>")
    return _page("Already acknowledged", _about(found.group), _rules(found.alerts, timezone))


def done(found: Found, taken: Iterable[str], timezone: str) -> Answer:
    """What was acknowledged by the button, by the ids of the alerts."""
    ids = set(taken)
    alerts = [alert for alert in found.alerts if alert.id in ids]
    return _page(
        f"{_counted(len(ids), 'alert')} acknowledged",
        _about(found.group),
        _rules(alerts, timezone),
        "<p>Until then further ones of the same rules that are no worse are recorded and not told.</p>",
    )


def unknown() -> Answer:
    """No link of ours: what it says depends on nothing."""
    said = "<p>It may be cut off, or it was ended by a change of keys.</p>"
    return _page("This link leads nowhere", said, status=404)


def failed(message: str) -> Answer:
    """The router cannot do it now, in words that hold no secret."""
    said = f"<p>Nothing was changed: {html(message)}. Try again in a moment.</p>"
    return _page("Not now", said, status=503)


def wrong_method() -> Answer:
    """Neither looked at nor acknowledged."""
    return _page("This is opened, or its button pressed", "", status=405)


def _about(group: Group | None) -> str:
    if group is None or group.is_storm:
        return ""
    shown = " · ".join(_value(str(part)) for part in key_values(group.key) if part not in (None, ""))
    return f"<p>{html(shown)}</p>" if shown else ""


def _rules(alerts: Sequence[Alert], timezone: str) -> str:
    by_rule: dict[str, list[Alert]] = {}
    for alert in alerts:
        by_rule.setdefault(alert.rule, []).append(alert)
    worst_first = sorted(by_rule.items(), key=lambda one: (-_worst(one[1]), one[0]))
    items = [_rule(name, its, timezone) for name, its in worst_first[:MOST_RULES]]
    more = len(worst_first) - len(items)
    rest = f"<li>and {_counted(more, 'more rule')}</li>" if more else ""
    return f"<ul>{''.join(items)}{rest}</ul>"


def _rule(name: str, alerts: Sequence[Alert], timezone: str) -> str:
    severity = Severity(_worst(alerts)).word
    since = local(min(alert.fired_at or alert.opened_at for alert in alerts), timezone)
    events = sum(alert.count for alert in alerts)
    lines = [
        f"<b>{html(_value(name))}</b> {severity}",
        f"{_counted(len(alerts), 'alert')}, {_counted(events, 'event')}, since {html(since)}",
    ]
    if cause := next((alert.cause for alert in alerts if alert.cause), ""):
        lines.append(html(_value(cause)))
    if seen := [alert for alert in alerts if alert.state is AlertState.ACKNOWLEDGED]:
        last = max(seen, key=lambda alert: alert.acknowledged_until or 0)
        until = local(last.acknowledged_until or 0, timezone)
        lines.append(f"acknowledged by {html(_value(last.acknowledged_by))} until {html(until)}")
    return f'<li class="{severity}">{"<br>".join(lines)}</li>'


def _worst(alerts: Iterable[Alert]) -> int:
    return max(int(Severity.of(alert.severity)) for alert in alerts)


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

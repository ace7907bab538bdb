"""Keys whose meaning comes with a later version: checked for form, then refused, never ignored.

The one table; whoever gives a key its meaning takes it out here, and gives it a row in docs/configuration.md.
"""

from typing import Any

#: Ways in router.yaml, ``*`` for any name, with the only values that work already.
SETTINGS: dict[str, tuple[Any, ...]] = {
    "time_intervals": (),
    "http.tokens": (),
    "http.public_url": (),
    "sources.*.schema": (),
    "sources.*.catch_up": (),
    "channels.*.fallback_after": (),
    "channels.*.formats": (),
    "channels.*.proxy": (),
    "channels.*.storm": ("off", False),
}

#: Keys of a rule, or of ``defaults``, with the only values that work already.
RULE: dict[str, tuple[Any, ...]] = {
    "key": (),
    "resolve_when": (),
    "send_resolved": (),
    "close_after": (),
    "hold": (),
    "count": (),
    "expect": (),
    "absent": (),
    "group_by": (["..."],),
    "group_wait": (),
    "group_interval": (),
    "repeat_interval": (),
    "escalate": (),
    "inhibited_by": (),
    "mute_time_intervals": (),
    "active_time_intervals": (),
    "tests": (),
}

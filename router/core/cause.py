"""In which way something failed, so that equal failures can be counted together."""

from collections.abc import Mapping
from typing import Any

from router.core.event import Event
from router.core.text.normalise import normalise

#: Fields that say what went wrong, the most telling first.
_SAID = ("ErrorMessage", "Detail", "Message", "ErrorCode", "message", "error")


def cause_of(event: Event) -> str:
    """The exit code and the normalised error message; empty where the event says neither."""
    data = event.data
    said = next((text for name in _SAID if (text := _text(data, name))), "")
    return ": ".join(filter(None, (_exit(data), normalise(said) if said else "")))


def _exit(data: Mapping[str, Any]) -> str:
    if "ExitCode" not in data:
        return ""
    code = data["ExitCode"]
    return "exit code unknown" if code is None else f"exit code {str(code)[:20]}"


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""

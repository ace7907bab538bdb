"""How built-in texts speak."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tongue:
    """How built-in texts speak, and the address under which their links lead to us: empty for no links."""

    timezone: str = "UTC"
    language: str = "en"
    public_url: str = ""

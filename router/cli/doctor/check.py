"""One thing that was looked at."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was found.

    Args:
        name: what was looked at, such as ``store`` or ``channel oncall/1``.
        state: ``error`` keeps people from being told; ``warning`` may do so some day; ``info`` is no fault.
        message: a sentence, without secrets.
        remedy: what to do; empty where there is nothing to do.
    """

    name: str
    state: State
    message: str
    remedy: str = ""


#: Seconds by which two clocks may differ.
_DRIFT = 5.0


def clocks(whose: str, ahead: float) -> Check:
    """How another clock stands beside this machine's; seconds."""
    said = f"{whose} clock is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if abs(ahead) > _DRIFT:
        return Check("clock", "warning", said, "Let both be set by NTP")
    return Check("clock", "ok", said)

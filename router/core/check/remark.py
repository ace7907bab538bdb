"""What is said about a part of a filter."""

from dataclasses import dataclass

from router.errors import Level


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark about ``text[start:end]`` of a filter.

    Args:
        code: ``F101`` … ``F108``.
        message: what is wrong and why, in one line.
        fix: what may safely stand there instead; None where only a person can tell.
        advice: what to do, in words, or empty.
    """

    code: str
    level: Level
    start: int
    end: int
    message: str
    fix: str | None = None
    advice: str = ""

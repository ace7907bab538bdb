"""Durations, rates and names, as people write them."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from router.core.delivery import SECOND
from router.errors import RouterError

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def duration(text: str) -> int:
    """``90s``, ``15m``, ``2h30m``, ``1d`` in microseconds.

    Raises:
        RouterError: ``usage``.
    """
    found = _DURATION.fullmatch(text.strip())
    if not text.strip() or found is None or not any(found.groups()):
        raise RouterError("usage", f"expected a duration such as 90s, 15m or 2h30m, got {text!r}")
    parts = zip(_UNITS.values(), found.groups(), strict=True)
    return sum(seconds * int(number) for seconds, number in parts if number) * SECOND


def rate(text: str) -> tuple[int, int]:
    """``20/min`` as messages and microseconds."""
    found = re.fullmatch(r"(\d+)/(s|sec|min|m|h|hour|d|day)", text.strip())
    if found is None or int(found[1]) == 0:
        raise RouterError("usage", f"expected a rate such as 20/min, got {text!r}")
    return int(found[1]), _UNITS[found[2][0]] * SECOND


def _text(read: Any, example: str) -> BeforeValidator:
    def validate(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"expected {example}, got {value!r}")
        try:
            return read(value)
        except RouterError as error:
            raise ValueError(error.message) from None

    return BeforeValidator(validate, json_schema_input_type=str)


def seconds(least: int, greatest: int) -> AfterValidator:
    """A duration of whole seconds in a range."""

    def validate(value: int | None) -> int | None:
        if value is not None and not least * SECOND <= value <= greatest * SECOND:
            raise ValueError(f"expected {least}s to {greatest}s")
        return value

    return AfterValidator(validate)


def _switch(value: Any) -> Any:
    """YAML 1.2 reads on and off as text; true and false are taken for them."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


Duration = Annotated[int, _text(duration, "a duration such as 90s, 15m or 2h30m")]
Rate = Annotated[tuple[int, int], _text(rate, "a rate such as 20/min")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
SWITCH = BeforeValidator(_switch)

"""Durations, rates, names and other words with a form, as people write them."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from router.core.delivery import SECOND
from router.core.times import micros
from router.errors import RouterError

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_PUBLIC_URL = re.compile(r"https?://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?")
_RATE = re.compile(r"([0-9]{1,6})/(s|sec|min|m|h|hour|d|day)")


def duration(text: str) -> int:
    """``90s``, ``15m``, ``2h30m``, ``1d`` in microseconds.

    Raises:
        RouterError: ``usage``.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise RouterError("usage", f"expected a duration such as 90s, 15m or 2h30m, got {text!r}")
    parts = zip(_UNITS.values(), found.groups(), strict=True)
    return sum(seconds * int(number) for seconds, number in parts if number) * SECOND


def _duration_or_never(text: str) -> int | None:
    return None if text == "never" else duration(text)


def rate(text: str) -> tuple[int, int]:
    """``20/min`` as messages and microseconds.

    Raises:
        RouterError: ``usage``.
    """
    found = _RATE.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise RouterError("usage", f"expected a rate such as 20/min, got {text!r}")
    return int(found[1]), _UNITS[found[2][0]] * SECOND


@dataclass(frozen=True, slots=True)
class Form:
    """A text of a certain form, and what it is read as.

    Args:
        example: what is expected, in words with an example; an error says so.
        pattern: for editors, and for the reader where ``read`` is not given.
        read: the text to its value; raises for one that is none.
    """

    example: str
    pattern: str = ""
    read: Callable[[str], Any] | None = None

    def _value(self, given: Any) -> Any:
        if isinstance(given, str):
            try:
                if self.read is not None:
                    return self.read(given)
                if re.fullmatch(self.pattern, given):
                    return given
            except (RouterError, ValueError, KeyError, OSError):
                pass
        raise ValueError(f"expected {self.example}")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """For pydantic."""
        return core_schema.no_info_plain_validator_function(self._value)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """For pydantic."""
        return {"type": "string"} | ({"pattern": f"^({self.pattern})$"} if self.pattern else {})


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not 0 <= int(port) <= 65535 or (":" in host and host[:1] != "["):
        raise ValueError(text)
    return text


def _public_url(text: str) -> str:
    # The port is read, or a wrong one would stand in every message.
    if _PUBLIC_URL.fullmatch(text) is None or urlsplit(text).port == 0:
        raise ValueError(text)
    return text.rstrip("/")


def _zone(text: str) -> str:
    ZoneInfo(text)
    return text


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach a ``host:port``."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _from_folder(path: str, info: ValidationInfo) -> str:
    """As an absolute path; the folder of router.yaml comes as the context of the validation."""
    context: dict[str, Any] = info.context or {}
    return path if path == "-" or "folder" not in context else str(context["folder"] / path)


def _moment(text: str) -> int:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return micros(at)


def seconds(least: int, greatest: int) -> AfterValidator:
    """A duration of whole seconds in a range."""

    def validate(value: int | None) -> int | None:
        if value is not None and not least * SECOND <= value <= greatest * SECOND:
            raise ValueError(f"expected {least}s to {greatest}s")
        return value

    return AfterValidator(validate)


def _whole(value: Any) -> Any:
    """A number also where a text of digits came out of the environment; never true for 1."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("expected a whole number")
    return value


def spoken(micros: int) -> str:
    """A duration as people write it: ``2h30m``; the other way round of :func:`duration`."""
    seconds, said = micros // SECOND, ""
    for unit, size in _UNITS.items():
        if seconds >= size:
            said += f"{seconds // size}{unit}"
            seconds %= size
    return said or "0s"


def _switch(value: Any) -> Any:
    """YAML 1.2 reads on and off as text; true and false are taken for them."""
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


_DURATION_TEXT = "(?=.)([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?"
Duration = Annotated[int, Form("a duration such as 90s, 15m or 2h30m", _DURATION_TEXT, duration)]
DurationOrNever = Annotated[
    int | None, Form("a duration such as 4h, or never", f"never|{_DURATION_TEXT}", _duration_or_never)
]
Rate = Annotated[tuple[int, int], Form("a rate such as 20/min", _RATE.pattern, rate)]
Name = Annotated[str, Form("a name in kebab-case such as job-failed", r"[a-z0-9]+(-[a-z0-9]+)*")]
Address = Annotated[str, Form("host:port such as 127.0.0.1:8080", ".*:[0-9]{1,5}", _address)]
Origin = Annotated[str, Form("an origin such as https://host:8443, without a path", r"https?://[^/?#@\s]+/?")]
PublicUrl = Annotated[
    str,
    Form(
        "an http or https address such as https://alerts.example.com or https://example.com/alerts",
        _PUBLIC_URL.pattern,
        _public_url,
    ),
]
UrlPath = Annotated[str, Form("a path such as /hooks/batch", r"/[A-Za-z0-9._~/-]*")]
FilePath = Annotated[str, AfterValidator(_from_folder)]
Zone = Annotated[str, Form("a time zone such as Asia/Shanghai", "", _zone)]
#: Microseconds UTC.
Moment = Annotated[int, Form("a time such as 2026-01-05T03:00:00+08:00", read=_moment)]
Whole = Annotated[int, BeforeValidator(_whole)]
#: The same, zero or more.
NotNegative = Annotated[int, Field(ge=0), BeforeValidator(_whole)]
OnOff = Annotated[
    Literal["on", "off"], BeforeValidator(_switch), WithJsonSchema({"enum": ["on", "off", True, False]})
]
Mode = Annotated[
    Literal["on", "shadow", "off"],
    BeforeValidator(_switch),
    WithJsonSchema({"enum": ["on", "shadow", "off", True, False]}),
]
Flag = Annotated[bool, Field(strict=True)]

"""Times as people read them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  never leaves this module
_MICROSECOND = timedelta(microseconds=1)


def at(micros: int) -> datetime:
    """Microseconds UTC as an aware datetime."""
    return _EPOCH + timedelta(microseconds=micros)


def micros(time: datetime) -> int:
    """The reverse of :func:`at`."""
    return (time - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=1024)
def iso(time: int) -> str:
    """Microseconds UTC as ``2016-11-01T15:45:02.837728Z``."""
    # Without a time zone: half the time, where ten thousand are written.
    return (_NAIVE_EPOCH + timedelta(microseconds=time)).isoformat() + "Z"


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """A time zone. Raises ``KeyError`` or ``ValueError`` for an unknown name."""
    return ZoneInfo(name)


@lru_cache(maxsize=1024)
def local(time: int, zone_name: str) -> str:
    """Microseconds UTC as ``2016-11-01 23:45:02 +08:00``, or with ``UTC`` in its place."""
    there = at(time).astimezone(zone(zone_name)).isoformat(" ", "seconds")
    return there.replace("+00:00", " UTC") if there.endswith("+00:00") else f"{there[:-6]} {there[-6:]}"


def parsed(text: object) -> int | None:
    """An ISO 8601 time in microseconds UTC; None for anything else. Without an offset it is UTC."""
    if not isinstance(text, str) or len(text) > 40:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return micros(time if time.tzinfo else time.replace(tzinfo=UTC))


def brief(micros: int) -> str:
    """A duration as rules write it: ``0s``, ``90s`` as ``1m30s``, ``2h``."""
    left = micros // 1_000_000
    said = ""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        number, left = divmod(left, size)
        said += f"{number}{unit}" if number else ""
    return said or "0s"


def span(seconds: float, units: tuple[str, str, str, str]) -> str:
    """``45 s``, ``9 min 59 s``, ``2 h 5 min``, ``3 d 4 h``: the two largest units.

    Args:
        units: the words for days, hours, minutes and seconds, with what stands before them.
    """
    left = int(max(0, seconds))
    parts: list[str] = []
    for size, unit in zip((86_400, 3_600, 60, 1), units, strict=True):
        number, left = divmod(left, size)
        if number or (size == 1 and not parts):
            parts.append(f"{number}{unit}")
        if len(parts) == 2 or (parts and not number):
            break
    return " ".join(parts)

"""Times and spans as people read them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from router.core.delivery import SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(micros: int) -> datetime:
    """Microseconds UTC as an aware datetime."""
    return _EPOCH + timedelta(microseconds=micros)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """A time zone. Raises ``KeyError`` for an unknown name."""
    return ZoneInfo(name)


def local(time: datetime, zone_name: str) -> str:
    """``2016-11-01 23:45:02 CST``."""
    return time.astimezone(zone(zone_name)).strftime("%Y-%m-%d %H:%M:%S %Z")


def parsed(text: object) -> datetime | None:
    """An ISO 8601 time of an event; None for anything else. Without an offset it is UTC."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def span(seconds: float) -> str:
    """``45 s``, ``9 m 59 s``, ``2 h 5 m``, ``3 d 4 h``: the two largest units."""
    whole = int(max(0, seconds))
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    return " ".join(f"{number} {unit}" for number, unit in parts[:2] if number or len(parts) == 1)


def seconds_since(micros: int, now: int) -> float:
    """Seconds between two moments."""
    return (now - micros) / SECOND

"""``time_intervals`` and ``mute_time_intervals``: as they are, under names in our form."""

from typing import Any

from pydantic import ValidationError

from router.config.alertmanager.receivers import kebab
from router.config.alertmanager.source import Source
from router.config.intervals import Interval
from router.config.yaml import Way, listed, mapping


def read_intervals(source: Source) -> tuple[dict[str, str], dict[str, list[Any]]]:
    """Our names by theirs, and what each means."""
    names: dict[str, str] = {}
    found: dict[str, list[Any]] = {}
    taken: set[str] = set()
    for key in ("time_intervals", "mute_time_intervals"):
        for number in range(len(listed(source.at(key)))):
            way: Way = (key, number)
            name = source.text(*way, "name")
            parts = [_part(part) for part in listed(source.take(*way, "time_intervals"))]
            if _is_ours(source, way, parts):
                names[name] = kebab(name, taken, "interval")
                found[names[name]] = parts
    return names, found


def _part(part: Any) -> Any:
    """With ``start`` and ``end`` for ``start_time`` and ``end_time``."""
    if "times" not in mapping(part):
        return part
    times = [
        {key.removesuffix("_time"): value for key, value in mapping(one).items()}
        for one in listed(mapping(part)["times"])
    ]
    return mapping(part) | {"times": times}


def _is_ours(source: Source, way: Way, parts: list[Any]) -> bool:
    try:
        for part in parts:
            Interval.model_validate(part)
    except ValidationError as error:
        said = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        source.lose((*way, "time_intervals"), f"is not carried over: {said}")
        return False
    return bool(parts)

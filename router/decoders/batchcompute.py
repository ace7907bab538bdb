"""Batch Compute's own JSON: numbers that are sent as text become numbers, empty times become null."""

from typing import Any

from router.core.catalogue import NUMBERS, TIMES
from router.core.catalogue.values import read_number


def is_batch_compute(data: dict[str, Any]) -> bool:
    """Whether an object is an event of Batch Compute: all of them, known or not, are named ``On…``."""
    name = data.get("Event")
    return isinstance(name, str) and name.startswith("On")


def read_values(data: dict[str, Any]) -> tuple[str, ...]:
    """Reads numbers and times in place; returns the fields that should hold a number and hold none."""
    odd: list[str] = []
    for name in NUMBERS:
        if name in data:
            value = data[name] = read_number(data[name])
            if type(value) is not int and value is not None and type(value) is not float:
                odd.append(name)
    for name in TIMES:
        if data.get(name) == "":
            data[name] = None
    return tuple(odd)

"""A frozen noun with some of its fields changed."""

from typing import Any, TypeVar

T = TypeVar("T")


def changed(noun: T, **fields: Any) -> T:
    """As ``dataclasses.replace``, ten times as fast for many fields; the noun has no slots.

    Raises:
        TypeError: it has no such field.
    """
    ours = noun.__dict__
    if not fields.keys() <= ours.keys():
        raise TypeError(f"{type(noun).__name__} has no field {', '.join(fields.keys() - ours.keys())}")
    made = object.__new__(type(noun))
    made.__dict__.update(ours)
    made.__dict__.update(fields)
    return made

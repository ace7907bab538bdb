"""Inhibition: an alert that makes another one superfluous while it is open."""

from collections.abc import Mapping
from typing import Any

from router.core.alert import OPEN, Alert
from router.core.key import values_of
from router.core.rule import Inhibition


def equal_values(inhibition: Inhibition, data: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """What must be equal, on an alert's newest event; None if any of it is null: null equals nothing."""
    values = values_of(inhibition.equal, data)
    return None if any(value is None for value in values) else values


def inhibited_values(alert: Alert, data: Mapping[str, Any], inhibition: Inhibition) -> tuple[Any, ...] | None:
    """What must be equal for an alert, also a muted one, to inhibit others; None if it inhibits nothing.

    Args:
        data: of its newest event.
    """
    is_heard = alert.rule == inhibition.rule and alert.state in OPEN and not alert.shadow
    return equal_values(inhibition, data) if is_heard else None

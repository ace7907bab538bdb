"""The catalogue of Batch Compute's events: the checker, ``events``, the decoder and the tests read it."""

from router.core.catalogue.events import EVENTS, JOB_STATES, MACHINE_STATES, EventType
from router.core.catalogue.fields import ABOUT_JOB, FIELDS, JOB, NUMBERS, TIMES, Field, FieldType

__all__ = [
    "ABOUT_JOB",
    "EVENTS",
    "FIELDS",
    "JOB",
    "JOB_STATES",
    "MACHINE_STATES",
    "NUMBERS",
    "TIMES",
    "EventType",
    "Field",
    "FieldType",
]

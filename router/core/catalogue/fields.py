"""Every field of a Batch Compute event, declared once: its name, what it holds, what it is about.

Source: the producer's documentation, page "message notification"; the samples beside this file are its own.
"""

from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    """What a field holds once it is decoded."""

    TEXT = "text"
    """Any text; empty when there is nothing to say."""
    ID = "id"
    """A text that names something, also where it looks like a number."""
    NAME = "name"
    """One of a few known words: the event's name, its category."""
    STATE = "state"
    """A word; there may be others than the known ones."""
    TIME = "time"
    """ISO 8601 text in UTC, or null when it is not set."""
    NUMBER = "number"
    """An integer, or null when it is not set. It is sent as text."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event.

    Args:
        about: what it tells, as half a sentence.
        known: the documented values of a name or a state in this event; else empty.
    """

    name: str
    type: FieldType
    about: str
    known: tuple[str, ...] = ()

    @property
    def nullable(self) -> bool:
        """Whether it is null when the producer leaves it empty."""
        return self.type in (FieldType.TIME, FieldType.NUMBER)

    @property
    def open(self) -> bool:
        """Whether other values than the known ones may come."""
        return self.type is not FieldType.NAME


_ALL = (
    Field("Event", FieldType.NAME, "what happened"),
    Field("Category", FieldType.NAME, "whether it is about a cluster or a job"),
    Field("State", FieldType.STATE, "where the thing stands now"),
    Field("ClusterId", FieldType.ID, "the cluster"),
    Field("ClusterName", FieldType.TEXT, "the cluster's name, as its owner gave it"),
    Field("Group", FieldType.TEXT, "the cluster's group that the virtual machine belongs to"),
    Field("JobId", FieldType.ID, "the job"),
    Field("JobName", FieldType.TEXT, "the job's name, as its owner gave it"),
    Field("Task", FieldType.TEXT, "the task's name within its job"),
    Field("InstanceId", FieldType.ID, "a job's instance (0, 1, …) or a cluster's virtual machine (i-…)"),
    Field("InnerIpAddress", FieldType.TEXT, "the virtual machine's address inside its network"),
    Field("Hints", FieldType.TEXT, "the producer's remarks"),
    Field("CreationTime", FieldType.TIME, "when it was created"),
    Field("StartTime", FieldType.TIME, "when it started"),
    Field("EndTime", FieldType.TIME, "when it ended"),
    Field("RetryCount", FieldType.NUMBER, "how many times the instance was started again"),
    Field("Progress", FieldType.NUMBER, "how far the instance has come"),
    Field("StdoutRedirectPath", FieldType.TEXT, "where the standard output is kept (oss://…)"),
    Field("StderrRedirectPath", FieldType.TEXT, "where the standard error is kept (oss://…)"),
    Field("ExitCode", FieldType.NUMBER, "the program's exit status; null when nobody knows it"),
    Field("ErrorCode", FieldType.TEXT, "the producer's word for the fault"),
    Field("ErrorMessage", FieldType.TEXT, "the fault in words"),
    Field("Detail", FieldType.TEXT, "more about the fault"),
    Field("Message", FieldType.TEXT, "the fault in words"),
    Field("From", FieldType.NUMBER, "the priority before"),
    Field("To", FieldType.NUMBER, "the priority after"),
)

#: Every field by its name; ``known`` is filled in by each event.
FIELDS: dict[str, Field] = {field.name: field for field in _ALL}

#: Names of the fields that hold a number, and a time, in whichever event they stand.
NUMBERS: tuple[str, ...] = tuple(f.name for f in _ALL if f.type is FieldType.NUMBER)
TIMES: tuple[str, ...] = tuple(f.name for f in _ALL if f.type is FieldType.TIME)

#: The field that a task's or an instance's event has besides, and what it tells.
JOB = "Job"
ABOUT_JOB = "what the router last heard of the job, as its own events have it, or null; it is not sent"

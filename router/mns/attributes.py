"""Names and attributes of queues and topics, with the ranges that MNS documents."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

from router.mns.refusal import RefusedError

LONGEST_NAME = 120
LONGEST_SUBSCRIPTION_NAME = 255
LONGEST_TAG = 16

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True)
class QueueAttributes:
    """Of a queue; sizes in bytes, times in seconds."""

    delay_seconds: int = 0
    maximum_message_size: int = 65536
    message_retention_period: int = 345600
    visibility_timeout: int = 30
    polling_wait_seconds: int = 0
    logging_enabled: bool = False


@dataclass(frozen=True, slots=True)
class TopicAttributes:
    """Of a topic; its messages are kept for a day."""

    maximum_message_size: int = 65536
    message_retention_period: int = 86400
    logging_enabled: bool = False


#: The name on the wire of each attribute that a client may set, and its least and greatest value.
RANGES: dict[str, tuple[str, int, int]] = {
    "DelaySeconds": ("delay_seconds", 0, 604800),
    "MaximumMessageSize": ("maximum_message_size", 1024, 65536),
    "MessageRetentionPeriod": ("message_retention_period", 60, 604800),
    "VisibilityTimeout": ("visibility_timeout", 1, 43200),
    "PollingWaitSeconds": ("polling_wait_seconds", 0, 30),
}

A = TypeVar("A", QueueAttributes, TopicAttributes)


def changed(attributes: A, texts: Mapping[str, str]) -> A:
    """The attributes with those of a request laid over them; unknown names are ignored.

    Raises:
        RefusedError: ``InvalidArgument`` for a value that is no number or out of its range.
    """
    settable = set(asdict(attributes))
    values: dict[str, int | bool] = {}
    for name, text in texts.items():
        if name == "LoggingEnabled":
            values["logging_enabled"] = text.lower() == "true"
        elif name in RANGES and RANGES[name][0] in settable:
            values[RANGES[name][0]] = number(name, text, *RANGES[name][1:])
    return replace(attributes, **values)


def number(name: str, text: str, least: int, greatest: int) -> int:
    """A whole number in a range, or the refusal ``InvalidArgument``."""
    if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= greatest):
        raise RefusedError("InvalidArgument", f"{name} must be a number from {least} to {greatest}")
    return int(text)


def checked_name(kind: str, name: str) -> str:
    """The name of a ``Queue``, ``Topic`` or ``Subscription`` if MNS takes it; or the refusal."""
    longest = LONGEST_SUBSCRIPTION_NAME if kind == "Subscription" else LONGEST_NAME
    if not name or len(name) > longest:
        raise RefusedError(f"{kind}NameLengthError", f"a name has 1 to {longest} characters")
    if not _NAME.fullmatch(name):
        code = "InvalidQueueName" if kind == "Queue" else f"{kind}NameInvalid"
        raise RefusedError(code, "a name has letters, digits and hyphens, and starts with no hyphen")
    return name

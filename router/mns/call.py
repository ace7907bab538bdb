"""A request to the stand-in and its answer, before and after HTTP."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from router.mns.attributes import number
from router.mns.refusal import RefusedError

_LONGEST_PAGE = 1000

#: What each method does at each address; with the named query parameter it does the other thing.
OPERATIONS: dict[tuple[str, str], tuple[str, str, str]] = {
    ("GET", "/queues"): ("list-queues", "", ""),
    ("PUT", "/queues/{queue}"): ("create-queue", "metaoverride", "set-queue"),
    ("GET", "/queues/{queue}"): ("get-queue", "", ""),
    ("DELETE", "/queues/{queue}"): ("delete-queue", "", ""),
    ("POST", "/queues/{queue}/messages"): ("send", "", ""),
    ("GET", "/queues/{queue}/messages"): ("receive", "peekonly", "peek"),
    ("DELETE", "/queues/{queue}/messages"): ("batch-delete", "receipthandle", "delete"),
    ("PUT", "/queues/{queue}/messages"): ("change-visibility", "", ""),
    ("GET", "/topics"): ("list-topics", "", ""),
    ("PUT", "/topics/{topic}"): ("create-topic", "metaoverride", "set-topic"),
    ("GET", "/topics/{topic}"): ("get-topic", "", ""),
    ("DELETE", "/topics/{topic}"): ("delete-topic", "", ""),
    ("POST", "/topics/{topic}/messages"): ("publish", "", ""),
    ("GET", "/topics/{topic}/subscriptions"): ("list-subscriptions", "", ""),
    ("PUT", "/topics/{topic}/subscriptions/{subscription}"): (
        "subscribe",
        "metaoverride",
        "set-subscription",
    ),
    ("GET", "/topics/{topic}/subscriptions/{subscription}"): ("get-subscription", "", ""),
    ("DELETE", "/topics/{topic}/subscriptions/{subscription}"): ("unsubscribe", "", ""),
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose signature was checked.

    Args:
        operation: one of :data:`OPERATIONS`.
        names: ``queue``, ``topic``, ``subscription``, as the address has them.
        query: parameters by lower-case name.
        headers: names in lower case.
        now: microseconds UTC.
    """

    operation: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: int

    def url(self, path: str) -> str:
        """An address here, as clients know this server."""
        return f"http://{self.headers.get('host', 'localhost')}/{path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered when nothing was refused."""

    status: int = 204
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Operation = Callable[[Call], Answer]


def parse_query(raw: str) -> dict[str, str]:
    """Parameters by lower-case name.

    Receipt handles come as they are: a ``+`` is a plus, and only the first ``=`` separates.
    """
    pairs = (part.partition("=") for part in raw.split("&") if part)
    return {unquote(name).lower(): unquote(value) for name, _, value in pairs}


def operation_of(method: str, address: str, query: Mapping[str, str]) -> str:
    """Which operation a request asks for, or the refusal ``InvalidRequestURL``."""
    if (method, address) not in OPERATIONS:
        raise RefusedError("InvalidRequestURL", "there is no such operation")
    plain, parameter, other = OPERATIONS[method, address]
    return other if parameter and parameter in query else plain


def page(names: Sequence[str], headers: Mapping[str, str]) -> tuple[list[str], str]:
    """One page of sorted names, and the marker of the next, or nothing."""
    size = headers.get("x-mns-ret-number")
    longest = number("x-mns-ret-number", size, 1, _LONGEST_PAGE) if size else _LONGEST_PAGE
    after = _after(headers.get("x-mns-marker", ""))
    prefix = headers.get("x-mns-prefix", "")
    found = sorted(name for name in names if name.startswith(prefix) and name > after)
    if len(found) <= longest:
        return found, ""
    return found[:longest], base64.b64encode(found[longest - 1].encode()).decode()


def _after(marker: str) -> str:
    try:
        return base64.b64decode(marker, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RefusedError("InvalidArgument", "x-mns-marker is not one of ours") from error

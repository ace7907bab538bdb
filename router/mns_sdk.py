"""The MNS SDK with its traps removed, and what its errors mean.

Facts behind it, all of aliyun-mns-sdk 1.3.0: an ``Account`` is one connection, and two threads on
it get each other's messages; over https it has no timeout of its own; a ``Queue`` decodes base64
unless told not to, and makes garbage of text that only looks like it.
"""

from dataclasses import dataclass, field
from enum import Enum
from http.client import InvalidURL
from typing import TYPE_CHECKING

from router.errors import RouterError

if TYPE_CHECKING:
    from mns.account import Account

_LONGEST_WORDS = 300
_ENDPOINT_FORM = "Write http://ACCOUNT.mns.REGION.aliyuncs.com, without a path"


@dataclass(frozen=True, slots=True)
class Access:
    """Where MNS is, and who we are there."""

    endpoint: str
    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)


class Kind(Enum):
    """What an error means to who met it."""

    EMPTY = "there is no message, or the receipt handle is no longer valid"
    CONFIGURATION = "nothing will work before a person changes something"
    TRANSIENT = "the same may work in a while"


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error of the SDK, understood.

    Args:
        code: the code of MNS, or the SDK's name for what it met.
        words: what was said, cut to a readable length.
        remedy: what a person can do; empty when there is nothing but waiting.
    """

    kind: Kind
    code: str
    words: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.words}"


#: What a person must change, by the code of MNS.
REMEDIES: dict[str, str] = {
    "AccessDenied": "Allow this access key ReceiveMessage, DeleteMessage and ChangeMessageVisibility here",
    "InvalidAccessKeyId": "Check access_key_id: MNS does not know it",
    "InvalidSecurityToken": "Renew security_token: it is wrong or has expired",
    "SecurityTokenExpired": "Renew security_token: it has expired",
    "SignatureDoesNotMatch": "Check access_key_secret: it does not belong to access_key_id",
    "QueueNotExist": "Check endpoint and queue, or make the queue with `alert-router mns setup`",
    "InvalidQueueName": "Check queue: MNS takes no such name",
    "QueueNameLengthError": "Check queue: MNS takes no such name",
    "TopicNotExist": "Check endpoint and topic, or make the topic with `alert-router mns setup`",
    "TimeExpired": "Set this machine's clock: it is more than 15 minutes away from that of MNS",
}
_EMPTY = ("MessageNotExist", "ReceiptHandleError")


def open_account(access: Access, timeout: float) -> "Account":
    """An account for one thread.

    Args:
        timeout: seconds for connecting and for each read; more than a long poll may last.

    Raises:
        RouterError: ``config`` for an endpoint that the SDK does not take.
    """
    from mns.account import Account
    from mns.mns_exception import MNSExceptionBase

    try:
        account = Account(
            access.endpoint, access.access_key_id, access.access_key_secret, access.security_token
        )
    except (MNSExceptionBase, InvalidURL) as error:
        raise RouterError("config", f"{access.endpoint!r} is no endpoint of MNS", _ENDPOINT_FORM) from error
    client = account.get_client()
    client.set_connection_timeout(timeout)
    client.http.conn.timeout = timeout  # over https the call above does nothing
    return account


def trouble_of(error: Exception) -> Trouble:
    """What an exception of the SDK means; any other exception is transient, under its own name."""
    from mns.mns_exception import MNSExceptionBase, MNSServerException

    if not isinstance(error, MNSExceptionBase):
        return Trouble(Kind.TRANSIENT, type(error).__name__, _words(str(error)))
    code, words = str(error.type), _words(str(error.message))
    if not isinstance(error, MNSServerException):
        return Trouble(Kind.TRANSIENT, code, words, "Check endpoint and the network between here and there")
    if code in _EMPTY:
        return Trouble(Kind.EMPTY, code, words)
    if code in REMEDIES:
        return Trouble(Kind.CONFIGURATION, code, words, REMEDIES[code])
    return Trouble(Kind.TRANSIENT, code, words)


def _words(text: str) -> str:
    said = " ".join(text.split())
    return said if len(said) <= _LONGEST_WORDS else said[:_LONGEST_WORDS] + "…"

"""Standard Webhooks: the headers with which a receiver sees who sent a webhook, and that it is whole and new.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from router.channels.plugins import Plugin, parameters
from router.errors import RouterError

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64


def secrets_of(plugin: Plugin) -> tuple[bytes, ...]:
    """The secrets of a webhook's URL, ``secret=whsec_…,whsec_…``; none where it is not signed.

    Raises:
        RouterError: ``bad-channel``: one is no base64 of 24 to 64 bytes.
    """
    # A + that is not quoted arrives as a space.
    written = parameters(plugin).get("secret", "").replace(" ", "+")
    return tuple(_secret(each) for each in written.split(",")) if written else ()


def _secret(written: str) -> bytes:
    try:
        secret = base64.b64decode(written.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        secret = b""
    if _SHORTEST <= len(secret) <= _LONGEST:
        return secret
    raise RouterError(
        "bad-channel",
        "secret= of this webhook is not whsec_ and base64 of 24 to 64 bytes",
        "make one with: openssl rand -base64 32",
    ) from None


def signature_headers(secrets: Iterable[bytes], message_id: str, seconds: int, body: bytes) -> dict[str, str]:
    """The three headers; a signature with each secret, so that a receiver may change to another.

    Args:
        message_id: the same for every attempt.
        seconds: UTC.
    """
    signed = f"{message_id}.{seconds}.".encode() + body
    found = (hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(each).decode()}" for each in found),
    }

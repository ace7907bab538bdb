"""The signature of a request to MNS, its date, and the digest of its body."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from router.mns.messages import SECOND
from router.mns.refusal import RefusedError

FARTHEST_CLOCK = 15 * 60 * SECOND


def string_to_sign(method: str, target: str, headers: Mapping[str, str]) -> str:
    """What a signature is made over, in both directions: requests by key, pushes by certificate.

    Args:
        target: path and query exactly as sent.
        headers: names in lower case, values as sent.

    Source: documentation page "signature" (27487, 27488).
    """
    mns = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-mns-"))
    named = (headers.get(name, "") for name in ("content-md5", "content-type", "date"))
    return "\n".join((method, *named)) + "\n" + mns + target


def check_request(
    method: str, target: str, headers: Mapping[str, str], body: bytes, keys: Mapping[str, str], now: int
) -> None:
    """Refuses a request that MNS would refuse.

    Args:
        keys: access key secrets by access key id.
    """
    if "x-mns-version" not in headers:
        raise RefusedError("MissingVersionHeader", "x-mns-version is missing")
    _check_date(headers, now)
    _check_digest(headers, body)
    key_id, given = _authorization(headers)
    if key_id not in keys:
        raise RefusedError("InvalidAccessKeyId", "the access key id is unknown")
    made = hmac.new(keys[key_id].encode(), string_to_sign(method, target, headers).encode(), hashlib.sha1)
    if not hmac.compare_digest(base64.b64encode(made.digest()).decode(), given):
        raise RefusedError("SignatureDoesNotMatch", "the signature does not match the request")


def digest_forms(body: bytes) -> tuple[str, ...]:
    """The forms of a body's MD5 that clients send: base64 of the hex text, of the bytes, hex."""
    md5 = hashlib.md5(body, usedforsecurity=False)
    text = md5.hexdigest()
    return (
        base64.b64encode(text.encode()).decode(),
        base64.b64encode(md5.digest()).decode(),
        text,
        text.upper(),
    )


def _authorization(headers: Mapping[str, str]) -> tuple[str, str]:
    if "authorization" not in headers:
        raise RefusedError("MissingAuthorizationHeader", "Authorization is missing")
    scheme, _, rest = headers["authorization"].partition(" ")
    key_id, colon, given = rest.rpartition(":")
    if scheme != "MNS" or not colon or not given.isascii():
        raise RefusedError("InvalidAuthorizationHeader", "Authorization is not MNS KEY_ID:SIGNATURE")
    return key_id, given


def _check_date(headers: Mapping[str, str], now: int) -> None:
    text = headers.get("x-mns-date") or headers.get("date")
    if not text:
        raise RefusedError("MissingDateHeader", "Date is missing")
    try:
        sent: datetime = parsedate_to_datetime(text)
        off = abs(now - int(sent.timestamp() * SECOND))
    except (ValueError, TypeError, OverflowError) as error:
        raise RefusedError("InvalidDateHeader", "Date is not a date of RFC 1123") from error
    if off > FARTHEST_CLOCK:
        raise RefusedError("TimeExpired", "Date is more than 15 minutes away from the server's clock")


def _check_digest(headers: Mapping[str, str], body: bytes) -> None:
    if "content-md5" in headers and headers["content-md5"] not in digest_forms(body):
        raise RefusedError("InvalidDegist", "Content-MD5 does not fit the body")

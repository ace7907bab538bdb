"""Whether a push comes from MNS: its body's digest, its signature, what it says it is about.

Source: documentation page 27488. A real push of 2023 was signed with a 512-bit RSA key whose
certificate had ended in 2016, so neither the size nor the dates are judged. Such a key can be
broken: the signature keeps mistakes and passers-by out, not a determined attacker. That is why
what the push is about can be expected, and why docs/mns.md asks for more in front of it.

Imports ``cryptography``: only a verifying source imports this file.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, cast

import orjson
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from router.errors import RouterError
from router.ports import Request

_SECOND = 1_000_000
#: Where a push says what it is about: a signed header, or a field of the body (digested, thus signed).
_ABOUT = {
    "owner": ("x-mns-topic-owner", "TopicOwner"),
    "topic": ("x-mns-topic-name", "TopicName"),
    "subscription": ("x-mns-subscription-name", "SubscriptionName"),
}


class Keys(Protocol):
    """Where the keys of pushes come from."""

    async def key_for(self, address: str) -> rsa.RSAPublicKey:
        """The key of the certificate at that address.

        Raises:
            RouterError: ``forbidden`` for an address that is not MNS', ``certificate-unavailable``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pinned:
    """One key for every push, whatever address it names."""

    key: rsa.RSAPublicKey

    async def key_for(self, address: str) -> rsa.RSAPublicKey:
        return self.key


@dataclass(frozen=True, slots=True)
class Verifier:
    """Refuses pushes that are not from MNS, or not those that are expected.

    Args:
        expect: values of ``owner``, ``topic`` and ``subscription``; those not named may be any.
        max_age: microseconds that a push's date may be away from the receipt; None is any.
            MNS may keep the date when it tries again for a day.
    """

    keys: Keys
    expect: Mapping[str, str]
    max_age: int | None = None

    async def verify(self, request: Request) -> None:
        """Returns if the push is genuine.

        Raises:
            RouterError: ``forbidden``, or ``certificate-unavailable`` when nothing can be said.
        """
        signature = _signature(request.headers)
        check_digest(request.headers, request.body)
        self._check_age(request)
        self._check_about(request)
        key = await self.keys.key_for(_certificate_address(request.headers))
        check_signature(key, signature, request)

    def _check_age(self, request: Request) -> None:
        if self.max_age is None:
            return
        try:
            sent = parsedate_to_datetime(request.headers.get("date", "")).timestamp()
        except (ValueError, TypeError, OverflowError) as error:
            raise _forbidden("the push has no date") from error
        if abs(request.received_at - sent * _SECOND) > self.max_age:
            raise _forbidden("the push is older, or younger, than max_age allows")

    def _check_about(self, request: Request) -> None:
        body: dict[str, Any] | None = None
        for name, expected in self.expect.items():
            header, field = _ABOUT[name]
            said: object = request.headers.get(header)
            if said is None:
                body = _fields(request.body) if body is None else body
                said = body.get(field)
            if said != expected:
                raise _forbidden(f"the push is not from the {name} that is expected")


def public_key(pem: bytes) -> rsa.RSAPublicKey:
    """The RSA key in a certificate; neither its size nor the certificate's dates are judged.

    Raises:
        ValueError: it is no certificate in PEM form, or its key is no RSA key.
    """
    try:
        key = x509.load_pem_x509_certificate(pem).public_key()
    except UnsupportedAlgorithm as error:
        raise ValueError("the certificate's key is of an unknown kind") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("the certificate's key is not an RSA key")
    return key


def string_to_sign(request: Request) -> bytes:
    """What MNS signed: method, three headers, every ``x-mns-`` header, path and query as received."""
    headers = request.headers
    mns = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-mns-"))
    named = "\n".join(headers.get(name, "") for name in ("content-md5", "content-type", "date"))
    return f"{request.method}\n{named}\n{mns}{request.target}".encode("latin-1", "replace")


def check_digest(headers: Mapping[str, str], body: bytes) -> None:
    """Refuses a push whose ``Content-MD5`` is missing or another body's.

    The signature covers the body only through this digest. MNS writes it as hexadecimal text, as
    base64 of that text, or as base64 of the 16 bytes.
    """
    given = headers.get("content-md5", "").strip()
    md5 = hashlib.md5(body, usedforsecurity=False)
    if not given or (given.lower() != md5.hexdigest() and _unwrapped(given) != md5.digest()):
        raise _forbidden("Content-MD5 is missing or does not fit the body")


def check_signature(key: rsa.RSAPublicKey, signature: bytes, request: Request) -> None:
    """Refuses a push that was not signed with that key."""
    try:
        key.verify(signature, string_to_sign(request), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  as MNS
    except InvalidSignature as error:
        raise _forbidden("the signature is wrong") from error


def _unwrapped(given: str) -> bytes:
    """The 16 bytes in base64, or in hexadecimal in base64; anything else as it is."""
    inner = _from_base64(given) or b""
    if len(inner) == 32:
        try:
            return bytes.fromhex(inner.decode("ascii"))
        except ValueError:
            return b""
    return inner


def _signature(headers: Mapping[str, str]) -> bytes:
    signature = _from_base64(headers.get("authorization", "").strip())
    if not signature:
        raise _forbidden("Authorization is missing or is not base64")
    return signature


def _certificate_address(headers: Mapping[str, str]) -> str:
    named = _from_base64(headers.get("x-mns-signing-cert-url", "").strip()) or b""
    return named.decode("latin-1")


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _fields(body: bytes) -> dict[str, Any]:
    """The fields of a JSON or XML notification; none when it is neither."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        if body.lstrip()[:1] == b"<":
            return {
                child.tag.rpartition("}")[2]: child.text or "" for child in fromstring(body, forbid_dtd=True)
            }
        found: object = orjson.loads(body)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _forbidden(message: str) -> RouterError:
    return RouterError("forbidden", message)

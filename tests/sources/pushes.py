"""Pushes as MNS makes them, signed with keys of our own."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from email.utils import formatdate
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from router.ports import Request
from router.sources.mns_signature import string_to_sign

KEYS = Path(__file__).parent / "keys"
CERTIFICATE = (KEYS / "test-certificate-512-expired.pem").read_bytes()
ADDRESS = "https://mns-cert.oss-cn-hangzhou.aliyuncs.com/certificate.pem"
BODY = b'{"Event": "OnJobFailed"}'
NOW = 1_700_000_000_000_000


def forms(body: bytes) -> dict[str, str]:
    """The ways in which MNS and its clients write a digest."""
    md5 = hashlib.md5(body, usedforsecurity=False)
    return {
        "HEX": md5.hexdigest().upper(),
        "hex": md5.hexdigest(),
        "base64 of hex": base64.b64encode(md5.hexdigest().encode()).decode(),
        "base64 of HEX": base64.b64encode(md5.hexdigest().upper().encode()).decode(),
        "base64 of the bytes": base64.b64encode(md5.digest()).decode(),
    }


def push(
    body: bytes = BODY,
    headers: Mapping[str, str] | None = None,
    *,
    target: str = "/v1/events/push",
    address: str = ADDRESS,
    received_at: int = NOW,
) -> Request:
    """A genuine push with these headers beside, or instead of, the usual ones."""
    usual = {
        "content-type": "text/plain;charset=utf-8",
        "content-md5": forms(body)["HEX"],
        "date": formatdate(NOW / 1e6, usegmt=True),
        "x-mns-version": "2015-06-06",
        "x-mns-request-id": "6423F9B7BF94313030AF5EA0",
        "x-mns-message-id": "AC10020B0019681A95159E591D10",
        "x-mns-publish-time": str(NOW // 1000),
        "x-mns-topic-owner": "123",
        "x-mns-topic-name": "events",
        "x-mns-subscription-name": "router",
        "x-mns-signing-cert-url": base64.b64encode(address.encode()).decode(),
    }
    return signed(Request("POST", target, usual | dict(headers or {}), body, received_at))


def signed(request: Request) -> Request:
    """The request with the signature that fits it."""
    signature = private_key().sign(string_to_sign(request), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  as MNS
    return with_header(request, "authorization", base64.b64encode(signature).decode())


def with_header(request: Request, name: str, value: str) -> Request:
    """The request with one header changed, not signed again."""
    return replace(request, headers={**request.headers, name: value})


def without_header(request: Request, name: str) -> Request:
    """The request without one header, not signed again."""
    return replace(request, headers={key: value for key, value in request.headers.items() if key != name})


@cache
def private_key() -> rsa.RSAPrivateKey:
    loaded = serialization.load_pem_private_key((KEYS / "test-key-512.pem").read_bytes(), None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded

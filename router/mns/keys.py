"""The key that the stand-in signs its pushes with, and its certificate. Not the cloud's."""

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID


class PushKey:
    """A 2048-bit key with a self-signed certificate.

    Args:
        pem: a key from :meth:`private_pem`; without it a new one is made.
    """

    def __init__(self, pem: bytes = b"") -> None:
        if pem:
            loaded = serialization.load_pem_private_key(pem, None)
            if not isinstance(loaded, rsa.RSAPrivateKey):
                raise ValueError("not an RSA key")
            self._key = loaded
        else:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, text: str) -> str:
        """The ``Authorization`` of a push: RSA with SHA-1, in base64."""
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  as MNS
        return base64.b64encode(signature).decode()

    def private_pem(self) -> bytes:
        """The key as a PEM file."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def certificate_pem(self, now: datetime | None = None) -> bytes:
        """The certificate as a PEM file, valid for a year."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alert-router MNS stand-in")])
        start = now or datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start - timedelta(days=1))
            .not_valid_after(start + timedelta(days=365))
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM)

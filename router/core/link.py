"""Links in messages: what they name, signed, so that whoever has the message may act on it and nobody else.

A token is 30 bytes, as 40 characters of a URL: a byte of the form's version, the 12 bytes of a group's id,
and 17 bytes of an HMAC-SHA256 over the purpose and both.
"""

import base64
import hmac
from dataclasses import dataclass, field

#: Bytes of a key, as the hash has.
KEY_BYTES = 32
#: Characters of a token.
TOKEN_LENGTH = 40

_VERSION = b"\x01"
_ID_BYTES = 12
_MAC_BYTES = 17
_ACKNOWLEDGE = b"alert-router acknowledge\x00"


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """The keys of links: the newest signs, the one before it still opens what it signed.

    Args:
        earlier: empty where there is none.
    """

    newest: bytes = field(repr=False)
    earlier: bytes = field(default=b"", repr=False)

    def rotated(self, fresh: bytes, *, revoke: bool = False) -> "LinkKeys":
        """With a fresh key; ``revoke`` ends every link that was signed before."""
        return LinkKeys(fresh, b"" if revoke else self.newest)


def ack_token(group_id: str, keys: LinkKeys) -> str:
    """What a link that acknowledges a group has as the last part of its path."""
    return _token(bytes.fromhex(group_id.removeprefix("g-")), keys.newest)


def group_of(token: str, keys: LinkKeys) -> str | None:
    """The group that a token names; None for one that neither key has signed."""
    group = _named(token)
    if group is None:
        return None
    # Compared as text: what decodes to the same bytes but reads otherwise is another token.
    signed = [_token(group, key) for key in (keys.newest, keys.earlier) if key]
    found = [hmac.compare_digest(token, one) for one in signed]
    return f"g-{group.hex()}" if any(found) else None


def _named(token: str) -> bytes | None:
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(token)
    except ValueError:
        return None
    return raw[1 : 1 + _ID_BYTES] if len(raw) == 1 + _ID_BYTES + _MAC_BYTES else None


def _token(group: bytes, key: bytes) -> str:
    named = _VERSION + group
    mac = hmac.digest(key, _ACKNOWLEDGE + named, "sha256")[:_MAC_BYTES]
    return base64.urlsafe_b64encode(named + mac).decode()

"""Base64 that cannot be taken for something else: lenient readers find "bytes" in any text."""

import binascii
from collections.abc import Iterator


def strict_base64(text: bytes) -> bytes | None:
    """What the text encodes, or None unless all of it is canonical base64."""
    packed = text.strip()
    if not packed or len(packed) % 4:
        return None
    try:
        plain = binascii.a2b_base64(packed, strict_mode=True)
    except binascii.Error:
        return None
    return plain if binascii.b2a_base64(plain, newline=False) == packed else None


def layers(text: bytes, most: int) -> Iterator[bytes]:
    """The text itself, then what is inside it while that is base64, at most so many times."""
    yield text
    for _ in range(most):
        inner = strict_base64(text)
        if inner is None:
            return
        yield (text := inner)

"""How long a text is in the unit that a provider counts."""

import json

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Two septets each.
_EXTENDED = frozenset("^{}\\[~]|€\f")
_GSM7 = _BASIC | _EXTENDED


def utf8(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def utf16(text: str) -> int:
    """UTF-16 code units, as Telegram and Discord's clients count: an emoji is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2


def json_bytes(text: str) -> int:
    """Bytes inside a JSON string: a line end or a quote is two."""
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")) - 2


def feishu(text: str) -> int:
    """Bytes in a Feishu post, where each line is an element of its own."""
    return json_bytes(text) + 40 * (text.count("\n") + 1)


def adaptive_card(text: str) -> int:
    """Bytes in an Adaptive Card, where each line is a block of its own."""
    return json_bytes(text) + 100 * (text.count("\n") + 1)


def is_gsm7(text: str) -> bool:
    """Whether every character is in the alphabet of cheap short messages (3GPP TS 23.038)."""
    return _GSM7.issuperset(text)


def segments(text: str) -> int:
    """Short messages that a text takes: 160 septets in one and 153 in each of several, or 70 and 67 in UCS-2.

    A pair that must not be divided may leave the last place of a segment empty; that is counted as if
    it always did.
    """
    if is_gsm7(text):
        extended = sum(character in _EXTENDED for character in text)
        return _segments(len(text) + extended, 160, 152 if extended else 153)
    units = utf16(text)
    return _segments(units, 70, 66 if units > len(text) else 67)


def _segments(units: int, alone: int, each: int) -> int:
    return 1 if units <= alone else -(-units // each)

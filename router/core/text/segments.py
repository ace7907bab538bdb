"""How long a text is for a telephone: GSM-7 characters, or UCS-2 when one of them is not in GSM-7."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")

#: Characters of one segment of a longer message (3GPP TS 23.038): GSM-7 and UCS-2.
GSM7_SEGMENT, UCS2_SEGMENT = 153, 67


def is_gsm7(text: str) -> bool:
    """Whether every character is in GSM-7."""
    return all(c in _BASIC or c in _EXTENDED for c in text)


def sms_size(text: str) -> int:
    """The text's size in GSM-7 characters: those of a UCS-2 text weigh as many as fit in its place."""
    if is_gsm7(text):
        return sum(2 if c in _EXTENDED else 1 for c in text)
    units = sum(2 if ord(c) > 0xFFFF else 1 for c in text)
    return -(-units * GSM7_SEGMENT // UCS2_SEGMENT)

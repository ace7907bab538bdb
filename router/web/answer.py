"""An HTTP answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body, and the headers that are its own."""

    status: int
    body: bytes = b""
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()

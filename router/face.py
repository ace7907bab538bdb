"""The public face, see ``router/__init__.py``."""

import time

from router.core.event import Envelope, Event, Undecodable
from router.core.filter import Filter
from router.core.rule import Match
from router.decoders import decode as decode_envelope
from router.errors import RouterError

__all__ = ["Event", "Filter", "Match", "RouterError", "decode"]


def decode(body: bytes) -> Event:
    """The event in a message's body: an MNS notification in any form, a CloudEvent, or a JSON object.

    Args:
        body: as it came from a queue, a push, a file.

    Returns:
        the event; its ``source`` is empty, and it was received now.

    Raises:
        RouterError: ``undecodable``; the message says why, and what to send instead.
    """
    decoded = decode_envelope(Envelope(source="", body=body, received_at=time.time_ns() // 1000))
    if isinstance(decoded, Undecodable):
        raise RouterError("undecodable", decoded.reason)
    return decoded

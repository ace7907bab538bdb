"""From a body's bytes to an event: which format it has, who it is, when it happened."""

from typing import Any, NamedTuple, cast

from router.core.event import (
    MAX_BODY,
    REPLAYED,
    Envelope,
    Event,
    Undecodable,
    digest_id,
    identity_of,
    is_plain_id,
    timed_id,
)
from router.core.json_text import JsonError, kind_of, read_json
from router.decoders import batchcompute, cloudevents, mns
from router.decoders.base64_text import layers

#: 2000-01-01; an earlier time is a mistake of whoever wrote it, seconds for milliseconds for example.
_EARLIEST = 946_684_800_000_000


class _Content(NamedTuple):
    """A decoded body, and what its MNS envelope says."""

    data: dict[str, Any]
    mns_id: str = ""
    published: Any = None


def decode(envelope: Envelope) -> Event | Undecodable:
    """What an envelope means: an MNS message in any form, a CloudEvent, or a plain JSON object.

    Pure and bounded: never raises, whatever the bytes are.
    """
    if envelope.poison:
        return Undecodable(envelope, envelope.poison)
    content = _content(envelope)
    if content is None:
        return Undecodable(envelope, _reason(envelope.body))
    data = content.data
    is_cloud_event = cloudevents.is_structured(data)
    if is_cloud_event:
        cloudevents.open_payload(data)
    odd = batchcompute.read_values(data) if batchcompute.is_batch_compute(data) else ()
    is_replayed = (envelope.identity or "").startswith(REPLAYED)
    mns_id = "" if is_replayed else content.mns_id or envelope.headers.get("x-mns-message-id", "")
    identity = _identity(envelope, mns_id, cloudevents.identity(data) if is_cloud_event else None)
    return Event(
        id=_id(envelope, mns_id, identity),
        source=envelope.source,
        at=_time(envelope, content, is_cloud_event),
        data=data,
        received_at=envelope.received_at,
        identity=identity,
        odd_fields=odd,
    )


def _content(envelope: Envelope) -> _Content | None:
    if len(envelope.body) > MAX_BODY:
        return None
    if cloudevents.is_binary(envelope.headers):
        return _Content(cloudevents.from_headers(envelope.headers, envelope.body))
    # Base64 twice: a publisher that encodes, and somebody who sends the message on and encodes too.
    for text in layers(envelope.body, 2):
        data = _object(text)
        message = mns.from_xml(text) if data is None else mns.from_json(data)
        if message is not None:
            return _inside(message)
        if data is not None:
            return _Content(data)
    return None


def _inside(message: mns.MnsMessage) -> _Content | None:
    for text in layers(message.body.encode("utf-8"), 1):
        data = _object(text)
        if data is not None:
            return _Content(data, message.id, message.published)
    return None


def _object(text: bytes) -> dict[str, Any] | None:
    if not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return None
    try:
        value = read_json(text)
    except JsonError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _identity(envelope: Envelope, mns_id: str, cloud_event: str | None) -> str | None:
    """What makes two receipts the same message, the strongest first."""
    if mns_id:
        return identity_of("mns", mns_id)
    if envelope.identity or cloud_event:
        return envelope.identity or cloud_event
    key = envelope.headers.get("idempotency-key")
    return identity_of("key", f"{envelope.source}:{key}") if key else None


def _id(envelope: Envelope, mns_id: str, identity: str | None) -> str:
    # An MNS id in the form of ours could be that of another event.
    if is_plain_id(mns_id) and not mns_id.startswith("e-"):
        return mns_id
    if identity is not None:
        return digest_id("e", identity)
    place = f"{envelope.source}\n{envelope.received_at}\n{envelope.position}\n"
    return timed_id("e", envelope.received_at, place.encode("utf-8", "surrogatepass") + envelope.body)


def _time(envelope: Envelope, content: _Content, is_cloud_event: bool) -> int:
    """When it was published, as far as anybody says so; never later than the receipt."""
    headers = envelope.headers
    at = (
        _from_milliseconds(content.published)
        or _from_milliseconds(headers.get("x-mns-publish-time"))
        or (cloudevents.time_of(content.data) if is_cloud_event else None)
        or _from_milliseconds(headers.get("x-mns-enqueue-time"))
    )
    return min(at, envelope.received_at) if at and at >= _EARLIEST else envelope.received_at


def _from_milliseconds(value: Any) -> int | None:
    """Microseconds, or None when it is no time of this century."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 17:
        value = int(value)
    at = value * 1000 if type(value) is int else 0
    return at if at >= _EARLIEST else None


def _reason(body: bytes) -> str:
    """Why a body was set aside, and what to do; read again, because nobody pays for it otherwise."""
    if len(body) > MAX_BODY:
        return f"the body has {len(body)} bytes, more than {MAX_BODY}: send a shorter one"
    start = body.strip()[:1]
    if not start:
        return "the body is empty: send a JSON object"
    if start == b"<":
        return f"{mns.why_not_xml(body)}: send an MNS notification, or a JSON object"
    try:
        value = read_json(body)
    except JsonError as fault:
        if start in b'{["':
            return f"the body is not JSON, {fault}: send a JSON object"
        return "the body is neither JSON, nor an MNS notification, nor base64 of these: send a JSON object"
    if isinstance(value, dict):
        return "the Message in the MNS notification is neither a JSON object nor base64 of one: publish JSON"
    return f"the body is a JSON {kind_of(value)}: send a JSON object"

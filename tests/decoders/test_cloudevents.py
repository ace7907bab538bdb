"""CloudEvents: both modes make the same document."""

import base64
import json
from typing import Any

import pytest

from router.core.event import Envelope, Event
from router.decoders import decode

NOW = 1_700_000_000_000_000
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "/shop/café",
    "type": "com.example.order.failed",
    "time": "2018-04-05T17:31:00Z",
    "comexampleextension1": "value",
}


def decoded(body: bytes, headers: dict[str, str] | None = None) -> Event:
    event = decode(Envelope("hook", body, NOW, headers or {}))
    assert isinstance(event, Event)
    return event


def structured(**more: Any) -> Event:
    return decoded(json.dumps(ATTRIBUTES | more).encode(), {"content-type": "application/cloudevents+json"})


def binary(body: bytes, content_type: str) -> Event:
    headers = {f"ce-{name}": value.replace("é", "%C3%A9") for name, value in ATTRIBUTES.items()}
    return decoded(body, headers | {"content-type": content_type})


@pytest.mark.parametrize(
    ("content_type", "body", "payload"),
    [
        ("application/json", b'{"total": 12}', {"total": 12}),
        ("application/vnd.order+json; charset=utf-8", b"[1, null]", [1, None]),
        ("text/plain", "schön".encode(), "schön"),
    ],
)
def test_both_modes_are_the_same_event(content_type: str, body: bytes, payload: Any) -> None:
    """Structured, structured with data_base64, and binary: one document, one identity, one time."""
    packed = base64.b64encode(body).decode()
    events = [
        structured(datacontenttype=content_type, data=payload),
        structured(datacontenttype=content_type, data_base64=packed),
        binary(body, content_type),
    ]
    for event in events:
        assert event.data == ATTRIBUTES | {"datacontenttype": content_type, "data": payload}
        assert event.identity == events[0].identity
        assert event.id == events[0].id
        assert event.time.isoformat() == "2018-04-05T17:31:00+00:00"
        assert event.kind == "com.example.order.failed"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("image/png", b"\x89PNG"), ("text/plain", b"\xff"), ("application/json", b"{")],
)
def test_what_is_neither_json_nor_text_stays_base64(content_type: str, body: bytes) -> None:
    """Bytes are kept under data_base64, in both modes; nothing is lost."""
    packed = base64.b64encode(body).decode()
    expected = ATTRIBUTES | {"datacontenttype": content_type, "data_base64": packed}
    assert structured(datacontenttype=content_type, data_base64=packed).data == expected
    assert binary(body, content_type).data == expected


def test_no_payload_is_no_data() -> None:
    """An event may say everything in its attributes."""
    assert "data" not in structured().data
    assert "data" not in binary(b"", "application/json").data


def test_broken_base64_stays_as_it_came() -> None:
    """data_base64 that is none, or stands beside data, is kept."""
    assert structured(data_base64="%%").data["data_base64"] == "%%"
    assert structured(data_base64=7).data["data_base64"] == 7
    both = structured(data_base64="e30=", data=1).data
    assert (both["data"], both["data_base64"]) == (1, "e30=")


def test_a_header_cannot_stand_for_the_payload() -> None:
    """ce-data and names that no attribute may have are left out."""
    headers = {f"ce-{name}": value for name, value in ATTRIBUTES.items()}
    event = decoded(b'{"a": 1}', headers | {"ce-data": "spoofed", "ce-a_b": "x", "content-type": ""})
    assert event.data["data"] == {"a": 1}
    assert "a_b" not in event.data


@pytest.mark.parametrize("missing", ["specversion", "id", "source", "type"])
def test_without_a_required_attribute_it_is_plain_json(missing: str) -> None:
    """An incomplete CloudEvent is still an event, without an identity."""
    event = decoded(json.dumps(ATTRIBUTES | {missing: ""}).encode())
    assert event.identity is None
    assert event.at == NOW


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("2018-04-05T17:31:00.123456789+08:00", 1_522_920_660_123_456),
        ("2018-04-05T17:31:00", 1_522_949_460_000_000),
        ("2999-01-01T00:00:00Z", NOW),
        ("1969-12-31T00:00:00Z", NOW),
        ("0001-01-01T00:00:00+14:00", NOW),
        ("9999-12-31T23:59:59-14:00", NOW),
        ("2018-04-05T17:31:60Z", NOW),
        ("yesterday", NOW),
        (7, NOW),
    ],
)
def test_times(time: object, at: int) -> None:
    """RFC 3339 with any offset; what is no time, or absurd, gives way to the receipt."""
    assert structured(time=time).at == at

"""Hostile bodies: no exception, bounded time."""

import gc
import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.catalogue import EVENTS
from router.core.event import MAX_BODY, Envelope, Event, Undecodable
from router.decoders import decode
from tests.decoders.forms import FORMS, in_form

NOW = 1_700_000_000_000_000

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=15
)
NAMES = st.sampled_from(["Event", "Message", "MessageId", "TopicName", "PublishTime", "ExitCode", "EndTime"])
CLOUD_NAMES = st.sampled_from(["specversion", "id", "source", "type", "time", "data", "data_base64"])
HEADERS = st.sampled_from(["x-mns-message-id", "x-mns-publish-time", "x-mns-enqueue-time", "idempotency-key"])
CLOUD_HEADERS = st.sampled_from(
    ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time", "content-type"]
)

WHOLE = [
    in_form(form, EVENTS[name].sample_text, encoded=encoded)
    for form in FORMS
    for encoded in (False, True)
    for name in ("OnInstanceFailed", "OnClusterDeleted")
]


def decoded(body: bytes, headers: dict[str, str] | None = None) -> Event | Undecodable:
    found = decode(Envelope("s", body, NOW, headers or {}))
    if isinstance(found, Event):
        assert found.at <= NOW
        assert found.id.isascii()
        orjson.dumps(found.data)  # what was decoded can be kept
    else:
        assert found.reason
    return found


@given(st.binary(max_size=300), st.dictionaries(HEADERS | CLOUD_HEADERS, st.text()))
def test_any_bytes_under_any_headers(body: bytes, headers: dict[str, str]) -> None:
    """Bytes and headers are only ever an event or set aside."""
    decoded(body, headers)


@given(st.dictionaries(NAMES | CLOUD_NAMES | st.text(), VALUES))
def test_any_object(data: dict[str, Any]) -> None:
    """Any JSON object is an event, unless it is an MNS envelope around something else."""
    text = json.dumps(data).encode()
    found = decoded(text)
    if not {"TopicName", "TopicOwner"} & set(data):
        assert isinstance(found, Event)


@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=4)), max_size=4))
def test_spoiled_messages(body: bytes, spoils: list[tuple[int, bytes]]) -> None:
    """A message with bytes replaced at a few places never raises."""
    for at, replacement in spoils:
        at %= len(body)
        body = body[:at] + replacement + body[at + 1 :]
    decoded(body)


def bomb(levels: int) -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, levels))
    head = f'<!DOCTYPE Notification [<!ENTITY e0 "ha">{entities}]>'
    return f"{head}<Notification><Message>&e{levels - 1};</Message></Notification>".encode()


def filled(head: bytes, unit: bytes, tail: bytes) -> bytes:
    return head + unit * ((MAX_BODY - len(head) - len(tail)) // len(unit)) + tail


@pytest.mark.parametrize(
    "body",
    [
        bomb(20),
        filled(b"<Notification><Message>", b"&#65;", b"</Message></Notification>"),
        filled(b"<Notification>", b"<a/>", b"</Notification>"),
        filled(b"<Notification ", b"a='' ", b"/>"),
        filled(b"", b"<a>", b""),
        filled(b"", b"[", b""),
        filled(b"[", b"[],", b"[]]"),
        filled(b'{"a":[', b"{},", b"{}]}"),
        filled(b'{"a":"', b"\\ud800", b'"}'),
        filled(b'{"a":"', b"\\", b'"}'),
        filled(b'{"ExitCode":"', b"1", b'"}'),
        filled(b'{"Event":"On","ExitCode":"', b" ", b'"}'),
        filled(b'{"ExitCode":', b"1", b"}"),
        filled(b"", b"QUFB", b""),
        filled(b'{"TopicName":"t","Message":"', b"QUFB", b'"}'),
        filled(b"{", b'"a":1,', b'"a":1}'),
        filled(b'{"a":"', b"\\u0000", b'"}'),
    ],
    ids=lambda body: body[:20].decode(),
)
def test_the_worst_quarter_megabytes_take_no_time(body: bytes) -> None:
    """Bombs, depth, width and escapes of 256 KiB end in well under half a second of CPU."""
    gc.disable()  # the heap of the whole test run is not what is measured
    try:
        started = time.thread_time()
        decoded(body)
        assert time.thread_time() - started < 0.5
    finally:
        gc.enable()

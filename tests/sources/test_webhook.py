"""The webhook: any JSON, CloudEvents, batches."""

import json

import pytest

from router.core.event import Event, Undecodable
from router.decoders import decode
from router.errors import RouterError
from router.sources.webhook import MOST_EVENTS, WebhookSource
from tests.sources.doors import post, receive

SOURCE = WebhookSource("hook", "/v1/events/hook")
CLOUD = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}


def events(body: bytes, **headers: str) -> list[Event | Undecodable]:
    return [decode(envelope) for envelope in receive(SOURCE, post(body, **headers))]


def identities(body: bytes, **headers: str) -> list[str | None]:
    return [event.identity for event in events(body, **headers) if isinstance(event, Event)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"hello", "not JSON"),
        (b'{"a": }', "column 7"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b"<Notification/>", "not JSON"),
        (b"e30=", "not JSON"),
        (b"[" * 70 + b"]" * 70, "deeper than 64"),
        (b"42", "a JSON number"),
        (b'"text"', "a JSON text"),
        (b"null", "a JSON null"),
        (b"[" + b"0," * MOST_EVENTS + b"0]", f"at most {MOST_EVENTS}"),
    ],
)
def test_what_is_no_event_is_refused(body: bytes, said: str) -> None:
    """The sender is told what is wrong, where, and what to send; nothing is kept."""
    with pytest.raises(RouterError) as refused:
        receive(SOURCE, post(body))
    assert refused.value.code == "bad-request"
    assert said in str(refused.value)
    assert "Send" in refused.value.remedy


def test_an_array_is_a_batch() -> None:
    """Each element is an envelope of its own, in order, with its own bytes."""
    envelopes = receive(SOURCE, post(b'[ {"a": 1}, {"b": [2.5, "\xc3\xa9"]} ]'))
    assert [json.loads(envelope.body) for envelope in envelopes] == [{"a": 1}, {"b": [2.5, "é"]}]
    assert len(receive(SOURCE, post(b"[" + b"{}," * (MOST_EVENTS - 1) + b"{}]"))) == MOST_EVENTS


def test_an_empty_batch_is_accepted() -> None:
    """CloudEvents allows a batch of none."""
    assert receive(SOURCE, post(b"[]")) == []


def test_one_bad_element_spoils_no_other() -> None:
    """An element that is no object is set aside, the others are events."""
    kinds = [type(event) for event in events(b'[{"a": 1}, 7, [{}], {"b": 2}]')]
    assert kinds == [Event, Undecodable, Undecodable, Event]


def test_a_batch_of_cloudevents() -> None:
    """Each has the identity of its own source and id, whatever surrounds it."""
    batch = json.dumps([CLOUD, CLOUD | {"id": "2"}]).encode()
    alone = [json.dumps(CLOUD).encode(), json.dumps(CLOUD | {"id": "2"}).encode()]
    together = identities(batch, content_type="application/cloudevents-batch+json")
    assert together == [identity for body in alone for identity in identities(body)]
    assert len(set(together)) == 2


def test_an_idempotency_key_tells_a_message() -> None:
    """The same key is the same message; in a batch each place is one of its own."""
    once, twice = identities(b"{}", idempotency_key="k"), identities(b'{"a": 1}', idempotency_key="k")
    assert once == twice != identities(b"{}", idempotency_key="l")
    batch = identities(b"[{}, {}]", idempotency_key="k")
    assert len({*batch, *once}) == 3
    assert batch == identities(b"[{}, {}]", idempotency_key="k")
    assert identities(b"{}") == [None]


def test_mns_headers_mean_nothing_here() -> None:
    """Who may post to a webhook cannot pass for MNS and make its message a duplicate."""
    [event] = events(b"{}", x_mns_message_id="m", x_mns_publish_time="1449556920975")
    assert isinstance(event, Event)
    assert event.identity is None
    assert event.at == event.received_at


def test_a_cloudevent_in_binary_mode() -> None:
    """Attributes come in headers; the body may be anything that its content type says."""
    headers = {f"ce_{name}": value for name, value in CLOUD.items()}
    [event] = events(b"plain words", content_type="text/plain", **headers)
    assert isinstance(event, Event)
    assert event.data == CLOUD | {"datacontenttype": "text/plain", "data": "plain words"}
    with pytest.raises(RouterError, match="not JSON"):
        receive(SOURCE, post(b"plain words", content_type="application/json", **headers))

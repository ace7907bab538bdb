"""What every source that is posted to promises."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.catalogue import EVENTS, NUMBERS
from router.core.event import Event, Undecodable
from router.decoders import decode
from router.errors import RouterError
from router.ports import HttpSource
from router.sources.mns_push import MnsPushSource
from router.sources.webhook import WebhookSource
from tests.sources.doors import NOW, post, receive

SOURCES: list[Callable[[], HttpSource]] = [
    lambda: WebhookSource("here", "/v1/events/here"),
    lambda: MnsPushSource("here", "/v1/events/here"),
]


@pytest.fixture(params=SOURCES, ids=["webhook", "mns-push"])
def source(request: pytest.FixtureRequest) -> HttpSource:
    return request.param()


def test_it_says_where_it_listens_and_how_it_answers(source: HttpSource) -> None:
    """Name and path are as given; success is a 2xx."""
    assert (source.name, source.path, source.signed) == ("here", "/v1/events/here", False)
    assert 200 <= source.accepted_status < 300


@pytest.mark.parametrize("name", EVENTS)
def test_a_documented_event_arrives_whole(source: HttpSource, name: str) -> None:
    """One request is one envelope with the body as it came, and decodes to the event."""
    event = EVENTS[name]
    [envelope] = receive(source, post(event.sample_text.encode(), content_type="application/json"))
    assert (envelope.source, envelope.received_at) == ("here", NOW)
    assert envelope.body == event.sample_text.encode()
    decoded = decode(envelope)
    assert isinstance(decoded, Event)
    sample = event.sample()
    assert decoded.data == {
        field: int(sample[field]) if field in NUMBERS else sample[field] for field in sample
    }


def test_a_compressed_body_is_refused(source: HttpSource) -> None:
    """Nothing is unpacked; the answer says what to do."""
    for encoding in ("gzip", "Deflate", "br, gzip"):
        with pytest.raises(RouterError, match="without Content-Encoding") as refused:
            receive(source, post(b"{}", content_encoding=encoding))
        assert refused.value.code == "unsupported-encoding"
    assert len(receive(source, post(b"{}", content_encoding="identity"))) == 1


def test_secrets_of_a_request_are_not_kept(source: HttpSource) -> None:
    """A token or a cookie does not get into the envelope, which is stored."""
    headers = {"authorization": "Bearer s3cret", "cookie": "s3cret", "x_api_key": "s3cret"}
    [envelope] = receive(source, post(b"{}", **headers))
    assert "s3cret" not in repr(envelope)


def test_it_remembers_nothing(source: HttpSource) -> None:
    """The same request makes the same envelopes: what is the same message is decided later."""
    request = post(b'{"a": 1}', idempotency_key="k", x_mns_message_id="m")
    assert receive(source, request) == receive(source, request)


HEADERS = st.sampled_from(
    ["content-type", "content-encoding", "idempotency-key", "ce-specversion", "ce-id", "x-mns-message-id"]
)


@pytest.mark.parametrize("make", SOURCES, ids=["webhook", "mns-push"])
@given(
    body=st.binary(max_size=100) | st.text(alphabet='[]{},:"0a', max_size=30).map(str.encode),
    headers=st.dictionaries(HEADERS, st.text(max_size=20)),
)
def test_whatever_comes_is_taken_or_refused(
    make: Callable[[], HttpSource], body: bytes, headers: dict[str, str]
) -> None:
    """Any body under any headers makes envelopes that decode or are set aside, or a refusal in words."""
    refusal: RouterError | None = None
    try:
        envelopes = receive(make(), post(body, **headers))
    except RouterError as error:
        envelopes, refusal = [], error
    if refusal is not None:
        assert refusal.code in ("bad-request", "unsupported-encoding")
        assert refusal.remedy
    assert all(isinstance(decode(envelope), Event | Undecodable) for envelope in envelopes)

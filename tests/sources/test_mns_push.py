"""The push source: what MNS posts, in any format, signed or not."""

import pytest

from router.core.event import Event, Undecodable
from router.decoders import decode
from router.errors import RouterError
from router.ports import Request
from router.sources.mns_push import MnsPushSource
from tests.decoders.forms import FORMS, MESSAGE_ID, PUBLISHED_MS, Form, in_form
from tests.sources.doors import post, receive

SOURCE = MnsPushSource("push", "/v1/events/push")
PUBLISHED = '{"Event": "OnJobFailed", "JobId": "job-1"}'


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_all_formats_are_the_same_message(form: Form, encoded: bool) -> None:
    """Id and publish time come from the envelope or, in SIMPLIFIED, from the headers."""
    headers = {"x_mns_message_id": MESSAGE_ID, "x_mns_publish_time": str(PUBLISHED_MS)}
    request = post(in_form(form, PUBLISHED, encoded=encoded), **(headers if form == "SIMPLIFIED" else {}))
    [envelope] = receive(SOURCE, request)
    event = decode(envelope)
    assert isinstance(event, Event)
    assert (event.id, event.identity, event.at) == (MESSAGE_ID, f"mns:{MESSAGE_ID}", PUBLISHED_MS * 1000)
    assert event.data == {"Event": "OnJobFailed", "JobId": "job-1"}


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b"<a/>", b"\x00\xff"])
def test_what_cannot_be_decoded_is_taken_and_set_aside(body: bytes) -> None:
    """MNS would send a refused message again and again: it is kept instead, whole."""
    [envelope] = receive(SOURCE, post(body, x_mns_message_id="m-1"))
    assert envelope.body == body
    assert envelope.position == "m-1"
    assert isinstance(decode(envelope), Undecodable)


def test_an_unsigned_request_is_forbidden_when_signatures_are_asked_for() -> None:
    """The verifier sees the request as it came; when it objects nothing is received."""
    seen: list[Request] = []

    async def verify(request: Request) -> None:
        seen.append(request)
        if "authorization" not in request.headers:
            raise RouterError("forbidden", "not signed")

    source = MnsPushSource("push", "/", verify)
    assert source.signed
    with pytest.raises(RouterError, match="not signed"):
        receive(source, post(b"{}"))
    assert len(receive(source, post(b"{}", authorization="c2ln"))) == 1
    assert [request.body for request in seen] == [b"{}", b"{}"]

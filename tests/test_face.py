"""The public face."""

from datetime import UTC, datetime, timedelta

import pytest

import router
from router import RouterError, decode
from tests.decoders.forms import MESSAGE_ID, PUBLISHED_MS, in_form


def test_decode_makes_an_event_of_a_body() -> None:
    """A program gets data, id, source and time, without a router around it."""
    event = decode(in_form("XML", '{"Event": "OnInstanceFailed", "ExitCode": "137"}', encoded=True))
    assert event.data == {"Event": "OnInstanceFailed", "ExitCode": 137}
    assert (event.id, event.source) == (MESSAGE_ID, "")
    assert event.time == datetime.fromtimestamp(PUBLISHED_MS // 1000, UTC) + timedelta(milliseconds=975)


def test_decode_receives_now() -> None:
    """What says no time happened when it was decoded."""
    before = datetime.now(UTC)
    event = decode(b"{}")
    assert before <= event.time <= datetime.now(UTC)


def test_decode_says_why_it_cannot() -> None:
    """A body that is no event raises, with a reason in words."""
    with pytest.raises(RouterError, match="neither JSON") as raised:
        decode(b"hello")
    assert raised.value.code == "undecodable"


def test_every_public_name_is_there() -> None:
    """What ``router`` promises can be imported, each time the same thing."""
    assert all(getattr(router, name) is getattr(router, name) for name in router.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = router.Nothing

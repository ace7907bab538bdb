"""A rehearsal goes as far as a send, and no byte of a message leaves."""

import socket
from typing import Any, cast

import pytest

from router.channels import Rehearsed
from router.channels.channel import TargetChannel
from tests.channels.mail_servers import mailbox
from tests.channels.making import channel
from tests.channels.servers import Provider


def rehearse(url: str, **changes: Any) -> Rehearsed:
    """What a rehearsal of a new channel comes to."""
    made = cast(TargetChannel, channel(url, **changes))
    try:
        return made.rehearse()
    finally:
        made.close()


@pytest.mark.parametrize("schema", ["json", "form"])
def test_a_provider_that_can_be_reached_hears_of_nothing(schema: str, provider: Provider) -> None:
    """Well is said of a connection on which no request came."""
    found = rehearse(provider.origin.replace("http", schema, 1) + "/")
    assert found == Rehearsed(provider.origin, True, "")
    assert provider.received == []


def test_a_service_with_an_address_of_its_own_is_reached_where_egress_says(provider: Provider) -> None:
    """The origin is the provider's, the connection goes to the gateway."""
    found = rehearse("dingtalk://" + "a" * 64, egress={"https://oapi.dingtalk.com": provider.origin})
    assert (found.origin, found.well) == ("https://oapi.dingtalk.com", True)
    assert provider.received == []


def test_what_nobody_listens_on_is_said() -> None:
    """In the words of a failed send, without the URL's secrets."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        found = rehearse(f"json://user:hunter2@127.0.0.1:{held.getsockname()[1]}/")
    assert found.well is False
    assert "refused" in found.problem
    assert "hunter2" not in repr(found)


def test_a_mail_server_takes_the_login_and_no_mail() -> None:
    """Log-in, sender and recipient are tried; nothing is handed over."""
    with mailbox() as box:
        found = rehearse(f"mailto://127.0.0.1:{box.port}?from=a@example.com&to=b@example.com")
        assert (found.well, found.problem) == (True, "")
        assert box.mails == []


def test_what_speaks_neither_http_nor_smtp_is_not_tried() -> None:
    """A rehearsal of syslog would be a line in the log."""
    found = rehearse("syslog://")
    assert found.well is None
    assert "HTTP" in found.problem

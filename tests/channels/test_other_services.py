"""Services that send nothing over HTTP, or do not send at all."""

import socket
import subprocess
import sys

from router.core.delivery import Outcome
from tests.channels.making import DELIVERY, MESSAGE, channel, send
from tests.channels.servers import Provider


def test_a_service_without_http_has_apprises_word() -> None:
    """A log server says nothing: the message is sent as far as anybody knows, and the channel says so."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(2)
        made = channel(f"rsyslog://127.0.0.1:{server.getsockname()[1]}")
        assert made.send(MESSAGE, DELIVERY).outcome is Outcome.ACCEPTED
        assert b"exit code 137" in server.recv(4096)
    assert getattr(made, "unverified") is True  # noqa: B009


def test_success_without_a_request_is_none(provider: Provider) -> None:
    """Apprise finds no alert to delete at Opsgenie and calls it a success: nothing was delivered."""
    said = send(f"opsgenie://{'a' * 36}/?action=delete", egress={"https://api.opsgenie.com": provider.origin})
    assert provider.received == []
    assert (said.outcome, said.answer) == (
        Outcome.REFUSED,
        "nothing was sent: no request could be made of the channel's URL; look at its host and tokens",
    )


def test_nothing_of_apprise_is_loaded_without_a_channel() -> None:
    """Who only reads the room's names pays for no plugin."""
    code = "import sys, router.channels; print([m for m in sys.modules if m.startswith('apprise')])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "[]"

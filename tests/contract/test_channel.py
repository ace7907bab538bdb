"""What every channel makes of every kind of answer: the contract of router.ports.Channel."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from router.core.delivery import SECOND, Outcome, Verdict
from tests.channels.making import MESSAGE, NOW, SOON, send
from tests.channels.servers import (
    Behaviour,
    Provider,
    answer,
    drip,
    endless,
    listening,
    raw,
    reset,
    silent,
)
from tests.channels.services import SERVICES, Service

#: Microseconds for a send that is to run out of time.
SHORT = 200_000

#: Where a handshake that takes too long may be given up.
NOTHING_SENT = ("no connection in time", "nothing was sent within 0.2 s", "no answer in time")

every = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
INCIDENTS = [service for service in SERVICES if service.name in ("pagerduty", "opsgenie", "jira")]
own_code = pytest.mark.parametrize(
    "service", [service for service in SERVICES if service.throttled], ids=lambda service: service.name
)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with listening() as running:
        yield running


def verdict(
    service: Service, provider: Provider, behaviour: Behaviour, timeout: int = 60 * SECOND
) -> Verdict:
    provider.does(behaviour)
    return send(service.url, egress={service.origin: provider.origin}, timeout=timeout)


def late(service: Service, provider: Provider, behaviour: Behaviour) -> Verdict:
    """What is said of an answer that comes too late; with more time where too little was left to ask."""
    said = verdict(service, provider, behaviour, SHORT)
    return said if provider.received else verdict(service, provider, behaviour, 20 * SHORT)


@every
def test_accepted(service: Service, provider: Provider) -> None:
    """The service's own yes is an acceptance, after exactly one request."""
    said = verdict(service, provider, service.accepted)
    assert (said.outcome, said.broken, said.retry_at) == (Outcome.ACCEPTED, False, None)
    assert said.answer
    assert len(provider.received) == 1


@every
def test_refused_by_its_own_code(service: Service, provider: Provider) -> None:
    """The service's own no is a refusal with its words, whatever the HTTP status."""
    said = verdict(service, provider, service.refused)
    assert said.outcome is Outcome.REFUSED
    assert service.words in said.answer
    assert said.broken is service.broken


@pytest.mark.parametrize("reason", ["acknowledged", "resolved"])
@pytest.mark.parametrize("service", INCIDENTS, ids=lambda service: service.name)
def test_what_changes_an_incident_is_answered_as_what_opened_it(
    service: Service, provider: Provider, reason: str
) -> None:
    """One request, another for each further message; the same verdicts and words."""
    message = replace(MESSAGE, data={"reason": reason})
    cases = [
        (service.accepted, Outcome.ACCEPTED, ""),
        (service.refused, Outcome.REFUSED, service.words),
        (answer(429, "slow down"), Outcome.THROTTLED, "slow down"),
        (answer(500, "Oops"), Outcome.UNREACHABLE, "Oops"),
        (answer(202, "so be it"), Outcome.UNKNOWN, ""),
    ]
    for number, (behaviour, outcome, words) in enumerate(cases, 1):
        provider.does(behaviour)
        said = send(service.url, message, egress={service.origin: provider.origin}, timeout=60 * SECOND)
        assert said.outcome is outcome, said
        assert words in said.answer
        assert len(provider.received) == number


@every
def test_throttled_until_a_time(service: Service, provider: Provider) -> None:
    """A 429 with Retry-After waits as long as it says."""
    said = verdict(service, provider, answer(429, "slow down", {"Retry-After": "7"}))
    assert (said.outcome, said.status) == (Outcome.THROTTLED, 429)
    assert said.retry_at == NOW + 7 * SECOND


@every
def test_throttled_without_a_time(service: Service, provider: Provider) -> None:
    """A 429 without a time leaves the pause to the back-off."""
    said = verdict(service, provider, answer(429, "slow down"))
    assert (said.outcome, said.retry_at) == (Outcome.THROTTLED, None)
    assert said.answer == "429 Too Many Requests: slow down"


@own_code
def test_throttled_by_its_own_code(service: Service, provider: Provider) -> None:
    """A service that says "too fast" with status 200 is tried again."""
    assert service.throttled is not None
    said = verdict(service, provider, service.throttled)
    assert (said.outcome, said.broken) == (Outcome.THROTTLED, False)
    assert said.answer


@every
def test_a_fault_of_the_provider(service: Service, provider: Provider) -> None:
    """A 500 is tried again, with the provider's words on record."""
    said = verdict(service, provider, answer(500, "<html><title>Oops</title></html>"))
    assert (said.outcome, said.status) == (Outcome.UNREACHABLE, 500)
    assert said.answer == "500 Internal Server Error: Oops"


@every
def test_a_redirect_is_refused(service: Service, provider: Provider) -> None:
    """A redirect is never followed and never an acceptance."""
    said = verdict(service, provider, answer(302, headers={"Location": f"{provider.origin}/elsewhere"}))
    assert (said.outcome, said.broken) == (Outcome.REFUSED, True)
    assert "redirects are refused" in said.answer
    assert len(provider.received) == 1


@every
def test_no_connection_in_time(service: Service) -> None:
    """Out of time before anything was sent: nobody can have received it."""
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts, and never says a word of TLS
        egress = {service.origin: f"https://127.0.0.1:{mute.getsockname()[1]}"}
        said = send(service.url, egress=egress, timeout=SHORT)
    assert (said.outcome, said.status, said.retry_at) == (Outcome.UNREACHABLE, None, None)
    assert said.answer in (f"{service.origin}: {why}" for why in NOTHING_SENT)


@every
def test_nobody_listens(service: Service, unused_port: int) -> None:
    """A refused connection is tried again, with the reason on record."""
    said = send(service.url, egress={service.origin: f"http://127.0.0.1:{unused_port}"})
    assert (said.outcome, said.status) == (Outcome.UNREACHABLE, None)
    assert said.answer.endswith("Connection refused")


@every
def test_no_answer_in_time(service: Service, provider: Provider) -> None:
    """Out of time after sending: it may have arrived, and the call ends in time."""
    begun = time.monotonic()
    said = late(service, provider, silent)
    assert (said.outcome, said.status, said.broken) == (Outcome.UNKNOWN, None, False)
    assert said.answer.startswith((f"{service.origin}: no answer in time", "no answer within "))
    assert time.monotonic() - begun < SOON


@every
def test_a_slow_drip(service: Service, provider: Provider) -> None:
    """An answer byte for byte is as late as none: the deadline is for the whole exchange."""
    begun = time.monotonic()
    said = late(service, provider, drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 1000, every=0.1))
    assert said.outcome is Outcome.UNKNOWN
    assert time.monotonic() - begun < SOON


@every
def test_a_reset_after_sending(service: Service, provider: Provider) -> None:
    """A connection that breaks before the answer: it may have arrived."""
    said = verdict(service, provider, reset)
    assert said.outcome is Outcome.UNKNOWN
    assert "Connection reset" in said.answer


@every
def test_garbage(service: Service, provider: Provider) -> None:
    """An answer that is not HTTP says nothing: it may have arrived."""
    said = verdict(service, provider, raw(b"\x00\x01 garbage\r\n\r\n"))
    assert said.outcome is Outcome.UNKNOWN
    assert said.answer == f"{service.origin}: the connection broke, or the answer is not HTTP"


@every
def test_a_page_instead_of_an_answer(service: Service, provider: Provider) -> None:
    """Status 200 with a gateway's page is an acceptance only where the status is all there is."""
    said = verdict(service, provider, answer(200, "<html><title>Log in</title></html>"))
    assert said.outcome is (Outcome.UNKNOWN if service.reads else Outcome.ACCEPTED)
    assert said.answer == "Log in"


@every
def test_a_huge_answer(service: Service, provider: Provider) -> None:
    """Of an answer of 100 MB only the beginning is read; the call ends at once."""
    begun = time.monotonic()
    said = verdict(service, provider, endless)
    assert said.outcome is (Outcome.UNKNOWN if service.reads else Outcome.ACCEPTED)
    assert len(said.answer) <= 300
    assert time.monotonic() - begun < SOON

"""That the contract holds for each provider with care and each kind of answer: no case is left out."""

import inspect
from typing import Any

import pytest

from router.channels.providers import PROVIDERS
from router.core.delivery import SECOND, Outcome
from tests.channels.mail_servers import Reply, hang_up, scripted
from tests.channels.making import send
from tests.channels.servers import reset, silent
from tests.channels.services import SERVICES
from tests.contract import test_channel

#: The services of the contract by the module that sends to them; mail has a table of its own below.
CARED_FOR = {
    "custom_json": {"json"},
    "slack": {"slack", "slack-bot"},
    "dingtalk": {"dingtalk", "dingtalk-text", "dingtalk-card"},
    "feishu": {"feishu", "feishu-card"},
    "lark": {"lark"},
    "wecombot": {"wecombot", "wecombot-text"},
    "aliyunsms": {"aliyunsms"},
    "aliyunvoice": {"aliyunvoice"},
    "twilio": {"twilio", "twilio-call"},
    "vonage": {"vonage"},
    "sns": {"sns"},
    "telegram": {"telegram"},
    "discord": {"discord"},
    "pagerduty": {"pagerduty"},
    "opsgenie": {"opsgenie"},
    "jira": {"jira"},
    "workflows": {"workflows"},
}
#: These say "too fast" with status 429 only.
BY_STATUS = {
    "json",
    "slack",
    "twilio-call",
    "telegram",
    "discord",
    "pagerduty",
    "opsgenie",
    "jira",
    "workflows",
    "ntfy",
}

#: Each kind of answer, and the test that puts it to every service.
CASES = {
    "accepted": test_channel.test_accepted,
    "refused with its own code": test_channel.test_refused_by_its_own_code,
    "throttled with a time": test_channel.test_throttled_until_a_time,
    "throttled without a time": test_channel.test_throttled_without_a_time,
    "500": test_channel.test_a_fault_of_the_provider,
    "redirect": test_channel.test_a_redirect_is_refused,
    "timeout before sending": test_channel.test_no_connection_in_time,
    "timeout after sending": test_channel.test_no_answer_in_time,
    "reset": test_channel.test_a_reset_after_sending,
    "garbage": test_channel.test_garbage,
    "100 MB": test_channel.test_a_huge_answer,
}


def test_every_provider_is_there() -> None:
    """Who adds a provider adds it to the contract."""
    names = {service.name for service in SERVICES}
    assert set(PROVIDERS) == {*CARED_FOR, "email.base"}
    assert names == set().union(*CARED_FOR.values()) | {"ntfy"}
    assert {service.name for service in SERVICES if service.throttled is None} == BY_STATUS


@pytest.mark.parametrize("case", CASES)
def test_every_case_is_put_to_every_service(case: str) -> None:
    """The test of the case runs with all services, and asks for the verdict."""
    test: Any = CASES[case]
    [mark] = [mark for mark in test.pytestmark if mark.name == "parametrize"]
    assert mark.args[1] is SERVICES
    assert "outcome" in inspect.getsource(test)


def endless(connection: Any) -> None:
    """Lines of an answer that goes on, as fast as they are taken: more than are read."""
    for _ in range(1600):
        connection.sendall((b"250-" + b"x" * 508 + b"\r\n") * 128)


MAIL: dict[str, tuple[dict[str, Reply], Outcome, str]] = {
    "accepted": ({"CONTENT": b"250 2.0.0 queued as 1"}, Outcome.ACCEPTED, "2.0.0 queued as 1"),
    "refused with its own code": ({"RCPT": b"550 5.1.1 no such user"}, Outcome.REFUSED, "5.1.1 no such user"),
    "throttled without a time": ({"RCPT": b"450 4.2.1 slow down"}, Outcome.THROTTLED, "4.2.1 slow down"),
    "500": ({"CONTENT": b"421 4.3.2 shutting down"}, Outcome.UNREACHABLE, "4.3.2 shutting down"),
    "redirect": ({"RCPT": b"551 5.1.6 try <new@b.example.com>"}, Outcome.REFUSED, "551"),
    "timeout before sending": ({"CONNECT": silent}, Outcome.UNREACHABLE, ""),
    "timeout after sending": ({"CONTENT": silent}, Outcome.UNKNOWN, ""),
    "reset": ({"CONTENT": reset}, Outcome.UNKNOWN, ""),
    "closed": ({"CONTENT": hang_up}, Outcome.UNKNOWN, "the server closed the connection"),
    "garbage": ({"CONTENT": b"\x00\x01 garbage"}, Outcome.UNKNOWN, ""),
    "100 MB": ({"CONTENT": endless}, Outcome.UNKNOWN, "the server says too much"),
}


def test_mail_has_every_case() -> None:
    """SMTP names no time to come back."""
    assert set(CASES) - set(MAIL) == {"throttled with a time"}


@pytest.mark.parametrize("case", MAIL)
def test_the_same_of_mail(case: str) -> None:
    """SMTP's own answers of each kind give the same verdicts; nothing is retried or goes elsewhere."""
    replies, outcome, words = MAIL[case]
    with scripted(**replies) as server:
        url = f"mailto://127.0.0.1:{server.port}?from=a@example.com&to=b@example.com"
        said = send(url, timeout=2 * SECOND if "timeout" in case else 20 * SECOND)
        assert server.connections == 1
    assert said.outcome is outcome
    assert words in said.answer
    assert said.answer

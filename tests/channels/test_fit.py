"""Whatever an event says, what leaves fits the provider, in its own unit, with all that the channel adds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.channels import kind_of_url
from router.core.delivery import Outcome
from router.core.group import Reason
from router.core.text.sizes import segments, utf8, utf16
from tests.channels.making import DELIVERY, channel
from tests.channels.servers import Provider, Received, listening
from tests.channels.services import SERVICES, Service
from tests.core.text.making import notified, rendered, sample

BY_NAME = {service.name: service for service in SERVICES}
PIECES = [
    "a",
    "字",
    "م",
    "عربي",
    "😀",
    "👩\u200d👩\u200d👧",
    "🇨🇳",
    "e\u0301",
    "&",
    "<",
    "\n",
    '"',
    "\\",
    "\x1b",
    "\0",
    "{{",
]
WORDS = st.lists(
    st.tuples(st.sampled_from(PIECES) | st.text(max_size=5), st.integers(1, 3_000)), min_size=1, max_size=3
).map(lambda parts: "".join(piece * times for piece, times in parts))


def form(request: Received) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(request.body.decode(), keep_blank_values=True).items()}


def query(request: Received) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(request.target).query).items()}


def slack(request: Received) -> bool:
    """https://docs.slack.dev/reference/methods/chat.postMessage: 40,000 are cut, 4,000 are recommended."""
    attachment = request.json["attachments"][0]
    block = attachment["blocks"][0]["text"]["text"] if "blocks" in attachment else ""
    text = block or attachment["text"]
    sizes = len(request.json["text"]) <= 4_000 and len(text) <= 4_000 and len(block) <= 3_000
    return sizes and _whole(text)


def _whole(mrkdwn: str) -> bool:
    """No entity that is cut: every & begins one."""
    return all(part.startswith(("amp;", "lt;", "gt;")) for part in mrkdwn.split("&")[1:])


def telegram(request: Received) -> bool:
    """4,096 units, and the bold part is the title, which ends at a line's end."""
    text, (bold,) = request.json["text"], request.json["entities"]
    title = text.encode("utf-16-le")[: bold["length"] * 2].decode("utf-16-le")
    return utf16(text) <= 4_096 and text.startswith(f"{title}\n")


def aliyun(name: str, each: int, together: int) -> Callable[[Received], bool]:
    def fits(request: Received) -> bool:
        values: dict[str, str] = orjson.loads(query(request)[name])
        sizes = [utf16(value) for value in values.values()]
        return all(1 <= size <= each for size in sizes) and sum(sizes) <= together

    return fits


#: Whether a request is within what the service documents; see the service's file in router/channels.
LIMITS: dict[str, Callable[[Received], bool]] = {
    "slack": slack,
    "slack-bot": slack,
    "dingtalk": lambda request: len(request.body) <= 20_000,
    "feishu": lambda request: len(request.body) <= 20 * 1024,
    "lark": lambda request: len(request.body) <= 20 * 1024,
    "dingtalk-text": lambda request: len(request.body) <= 20_000,
    "dingtalk-card": lambda request: len(request.body) <= 20_000,
    "feishu-card": lambda request: len(request.body) <= 20 * 1024,
    "wecombot": lambda request: utf8(request.json["markdown"]["content"]) <= 4_096,
    "wecombot-text": lambda request: utf8(request.json["text"]["content"]) <= 2_048,
    "telegram": telegram,
    "discord": lambda request: utf16(request.json["content"]) <= 2_000,
    "workflows": lambda request: len(request.body) <= 28 * 1024,
    "pagerduty": lambda request: (
        len(request.json["payload"]["summary"]) <= 1_024 and len(request.body) <= 512 * 1024
    ),
    "opsgenie": lambda request: (
        len(request.json["message"]) <= 130 and len(request.json["description"]) <= 15_000
    ),
    "twilio": lambda request: segments(form(request)["Body"]) <= 4 and len(form(request)["Body"]) <= 1_600,
    "twilio-call": lambda request: len(form(request)["Twiml"]) <= 4_000,
    "vonage": lambda request: segments(form(request)["text"]) <= 4,
    "sns": lambda request: segments(form(request)["Message"]) <= 4,
    "aliyunsms": aliyun("TemplateParam", 35, 500),
    "aliyunvoice": aliyun("TtsParam", 249, 249),
    "ntfy": lambda request: utf8(request.json["message"]) <= 4_096,
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with listening() as running:
        yield running


def test_every_service_has_a_limit() -> None:
    """Whoever adds a service says what it takes; a webhook takes all."""
    assert set(LIMITS) == set(BY_NAME) - {"json"}


@pytest.mark.parametrize("name", LIMITS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS, job=WORDS, reason=st.sampled_from([Reason.FIRST, Reason.STORM]))
def test_any_event_fits(name: str, provider: Provider, words: str, job: str, reason: Reason) -> None:
    """Chinese, Arabic, emoji, controls, as a possible repeat: within the limit, and valid in its coding."""
    service = BY_NAME[name]
    data = sample("OnInstanceFailed", ErrorMessage=words, Detail=job, JobName=job, Task=words)
    message = rendered(notified(data, reason=reason), kind_of_url(service.url))
    request = _request(service, provider, message)
    assert LIMITS[name](request)
    assert "\x1b" not in unquote(request.body.decode() + request.target)


def _request(service: Service, provider: Provider, message: Any) -> Received:
    provider.does(service.accepted)
    made = channel(service.url, egress={service.origin: provider.origin})
    try:
        assert (
            made.send(message, replace(DELIVERY, kind=kind_of_url(service.url), unknown=1)).outcome
            is Outcome.ACCEPTED
        )
    finally:
        made.close()
    return provider.received.pop()

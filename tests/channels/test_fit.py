"""Whatever an event says, what leaves fits the provider, in its own unit, with all that the channel adds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

import orjson
import pytest
from defusedxml.ElementTree import fromstring
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
    "م\u064f",
    "&",
    "<",
    "\n",
    '"',
    "\\",
    "\x1b",
    "\0",
    "{{",
]
#: What is left at the end where one of the pieces was cut: a joiner, the half of a flag, a letter that has
#: lost the mark which the one before it has.
_CUT = re.compile("(?:\u200d|👩|🇨|\u0301e|\u064fم)$")
_CUT_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
_OTHERS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="e👩🇨م\u200d"), max_size=5)
WORDS = st.lists(
    st.tuples(st.sampled_from(PIECES) | _OTHERS, st.integers(1, 3_000)), min_size=1, max_size=3
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
    return sizes and _CUT_ENTITY.search(text + request.json["text"]) is None


def discord(request: Received) -> bool:
    """2,000 units; behind no mark of a cut is half of an escape."""
    text: str = request.json["content"]
    halves = [before for before in text.split("…")[:-1] if (len(before) - len(before.rstrip("\\"))) % 2]
    return utf16(text) <= 2_000 and halves == []


def twiml(request: Received) -> bool:
    """4,000 characters of XML: no tag and no entity is cut."""
    said = form(request)["Twiml"]
    return len(said) <= 4_000 and fromstring(said).tag == "Response"


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


def opsgenie(request: Received) -> bool:
    """What people are shown of an alert."""
    return len(request.json["message"]) <= 130 and len(request.json["description"]) <= 15_000


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
    "discord": discord,
    "workflows": lambda request: len(request.body) <= 28 * 1024,
    "pagerduty": lambda request: (
        len(request.json["payload"]["summary"]) <= 1_024 and len(request.body) <= 512 * 1024
    ),
    "opsgenie": opsgenie,
    "jira": opsgenie,
    "twilio": lambda request: segments(form(request)["Body"]) <= 4 and len(form(request)["Body"]) <= 1_600,
    "twilio-call": twiml,
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


def texts(found: Any) -> Iterator[str]:
    """Every text in a payload, wherever it stands."""
    if isinstance(found, str):
        yield from texts(orjson.loads(found)) if found.startswith('{"') else (found,)
    elif isinstance(found, dict):
        yield from (text for value in cast("dict[str, Any]", found).values() for text in texts(value))
    elif isinstance(found, list):
        yield from (text for value in cast("list[Any]", found) for text in texts(value))


def is_whole(text: str) -> bool:
    """Whether every cut is between characters as people see them."""
    return not any(_CUT.search(before.rstrip()) for before in text.split("…")[:-1])


@pytest.mark.parametrize("piece", ["👩\u200d👩\u200d👧", "🇨🇳", "e\u0301", "م\u064f"])
def test_a_cut_inside_a_character_is_seen(piece: str) -> None:
    """What the next test looks for is found wherever a piece is cut, and nowhere else."""
    for end in range(1, len(piece)):
        assert not is_whole(f"{piece}{piece[:end]}… more")
    assert is_whole(f"{piece}{piece}… more")


@pytest.mark.parametrize("name", LIMITS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS, job=WORDS, reason=st.sampled_from([Reason.FIRST, Reason.STORM]))
def test_any_event_fits(name: str, provider: Provider, words: str, job: str, reason: Reason) -> None:
    """Chinese, Arabic, emoji, controls, as a possible repeat: within the limit, and valid in its coding."""
    service = BY_NAME[name]
    data = sample("OnInstanceFailed", ErrorMessage=words, Detail=job, JobName=job, Task=words)
    message = rendered(notified(data, reason=reason), kind_of_url(service.url))
    request = _request(service, provider, message)
    assert LIMITS[name](request)
    assert "\x1b" not in unquote(request.body.decode() + request.target)
    payload = request.json if request.body.startswith(b"{") else form(request) or query(request)
    assert [text for text in texts(payload) if not is_whole(text)] == []


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

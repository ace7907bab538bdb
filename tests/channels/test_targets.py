"""URLs with several targets, and URLs that no service has."""

import re
from pathlib import Path

import pytest

from router.channels import expand, kind_of_url, make_channel, rate_of_url
from router.channels.channel import ChannelSpec
from router.errors import RouterError
from tests.channels.making import NOW

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
TWILIO = f"twilio://AC{'a' * 32}:{'b' * 32}@15551234567"


@pytest.mark.parametrize(
    ("url", "ends"),
    [
        (f"{SLACK}/#night/#day", ["/%23day/", "/%23night/"]),
        (f"{TWILIO}/15551234568/15551234569", ["/%2B15551234568/", "/%2B15551234569/"]),
        ("mailto://u:p@example.com?to=a@x.com,b@x.com", ["/a%40x.com", "/b%40x.com"]),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/1234", ["/12315544/", "/1234/"]),
        ("ntfy://localhost/one/two", ["/one", "/two"]),
        (
            "aliyunsms://K:S@%E9%98%BF/SMS_1/+86-138-0000-1111/85212345678?:a=title",
            ["@%E9%98%BF/SMS_1/13800001111/", "@%E9%98%BF/SMS_1/85212345678/"],
        ),
        ("aliyunvoice://K:S@TTS_1/13800001111/13800001112", ["/13800001111/", "/13800001112/"]),
    ],
)
def test_each_target_has_a_url_of_its_own(url: str, ends: list[str]) -> None:
    """A URL with several targets becomes one URL for each, in the order in which they are written."""
    assert [each.partition("?")[0][-len(end) :] for each, end in zip(expand(url), ends, strict=True)] == ends
    assert [expand(each) for each in expand(url)] == [[each] for each in expand(url)]


@pytest.mark.parametrize(
    "url",
    [
        SLACK,
        "json://localhost/hook?+X=1",
        f"{SLACK}/#one",
        "dingtalk://s@t/155500000000/155500000001",
        "opsgenie://apikey/#night/@anna",
        "jira://apikey/#night/@anna",
    ],
)
def test_a_single_target_stays_as_it_is_written(url: str) -> None:
    """One target is one URL, unchanged; people in one DingTalk message or Opsgenie alert are not targets."""
    assert expand(url) == [url]


def test_a_channel_is_not_made_for_several_targets() -> None:
    """A channel has exactly one target, so that a retry cannot reach one that accepted."""
    with pytest.raises(RouterError, match="several targets"):
        make_channel(ChannelSpec("oncall/1", f"{SLACK}/#a/#b", "slack"), lambda: NOW)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("slak://SECRET/PATH", "did you mean slack://"),
        ("qzwxecrv://SECRET", "no service of Apprise has this schema"),
        ("SECRET", "this is not a URL"),
        ("slack://SECRET", "slack://{token_a}/{token_b}/{token_c}"),
        ("https://SECRET.example.com/x", "jsons://host/path"),
        (f"{TWILIO}/15551234568/SECRET", "a target of this twilio:// URL is not valid"),
        ("aliyunsms://K:SECRET@sign/SMS_1", "{sign_name}/{template_code}/{numbers}"),
        ("aliyunsms://K:SECRET@sign/SMS_1/12", "{sign_name}/{template_code}/{numbers}"),
        ("aliyunsms://K:SECRET@sign/SMS_1/13800001111?:a=tilte", "{sign_name}/{template_code}/{numbers}"),
        ("aliyunsms://K:SECRET@sign/SMS_1/13800001111?:1=title", "{sign_name}/{template_code}/{numbers}"),
        ("aliyunvoice://K@SECRET/13800001111", "{tts_code}/{numbers}"),
        ("aliyunvoice://K:SECRET@TTS_1/13800001111?from=x", "{tts_code}/{numbers}"),
        ("mqtt://SECRET/topic", "not installed here: paho-mqtt"),
    ],
)
def test_an_error_says_what_to_write_and_nothing_of_the_url(url: str, said: str) -> None:
    """A URL that cannot be used is explained without any part of it."""
    with pytest.raises(RouterError) as raised:
        expand(url)
    assert said in str(raised.value)
    assert "SECRET" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack"),
        ("jsons://example.com/hook", "webhook"),
        ("mailtos://u:p@example.com", "email"),
        ("gotify://localhost/token", "plain"),
    ],
)
def test_the_kind_of_a_url_is_known_before_it_is_used(url: str, kind: str) -> None:
    """The configuration learns a target's kind from its URL, also from a provider's own one."""
    assert kind_of_url(url) == kind


@pytest.mark.parametrize(
    ("url", "rate"),
    [("dingtalk://token", (20, 60_000_000)), (SLACK, (1, 1_000_000)), ("json://localhost/hook", None)],
)
def test_a_providers_own_limit_is_known(url: str, rate: tuple[int, int] | None) -> None:
    """A channel without a rate of its own keeps to its provider's."""
    assert rate_of_url(url) == rate


def test_the_urls_of_the_page_are_valid() -> None:
    """The configuration in docs/channels.md can be taken as it stands, with keys in the environment."""
    page = (Path(__file__).parents[2] / "docs" / "channels.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    urls = re.findall(r'url: "(.*)"', block)
    assert [kind_of_url(url) for url in urls] == ["template", "template"]
    assert all(len(expand(re.sub(r"\$\{env:\w+\}", "x", url))) == 1 for url in urls)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        (f"dingtalk://{'a' * 64}?format=cards", "markdown, text, card; did you mean format=card?"),
        (f"dingtalk://{'a' * 64}?format=texxt", "markdown, text, card; did you mean format=text?"),
        (f"feishu://{'a' * 36}?format=html", "post, card"),
        (f"lark://{'a' * 36}?format=text", "post, card"),
        (f"wecombot://{'a' * 36}?format=card", "markdown, text"),
    ],
)
def test_a_form_that_there_is_not_is_said(url: str, known: str) -> None:
    """A misspelt ``format=`` is no other form in silence; the remedy names those that there are."""
    with pytest.raises(RouterError) as raised:
        expand(url)
    assert "format=" in raised.value.message
    assert raised.value.remedy == f"it is one of {known}"


def test_a_port_that_does_not_exist_is_refused() -> None:
    """Nothing could be sent there; a token with a colon in it is none."""
    with pytest.raises(RouterError, match="the port of this URL does not exist"):
        expand("json://127.0.0.1:99000/")
    assert expand("tgram://123456789:abcdefg_hijklmnop/12315544")

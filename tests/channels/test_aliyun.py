"""Aliyun's templates and signatures."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.channels.aliyun import signed
from router.channels.fields import value_of
from router.core.delivery import Outcome
from router.core.message import Message
from router.core.text.sizes import utf16
from tests.channels.making import DELIVERY, MESSAGE, send
from tests.channels.servers import Provider, Received, answer, listening

KEYS = "LTAIkey:s%2Fcret"
SMS = f"aliyunsms://{KEYS}@%E9%98%BF%E9%87%8C%E4%BA%91/SMS_1/13800001111"
VOICE = f"aliyunvoice://{KEYS}@TTS_1/13800001111"
TAKEN = answer(200, {"Code": "OK", "Message": "OK"})


def sent(provider: Provider, url: str, message: Message = MESSAGE) -> Received:
    provider.does(TAKEN)
    hosts = ("https://dysmsapi.aliyuncs.com", "https://dyvmsapi.aliyuncs.com")
    assert send(url, message, egress=dict.fromkeys(hosts, provider.origin)).outcome is Outcome.ACCEPTED
    return provider.received[-1]


def fields(request: Received) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(request.target).query).items()}


def test_a_short_message(provider: Provider) -> None:
    """Signature, template and number are the URL's; variables are the notification's; our id names it."""
    request = sent(provider, f"{SMS}?:title=title&:rule=rule&:job=event.JobId&:none=event.data.x&:text=body")
    found = fields(request)
    assert json.loads(found.pop("TemplateParam")) == {
        "title": "job-1 failed",
        "rule": "job-failed",
        "job": "job-1",
        "none": "-",
        "text": "exit code 137",
    }
    assert found == {
        "PhoneNumbers": "13800001111",
        "SignName": "阿里云",
        "TemplateCode": "SMS_1",
        "OutId": DELIVERY.id,
    }
    assert (request.method, request.body) == ("POST", b"")
    assert request.headers["x-acs-action"] == "SendSms"
    assert request.headers["x-acs-version"] == "2017-05-25"


def test_a_template_without_variables(provider: Provider) -> None:
    """Where the URL names none, none are sent."""
    assert "TemplateParam" not in fields(sent(provider, SMS))
    assert "TtsParam" not in fields(sent(provider, VOICE))


def test_a_call(provider: Provider) -> None:
    """A template is read to a number; the number that is shown is the URL's."""
    request = sent(provider, f"{VOICE}?:title=title&from=0571-12345678")
    assert fields(request) == {
        "CalledNumber": "13800001111",
        "CalledShowNumber": "057112345678",
        "TtsCode": "TTS_1",
        "TtsParam": '{"title":"job 1 failed"}',
    }
    assert request.headers["x-acs-action"] == "SingleCallByTts"
    assert request.headers["host"] == "dyvmsapi.aliyuncs.com"


@pytest.mark.parametrize(
    ("moment", "nonce", "signature"),
    [
        (
            "2023-10-26T10:22:32Z",
            "3156853299f313e23d1673dc12e1703d",
            "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
        ),
        (
            "2023-10-26T09:01:01Z",
            "d410180a5abf7fe235dd9b74aca91fc0",
            "e521358f7776c97df52e6b2891a8bc73026794a071b50c3323388c4e0df64804",
        ),
    ],
)
def test_the_signature_is_that_of_the_documentation(moment: str, nonce: str, signature: str) -> None:
    """Both examples in Aliyun's description of the signature V3."""
    query = "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai"
    named = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-version": "2014-05-26",
    }
    headers = signed("YourAccessKeyId", "YourAccessKeySecret", query, named, moment, nonce)
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;"
        f"x-acs-date;x-acs-signature-nonce;x-acs-version,Signature={signature}"
    )


@pytest.mark.parametrize("url", [SMS, VOICE])
def test_what_is_sent_is_what_was_signed(provider: Provider, url: str) -> None:
    """Query and headers on the wire, with Chinese, spaces and signs, make the signature; each is new."""
    message = replace(MESSAGE, title="任务 a+b~c * 100 %&= failed")
    first, second = sent(provider, f"{url}?:t=title", message), sent(provider, f"{url}?:t=title", message)
    for request in (first, second):
        named = {name: request.headers[name] for name in ("host", "x-acs-action", "x-acs-version")}
        moment, nonce = request.headers["x-acs-date"], request.headers["x-acs-signature-nonce"]
        again = signed("LTAIkey", "s/cret", urlsplit(request.target).query, named, moment, nonce)
        assert request.headers["authorization"] == again["Authorization"]
        assert "+" not in request.target
    assert first.headers["x-acs-signature-nonce"] != second.headers["x-acs-signature-nonce"]


TEXT = st.text(
    st.characters(codec="utf-8") | st.sampled_from("字ع😀👩\u200d🚒\u0301\x1b\n.1a/"), max_size=300
)


@given(title=TEXT, job=TEXT)
def test_any_words_fit_the_variables(title: str, job: str) -> None:
    """Chinese, Arabic, emoji, controls: 35 units for each of an SMS, 249 for all of a call, never empty."""
    message = replace(MESSAGE, title=title, data={"event": {"JobId": job}})
    with listening() as provider:
        values: dict[str, Any] = json.loads(
            fields(sent(provider, f"{SMS}?:a=title&:b=event.JobId", message))["TemplateParam"]
        )
        assert all(1 <= utf16(value) <= 35 and "\n" not in value for value in values.values())
        values = json.loads(fields(sent(provider, f"{VOICE}?:a=title&:b=event.JobId", message))["TtsParam"])
        assert all(values.values())
        assert sum(utf16(value) for value in values.values()) < 250


@pytest.mark.parametrize(
    ("text", "written", "spoken"),
    [
        ("see https://a.example.com/x now", "see a．example．com/x now", "see now"),
        ("10.0.0.1 is down", "10．0．0．1 is down", "10．0．0．1 is down"),
        ("2.5 GB [x] 【y】", "2.5 GB [x] [y]", "2.5 GB x y"),
        ("exit: 100%", "exit: 100%", "exit 100"),
        ("【】", "[]", "-"),
    ],
)
def test_what_aliyun_refuses_is_not_sent(provider: Provider, text: str, written: str, spoken: str) -> None:
    """Links, addresses and a signature's brackets make Aliyun refuse a text: they are written otherwise."""
    message = replace(MESSAGE, title=text)
    assert json.loads(fields(sent(provider, f"{SMS}?:t=title", message))["TemplateParam"]) == {"t": written}
    assert json.loads(fields(sent(provider, f"{VOICE}?:t=title", message))["TtsParam"]) == {"t": spoken}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", "T"),
        ("body", "B 2"),
        ("group.count", "3"),
        ("group.key", "a, 1"),
        ("group.key.1", "1"),
        ("group.key.9", "-"),
        ("group.key.x", "-"),
        ("labels", '{"team": "夜"}'),
        ("labels.team", "夜"),
        ("event.data.ok", "true"),
        ("event.data.none", "-"),
        ("event.data.none.more", "-"),
        ("event.data.lines", "a b"),
    ],
)
def test_a_field_by_its_name(path: str, value: str) -> None:
    """Any field of a notification is one line of text."""
    event = {"data": {"ok": True, "none": None, "lines": "a\r\nb"}}
    data = {"group": {"count": 3, "key": ["a", 1]}, "labels": {"team": "夜"}, "event": event}
    assert value_of(Message("T", "B\n2", data=data), path) == value
    assert value_of(Message("", "B\n2"), "title") == "B"


def test_the_names_in_the_url_may_be_told(provider: Provider) -> None:
    """Aliyun's words about a signature, a template or a variable are shown; keys and numbers are not."""
    provider.does(answer(200, {"Code": "isv.X", "Message": "阿里云 SMS_1 title LTAIkey s/cret 13800001111"}))
    said = send(f"{SMS}?:title=title", egress={"https://dysmsapi.aliyuncs.com": provider.origin})
    assert said.answer == "isv.X: 阿里云 SMS_1 title *** *** ***"
    assert unquote(provider.received[0].target).startswith("/?OutId=")

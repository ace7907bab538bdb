"""What each service is sent, to the letter."""

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.channels.posting import cut_units, unforged
from router.core.delivery import Outcome
from router.core.message import Message
from router.core.text.sizes import utf16
from tests.channels.making import DELIVERY, MESSAGE, send
from tests.channels.servers import Provider, Received, answer
from tests.channels.services import SERVICES

BY_NAME = {service.name: service for service in SERVICES}
LINES = replace(MESSAGE, body="exit code 137\n<b> & *stars* [a](http://b) @all")


def sent(
    name: str, provider: Provider, message: Message = MESSAGE, url: str = "", unknown: int = 0
) -> Received:
    """The request that a service is sent for a message."""
    service = BY_NAME[name]
    provider.does(service.accepted)
    egress = {service.origin: provider.origin}
    said = send(url or service.url, message, replace(DELIVERY, unknown=unknown), egress=egress)
    assert said.outcome is Outcome.ACCEPTED
    (request,) = provider.received
    return request


def test_slack(provider: Provider) -> None:
    """Our mrkdwn as it is: the title where notifications show it, the body a block beside a coloured bar."""
    request = sent("slack", provider, LINES)
    assert request.target == "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.json == {
        "text": "job-1 failed",
        "unfurl_links": False,
        "unfurl_media": False,
        "attachments": [
            {
                "color": "#d32f2f",
                "fallback": "job-1 failed",
                "blocks": [
                    {"type": "section", "text": {"type": "mrkdwn", "text": LINES.body}, "expand": True}
                ],
            }
        ],
    }


def test_slack_when_a_block_is_too_small(provider: Provider) -> None:
    """What is longer than a block takes is sent whole, in a form that Slack folds."""
    request = sent("slack", provider, replace(MESSAGE, body="x" * 3_001))
    (attachment,) = request.json["attachments"]
    assert attachment["text"] == "x" * 3_001
    assert "blocks" not in attachment


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("#general", {"channel": "#general"}),
        ("+C0123456", {"channel": "C0123456"}),
        ("@anna", {"channel": "@anna"}),
        ("#general:1405894322.002768", {"channel": "#general", "thread_ts": "1405894322.002768"}),
    ],
)
def test_slacks_targets(provider: Provider, target: str, fields: dict[str, str]) -> None:
    """A bot names the channel, the person or the thread that the URL names."""
    request = sent("slack-bot", provider, url=f"slack://Paul@xoxb-1234-1234-abc124/{target}")
    assert request.target == "/api/chat.postMessage"
    assert request.headers["authorization"] == "Bearer xoxb-1234-1234-abc124"
    assert request.json["username"] == "Paul"
    assert {name: value for name, value in request.json.items() if name in ("channel", "thread_ts")} == fields


def test_slack_when_all_is_well(provider: Provider) -> None:
    """A resolved message is green."""
    request = sent("slack", provider, replace(MESSAGE, data={"reason": "resolved"}))
    assert request.json["attachments"][0]["color"] == "#2e7d32"


def test_dingtalk(provider: Provider) -> None:
    """Markdown with its title as a heading; people are mentioned by their numbers in the text."""
    request = sent("dingtalk", provider, url=f"dingtalk://{'a' * 64}/8613800001111")
    assert request.target == f"/robot/send?access_token={'a' * 64}"
    assert request.json == {
        "msgtype": "markdown",
        "markdown": {
            "title": "job-1 failed",
            "text": "#### job-1 failed\n\nexit code 137\n\n@8613800001111",
        },
        "at": {"atMobiles": ["8613800001111"], "isAtAll": False},
    }


def test_dingtalks_signature(provider: Provider) -> None:
    """The signature is quoted once, as the documentation's own example computes it."""
    request = sent("dingtalk", provider, url=f"dingtalk://SECabc@{'a' * 64}")
    query = parse_qs(urlsplit(request.target).query)
    (timestamp,), (sign,) = query["timestamp"], query["sign"]
    digest = hmac.new(b"SECabc", f"{timestamp}\nSECabc".encode(), hashlib.sha256).digest()
    assert base64.b64decode(sign) == digest
    assert "%25" not in request.target


@pytest.mark.parametrize("name", ["feishu", "lark"])
def test_feishu(provider: Provider, name: str) -> None:
    """A post of one paragraph for each line, in which tags and mentions are only text."""
    request = sent(name, provider, LINES)
    assert request.target == f"/open-apis/bot/v2/hook/{'a' * 36}"
    assert request.json == {
        "msg_type": "post",
        "content": {
            "post": {
                "zh_cn": {
                    "title": "job-1 failed",
                    "content": [
                        [{"tag": "text", "text": "exit code 137"}],
                        [{"tag": "text", "text": "<b> & *stars* [a](http://b) @all"}],
                    ],
                }
            }
        },
    }


@pytest.mark.parametrize("url", [f"feishu://SECabc@{'a' * 36}", f"feishu://{'a' * 36}?secret=SECabc"])
def test_feishus_signature(provider: Provider, url: str) -> None:
    """The secret signs the time; it may stand before the token or as a parameter."""
    found: dict[str, Any] = sent("feishu", provider, url=url).json
    key = f"{found['timestamp']}\nSECabc".encode()
    assert base64.b64decode(found["sign"]) == hmac.new(key, digestmod=hashlib.sha256).digest()


BUTTONS = replace(MESSAGE, links=(("Acknowledge", "https://a.example/a/1"), ("Why", "https://a.example/e/2")))


def test_dingtalks_text(provider: Provider) -> None:
    """Asked for, it is plain text; the mentions stand below it."""
    url = f"dingtalk://{'a' * 64}/8613800001111?format=text"
    request = sent("dingtalk-text", provider, BUTTONS, url=url)
    assert request.json == {
        "msgtype": "text",
        "text": {"content": "job-1 failed\nexit code 137\n@8613800001111"},
        "at": {"atMobiles": ["8613800001111"], "isAtAll": False},
    }


def test_dingtalks_card(provider: Provider) -> None:
    """A card has a button for each link."""
    request = sent("dingtalk-card", provider, BUTTONS)
    assert request.json == {
        "msgtype": "actionCard",
        "actionCard": {
            "title": "job-1 failed",
            "text": "#### job-1 failed\n\nexit code 137",
            "btnOrientation": "1",
            "btns": [
                {"title": "Acknowledge", "actionURL": "https://a.example/a/1"},
                {"title": "Why", "actionURL": "https://a.example/e/2"},
            ],
        },
        "at": {"atMobiles": [], "isAtAll": False},
    }


def test_dingtalks_card_without_links(provider: Provider) -> None:
    """DingTalk takes no card without a button: it is Markdown."""
    assert sent("dingtalk-card", provider).json["msgtype"] == "markdown"


@pytest.mark.parametrize(("reason", "colour"), [("first", "red"), ("resolved", "green")])
def test_feishus_card(provider: Provider, reason: str, colour: str) -> None:
    """A head in the colour of its severity, the words as plain text, a button for each link."""
    request = sent("feishu-card", provider, replace(BUTTONS, data={"reason": reason}))
    assert request.json == {
        "msg_type": "interactive",
        "card": {
            "header": {"template": colour, "title": {"tag": "plain_text", "content": "job-1 failed"}},
            "elements": [
                {"tag": "div", "text": {"tag": "plain_text", "content": "exit code 137"}},
                {
                    "tag": "action",
                    "actions": [
                        {
                            "tag": "button",
                            "text": {"tag": "plain_text", "content": words},
                            "url": url,
                        }
                        for words, url in BUTTONS.links
                    ],
                },
            ],
        },
    }


def test_teams_has_buttons(provider: Provider) -> None:
    """Links are actions of the card."""
    card = sent("workflows", provider, BUTTONS).json["attachments"][0]["content"]
    assert card["actions"][0] == {
        "type": "Action.OpenUrl",
        "title": "Acknowledge",
        "url": "https://a.example/a/1",
    }


def test_pagerdutys_links(provider: Provider) -> None:
    """Links are links of the incident, by their words."""
    links = sent("pagerduty", provider, BUTTONS).json["links"]
    assert links[1] == {"href": "https://a.example/e/2", "text": "Why"}


def test_wecom(provider: Provider) -> None:
    """Markdown with its title as a heading, of at most 4096 bytes; a longer one says that it is cut."""
    request = sent("wecombot", provider, replace(MESSAGE, body="任务失败" * 500))
    assert request.target == f"/cgi-bin/webhook/send?key={'a' * 36}"
    content = request.json["markdown"]["content"]
    assert request.json["msgtype"] == "markdown"
    assert content.startswith("#### job-1 failed\n任务失败")
    assert content.endswith("…")
    assert 4088 < len(content.encode()) <= 4096


def test_wecoms_text(provider: Provider) -> None:
    """Asked for, it is plain text of at most 2048 bytes."""
    request = sent("wecombot-text", provider, replace(MESSAGE, body="任务失败" * 500))
    content = request.json["text"]["content"]
    assert request.json["msgtype"] == "text"
    assert content.startswith("job-1 failed\n任务失败")
    assert 2040 < len(content.encode()) <= 2048


def test_telegram(provider: Provider) -> None:
    """Plain text with a bold title: no text is markup."""
    request = sent(
        "telegram", provider, replace(LINES, title="😱 job"), url="tgram://123456789:abcdefg_hijklmnop/-12:7"
    )
    assert request.target == "/bot123456789:abcdefg_hijklmnop/sendMessage"
    assert request.json == {
        "chat_id": -12,
        "message_thread_id": 7,
        "text": f"😱 job\n{LINES.body}",
        "entities": [{"type": "bold", "offset": 0, "length": 6}],
        "disable_notification": False,
        "disable_web_page_preview": True,
    }


def test_discord(provider: Provider) -> None:
    """Our Markdown goes out as it is, with its links, and nobody is mentioned, whatever it says."""
    request = sent("discord", provider, replace(LINES, body="[Acknowledge](<https://a.example.com>) @all"))
    assert request.target == f"/api/webhooks/{'1' * 18}/{'b' * 68}?wait=true"
    assert request.json == {
        "content": "job-1 failed\n[Acknowledge](<https://a.example.com>) @all",
        "allowed_mentions": {"parse": []},
    }


def test_discord_mentions_whom_the_url_names(provider: Provider) -> None:
    """``ping=`` is the configuration's word, not an event's."""
    request = sent("discord", provider, LINES, url=f"{BY_NAME['discord'].url}?ping=@everyone")
    assert "everyone" in request.json["content"]
    assert request.json["allowed_mentions"]["parse"] == ["everyone"]


def test_teams(provider: Provider) -> None:
    """A card of rich text blocks, which have no markup."""
    request = sent("workflows", provider, LINES)
    assert urlsplit(request.target).path == f"/workflows/{'e' * 32}/triggers/manual/paths/invoke"
    assert parse_qs(urlsplit(request.target).query)["sig"] == ["f" * 43]
    (card,) = request.json["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert {block["type"] for block in card["content"]["body"]} == {"RichTextBlock"}
    assert [block["inlines"][0]["text"] for block in card["content"]["body"]] == [
        "job-1 failed",
        "exit code 137",
        "<b> & *stars* [a](http://b) @all",
    ]


def test_pagerduty(provider: Provider) -> None:
    """The group is the incident: a repeat changes it, and does not open another."""
    request = sent("pagerduty", provider)
    assert request.json == {
        "routing_key": "c" * 32,
        "dedup_key": "g-1",
        "event_action": "trigger",
        "client": "alert-router",
        "payload": {
            "summary": "job-1 failed",
            "severity": "critical",
            "source": "alert-router",
            "custom_details": {"text": "exit code 137"},
        },
    }


def test_pagerduty_when_all_is_well(provider: Provider) -> None:
    """A resolved group closes its incident."""
    request = sent("pagerduty", provider, replace(MESSAGE, data={"reason": "resolved"}))
    assert request.json == {"routing_key": "c" * 32, "dedup_key": "g-1", "event_action": "resolve"}


def test_pagerduty_when_somebody_took_it(provider: Provider) -> None:
    """An acknowledged group acknowledges its incident."""
    request = sent("pagerduty", provider, replace(MESSAGE, data={"reason": "acknowledged"}))
    assert request.json["event_action"] == "acknowledge"


def test_opsgenie(provider: Provider) -> None:
    """The group is the alert: its alias is the group's id, its priority the severity."""
    request = sent("opsgenie", provider, url=f"opsgenie://anna@{'g' * 36}/%23night/@bob?tags=a,b&+rack=7")
    assert request.target == "/v2/alerts"
    assert request.headers["authorization"] == f"GenieKey {'g' * 36}"
    assert request.json == {
        "message": "job-1 failed",
        "alias": "g-1",
        "description": "exit code 137",
        "priority": "P1",
        "source": "alert-router",
        "responders": [{"type": "team", "name": "night"}, {"type": "user", "username": "bob"}],
        "user": "anna",
        "details": {"rack": "7"},
        "tags": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("reason", "action", "path"),
    [
        ("resolved", "region=us", "close"),
        ("acknowledged", "region=us", "acknowledge"),
        ("first", "action=close", "close"),
        ("first", "action=acknowledge", "acknowledge"),
    ],
)
def test_opsgenie_follows_the_group(provider: Provider, reason: str, action: str, path: str) -> None:
    """A later message changes the alert that the group's first one made."""
    message = replace(MESSAGE, data={"reason": reason})
    request = sent("opsgenie", provider, message, url=f"opsgenie://{'g' * 36}/?{action}")
    assert request.target == f"/v2/alerts/g-1/{path}?identifierType=alias"
    assert request.json == {"source": "alert-router", "note": "job-1 failed"}


@pytest.mark.parametrize(("reason", "path"), [("first", ""), ("acknowledged", "/g-1/acknowledge")])
def test_jira_takes_what_opsgenie_takes(provider: Provider, reason: str, path: str) -> None:
    """The same requests, to an address of its own."""
    message = replace(MESSAGE, data={"reason": reason})
    request = sent("jira", provider, message)
    assert urlsplit(request.target).path == f"/jsm/ops/integration/v2/alerts{path}"
    assert request.headers["authorization"] == f"GenieKey {'g' * 36}"
    assert request.json["source"] == "alert-router"
    assert request.json.get("alias") == (None if path else "g-1")


def test_opsgenie_in_europe(provider: Provider) -> None:
    """Europe has a host of its own; the URL's priority and alias replace ours."""
    provider.does(BY_NAME["opsgenie"].accepted)
    url = f"opsgenie://{'g' * 36}/?region=eu&priority=p2&alias=x/y"
    egress = {"https://api.eu.opsgenie.com": provider.origin}
    assert send(url, egress=egress).outcome is Outcome.ACCEPTED
    assert provider.received[0].json["priority"] == "P2"
    assert provider.received[0].json["alias"] == "x/y"


def test_an_sms(provider: Provider) -> None:
    """An SMS is the text, unchanged: every character may cost."""
    request = sent("twilio", provider, Message("", "job-1 failed: @all [x](y)"))
    assert request.target == f"/2010-04-01/Accounts/AC{'a' * 32}/Messages.json"
    assert parse_qs(request.body.decode()) == {
        "Body": ["job-1 failed: @all [x](y)"],
        "From": ["+15551234567"],
        "To": ["+15551234568"],
    }


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("<Dial>+1900</Dial> &", "", '<Say loop="2">&lt;Dial&gt;+1900&lt;/Dial&gt; &amp;</Say>'),
        ("任务失败", "", '<Say language="zh-CN" loop="2">任务失败</Say>'),
        ("Auftrag", "&language=de-DE", '<Say language="de-DE" loop="2">Auftrag</Say>'),
        ("x", "&language=%22/%3E%3CDial", '<Say loop="2">x</Say>'),
        ("a\nhttps://x.example.com/ack?a=1\nsee HTTP://b，c", "", '<Say loop="2">a\nsee ，c</Say>'),
    ],
)
def test_a_call(provider: Provider, text: str, language: str, spoken: str) -> None:
    """A text is read aloud in its language; one that looks like commands to the exchange is only read."""
    url = f"{BY_NAME['twilio-call'].url}{language}"
    request = sent("twilio-call", provider, Message("", text), url=url)
    assert request.target == f"/2010-04-01/Accounts/AC{'a' * 32}/Calls.json"
    assert parse_qs(request.body.decode())["Twiml"] == [f"<Response>{spoken}</Response>"]


def test_a_message_over_whatsapp(provider: Provider) -> None:
    """Twilio's other way of messages is named before both numbers."""
    url = f"twilio://AC{'a' * 32}:{'b' * 32}@w%3A15551234567/15551234568"
    fields = parse_qs(sent("twilio", provider, url=url).body.decode())
    assert (fields["From"], fields["To"]) == (["whatsapp:+15551234567"], ["whatsapp:+15551234568"])


@pytest.mark.parametrize(
    ("text", "alphabet"), [("job-1 failed {€}", "text"), ("任务失败", "unicode"), ("naïve", "unicode")]
)
def test_an_sms_of_vonage(provider: Provider, text: str, alphabet: str) -> None:
    """Vonage is told which alphabet a text needs; the delivery's id is its reference."""
    request = sent("vonage", provider, Message("", text))
    assert request.target == "/sms/json"
    assert parse_qs(request.body.decode()) == {
        "api_key": ["a" * 8],
        "api_secret": ["b" * 16],
        "from": ["15551234567"],
        "to": ["15551234568"],
        "text": [text],
        "type": [alphabet],
        "ttl": ["900000"],
        "client-ref": [DELIVERY.id],
    }


@pytest.mark.parametrize("name", ["twilio", "vonage", "sns"])
def test_a_long_sms_is_whole(provider: Provider, name: str) -> None:
    """Nothing cuts at the 160 characters of one segment: the provider divides what is longer."""
    body = sent(name, provider, Message("", "x" * 450 + "END")).body.decode()
    assert "x" * 450 + "END" in body


def test_an_sms_of_sns(provider: Provider) -> None:
    """An urgent message to the number, with AWS's signature over exactly what is sent."""
    request = sent("sns", provider, Message("", "任务 failed"))
    assert parse_qs(request.body.decode()) == {
        "Action": ["Publish"],
        "Version": ["2010-03-31"],
        "PhoneNumber": ["+15551234568"],
        "Message": ["任务 failed"],
        "MessageAttributes.entry.1.Name": ["AWS.SNS.SMS.SMSType"],
        "MessageAttributes.entry.1.Value.DataType": ["String"],
        "MessageAttributes.entry.1.Value.StringValue": ["Transactional"],
    }
    assert request.headers["authorization"].endswith(_sigv4(request, "wJalrXUtnFEMI"))


def _sigv4(request: Received, secret: str) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html."""
    signed = {name: request.headers[name] for name in ("content-type", "host", "x-amz-date")}
    signed["host"] = "sns.us-west-2.amazonaws.com"  # egress took it elsewhere
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    canonical = f"POST\n/\n\n{lines}\n{';'.join(signed)}\n{hashlib.sha256(request.body).hexdigest()}"
    date = signed["x-amz-date"]
    scope = f"{date[:8]}/us-west-2/sns/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in [*scope.split("/"), text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return f"Signature={key.hex()}"


def test_a_topic_of_sns(provider: Provider) -> None:
    """A topic is asked for its name first; the second answer is what counts."""
    provider.does(
        answer(200, "<CreateTopicResponse><TopicArn>arn:aws:sns:x</TopicArn></CreateTopicResponse>"),
        BY_NAME["sns"].accepted,
    )
    service = BY_NAME["sns"]
    url = service.url.replace("15551234568", "%23alerts")
    assert send(url, egress={service.origin: provider.origin}).outcome is Outcome.ACCEPTED
    assert parse_qs(provider.received[1].body.decode())["TopicArn"] == ["arn:aws:sns:x"]


def test_plain_text(provider: Provider) -> None:
    """A service without texts of its own gets title and body, in which nothing acts."""
    request = sent("ntfy", provider, LINES)
    assert request.json == {
        "topic": "some-topic",
        "title": "job-1 failed",
        "message": "exit code 137\n<b> & *stars* [a]\u200b(http://b) @\u200ball",
    }


@pytest.mark.parametrize("name", [service.name for service in SERVICES if service.name != "json"])
def test_a_repeat_says_so(provider: Provider, name: str) -> None:
    """After an attempt that may have arrived, every service's text says that it may be a repeat."""
    request = sent(name, provider, unknown=1)
    assert "May be a repeat" in unquote_plus(request.target) + unquote_plus(request.body.decode())


@pytest.mark.parametrize("name", [service.name for service in SERVICES])
def test_a_text_that_no_utf8_has(provider: Provider, name: str) -> None:
    """Half of a surrogate pair in a text stops no message."""
    broken = replace(MESSAGE, title="a \ud83d", body="b \udc00", data={"c": "d \ud800"})
    sent(name, provider, broken)


@given(st.text())
def test_unforged_changes_nothing_that_people_see(text: str) -> None:
    """Only invisible spaces are added."""
    assert unforged(text).replace("\u200b", "") == text.replace("\u200b", "")


@given(
    st.lists(
        st.sampled_from(["@all", "@HERE", "@**all**", "](", "][", "]:", "<!", "<@", "<users/all>", "x", " "])
    )
)
def test_nothing_forged_is_left(parts: list[str]) -> None:
    """However they stand together, no ping of many, hidden link or command is left."""
    text = unforged("".join(parts)).lower()
    for forged in ("@all", "@here", "@**all", "](", "][", "]:", "<!", "<@", "<users/"):
        assert forged not in text


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("字😀\u200d\u0301")), st.integers(2, 50))
def test_a_cut_is_seen_and_fits(text: str, most: int) -> None:
    """A cut text ends with an ellipsis, is a beginning, and is never longer in UTF-16 units than asked."""
    made = cut_units(text, most)
    assert utf16(made) <= most
    assert made == text or (made.endswith("…") and text.startswith(made[:-1]))

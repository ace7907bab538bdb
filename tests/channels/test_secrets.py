"""No secret gets out: not by an answer, an error, a log, a warning or a repr."""

import base64
import logging
import socket
from collections.abc import Callable, Generator

import pytest

from router.channels import ChannelSpec, expand, make_channel
from router.channels.secrets import Secrets
from router.errors import RouterError
from tests.channels.making import DELIVERY, MESSAGE, NOW, send
from tests.channels.servers import Behaviour, Provider, answer, listening, raw, reset, silent
from tests.channels.services import SERVICES

MARK = "S3CR3Tm4rk"

#: The authorization that user and password make.
BASIC = base64.b64encode(f"user{MARK}:pass{MARK}".encode()).decode()

#: URLs with a marked secret in every part that can hold one.
URLS = {
    "json": f"json://user{MARK}:pass{MARK}@127.0.0.1:PORT/path{MARK}?+Authorization=Bearer%20h{MARK}&-q=p{MARK}&:f=v{MARK}"
    f"&secret=whsec_{MARK * 4}",
    "slack": f"slack://T1{MARK}/A1{MARK}/TIiajkdnlaz{MARK}/#{MARK}",
    "slack-bot": f"slack://xoxb-1234-1234-{MARK}/#{MARK}",
    "dingtalk": f"dingtalk://SEC{MARK}@{MARK * 3}",
    "feishu": f"feishu://SEC{MARK}@{MARK * 3}?secret=x{MARK}",
    "wecombot": f"wecombot://{MARK * 3}",
    "telegram": f"tgram://123456789:{MARK * 3}/12315544",
    "discord": f"discord://{'1' * 18}/{MARK * 6}",
    "pagerduty": f"pagerduty://{MARK * 3}@{MARK * 2}?click=http://{MARK}.example.com",
    "opsgenie": f"opsgenie://user{MARK}@{MARK}/@{MARK}?entity={MARK}",
    "jira": f"jira://user{MARK}@{MARK}/@{MARK}?entity={MARK}",
    "vonage": f"vonage://{MARK}:{MARK}12@15551234567/15551234568",
    "aliyunsms": f"aliyunsms://LTAI{MARK}:{MARK}@sign/SMS_1/13800001111?:title=title",
    "aliyunvoice": f"aliyunvoice://LTAI{MARK}:{MARK}@TTS_1/13800001111?:title=title&from=057112345678",
    "twilio": f"twilio://AC{'a' * 32}:{MARK}@15551234567/15551234568",
    "sns": f"sns://AKIA{MARK}/{MARK}/us-west-2/15551234568",
    "ntfy": f"ntfy://user:{MARK}@127.0.0.1:PORT/{MARK}",
    "gotify": f"gotify://127.0.0.1:PORT/{MARK}aaaaa",
    "mailto": f"mailto://user:{MARK}@127.0.0.1:PORT?from=a@example.com&to={MARK}@example.com&+X-Key={MARK}",
}
EVERYWHERE = {service.origin for service in SERVICES}


@pytest.fixture(autouse=True)
def everything_is_logged() -> Generator[None]:
    """The root logger takes everything, as in a program that debugs."""
    level = logging.getLogger().level
    logging.getLogger().setLevel(1)
    yield
    logging.getLogger().setLevel(level)


def echo(part: str) -> Callable[[Provider], Behaviour]:
    """An answer that repeats a part of the request."""

    def make(provider: Provider) -> Behaviour:
        def act(connection: socket.socket) -> None:
            request = provider.received[-1]
            parts = {"target": request.target, "headers": str(request.headers), "body": request.body.decode()}
            answer(400, parts[part])(connection)

        return act

    return make


BEHAVIOURS: dict[str, Callable[[Provider], Behaviour]] = {
    "accepts": lambda _: answer(200),
    "fails": lambda _: answer(500),
    "resets": lambda _: reset,
    "hangs": lambda _: silent,
    "babbles": lambda _: raw(b"\0\0"),
    "bad header": lambda _: raw(b"HTTP/1.1 200 OK\r\n no header\r\n\r\n"),
    "repeats the target": echo("target"),
    "repeats the headers": echo("headers"),
    "repeats the body": echo("body"),
}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("service", URLS)
def test_nothing_of_a_url_is_told(
    service: str, behaviour: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever comes of a send, neither its answer nor a log nor the terminal holds a part of the URL."""
    with listening() as provider:
        provider.does(BEHAVIOURS[behaviour](provider))
        url = URLS[service].replace("PORT", str(provider.port))
        said = send(url, egress=dict.fromkeys(EVERYWHERE, provider.origin), timeout=100_000)
    told = "".join([repr(said), caplog.text, *capsys.readouterr()]).lower()
    assert MARK.lower() not in told
    assert BASIC.lower() not in told


@pytest.mark.parametrize(
    "url",
    [
        f"{MARK}",
        f"{MARK}://x",
        f"slack://{MARK}",
        f"unknown://{MARK}/{MARK}?token={MARK}",
        f"https://{MARK}.example.com/{MARK}",
        f"twilio://{MARK}:{MARK}@{MARK}",
        f"mailto://user:{MARK}@example.com?to=a@x.com&cc={MARK}@x.com",
        f"json://user:{MARK}@host/?method={MARK}",
        f"dingtalk://{MARK}!/{MARK}",
        f"json://[::1/{MARK}",
        f"json://host:{MARK}/",
    ],
)
def test_nothing_of_a_wrong_url_is_told(
    url: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error about a URL explains it without repeating it; its cause is not chained."""
    with pytest.raises(RouterError) as raised:
        expand(url)
    error = raised.value
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__
    assert MARK.lower() not in "".join([str(error), caplog.text, *capsys.readouterr()]).lower()


def test_a_spec_hides_its_url() -> None:
    """A channel's making can be logged."""
    spec = ChannelSpec("oncall/1", f"json://{MARK}", "webhook", proxy=f"http://u:{MARK}@proxy")
    assert MARK not in repr(spec)
    assert MARK not in repr(make_channel(spec, lambda: NOW))


def test_a_proxys_password_is_hidden(provider: Provider) -> None:
    """A proxy that repeats its password in an answer does not get it on record."""
    provider.does(answer(407, f"wrong: {MARK}"))
    said = send(
        "json://hooks.example.com/", MESSAGE, DELIVERY, proxy=f"http://u:{MARK}@127.0.0.1:{provider.port}"
    )
    assert said.status == 407
    assert "wrong: ***" in said.answer


@pytest.mark.parametrize(
    ("url", "text", "shown"),
    [
        ("slack://TOKENA/TOKENB/c%2Fd-e", "bad TOKENA, c/d-e, c%2Fd-e", "bad ***, ***, ***"),
        ("json://h/p?-to=%2B8613800001111", "no +8613800001111 here", "no *** here"),
        ("json://h/v1/no?format=text&verify=no", "v1 text no", "v1 text no"),
        ("mailto://u:wörd@h.com", "wörd", "***"),
        ("json://h/İSTANBUL", "İSTANBUL x", "*** x"),
    ],
)
def test_what_is_hidden(url: str, text: str, shown: str) -> None:
    """Every form in which a part of the URL may come back is hidden; common words are not."""
    assert Secrets([url]).shown(text) == shown


def test_a_long_answer_is_cut_after_it_was_cleaned() -> None:
    """A secret at the cut is not left in half."""
    text = "x" * 295 + MARK
    assert MARK[:5] not in Secrets([f"json://h/{MARK}"]).shown(text)

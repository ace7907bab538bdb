"""How requests leave: bounded, pooled, by the configured way, and never once the send is over."""

import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest
import requests
import trustme

from router.channels import ChannelSpec, make_channel
from router.channels.bounded import LOST_AFTER
from router.channels.channel import MOST_HANGING
from router.channels.recording import AbandonedError
from router.channels.shim import SHIM
from router.core.delivery import SECOND, Outcome
from router.core.message import Message
from router.errors import RouterError
from router.ports import Channel
from tests.channels.making import DELIVERY, MESSAGE, NOW, SOON, channel, send
from tests.channels.servers import Provider, answer, drip, endless, listening, silent

HOOK = "jsons://hooks.example.com/alerts"
ORIGIN = "https://hooks.example.com"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Generator[Provider]:
    """A provider in TLS, as 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    with listening(context) as running:
        yield running


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


class NameServer:
    """A name server that answers when it is let; for other names than the provider's, at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers = threading.Event()
        self.hangs = True
        look_up = socket.getaddrinfo

        def slow(host: str, *args: object, **options: object) -> object:
            if host != "hooks.example.com":  # threads of other tests ask, too
                return look_up(host, *args, **options)  # type: ignore[arg-type]
            if self.hangs:
                self.answers.wait(600)
            return look_up("127.0.0.1", *args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", slow)


def hang(made: Channel) -> None:
    """Sends until so many hang that the target is not tried any more."""
    for _ in range(10 * (made.concurrency + MOST_HANGING)):  # a machine under load may be late for some
        if "still hang" in made.send(MESSAGE, DELIVERY).answer:
            return
    raise AssertionError("the target is tried again and again")


def test_a_name_server_that_hangs_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a name is looked up nothing was sent, and the call ends at its deadline."""
    NameServer(monkeypatch)
    begun = time.monotonic()
    said = send("json://hooks.example.com/", timeout=100_000)
    assert said.outcome is Outcome.UNREACHABLE
    assert time.monotonic() - begun < SOON


@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_NONAME, socket.EAI_FAIL])
def test_where_no_name_server_answers_nothing_was_sent(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """It is dead, or knows no such name now: tried again, and the words say which name it is about."""

    def dead(*_args: object, **_options: object) -> object:
        raise socket.gaierror(code, "the resolver's own words")

    monkeypatch.setattr(socket, "getaddrinfo", dead)
    said = send("json://hooks.example.com/")
    assert (said.outcome, said.broken) == (Outcome.UNREACHABLE, False)
    assert "hooks.example.com" in said.answer


def test_nothing_leaves_after_the_deadline(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that ends after the send was given up sends nothing: the next attempt is no repeat."""
    names = NameServer(monkeypatch)
    url = f"json://hooks.example.com:{provider.port}/"
    assert send(url, timeout=100_000).outcome is Outcome.UNREACHABLE
    names.answers.set()
    assert send(url).outcome is Outcome.ACCEPTED
    assert len(provider.received) == 1


def test_a_target_whose_sends_hang_is_not_tried_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sends that hang beyond their deadline are few: then the target is unreachable at once."""
    names = NameServer(monkeypatch)
    made = channel("json://hooks.example.com/", timeout=30_000)
    hang(made)
    begun = time.monotonic()
    assert "still hang" in made.send(MESSAGE, DELIVERY).answer
    assert time.monotonic() - begun < SOON
    names.answers.set()


def test_a_target_is_not_lost_with_its_threads(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour later sends that hang for ever count no more: the target is tried, and takes messages."""
    names = NameServer(monkeypatch)
    clock = [NOW]
    url = f"json://hooks.example.com:{provider.port}/"
    made = make_channel(ChannelSpec("oncall/1", url, "webhook", timeout=500_000), lambda: clock[0])
    hang(made)
    clock[0] += LOST_AFTER - 1
    assert "still hang" in made.send(MESSAGE, DELIVERY).answer
    names.hangs = False
    clock[0] += 1
    assert made.send(MESSAGE, DELIVERY).outcome is Outcome.ACCEPTED
    names.answers.set()


def test_a_slow_upload_ends_at_the_deadline() -> None:
    """A provider that takes no more bytes is left at the deadline; a part may have arrived."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # its buffers are all that is taken
        big = Message("big", "x" * 20_000_000)
        begun = time.monotonic()
        said = send(f"json://127.0.0.1:{deaf.getsockname()[1]}/", big, timeout=2_000_000)
    assert said.outcome is Outcome.UNKNOWN
    assert time.monotonic() - begun < SOON


def test_a_dripping_body_after_a_clear_status(provider: Provider) -> None:
    """A webhook's 200 has arrived when its head has; the body is not waited for beyond the deadline."""
    provider.does(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000, every=0.001))
    assert send(f"json://127.0.0.1:{provider.port}/", timeout=300_000).outcome is Outcome.ACCEPTED


def test_a_huge_answer_takes_no_memory(provider: Provider) -> None:
    """Of 100 MB that a provider answers, 64 KiB are kept."""
    provider.does(endless)
    made = channel(f"json://127.0.0.1:{provider.port}/")
    tracemalloc.start()
    try:
        made.send(MESSAGE, DELIVERY)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
        made.close()


def test_a_connection_is_used_again(provider: Provider) -> None:
    """Sends one after the other share a connection."""
    made = channel(f"json://127.0.0.1:{provider.port}/")
    for _ in range(5):
        assert made.send(MESSAGE, DELIVERY).outcome is Outcome.ACCEPTED
    made.close()
    assert (len(provider.received), provider.connections) == (5, 1)


def test_a_connection_that_the_provider_closed_is_not_used(provider: Provider) -> None:
    """A provider that closes an idle connection loses no message."""

    closed = threading.Semaphore(0)

    def answer_and_close(connection: socket.socket) -> None:
        answer(200)(connection)
        connection.shutdown(socket.SHUT_RDWR)
        closed.release()

    provider.does(answer_and_close)
    made = channel(f"json://127.0.0.1:{provider.port}/")
    for _ in range(3):
        assert made.send(MESSAGE, DELIVERY).outcome is Outcome.ACCEPTED
        assert closed.acquire(timeout=60)
    made.close()


def test_a_channel_sends_after_it_was_closed(provider: Provider) -> None:
    """A reload closes a channel while a send may still be under way: that send is not harmed."""
    made = channel(f"json://127.0.0.1:{provider.port}/")
    made.send(MESSAGE, DELIVERY)
    made.close()
    assert made.send(MESSAGE, DELIVERY).outcome is Outcome.ACCEPTED
    made.close()


def test_several_sends_at_once(provider: Provider) -> None:
    """A webhook takes as many sends at once as it says: each waits for none of the others."""
    made = channel(f"json://127.0.0.1:{provider.port}/")
    together = threading.Barrier(made.concurrency)

    def when_all_are_here(connection: socket.socket) -> None:
        together.wait(60)
        answer(200)(connection)

    provider.does(when_all_are_here)
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(made.send(MESSAGE, DELIVERY).outcome))
        for _ in range(made.concurrency)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.close()
    assert outcomes == [Outcome.ACCEPTED] * made.concurrency


def test_cookies_are_not_kept(provider: Provider) -> None:
    """Nothing that a provider sets comes back with the next message."""
    provider.does(answer(200, headers={"Set-Cookie": "a=b"}))
    made = channel(f"json://127.0.0.1:{provider.port}/")
    made.send(MESSAGE, DELIVERY)
    made.send(MESSAGE, DELIVERY)
    made.close()
    assert "cookie" not in provider.received[1].headers


def test_the_environment_changes_nothing(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies and certificates of the environment are ignored: the configuration says the way."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert send(f"json://127.0.0.1:{provider.port}/").outcome is Outcome.ACCEPTED


def test_egress_keeps_path_and_query(provider: Provider) -> None:
    """A request for one origin goes to another, otherwise unchanged; other origins are not touched."""
    egress = {"HTTPS://Hooks.Example.com:443/": provider.origin}
    assert send(f"{HOOK}?-a=b%20c", egress=egress).outcome is Outcome.ACCEPTED
    assert provider.received[0].target == "/alerts?a=b+c"
    assert provider.received[0].headers["host"] == f"127.0.0.1:{provider.port}"


def test_a_proxy_takes_the_requests(provider: Provider) -> None:
    """A proxy is asked for the whole URL, with its own user and password."""
    proxy = f"http://user:word@127.0.0.1:{provider.port}"
    assert send("json://hooks.example.com/alerts", proxy=proxy).outcome is Outcome.ACCEPTED
    (request,) = provider.received
    assert request.target == "http://hooks.example.com/alerts"
    assert request.headers["proxy-authorization"] == "Basic dXNlcjp3b3Jk"


@pytest.mark.parametrize(("status", "said"), [(407, "407"), (502, "502")])
def test_a_proxy_that_opens_no_tunnel(provider: Provider, status: int, said: str) -> None:
    """A proxy that refuses a tunnel: nothing was sent to the provider."""
    provider.does(answer(status))
    verdict = send(HOOK, proxy=provider.origin)
    assert verdict.outcome is Outcome.UNREACHABLE
    assert said in verdict.answer


def test_tls_with_the_configured_authority(secure: Provider, ca_file: str) -> None:
    """A certificate of the configured authority is accepted."""
    url = f"jsons://127.0.0.1:{secure.port}/"
    assert send(url, ca_file=ca_file).outcome is Outcome.ACCEPTED


def test_an_unknown_certificate_is_for_good(secure: Provider) -> None:
    """A certificate that is not accepted ends the delivery, and says so; nothing was sent."""
    said = send(f"jsons://127.0.0.1:{secure.port}/")
    assert (said.outcome, said.broken) == (Outcome.REFUSED, True)
    assert "the certificate is not accepted" in said.answer
    assert secure.received == []


def test_verify_no_is_the_users_word(secure: Provider) -> None:
    """``verify=no`` in the URL accepts any certificate, as Apprise documents it."""
    assert send(f"jsons://127.0.0.1:{secure.port}/?verify=no").outcome is Outcome.ACCEPTED


def test_a_tls_answer_that_is_late(secure: Provider, ca_file: str) -> None:
    """The deadline shuts a TLS connection too, from another thread, without a word on stderr."""
    secure.does(silent)
    said = send(f"jsons://127.0.0.1:{secure.port}/", ca_file=ca_file, timeout=200_000)
    assert said.outcome is Outcome.UNKNOWN


def test_tls_with_a_server_that_has_none() -> None:
    """A handshake that fails is tried again: nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            with suppress(OSError):
                connection, _ = server.accept()
                connection.sendall(b"220 this is no TLS\r\n")
                time.sleep(0.2)
                connection.close()

        threading.Thread(target=greet, daemon=True).start()
        said = send(f"jsons://127.0.0.1:{server.getsockname()[1]}/")
    assert said.outcome is Outcome.UNREACHABLE
    assert "TLS failed" in said.answer


def test_no_request_outside_a_send() -> None:
    """A plugin that reaches for the network on its own reaches nothing."""
    with pytest.raises(AbandonedError):
        SHIM.get("http://127.0.0.1:9/")


def test_the_package_requests_is_untouched() -> None:
    """Only the plugins' name is bound: whoever else uses requests has the real one."""
    assert requests.post.__module__ == "requests.api"


def test_the_deadline_is_for_the_whole_send(provider: Provider) -> None:
    """A timeout is not started anew by each part of an answer."""
    provider.does(drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 600, every=0.1))
    begun = time.monotonic()
    send(f"json://127.0.0.1:{provider.port}/", timeout=SECOND // 4)
    assert time.monotonic() - begun < SOON


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"egress": {"oapi.dingtalk.com": "http://gateway"}}, "egress: 'oapi.dingtalk.com' is no origin"),
        ({"egress": {"https://a": "http://gateway:port"}}, "egress: 'http://gateway:port' is no origin"),
        ({"egress": {"https://a/path": "http://b"}}, "egress: 'https://a/path' is no origin"),
        ({"proxy": "socks5://SECRET@proxy"}, "the proxy is no URL of an HTTP proxy"),
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file: '/nowhere/ca.pem' cannot be read"),
    ],
)
def test_a_way_that_cannot_be_gone_is_said_at_once(changes: dict[str, object], said: str) -> None:
    """What is wrong with the way out is an error when the channel is made, not with each message."""
    with pytest.raises(RouterError) as raised:
        channel(HOOK, **changes)
    assert said in str(raised.value)
    assert "SECRET" not in str(raised.value)

"""The certificate is fetched from hosts of MNS only, within bounds, once."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from router.errors import RouterError
from router.sources.mns_certificate import Certificates, is_of_mns
from router.sources.mns_signature import Verifier
from tests.sources.pushes import ADDRESS, CERTIFICATE, push

SECOND = 1_000_000
ORIGIN = "https://mns-cert.oss-cn-hangzhou.aliyuncs.com"


@dataclass
class HandClock:
    """A clock that is set by hand."""

    at: int = 1_700_000_000 * SECOND

    def now(self) -> int:
        return self.at


Handler = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Host:
    """A real HTTP server in the place of the certificate's; ``answer`` writes what it likes."""

    url: str = ""
    asked: list[str] = field(default_factory=list[str])
    answer: Handler = lambda request: give(request)


def give(
    request: BaseHTTPRequestHandler, body: bytes = CERTIFICATE, status: int = 200, **headers: str
) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


@pytest.fixture
def host() -> Iterator[Host]:
    seen = Host()

    class Requests(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.asked.append(self.path)
            try:
                seen.answer(self)
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_port}"
    yield seen
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def certificates(host: Host, clock: HandClock) -> Certificates:
    return Certificates(clock, {ORIGIN: host.url})


_CONNECTED: list[Any] = []
_WATCHED = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
sys.addaudithook(lambda event, args: _CONNECTED.append(args) if event in _WATCHED else None)


@pytest.mark.parametrize(
    "address",
    [
        "https://mns-cert.oss-cn-hangzhou.aliyuncs.com/a/b_c-1.pem",
        "https://mns-cert.oss-cn-shanghai-internal.aliyuncs.com/x509.pem",
        "https://mnstest.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem",
    ],
)
def test_the_hosts_of_mns(address: str) -> None:
    """Both families that the documentation names."""
    assert is_of_mns(address)


FOREIGN = [
    "",
    "http://mnstest.oss-cn-hangzhou.aliyuncs.com/x.pem",
    "HTTPS://mnstest.oss-cn-hangzhou.aliyuncs.com/x.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com.evil.example/x.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com@evil.example/x.pem",
    "https://evil.example@mnstest.oss-cn-hangzhou.aliyuncs.com/x.pem",
    "https://evil.example/mnstest.oss-cn-hangzhou.aliyuncs.com/x.pem",
    "https://evil.example/#https://mnstest.oss-cn-hangzhou.aliyuncs.com/x.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com:8443/x.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com:@evil.example/x.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com\\@evil.example/x.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com/x.pem?a=b",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com/x.pem#f",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com/%2e%2e/x.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com/x.pem\r\nHost: evil.example",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com/\tx.pem",
    "https://other.oss-cn-hangzhou.aliyuncs.com/x.pem",
    "https://mns-cert.oss-cn-a.b.aliyuncs.com/x.pem",
    "https://mns-cert.oss-cn-ⅰ.aliyuncs.com/x.pem",
    "https://mns-cert.oss-us-west-1.aliyuncs.com.cn/x.pem",
    "https://127.0.0.1/x.pem",
    "https://[::1]/x.pem",
    "https://[::1/x.pem",
    "https://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "ftp://mnstest.oss-cn-hangzhou.aliyuncs.com/x.pem",
    "//mnstest.oss-cn-hangzhou.aliyuncs.com/x.pem",
]


@pytest.mark.parametrize("address", FOREIGN)
def test_no_request_goes_to_any_other_address(address: str, clock: HandClock) -> None:
    """Refused before any name is looked up and any connection made: the interpreter's audit shows none."""

    async def verify() -> None:
        await Verifier(Certificates(clock), {}).verify(push(address=address))

    with asyncio.Runner() as runner:
        runner.get_loop()
        _CONNECTED.clear()
        with pytest.raises(RouterError) as error:
            runner.run(verify())
        assert _CONNECTED == []
    assert error.value.code == "forbidden"
    assert address not in error.value.message or not address


def test_the_audit_sees_connections(certificates: Certificates) -> None:
    """The check of the test above can fail: a fetch is seen."""
    _CONNECTED.clear()
    asyncio.run(certificates.key_for(ADDRESS))
    assert _CONNECTED != []


def test_it_is_fetched_once(host: Host, certificates: Certificates) -> None:
    """Fifty pushes at once and one later share a single request."""

    async def many() -> None:
        await asyncio.gather(*(certificates.key_for(ADDRESS) for _ in range(50)))
        await certificates.key_for(ADDRESS)

    asyncio.run(many())
    assert host.asked == ["/certificate.pem"]


def test_who_goes_away_does_not_end_it_for_others(host: Host, certificates: Certificates) -> None:
    """The first of two waiting requests is cancelled; the second gets its key from the same fetch."""

    async def two() -> int:
        first = asyncio.create_task(certificates.key_for(ADDRESS))
        second = asyncio.create_task(certificates.key_for(ADDRESS))
        await asyncio.sleep(0)
        first.cancel()
        return (await second).key_size

    assert asyncio.run(two()) == 512
    assert len(host.asked) == 1


def unavailable(certificates: Certificates, address: str = ADDRESS) -> RouterError:
    with pytest.raises(RouterError) as error:
        asyncio.run(certificates.key_for(address))
    assert error.value.code == "certificate-unavailable"
    assert "certificate: file.pem" in error.value.remedy
    return error.value


def slowly(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(600):
        request.wfile.write(b"-")
        request.wfile.flush()
        time.sleep(0.1)


def break_off(request: BaseHTTPRequestHandler) -> None:
    request.wfile.close()
    request.connection.close()


def cut_short(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "999999")
    request.end_headers()
    request.wfile.write(CERTIFICATE)


UNUSABLE: dict[str, Handler] = {
    "not found": lambda request: give(request, status=404),
    "no certificate": lambda request: give(request, b"hello"),
    "too large": lambda request: give(request, CERTIFICATE + b"\n" * 70_000),
    "a redirect": lambda request: give(request, b"", 302, Location="http://127.0.0.1:1/"),
    "broken off": break_off,
    "cut short": cut_short,
}


@pytest.mark.parametrize("answer", UNUSABLE)
def test_what_cannot_be_used(host: Host, certificates: Certificates, answer: str) -> None:
    """It is said, and never followed elsewhere; one request was made."""
    host.answer = UNUSABLE[answer]
    unavailable(certificates)
    assert len(host.asked) == 1


def test_a_slow_host_is_left_after_three_seconds(host: Host, certificates: Certificates) -> None:
    """A host that drips a byte at a time holds a push for 3 s, not for its own 60."""
    host.answer = slowly
    started = time.monotonic()
    unavailable(certificates)
    assert 2.5 < time.monotonic() - started < 30


def test_a_failure_is_remembered_for_a_minute(
    host: Host, certificates: Certificates, clock: HandClock
) -> None:
    """Within it nobody is asked again; after it the certificate is there."""
    host.answer = lambda request: give(request, status=503)
    unavailable(certificates)
    host.answer = give
    unavailable(certificates)
    assert len(host.asked) == 1
    clock.at += 61 * SECOND
    assert asyncio.run(certificates.key_for(ADDRESS)).key_size == 512


def test_a_certificate_is_renewed_after_a_day_and_kept_when_that_fails(
    host: Host, certificates: Certificates, clock: HandClock
) -> None:
    """An outage of its host does not turn genuine pushes away."""
    asyncio.run(certificates.key_for(ADDRESS))
    host.answer = lambda request: give(request, status=503)
    clock.at += 86_401 * SECOND
    assert asyncio.run(certificates.key_for(ADDRESS)).key_size == 512
    assert len(host.asked) == 2


def test_a_flood_of_addresses_is_a_few_requests(
    host: Host, certificates: Certificates, clock: HandClock
) -> None:
    """A hundred different addresses in a minute: ten requests, then none until there is room again."""
    host.answer = lambda request: give(request, status=404)
    for number in range(600):
        unavailable(certificates, f"{ORIGIN}/{number}.pem")
    assert len(host.asked) == 10
    clock.at += 60 * SECOND
    unavailable(certificates, f"{ORIGIN}/again.pem")
    assert len(host.asked) == 11

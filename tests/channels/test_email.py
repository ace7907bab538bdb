"""E-mail: what arrives, and what each answer of a server means."""

import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from router.channels import connections, expand
from router.channels.connections import Idle
from router.core.delivery import Outcome
from router.errors import RouterError
from tests.channels.mail_servers import Reply, hang_up, mailbox, scripted
from tests.channels.making import DELIVERY, MESSAGE, SOON, channel, send
from tests.channels.servers import silent

TO = "?from=Router<router@example.com>&to=night@example.net"


def test_a_mail_is_text_and_html_and_names_its_delivery() -> None:
    """A mail has both forms, the conversation it belongs to, and an id that a repeat keeps."""
    with mailbox() as box:
        said = send(f"mailto://127.0.0.1:{box.port}{TO}&reply=desk@example.com&+X-Team=night")
    assert (said.outcome, said.status, said.answer) == (Outcome.ACCEPTED, 250, "2.0.0 queued as 4711")
    assert box.envelopes == [("router@example.com", ["night@example.net"])]
    (mail,) = box.mails
    assert {name: mail[name] for name in ("Subject", "From", "To", "Reply-To", "X-Team", "Message-ID")} == {
        "Subject": "job-1 failed",
        "From": "Router <router@example.com>",
        "To": "night@example.net",
        "Reply-To": "desk@example.com",
        "X-Team": "night",
        "Message-ID": "<d-0123456789abcdef@example.com>",
    }
    assert mail["References"] == "<g-1@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    assert [(part.get_content_type(), part.get_content().strip()) for part in mail.iter_parts()] == [
        ("text/plain", "exit code 137"),
        ("text/html", "<p>exit code <b>137</b></p>"),
    ]


def test_a_repeat_says_so_and_keeps_its_id() -> None:
    """A mail that may be a repeat says so in its subject; mail programs see the same Message-ID."""
    with mailbox() as box:
        for attempt in (0, 1):
            send(f"mailto://127.0.0.1:{box.port}{TO}", delivery=replace(DELIVERY, unknown=attempt))
    first, second = box.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert second["Subject"] == "May be a repeat: job-1 failed"


@pytest.mark.parametrize(
    "title",
    [
        "a\r\nBcc: x@example.com",
        "a\nBcc: x@example.com\n\nbody",
        "a\x00\x0b\u2028Bcc: x@example.com",
        "=?utf-8?q?a=0D=0ABcc:_x@example.com?=",
        "=?utf-8?b?YQpCY2M6IHhAZXhhbXBsZS5jb20KCmJvZHk=?=",
        "失败 \ud800",
    ],
)
def test_no_text_becomes_a_header(title: str) -> None:
    """Whatever stands in a title stays in the subject."""
    with mailbox() as box:
        assert (
            send(f"mailto://127.0.0.1:{box.port}{TO}", replace(MESSAGE, title=title)).outcome
            is Outcome.ACCEPTED
        )
    assert box.envelopes[0][1] == ["night@example.net"]
    assert box.mails[0]["Bcc"] is None
    assert box.mails[0]["Subject"].startswith(title[0])


def test_lines_of_one_dot_do_not_end_the_mail() -> None:
    """A body with SMTP's end mark in it arrives whole."""
    body = "a\n.\nMAIL FROM:<x@example.com>\n..b\n"
    with mailbox() as box:
        send(f"mailto://127.0.0.1:{box.port}{TO}", replace(MESSAGE, body=body, html=""))
    assert box.mails[0].get_content().replace("\r\n", "\n") == body


@pytest.mark.parametrize(
    ("command", "reply", "outcome", "broken"),
    [
        ("CONNECT", b"421 4.3.2 busy", Outcome.UNREACHABLE, False),
        ("CONNECT", b"554 5.7.1 not you", Outcome.REFUSED, False),
        ("MAIL", b"451 4.3.0 later", Outcome.THROTTLED, False),
        ("RCPT", b"450 4.2.0 greylisted", Outcome.THROTTLED, False),
        ("RCPT", b"550 5.1.1 no such user", Outcome.REFUSED, True),
        ("DATA", b"452 4.3.1 disk full", Outcome.THROTTLED, False),
        ("CONTENT", b"554 5.6.0 not this", Outcome.REFUSED, False),
        ("CONTENT", b"451 4.3.0 later", Outcome.THROTTLED, False),
        ("CONTENT", b"gibberish", Outcome.UNKNOWN, False),
        ("CONNECT", b"SSH-2.0-OpenSSH_9", Outcome.UNREACHABLE, False),
        ("CONTENT", hang_up, Outcome.UNKNOWN, False),
        ("RCPT", hang_up, Outcome.UNREACHABLE, False),
        ("QUIT", hang_up, Outcome.ACCEPTED, False),
        ("QUIT", b"500 what", Outcome.ACCEPTED, False),
    ],
)
def test_what_a_server_says_is_the_verdict(
    command: str, reply: Reply, outcome: Outcome, broken: bool
) -> None:
    """4yz is tried again, 5yz is not; a break before the content left is harmless, after it nobody knows."""
    with scripted(**{command: reply}) as server:
        said = send(f"mailto://127.0.0.1:{server.port}{TO}")
    assert (said.outcome, said.broken) == (outcome, broken)
    if isinstance(reply, bytes) and reply[:3].isdigit() and outcome is not Outcome.ACCEPTED:
        assert said.answer == reply.decode().replace(" ", ": ", 1)
        assert said.status == int(reply[:3])


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        ("CONNECT", Outcome.UNREACHABLE),
        ("RCPT", Outcome.UNREACHABLE),
        ("CONTENT", Outcome.UNKNOWN),
        ("QUIT", Outcome.ACCEPTED),
    ],
)
def test_a_server_that_falls_silent(command: str, outcome: Outcome) -> None:
    """The call ends at its deadline and knows whether the content had left."""
    with scripted(**{command: silent}) as server:
        begun = time.monotonic()
        said = send(f"mailto://127.0.0.1:{server.port}{TO}", timeout=200_000)
        assert time.monotonic() - begun < SOON
    assert said.outcome is outcome


def test_a_server_that_never_stops_talking() -> None:
    """Of a greeting without end only 64 KiB are read."""

    def talk(connection: object) -> None:
        while True:
            connection.sendall(b"220-more\r\n" * 1000)  # type: ignore[attr-defined]

    with scripted(CONNECT=talk) as server:
        said = send(f"mailto://127.0.0.1:{server.port}{TO}")
    assert said.outcome is Outcome.UNREACHABLE


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def test_mail_in_tls_from_the_start(certificate: ssl.SSLContext, ca_file: str) -> None:
    """``mode=ssl`` speaks TLS at once, with the configured authority."""
    with mailbox(tls=certificate) as box:
        said = send(f"mailtos://127.0.0.1:{box.port}{TO}&mode=ssl", ca_file=ca_file)
    assert said.outcome is Outcome.ACCEPTED
    assert len(box.mails) == 1


@pytest.mark.parametrize(("password", "outcome"), [("good", Outcome.ACCEPTED), ("bad", Outcome.REFUSED)])
def test_mail_after_starttls_and_a_login(
    certificate: ssl.SSLContext, ca_file: str, password: str, outcome: Outcome
) -> None:
    """``mailtos://`` encrypts first and logs in then; a wrong password is a broken channel."""
    with mailbox(starttls=certificate) as box:
        said = send(f"mailtos://night:{password}@127.0.0.1:{box.port}{TO}", ca_file=ca_file)
    assert (said.outcome, said.broken) == (outcome, outcome is Outcome.REFUSED)
    assert len(box.mails) == (outcome is Outcome.ACCEPTED)


@pytest.mark.parametrize("mode", ["ssl", "starttls"])
def test_a_certificate_that_nobody_vouches_for(certificate: ssl.SSLContext, mode: str) -> None:
    """A certificate that is not accepted ends the delivery: trying again would not help."""
    servers = {"tls": certificate} if mode == "ssl" else {"starttls": certificate}
    with mailbox(**servers) as box:
        said = send(f"mailtos://127.0.0.1:{box.port}{TO}&mode={mode}")
    assert (said.outcome, said.broken) == (Outcome.REFUSED, True)
    assert "the certificate is not accepted" in said.answer


def test_no_mail_in_clear_where_tls_was_asked_for() -> None:
    """A server without STARTTLS gets nothing from ``mailtos://``, not even the password."""
    with scripted() as server:
        said = send(f"mailtos://night:hidden@127.0.0.1:{server.port}{TO}")
    assert (said.outcome, said.broken) == (Outcome.REFUSED, True)
    assert set(server.commands) <= {"EHLO", "QUIT"}


@pytest.mark.parametrize("more", ["&cc=a@example.com", "&bcc=a@example.com", "&pgp=encrypt", "&wkd=yes"])
def test_what_mail_cannot_do_is_said(more: str) -> None:
    """Copies, and encryption are refused when the channel is made."""
    with pytest.raises(RouterError) as raised:
        expand(f"mailto://u:SECRET@example.com{TO}{more}")
    assert "SECRET" not in str(raised.value)


ONE_MAIL = ["MAIL", "RCPT", "DATA"]


def test_mails_share_a_connection() -> None:
    """What follows soon goes over the same connection, without another greeting and login."""
    with scripted() as server:
        made = channel(f"mailto://127.0.0.1:{server.port}{TO}")
        for _ in range(3):
            assert made.send(MESSAGE, DELIVERY).outcome is Outcome.ACCEPTED
        assert server.connections == 1
        assert server.commands == ["EHLO", *ONE_MAIL, "RSET", *ONE_MAIL, "RSET", *ONE_MAIL]
        made.close()


@pytest.mark.parametrize("reply", [hang_up, silent, b"421 4.4.2 timeout", b"gibberish"])
def test_a_kept_connection_that_is_none_any_more(reply: Reply) -> None:
    """A server that closed it, or falls silent, costs the next mail nothing: it takes a new connection."""
    with scripted(RSET=reply) as server:
        made = channel(f"mailto://127.0.0.1:{server.port}{TO}", connect_timeout=100_000)
        for _ in range(2):
            assert made.send(MESSAGE, DELIVERY).outcome is Outcome.ACCEPTED
        assert server.connections == 2
        said = [name for name in server.commands if name != "QUIT"]
        assert said == ["EHLO", *ONE_MAIL, "RSET", "EHLO", *ONE_MAIL]
        made.close()


def test_a_connection_is_not_kept_after_a_refusal() -> None:
    """Who refuses a mail is said goodbye to; the next mail begins anew."""
    with scripted(RCPT=b"550 5.1.1 no such user") as server:
        made = channel(f"mailto://127.0.0.1:{server.port}{TO}")
        for _ in range(2):
            assert made.send(MESSAGE, DELIVERY).outcome is Outcome.REFUSED
        assert server.connections == 2
        made.close()


def test_the_bound_on_words_is_for_each_mail() -> None:
    """A kept connection may say 64 KiB for every mail, not for all of them."""
    with scripted(MAIL=b"250-" + b"x" * 500 + b"\r\n250 ok") as server:
        made = channel(f"mailto://127.0.0.1:{server.port}{TO}")
        assert {made.send(MESSAGE, DELIVERY).outcome for _ in range(150)} == {Outcome.ACCEPTED}
        assert server.connections == 1
        made.close()


class _Connection:
    def __init__(self) -> None:
        self.ended = False

    def end(self) -> None:
        self.ended = True


def test_idle_connections_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest is used again; the old end, and all when the channel closes, also those given back later."""
    idle: Idle[_Connection] = Idle()
    first, second, third, late = (_Connection() for _ in range(4))
    idle.put(first)
    idle.put(second)
    assert idle.take() is second
    monkeypatch.setattr(connections, "IDLE", 0.0)
    assert idle.take() is None
    assert first.ended
    idle.put(third)
    idle.close()
    idle.put(late)
    assert third.ended
    assert late.ended
    assert not second.ended

"""E-mail: one mail to one address over SMTP, from what Apprise reads in ``mailto://`` and ``mailtos://``.

Not as Apprise sends it: that reads all certificates for each mail, hides the server's codes, and
gives each attempt another Message-ID. Ours is the delivery's, so that a repeat is seen as one.
"""

import re
import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate

from router.channels.answers import BROKEN, BUSY, REFUSED, THROTTLED, Said
from router.channels.plugins import Plugin
from router.channels.posting import USER_AGENT, ZERO_WIDTH_SPACE
from router.channels.recording import Exchange, Recording, current
from router.channels.smtp import TooMuchError, server_of
from router.channels.transport import TRANSPORT, is_hopeless, words
from router.core.delivery import Delivery
from router.core.message import Message

_OURS = frozenset(
    {"subject", "from", "to", "date", "message-id", "references", "in-reply-to", "cc", "bcc", "mime-version"}
)
_NEVER = (smtplib.SMTPNotSupportedError, UnicodeError)
_LINE_WITH_DOT = re.compile(rb"^\.", re.MULTILINE)
_BROKEN = frozenset({530, 534, 535, 538})
"""The user or the password."""


def send(plugin: Plugin, message: Message, delivery: Delivery) -> bool:
    """One mail; always true: the server's code decides."""
    recording = current()
    exchange = Exchange("SMTP", f"smtp://{plugin.smtp_host}:{plugin.port}")
    recording.begin(exchange)
    made = compose(plugin, message, delivery)
    if delivery.thread is None:
        recording.reference = made["Message-ID"]
    mail = made.as_bytes()
    try:
        _hand_over(plugin, mail, recording, exchange)
    except smtplib.SMTPResponseException as refusal:
        _put(exchange, refusal.smtp_code, refusal.smtp_error)
    except (OSError, UnicodeError) as error:  # also all errors of smtplib
        exchange.fault = _fault(error)
        exchange.hopeless = is_hopeless(error) or isinstance(error, _NEVER)
    return True


def said(exchange: Exchange) -> Said | None:
    """SMTP's codes: 2yz accepted, 4yz refused for now, 5yz for good (RFC 5321, section 4.2.1)."""
    status = exchange.status or 0
    if 200 <= status < 300:
        return None
    if status == 421:
        return BUSY
    if 400 <= status < 500:
        return THROTTLED
    # 5.1: there is no such address (RFC 3463).
    return BROKEN if status in _BROKEN or b"5.1." in exchange.body[:8] else REFUSED


def compose(plugin: Plugin, message: Message, delivery: Delivery) -> EmailMessage:
    """The mail: text, and the same as HTML where there is some.

    Values from an event stand in the subject and the body only; line breaks in a subject are spaces, and
    what looks like an encoded word (RFC 2047) stays the letters that it is.
    """
    name, address = plugin.from_addr
    domain = address.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    # Python decodes what looks encoded, and writes line ends that were in it: headers of an event's own.
    mail["Subject"] = " ".join(message.title.split()).replace("=?", f"={ZERO_WIDTH_SPACE}?")
    mail["From"] = formataddr((name or "", address))
    to_name, to = plugin.targets[0]
    mail["To"] = formataddr((to_name or "", to))
    if plugin.reply_to:
        mail["Reply-To"] = ", ".join(sorted(plugin.reply_to))
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{delivery.id}@{domain}>"
    # Mail programs show what refers to the same message as one conversation.
    group = f"<{delivery.group_id}@{domain}>"
    first = delivery.thread.reference if delivery.thread else ""
    mail["References"] = f"{group} {first}".rstrip()
    if first:
        mail["In-Reply-To"] = first
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Mailer"] = USER_AGENT
    for header, value in plugin.headers.items():
        if header.lower() not in _OURS:
            mail[header] = " ".join(value.split())
    mail.set_content(message.body)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    return mail


def _hand_over(plugin: Plugin, mail: bytes, recording: Recording, exchange: Exchange) -> None:
    server = server_of(plugin, recording)
    try:
        _asked(server, "MAIL", f"FROM:<{plugin.from_addr[1]}>", 250)
        _asked(server, "RCPT", f"TO:<{plugin.targets[0][1]}>", 250, 251)
        _asked(server, "DATA", "", 354)
        recording.sending()
        server.send(_LINE_WITH_DOT.sub(b"..", mail) + b".\r\n")
        _put(exchange, *server.getreply())
    finally:
        if 200 <= (exchange.status or 0) < 300:
            TRANSPORT.get().mail.put(server)
        else:
            server.end()


def _asked(server: smtplib.SMTP, command: str, arguments: str, *wanted: int) -> None:
    code, words = server.docmd(command, arguments)
    if code not in wanted:
        raise smtplib.SMTPResponseException(code, words)


def _put(exchange: Exchange, code: int, words: bytes | str) -> None:
    if not 200 <= code < 600:
        exchange.fault = "the answer is not SMTP"
        return
    exchange.body = words if isinstance(words, bytes) else words.encode()
    exchange.complete = True
    exchange.status = code


def _fault(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "the server does not offer what the URL asks for (TLS, or a login)"
    if isinstance(error, UnicodeError):
        return "an address is not ASCII"
    cause = error.__context__
    if isinstance(cause, TimeoutError | TooMuchError):
        return words(cause)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "the server closed the connection"
    return words(error)

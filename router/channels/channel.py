"""One target: its plugin, its connections, and how a message is given to it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import requests

from router.channels.bounded import Calls, HangingError, LateError, NoThreadError
from router.channels.plugins import Plugin, speaks_http
from router.channels.providers import is_unverified, provider_of
from router.channels.recording import AbandonedError, Recording, Rehearsal
from router.channels.secrets import Secrets
from router.channels.targets import single
from router.channels.transport import Transport, recorded
from router.channels.verdicts import Judge
from router.core.delivery import SECOND, Delivery, Outcome, Verdict
from router.core.filter import Filter
from router.core.message import Message

#: A target with more sends than this still hanging after their deadline is not tried.
MOST_HANGING = 3


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """What a channel for one target is made from.

    Args:
        name: the target's name: ``channel/number``.
        url: an Apprise URL with exactly one target (see :func:`router.channels.expand`); secret.
        kind: which texts it is given; see router.core.text.kinds.
        timeout: microseconds for a whole send.
        connect_timeout: microseconds.
        accept: where it holds for the provider's JSON answer, the message was accepted.
        egress: requests for the first origin go to the second.
        proxy: the URL of an HTTP proxy; secret.
        ca_file: certificates that are trusted besides the public ones.
    """

    name: str
    url: str = field(repr=False)
    kind: str
    timeout: int = 12 * SECOND
    connect_timeout: int = 4 * SECOND
    accept: Filter | None = None
    egress: Mapping[str, str] = field(default_factory=dict[str, str])
    proxy: str | None = field(default=None, repr=False)
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How far a send would have come.

    Args:
        origin: of the server; empty where none was asked.
        well: whether the message would have left; None where nobody can know without sending it.
        problem: why not, in words.
    """

    origin: str
    well: bool | None
    problem: str


#: Behind the answer of what counts as sent because nobody knows better.
UNVERIFIED = " (unverified: this service's answers are not read)"
_NO_DELIVERY = Delivery("d-rehearsal", "", "", "", "", "", "info", "", 0, 0)


class TargetChannel:
    """One target at one provider: implements router.ports.Channel.

    ``unverified`` says that nobody reads the service's answers: a 2xx, or Apprise's word, is all there is.

    Args:
        now: microseconds UTC.

    Raises:
        RouterError: ``bad-channel``: the URL has no service, lacks something, or has several targets.
    """

    def __init__(self, spec: ChannelSpec, now: Callable[[], int]) -> None:
        plugin = single(spec.url)
        provider = provider_of(plugin, spec.kind)
        self.kind = spec.kind
        self.concurrency = provider.concurrency
        self.unverified = spec.accept is None and is_unverified(plugin)
        self._name = spec.name
        self._plugin = plugin
        self._provider = provider
        self._now = now
        self._seconds = spec.timeout / SECOND
        self._judge = Judge(
            provider.rule, spec.accept, provider.single, provider.single or speaks_http(plugin)
        )
        self._transport = Transport(
            min(spec.connect_timeout, spec.timeout) / SECOND, spec.egress, spec.proxy, spec.ca_file
        )
        self._secrets = Secrets([spec.url, spec.proxy or ""], _open_parts(plugin))
        self._calls = Calls(self.concurrency + MOST_HANGING, now)

    def send(self, message: Message, delivery: Delivery) -> Verdict:
        """See router.ports.Channel."""
        try:
            verdict = self._verdict(_sendable(message), delivery)
        except Exception as error:  # noqa: BLE001  a bug of ours, too, must not stop the pipeline
            verdict = Verdict(Outcome.UNKNOWN, f"the channel failed: {type(error).__name__}")
        shown = self._secrets.shown(verdict.answer)
        if self.unverified and verdict.outcome is Outcome.ACCEPTED:
            shown += UNVERIFIED
        return verdict if shown == verdict.answer else replace(verdict, answer=shown)

    def rehearse(self) -> Rehearsed:
        """Does all that a send does up to the first byte of the message, which stays here."""
        if not (self._provider.single or speaks_http(self._plugin)):
            return Rehearsed("", None, "its service is not spoken to over HTTP or SMTP")
        recording, message = Rehearsal(self._seconds), Message("Rehearsal", "Nothing is sent.")
        with suppress(Exception):  # what came of it is on record
            self._calls.call(partial(self._run, recording, message, _NO_DELIVERY), self._seconds)
        recording.abandon()
        if not recording.exchanges:
            return Rehearsed("", False, "it did not get as far as a connection")
        last = recording.exchanges[-1]
        refusal = f"{last.status}: {last.body.decode(errors='replace')}" if last.status else ""
        said = "" if recording.arrived else last.fault or refusal or "no answer in time"
        return Rehearsed(last.origin, recording.arrived, self._secrets.shown(said))

    def close(self) -> None:
        """See router.ports.Channel."""
        self._transport.close()

    def _verdict(self, message: Message, delivery: Delivery) -> Verdict:
        watched = not self._provider.prompt
        recording = Recording(self._seconds, None if watched else self._calls)
        run = partial(self._run, recording, message, delivery)
        try:
            claimed = self._calls.call(run, self._seconds) if watched else run()
        except (HangingError, NoThreadError) as error:
            return Verdict(Outcome.UNREACHABLE, str(error))
        except (LateError, AbandonedError):
            recording.abandon()
            return self._judge.late(recording.exchanges, self._seconds, self._now())
        except Exception as error:  # noqa: BLE001  a plugin's bug must not stop the pipeline
            return self._judge.failed(recording.exchanges, type(error).__name__, self._now())
        verdict = self._judge.verdict(recording.exchanges, claimed, self._now())
        if recording.reference and verdict.outcome is Outcome.ACCEPTED:
            return replace(verdict, reference=recording.reference)
        return verdict

    def _run(self, recording: Recording, message: Message, delivery: Delivery) -> bool:
        try:
            with recorded(self._transport, recording):
                return self._provider.send(self._plugin, message, delivery)
        except requests.RequestException:  # of our own senders; on record where there was a request
            return False


def _open_parts(plugin: Plugin) -> list[str]:
    """What may be shown of the URL: what our own plugins name, AWS's region, a host that is no token."""
    if hasattr(plugin, "open_parts"):
        return plugin.open_parts
    if hasattr(plugin, "aws_region_name"):
        return [plugin.aws_region_name]
    token = plugin.template_tokens.get("host")
    if not plugin.host or token is None or token.get("private") or token.get("map_to", "host") != "host":
        return []
    return [plugin.host, f"{plugin.host}:{plugin.port}"]


def _sendable(message: Message) -> Message:
    """The message without halves of surrogate pairs, which no UTF-8 has."""
    texts = {"title": message.title, "body": message.body, "html": message.html}
    try:
        "".join(texts.values()).encode()
    except UnicodeEncodeError:
        return replace(message, **{n: text.encode(errors="replace").decode() for n, text in texts.items()})
    return message

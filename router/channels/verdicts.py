"""What a recorded send came to: the table from exchanges to verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from router.channels.answers import BROKEN, BUSY, REFUSED, THROTTLED, UNCLEAR, Rule, Said, json_of, words_of
from router.channels.recording import Exchange
from router.core.delivery import SECOND, Outcome, Verdict
from router.core.filter import Filter

#: A provider that asks for a longer pause is asked again after this one.
LONGEST_WAIT = 3600 * SECOND
#: Of a send that ended well, as its plugin says, without a request.
NO_REQUEST = "nothing was sent: no request could be made of the channel's URL; look at its host and tokens"
#: Statuses that are about the channel's address or credentials, not about the message.
_BROKEN = frozenset({401, 403, 404, 407, 410})
_LATER = frozenset({429, 503})
_BUSY = frozenset({408, 425, 500, 502, 504})


@dataclass(frozen=True, slots=True)
class Judge:
    """How a target's answers are read.

    Args:
        rule: the provider's own codes, or None: a 2xx is acceptance.
        accept: the user's rule for JSON answers; where it holds the provider accepted.
        single: there is one request, whose answer alone decides; what was asked before it does not count.
        recorded: requests are on record; where they are not, only the plugin's word counts.
    """

    rule: Rule | None = None
    accept: Filter | None = None
    single: bool = False
    recorded: bool = True

    def verdict(self, exchanges: Sequence[Exchange], claimed: bool, now: int) -> Verdict:
        """The verdict of a send that ended.

        Args:
            claimed: what the plugin said; it counts only where the answers do not contradict it.
            now: microseconds UTC.
        """
        if not self.recorded:
            return _by_word(claimed)
        if not exchanges:
            return Verdict(Outcome.REFUSED, NO_REQUEST)
        exchange = exchanges[-1] if self.single else _telling(exchanges, claimed)
        if exchange.status is None:
            return _unanswered(exchange)
        said = self._said(exchange, claimed)
        return Verdict(
            outcome=said.outcome,
            answer=_answer(exchange),
            status=exchange.status,
            retry_at=_retry_at(exchange, said, now),
            broken=said.broken,
        )

    def late(self, exchanges: Sequence[Exchange], seconds: float, now: int) -> Verdict:
        """The verdict of a send that was given up at its deadline."""
        if exchanges and _decides(exchanges[-1], self.single):
            return self.verdict(exchanges, True, now)
        if self.recorded and not any(exchange.sent for exchange in exchanges):
            where = f"{exchanges[-1].origin}: " if exchanges else ""
            return Verdict(Outcome.UNREACHABLE, f"{where}nothing was sent within {seconds:g} s")
        return Verdict(Outcome.UNKNOWN, f"no answer within {seconds:g} s")

    def failed(self, exchanges: Sequence[Exchange], error: str, now: int) -> Verdict:
        """The verdict of a send in which the plugin raised an exception of that name."""
        said = f"Apprise's plugin failed: {error}"
        if not exchanges:
            return Verdict(Outcome.REFUSED if self.recorded else Outcome.UNKNOWN, said)
        last = exchanges[-1]
        if last.status is not None and not _decides(last, self.single):
            return Verdict(Outcome.UNKNOWN, said, status=last.status)
        last.fault = last.fault or said
        return self.verdict(exchanges, False, now)

    def _said(self, exchange: Exchange, claimed: bool) -> Said:
        by_rule = self.rule(exchange) if self.rule else None
        if not 200 <= (exchange.status or 0) < 300:
            refused = by_rule is not None and by_rule.outcome is not Outcome.ACCEPTED
            return by_rule if by_rule and refused else _by_status(exchange)
        if self.accept is not None:
            return self._accepts(self.accept, exchange, by_rule)
        if by_rule is not None:
            return by_rule
        return Said(Outcome.ACCEPTED) if claimed else REFUSED

    def _accepts(self, accept: Filter, exchange: Exchange, by_rule: Said | None) -> Said:
        if accept.holds(json_of(exchange)):
            return Said(Outcome.ACCEPTED)
        if not exchange.complete:
            return UNCLEAR
        return by_rule if by_rule and by_rule.outcome is not Outcome.ACCEPTED else REFUSED


def _by_word(claimed: bool) -> Verdict:
    if claimed:
        return Verdict(Outcome.ACCEPTED, "sent, as Apprise says")
    return Verdict(Outcome.UNKNOWN, "Apprise could not send it, and does not say why")


def _decides(exchange: Exchange, single: bool) -> bool:
    """Whether this answer says how the send ended, though the plugin did not come to its end."""
    return exchange.status is not None and (single or exchange.status >= 300)


def _telling(exchanges: Sequence[Exchange], claimed: bool) -> Exchange:
    """The exchange that decided: plugins may look something up, log in or try again themselves."""

    def fine(exchange: Exchange) -> bool:
        return exchange.status is not None and 200 <= exchange.status < 300

    return next((exchange for exchange in reversed(exchanges) if fine(exchange) == claimed), exchanges[-1])


def _unanswered(exchange: Exchange) -> Verdict:
    where = f"{exchange.origin}: {exchange.fault}"
    if exchange.sent:
        return Verdict(Outcome.UNKNOWN, where)
    if exchange.hopeless:
        return Verdict(Outcome.REFUSED, where, broken=True)
    return Verdict(Outcome.UNREACHABLE, where)


def _by_status(exchange: Exchange) -> Said:
    status = exchange.status or 0
    if 300 <= status < 400 or status in _BROKEN:
        return BROKEN
    if status in _LATER or (status >= 400 and "Retry-After" in exchange.headers):
        return THROTTLED
    if status in _BUSY or status > 505:
        return BUSY
    return REFUSED


def _answer(exchange: Exchange) -> str:
    status, words = exchange.status or 0, words_of(exchange)
    named = f"{status} {exchange.reason}".rstrip()
    if 200 <= status < 300:
        return words or named
    if 300 <= status < 400:
        return f"{named}: redirects are refused"
    return f"{named}: {words}" if words else named


def _retry_at(exchange: Exchange, said: Said, now: int) -> int | None:
    if said.outcome not in (Outcome.THROTTLED, Outcome.UNREACHABLE):
        return None
    header = exchange.headers.get("Retry-After")
    wait = said.wait if said.wait is not None else _seconds(header, now) if header else None
    if wait is None or wait != wait:
        return None
    return now + int(min(max(wait, 0.0), LONGEST_WAIT / SECOND) * SECOND)


def _seconds(header: str, now: int) -> float | None:
    """``Retry-After``: seconds, or an HTTP date (RFC 9110, section 10.2.3)."""
    try:
        return float(header)
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return date.timestamp() - now / SECOND

"""One message to one target: its states, and what an attempt's verdict makes of it.

States and verdicts are those of docs/architecture.md. Times are microseconds UTC.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from router.core.changed import changed

SECOND = 1_000_000

#: Back-off: full jitter below 1 s · 2ⁿ, at most 5 minutes.
BACKOFF_BASE = 1 * SECOND
BACKOFF_CAP = 300 * SECOND


class State(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    WAITING = "waiting"
    DEAD = "dead"
    REPLACED = "replaced"
    DROPPED = "dropped"


#: States in which nothing more will happen by itself.
ENDED = frozenset({State.SENT, State.DEAD, State.REPLACED, State.DROPPED})


class Outcome(StrEnum):
    """What an attempt came to."""

    ACCEPTED = "accepted"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    """Nothing was sent, or the provider says that it failed (5xx): nobody has the message."""
    UNKNOWN = "unknown"
    """It may have been delivered."""
    REFUSED = "refused"
    """For good: trying again would be refused again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt came to, with the provider's own words.

    Args:
        answer: the provider's words or the fault, at most some hundred characters, no secrets.
        status: the HTTP or SMTP status, or None when there was none.
        retry_at: when the provider said to come back, or None.
        broken: the refusal is about the channel's configuration (a revoked token, a wrong address),
            not about this message.
        reference: what the provider calls the message, where later ones of its group can stand below it.
    """

    outcome: Outcome
    answer: str = ""
    status: int | None = None
    retry_at: int | None = None
    broken: bool = False
    reference: str | None = None

    @property
    def word(self) -> str:
        """How people are told of it: who answered that it failed was reached."""
        was_reached = self.outcome is Outcome.UNREACHABLE and self.status is not None
        return "failed" if was_reached else self.outcome.value


@dataclass(frozen=True, slots=True)
class Thread:
    """The message of a group below which its later ones stand, at one target.

    Args:
        reference: what the provider calls it.
        content: what it said, as in a delivery.
    """

    reference: str
    content: str


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a channel is tried. ``give_up_after`` is in microseconds."""

    give_up_after: int = 24 * 3600 * SECOND
    max_unknown: int = 2


@dataclass(frozen=True)
class Delivery:
    """One message to one target.

    Args:
        id: made by us; it is the idempotency key that every attempt carries.
        target: names one address at one provider: ``channel/number``; never the address itself.
        kind: the channel kind that ``content`` was rendered for.
        content: the rendered message, as JSON text (see router.core.message).
        due_at: when the next attempt may start.
        token: the claim's; None unless ``sending``.
        attempts: how many claims there were.
        unknown: how many of the attempts may have been delivered without our knowing.
        reason: why it stands where it stands, in words.
        answer: the last attempt's answer.
        overdue_at: when the fallback is told if this is not delivered by then; None once it was told.
        reference: what the provider calls the message, if it said so.
        thread: below which message this one stands; a claim knows it, it is not kept.
    """

    id: str
    notification_id: str
    group_id: str
    channel: str
    target: str
    kind: str
    severity: str
    content: str
    created_at: int
    due_at: int
    state: State = State.PENDING
    token: str | None = None
    lease_until: int | None = None
    attempts: int = 0
    unknown: int = 0
    reason: str = ""
    answer: str = ""
    status: int | None = None
    ended_at: int | None = None
    replaced_by: str | None = None
    fallback_of: str | None = None
    overdue_at: int | None = None
    reference: str | None = None
    thread: Thread | None = None

    @property
    def may_repeat(self) -> bool:
        """Whether an earlier attempt may have arrived; the next one says so."""
        return self.unknown > 0


def jitter_of(delivery: Delivery) -> float:
    """The share of the back-off that this attempt waits: it differs between deliveries, not between runs."""
    name = f"{delivery.id} {delivery.attempts}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=6).digest()) / (1 << 48)


def settle(delivery: Delivery, verdict: Verdict, now: int, patience: Patience, jitter: float) -> Delivery:
    """What the verdict of the attempt that has just ended makes of the delivery.

    Args:
        jitter: at least 0 and less than 1; the share of the back-off that is waited.
    """
    answered = changed(delivery, answer=verdict.answer, status=verdict.status, token=None, lease_until=None)
    match verdict.outcome:
        case Outcome.ACCEPTED:
            referred = changed(answered, reference=verdict.reference)
            return _ended(referred, State.SENT, "the provider accepted it", now)
        case Outcome.REFUSED:
            return _ended(answered, State.DEAD, f"refused: {verdict.answer}", now)
        case Outcome.UNKNOWN:
            return _after_unknown(answered, verdict, now, patience, jitter)
        case Outcome.THROTTLED | Outcome.UNREACHABLE:
            return _again(answered, verdict, now, patience, jitter)


def _after_unknown(
    delivery: Delivery, verdict: Verdict, now: int, patience: Patience, jitter: float
) -> Delivery:
    counted = changed(delivery, unknown=delivery.unknown + 1)
    if counted.unknown >= patience.max_unknown:
        said = f"may have arrived: {counted.unknown} attempts ended without an answer ({verdict.answer})"
        return _ended(counted, State.DEAD, said, now)
    return _again(counted, verdict, now, patience, jitter)


def _again(delivery: Delivery, verdict: Verdict, now: int, patience: Patience, jitter: float) -> Delivery:
    pause = int(min(BACKOFF_CAP, BACKOFF_BASE << min(delivery.attempts, 20)) * jitter)
    due = max(now + pause, verdict.retry_at or 0)
    if due > delivery.created_at + patience.give_up_after:
        return given_up(delivery, now, patience)
    return changed(delivery, state=State.WAITING, due_at=due, reason=f"{verdict.word}: {verdict.answer}")


def given_up(delivery: Delivery, now: int, patience: Patience) -> Delivery:
    """What becomes of one that was tried for too long; its last answer says why it failed."""
    arrived = "; may have arrived" if delivery.unknown else ""
    hours = patience.give_up_after // (3600 * SECOND)
    return _ended(delivery, State.DEAD, f"given up after {hours} h: {delivery.answer}{arrived}", now)


def _ended(delivery: Delivery, state: State, reason: str, now: int) -> Delivery:
    return changed(delivery, state=state, reason=reason, ended_at=now)


def given_back(delivery: Delivery) -> Delivery:
    """What a claim under which nothing was sent becomes: as before it."""
    state = State.WAITING if delivery.attempts > 1 else State.PENDING
    return changed(delivery, state=state, attempts=delivery.attempts - 1, token=None, lease_until=None)


def rescued(delivery: Delivery, now: int, patience: Patience) -> Delivery:
    """What a claim whose lease ran out becomes: nobody can know whether it was sent."""
    lost = Verdict(Outcome.UNKNOWN, "the process that was sending it ended before the answer")
    return settle(delivery, lost, now, patience, jitter=0.0)

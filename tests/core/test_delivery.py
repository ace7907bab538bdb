"""What verdicts make of deliveries."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from router.core.delivery import (
    BACKOFF_CAP,
    ENDED,
    SECOND,
    Delivery,
    Outcome,
    Patience,
    State,
    Verdict,
    rescued,
    settle,
)

PATIENCE = Patience()
NOW = 1_800_000_000 * SECOND


def claimed(**changes: object) -> Delivery:
    """A delivery that is being sent for the first time."""
    delivery = Delivery(
        id="d-1",
        notification_id="n-1",
        group_id="g-1",
        channel="oncall",
        target="oncall/1",
        kind="slack",
        severity="warning",
        content="{}",
        created_at=NOW,
        due_at=NOW,
        state=State.SENDING,
        token="me:1",
        lease_until=NOW + 60 * SECOND,
        attempts=1,
    )
    return replace(delivery, **changes)


def test_accepted_is_sent() -> None:
    """A delivery that the provider accepted has ended, and its claim is gone."""
    after = settle(claimed(), Verdict(Outcome.ACCEPTED, "ok", 200), NOW + 5, PATIENCE, 0.5)
    assert (after.state, after.ended_at, after.token, after.answer) == (State.SENT, NOW + 5, None, "ok")


def test_refused_is_dead_with_the_providers_words() -> None:
    """A refusal ends the delivery at once and keeps what the provider said."""
    after = settle(claimed(), Verdict(Outcome.REFUSED, "310000 sign not match", 200), NOW, PATIENCE, 0.5)
    assert after.state is State.DEAD
    assert "310000 sign not match" in after.reason


def test_throttled_waits_as_long_as_it_was_told() -> None:
    """A provider's own time wins over a shorter back-off."""
    verdict = Verdict(Outcome.THROTTLED, "slow down", 429, retry_at=NOW + 90 * SECOND)
    after = settle(claimed(), verdict, NOW, PATIENCE, 0.5)
    assert (after.state, after.due_at) == (State.WAITING, NOW + 90 * SECOND)


def test_the_second_unknown_outcome_is_the_end() -> None:
    """After two attempts that may have arrived, a delivery is dead and says so."""
    unknown = Verdict(Outcome.UNKNOWN, "no answer within 12 s")
    once = settle(claimed(), unknown, NOW, PATIENCE, 0.5)
    assert once.state is State.WAITING
    assert once.may_repeat
    again = replace(once, state=State.SENDING, token="me:2", attempts=2)
    twice = settle(again, unknown, NOW, PATIENCE, 0.5)
    assert twice.state is State.DEAD
    assert "may have arrived" in twice.reason


def test_a_lost_claim_counts_as_unknown_and_is_due_at_once() -> None:
    """Nobody can know whether a sender that is gone had sent, and nobody waits to find out."""
    after = rescued(claimed(), NOW + 7, PATIENCE)
    assert (after.state, after.unknown, after.due_at) == (State.WAITING, 1, NOW + 7)


def test_given_up_when_the_next_attempt_would_be_too_late() -> None:
    """A delivery that was tried for a day is dead, with the last answer on record."""
    old = claimed(created_at=NOW - PATIENCE.give_up_after - 1)
    after = settle(old, Verdict(Outcome.UNREACHABLE, "connection refused"), NOW, PATIENCE, 0.5)
    assert after.state is State.DEAD
    assert "given up after 24 h: connection refused" in after.reason


@given(
    outcome=st.sampled_from(Outcome),
    attempts=st.integers(1, 1000),
    unknown=st.integers(0, PATIENCE.max_unknown - 1),
    age=st.integers(0, 48 * 3600 * SECOND),
    jitter=st.floats(0, 1, exclude_max=True),
    retry=st.none() | st.integers(NOW, NOW + 3600 * SECOND),
)
def test_a_settled_delivery_is_ended_or_due_again(
    outcome: Outcome, attempts: int, unknown: int, age: int, jitter: float, retry: int | None
) -> None:
    """Whatever comes, the delivery has ended, or is due again within its back-off."""
    before = claimed(attempts=attempts, unknown=unknown, created_at=NOW - age)
    after = settle(before, Verdict(outcome, "words", retry_at=retry), NOW, PATIENCE, jitter)
    assert after.token is None
    assert after.lease_until is None
    assert (after.state in ENDED) == (after.ended_at is not None)
    if after.state not in ENDED:
        assert after.state is State.WAITING
        assert NOW <= after.due_at <= max(NOW + BACKOFF_CAP, retry or 0)
        assert after.due_at <= before.created_at + PATIENCE.give_up_after
        assert after.unknown < PATIENCE.max_unknown

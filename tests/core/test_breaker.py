"""The breaker of a target: when it is left alone, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from router.core.breaker import FAILURES, LONGEST_PAUSE, LONGEST_RETRY_AFTER, Breaker, Standing
from router.core.delivery import SECOND, Outcome, Verdict

NOW = 1_800_000_000 * SECOND
DOWN = Verdict(Outcome.UNREACHABLE, "connection refused")
WELL = Verdict(Outcome.ACCEPTED, "ok", 200)


def failed(times: int, at: int = NOW) -> Breaker:
    """After so many failures in a row."""
    breaker = Breaker()
    for _ in range(times):
        breaker = breaker.after(DOWN, at, at)
    return breaker


def test_a_few_failures_change_nothing() -> None:
    """Below five in a row all places are used; an acceptance between them begins anew."""
    breaker = failed(FAILURES - 1)
    assert (breaker.standing(NOW), breaker.room(8, NOW)) == (Standing.CLOSED, 8)
    again = breaker.after(WELL, NOW, NOW).after(DOWN, NOW, NOW)
    assert (again.failures, again.room(8, NOW)) == (1, 8)


def test_after_five_a_probe_goes_first() -> None:
    """Nothing for five seconds, then one at a time; accepted, all places are used at once."""
    breaker = failed(FAILURES)
    assert (breaker.standing(NOW), breaker.room(8, NOW)) == (Standing.OPEN, 0)
    then = NOW + 5 * SECOND
    assert (breaker.standing(then), breaker.room(8, then), breaker.probing(then).room(7, then)) == (
        "half-open",
        1,
        0,
    )
    assert breaker.after(WELL, then, then) == Breaker()


def test_pauses_grow_to_a_minute() -> None:
    """5, 10, 20, 40, 60, 60 seconds."""
    breaker, pauses = failed(FAILURES), list[int]()
    for _ in range(6):
        pauses.append((breaker.until - breaker.at) // SECOND)
        breaker = breaker.after(DOWN, breaker.until, breaker.until)
    assert pauses == [5, 10, 20, 40, 60, 60]


def test_a_clock_that_is_set_back_ends_a_pause() -> None:
    """Nothing waits an hour longer because the clock went back one; the next failure pauses anew."""
    breaker, earlier = failed(FAILURES), NOW - 3600 * SECOND
    assert breaker.standing(earlier) is Standing.HALF_OPEN
    again = breaker.after(DOWN, earlier, earlier)
    assert (again.standing(earlier), again.until) == (Standing.OPEN, earlier + 10 * SECOND)
    throttled = Breaker().after(Verdict(Outcome.THROTTLED, "later", 429, NOW + 60 * SECOND), NOW, NOW)
    assert (throttled.standing(NOW), throttled.standing(earlier)) == (Standing.PAUSED, Standing.CLOSED)


def test_attempts_of_before_say_nothing_new() -> None:
    """Eight that were in flight when the target died count as one reason to leave it alone, not as four."""
    breaker = failed(FAILURES)
    late = breaker.after(DOWN, NOW - 1, NOW + SECOND)
    assert late == breaker
    assert breaker.after(WELL, NOW - 1, NOW + SECOND) == Breaker()


def test_a_provider_says_when_to_come_back() -> None:
    """The whole target waits until then, and no longer than an hour; a message's refusal is no failure."""
    throttled = Breaker().after(Verdict(Outcome.THROTTLED, "slow down", 429, NOW + 7 * SECOND), NOW, NOW)
    assert (throttled.standing(NOW), throttled.room(8, NOW + 6 * SECOND)) == (Standing.PAUSED, 0)
    assert throttled.room(8, NOW + 7 * SECOND) == 8
    absurd = Breaker().after(Verdict(Outcome.THROTTLED, "", 429, NOW * 2), NOW, NOW)
    assert absurd.until == NOW + LONGEST_RETRY_AFTER
    assert failed(4).after(Verdict(Outcome.REFUSED, "no such user", 400), NOW, NOW) == Breaker()


def test_broken_until_something_is_accepted() -> None:
    """A refusal that is about us stays through other failures; it holds nothing back."""
    broken = failed(2).after(Verdict(Outcome.REFUSED, "token revoked", 401, broken=True), NOW, NOW)
    later = broken.after(DOWN, NOW, NOW).after(Verdict(Outcome.REFUSED, "too long", 400), NOW, NOW)
    assert (later.broken, later.room(8, NOW)) == ("token revoked", 8)
    assert later.after(WELL, NOW, NOW).broken == ""


verdicts = st.builds(
    Verdict,
    st.sampled_from(Outcome),
    st.sampled_from(["", "no"]),
    st.none(),
    st.none() | st.integers(0, NOW * 3),
    st.booleans(),
)


@given(st.lists(st.tuples(verdicts, st.integers(0, 90 * SECOND), st.integers(0, 20 * SECOND))))
def test_it_never_waits_for_ever(history: list[tuple[Verdict, int, int]]) -> None:
    """Whatever came: a probe within a minute, or an hour where a provider asked for it; then all is well."""
    breaker, now, asked = Breaker(), NOW, 0
    for verdict, later, took in history:
        now += later
        asked = max(asked, min(verdict.retry_at or 0, now + LONGEST_RETRY_AFTER))
        breaker = breaker.after(verdict, now - took, now)
        assert breaker.until <= max(asked, now + LONGEST_PAUSE)
        assert 0 <= breaker.room(8, now) <= 8
        assert breaker.room(8, max(now, breaker.until)) >= 1
    assert breaker.after(WELL, now, now) == Breaker()

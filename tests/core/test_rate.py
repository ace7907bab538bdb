"""Token buckets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.rate import Bucket

MINUTE = 60_000_000


def test_a_full_bucket_gives_a_burst_and_then_its_rate() -> None:
    """20 a minute: eleven at once, then one every six seconds."""
    bucket = Bucket.full((20, MINUTE), 0).take(11)
    assert (bucket.room(critical=True), bucket.wait(critical=True)) == (0, MINUTE // 10 + 1)
    assert bucket.at_time(MINUTE // 10 + 1).room(critical=True) == 1


@pytest.mark.parametrize(
    ("most", "critical", "others"), [(1, 1, 1), (2, 2, 1), (5, 3, 2), (20, 11, 9), (100, 51, 41)]
)
def test_a_share_is_kept_for_what_is_critical(most: int, critical: int, others: int) -> None:
    """A fifth of a burst, at least one; of a single message nothing can be kept."""
    bucket = Bucket.full((most, MINUTE), 0)
    assert (bucket.room(critical=True), bucket.room(critical=False)) == (critical, others)
    empty = bucket.take(others)
    assert empty.wait(critical=False) > 0
    assert empty.at_time(empty.wait(critical=False)).room(critical=False) == 1


def test_a_clock_that_goes_back_changes_nothing() -> None:
    """A step back neither gains nor loses tokens, and a long one is no wait for all that time."""
    bucket = Bucket.full((20, MINUTE), 100 * MINUTE).take(6)
    assert bucket.at_time(99 * MINUTE).room(critical=True) == 5
    assert bucket.at_time(0).at_time(MINUTE // 10).room(critical=True) == 6


def test_clocks_that_differ_gain_nothing() -> None:
    """Two replicas, one of them a second ahead, ask in turns: the bucket fills no faster."""
    bucket = Bucket.full((20, MINUTE), MINUTE).take(11)
    for _ in range(100):
        bucket = bucket.at_time(MINUTE).at_time(MINUTE + 1_000_000)
    assert bucket.tokens == pytest.approx(1 / 6)


def test_another_rate_goes_on_with_what_was_left() -> None:
    """After a reload an empty bucket is empty, and a full one no fuller than the new rate lets it be."""
    assert Bucket.resumed((100, MINUTE), 0.5, 0).room(critical=True) == 0
    assert Bucket.resumed((20, MINUTE), 51.0, 0).room(critical=True) == 11


@given(
    most=st.integers(1, 100),
    period=st.integers(1000, 3600 * 1_000_000),
    steps=st.lists(st.integers(0, 100_000_000), max_size=50),
)
def test_never_more_than_its_rate_in_any_window(most: int, period: int, steps: list[int]) -> None:
    """However its moments fall, any window of a period has at most so many messages."""
    bucket, now, taken = Bucket.full((most, period), 0), 0, list[int]()
    for step in steps:
        now += step
        bucket = bucket.at_time(now)
        count = bucket.room(critical=True)
        bucket = bucket.take(count)
        taken += [now] * count
    for at in taken:
        assert len([one for one in taken if at <= one < at + period - 1]) <= most

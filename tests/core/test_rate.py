"""Token buckets."""

from hypothesis import given
from hypothesis import strategies as st

from router.core.rate import Bucket

MINUTE = 60_000_000


def test_a_full_bucket_gives_its_size_and_then_its_rate() -> None:
    """20 a minute: 20 at once, then one every three seconds."""
    bucket = Bucket.full((20, MINUTE), 0).take(20)
    assert (bucket.whole, bucket.wait) == (0, MINUTE // 20 + 1)
    assert bucket.at_time(MINUTE // 20 + 1).whole == 1


def test_a_clock_that_goes_back_changes_nothing() -> None:
    """A step back neither gains nor loses tokens."""
    bucket = Bucket.full((20, MINUTE), MINUTE).take(15)
    assert bucket.at_time(0).whole == 5


@given(
    size=st.integers(1, 100),
    period=st.integers(1000, 3600 * 1_000_000),
    steps=st.lists(st.integers(0, 100_000_000), max_size=50),
)
def test_never_more_than_its_rate(size: int, period: int, steps: list[int]) -> None:
    """However its moments fall, no more is taken than one full bucket and what the time has brought."""
    bucket, now, taken = Bucket.full((size, period), 0), 0, 0
    for step in steps:
        now += step
        bucket = bucket.at_time(now)
        count = bucket.whole
        bucket, taken = bucket.take(count), taken + count
    assert taken <= size + now * size / period + 1e-6 * len(steps)

from dataclasses import replace

import pytest

from bench import soak

_STEADY = [soak.Sample(n, n / 10, 100_000_000, 30, 20, 0) for n in range(1, 101)]


def _missed(last: soak.Sample) -> int:
    return sum(row.met is False for row in soak.verdict([*_STEADY[:-1], last]))


def test_what_stays_as_it_was_after_the_first_tenth_is_met() -> None:
    """Ten percent of memory, two open files and two threads more are within the goals."""
    assert _missed(replace(_STEADY[-1], rss=110_000_000, fds=32, threads=22)) == 0


@pytest.mark.parametrize("grown", [{"rss": 111_000_000}, {"fds": 33}, {"threads": 23}])
def test_what_grows_is_missed(grown: dict[str, int]) -> None:
    """Memory, open files and threads are each judged."""
    assert _missed(replace(_STEADY[-1], **grown)) == 1

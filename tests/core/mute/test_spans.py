"""How long something lasted."""

from hypothesis import given
from hypothesis import strategies as st

from router.core.mute.spans import lasted, spans

MOMENTS = st.integers(0, 30)
SPANS = st.lists(st.tuples(MOMENTS, MOMENTS), max_size=5)


@given(SPANS, MOMENTS, MOMENTS)
def test_what_two_have_in_common_counts_once(found: list[tuple[int, int]], begin: int, end: int) -> None:
    """As counting moment by moment has it; what lies outside counts not at all."""
    counted = sum(any(first <= moment < last for first, last in found) for moment in range(begin, end))
    assert lasted(found, begin, end) == counted


@given(SPANS, MOMENTS, MOMENTS)
def test_the_spans_of_what_changes_are_when_it_holds(
    found: list[tuple[int, int]], begin: int, end: int
) -> None:
    """Asked at each of its changes only."""
    moments = range(begin, end)

    def holds(moment: int) -> bool:
        return any(first <= moment < last for first, last in found)

    def next_change(moment: int) -> int | None:
        return next((one for one in range(moment + 1, 40) if holds(one) != holds(moment)), None)

    between = list(spans(holds, next_change, begin, end))
    assert [one for first, last in between for one in range(first, last)] == list(filter(holds, moments))

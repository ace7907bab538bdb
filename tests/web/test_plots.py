"""Where things stand in the pictures of the pages."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from router.core.delivery import SECOND, State
from router.pipeline.story import Story
from router.ports import Counted
from router.web.pages.plots import HOUR, HOURS, WIDTH, plot, time_line
from tests.storage.making import START, delivery, event_record

counts = st.lists(st.tuples(st.integers(-30, 3), st.sampled_from(["sent", "dead"]), st.integers(1, 99)))


@given(counts, st.integers(0, HOUR - 1))
def test_each_hour_has_its_bar(given_counts: list[tuple[int, str, int]], within: int) -> None:
    """24 bars in order, the last of them the hour that runs; what is older or comes later is left out."""
    this = START // HOUR
    counted = [Counted(str(this + hour), what, number, START) for hour, what, number in given_counts]
    made = plot("Messages", counted, this * HOUR + within, lambda what: what == "dead")
    assert [bar.begins for bar in made.bars] == [(this - HOURS + 1 + n) * HOUR for n in range(HOURS)]
    shown = [one for one in given_counts if -HOURS < one[0] <= 0]
    assert made.total == sum(number for _, _, number in shown)
    assert made.bad == sum(number for _, what, number in shown if what == "dead")
    assert all(bar.number <= made.most for bar in made.bars)


def story(*times: int) -> Story:
    """Events of a job at so many seconds, and a message."""
    events = [
        event_record(
            f"e-{n}", START + at * SECOND, {"Event": "OnJobRunning", "JobId": "j", "State": "Running"}
        )
        for n, at in enumerate(times)
    ]
    sent = replace(delivery("d", at=START + 90 * SECOND), state=State.DEAD)
    return Story("j", None, events[::-1], is_whole=True, alerts=[], deliveries=[sent])


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=9))
def test_a_time_line_has_everything_within_its_width(times: list[int]) -> None:
    """Whatever the order of the producers' clocks; bands end where the next one begins."""
    line = time_line(story(*times))
    assert len(line.events) == len(line.bands) == len(times)
    assert all(0 <= one.x <= WIDTH for one in (*line.events, *line.messages))
    assert sorted(line.events, key=lambda one: one.at) == list(line.events)
    assert [one.is_bad for one in line.messages] == [True]
    assert all(band.width >= 2 for band in line.bands)

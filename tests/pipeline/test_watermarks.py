"""Which sources have caught up."""

from router.core.delivery import SECOND
from router.pipeline.watermarks import LONGEST_HOLD, Watermarks, lag_of_posts
from router.telemetry import Metrics


def test_a_source_that_is_posted_to_catches_up_by_time() -> None:
    """At once after a short standstill, else when its senders had time to come back."""
    short, long = lag_of_posts(100, 29 * SECOND, 600 * SECOND), lag_of_posts(100, 30 * SECOND, 600 * SECOND)
    assert not short(100)
    assert long(100)
    assert long(99 + 600 * SECOND)
    assert not long(100 + 600 * SECOND)


def test_a_source_that_has_caught_up_is_not_asked_again() -> None:
    """A queue that fills later does not hold up what is waited for."""
    marks = Watermarks(Metrics(), 0)
    behind = {"queue"}
    marks.use({"queue": lambda _: "queue" in behind})
    assert marks.waiting_for(1) == {"queue"}
    behind.clear()
    assert marks.waiting_for(2) == set()
    behind.add("queue")
    assert marks.waiting_for(3) == set()


def test_a_source_that_cannot_be_reached_holds_up_for_an_hour() -> None:
    """Then what waited for it is judged without it."""
    metrics = Metrics()
    marks = Watermarks(metrics, 0)
    marks.use({"queue": lambda _: True})
    assert marks.waiting_for(LONGEST_HOLD - 1) == {"queue"}
    assert metrics.registry.get_sample_value("alert_router_source_catching_up", {"source": "queue"}) == 1
    assert marks.waiting_for(LONGEST_HOLD) == set()
    assert metrics.registry.get_sample_value("alert_router_source_catching_up", {"source": "queue"}) == 0

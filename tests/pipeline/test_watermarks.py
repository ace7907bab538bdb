"""Which sources have caught up."""

from router.core.delivery import SECOND
from router.pipeline.watermarks import LONGEST_HOLD, Standing, Watermarks, lag_of_posts
from router.telemetry import Metrics


def catching_up(metrics: Metrics) -> float | None:
    """What the metric says of the queue."""
    return metrics.registry.get_sample_value("alert_router_source_catching_up", {"source": "queue"})


def test_a_source_that_is_posted_to_catches_up_by_time() -> None:
    """At once after a short standstill, else when its senders had time to come back."""
    short, long = lag_of_posts(100, 29 * SECOND, 600 * SECOND), lag_of_posts(100, 30 * SECOND, 600 * SECOND)
    assert not short(100)
    assert long(100)
    assert long(99 + 600 * SECOND)
    assert not long(100 + 600 * SECOND)


def test_a_source_holds_up_what_waits_for_it_while_it_lags() -> None:
    """After the start, and again when it could not be reached while the router ran."""
    metrics, behind = Metrics(), {"queue"}
    marks = Watermarks(metrics)
    marks.use({"queue": lambda _: "queue" in behind}, 0)
    assert (marks.waiting_for(1), catching_up(metrics)) == ({"queue"}, 1)
    behind.clear()
    assert (marks.waiting_for(2), catching_up(metrics)) == (set(), 0)
    behind.add("queue")
    assert marks.waiting_for(LONGEST_HOLD + 3) == {"queue"}
    assert marks.waiting_for(2 * LONGEST_HOLD + 2) == {"queue"}
    assert marks.waiting_for(2 * LONGEST_HOLD + 3) == set()


def test_a_source_that_cannot_be_reached_holds_up_for_an_hour() -> None:
    """Then what waited for it is judged without it, until it is reached again."""
    metrics, behind = Metrics(), {"queue"}
    marks = Watermarks(metrics)
    marks.use({"queue": lambda _: "queue" in behind}, 0)
    assert marks.stands(LONGEST_HOLD - 1) == {"queue": Standing.BEHIND}
    assert marks.stands(LONGEST_HOLD) == {"queue": Standing.GIVEN_UP}
    assert (marks.waiting_for(LONGEST_HOLD), catching_up(metrics)) == (set(), 0)
    behind.clear()
    assert marks.stands(LONGEST_HOLD + 1) == {"queue": Standing.REACHED}


def test_a_reload_does_not_begin_the_hour_anew() -> None:
    """For a source that lagged before it; one that had caught up, and is made anew, has its own hour."""
    marks = Watermarks(Metrics())
    marks.use({"old": lambda _: True, "new": lambda now: now > 10}, 0)
    assert marks.waiting_for(1) == {"old"}
    marks.use({"old": lambda _: True, "new": lambda now: now > 10}, 100)
    assert marks.stands(LONGEST_HOLD) == {"old": Standing.GIVEN_UP, "new": Standing.BEHIND}

"""The simulated stream is believable, and the same for the same seed."""

import json
from collections import Counter, defaultdict
from typing import Any

from router.core.catalogue import EVENTS
from router.mns.simulation import Simulation

STREAM = Simulation(jobs=60, instances=5, failure_rate=0.1, seed=3)


def stream() -> list[dict[str, Any]]:
    return [json.loads(text) for text in STREAM.messages()]


def test_the_same_seed_is_the_same_stream() -> None:
    """And another seed is another one."""
    assert list(STREAM.messages()) == list(STREAM.messages())
    assert list(STREAM.messages()) != list(Simulation(60, 5, 0.1, 4).messages())


def test_every_event_has_the_documented_fields() -> None:
    """Names, fields and kinds of values are those of the catalogue's samples."""
    for event in stream():
        documented = EVENTS[event["Event"]]
        assert event.keys() == documented.sample().keys()
        assert event["State"] in documented.fields["State"].known
        documented.model().model_validate(event)


def test_states_come_in_their_order_but_for_late_ones() -> None:
    """Each job waits, runs and ends; a few messages come late, and a few twice."""
    chapters: dict[str, list[str]] = defaultdict(list)
    events = stream()
    for event in events:
        if event["Event"].startswith("OnJob"):
            chapters[event["JobId"]].append(event["State"])
    assert len(chapters) == 60
    in_order = [states for states in chapters.values() if states[:2] == ["Waiting", "Running"]]
    assert len(in_order) > 50
    assert {states[-1] for states in in_order} <= {"Finished", "Failed", "Running", "Waiting"}
    texts = Counter(json.dumps(event) for event in events if event["StartTime"])
    twice = [count for count in texts.values() if count == 2]
    assert 0.003 < len(twice) / texts.total() < 0.03


def test_failures_retries_and_restarts_happen() -> None:
    """About a tenth of the instances fails, some after retries, and some failed jobs run again."""
    events = stream()
    ended = Counter(event["State"] for event in events if event.get("ExitCode"))
    assert 0.05 < ended["Failed"] / ended.total() < 0.2
    assert any(event.get("RetryCount") == "2" for event in events)
    jobs = Counter(event["JobId"] for event in events if event["Event"] == "OnJobWaiting")
    failed = {event["JobId"] for event in events if event["Event"] == "OnJobFailed"}
    assert any(jobs[job] > 1 for job in failed)
    assert any(state == "OnJobFinished" for state in (event["Event"] for event in events))

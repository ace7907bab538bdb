"""The story of a job: its events, causes, alerts, and what was told."""

import pytest

from router.pipeline import story
from router.pipeline.story import Story, story_of
from tests.pipeline.conftest import MakePipeline, Pipeline
from tests.pipeline.test_alerts import failed


def told(pipeline: Pipeline, job_id: str) -> Story:
    """The story of a job in the store."""
    return pipeline.store.read(lambda unit: story_of(job_id, unit))


def tell(pipeline: Pipeline, name: str, job: str = "job-1", **fields: object) -> None:
    """One event of a job or its instance, and all that follows."""
    pipeline.clock.move(1)
    pipeline.take({"Event": name, "JobId": job, **fields})
    pipeline.run()


def scene(pipeline: Pipeline) -> None:
    """A job of which two instances fail alike and one in another way, and another job."""
    tell(pipeline, "OnJobRunning", JobName="nightly", State="Running")
    for number, said in enumerate(["disk 1 full", "disk 2 full", "killed"]):
        more = {"Task": "map", "InstanceId": str(number), "ErrorMessage": said, "State": "Failed"}
        tell(pipeline, "OnInstanceFailed", **more)
    tell(pipeline, "OnInstanceFailed", job="job-2", InstanceId="0", Task="map", State="Failed")
    tell(pipeline, "OnJobFailed", JobName="nightly", State="Failed")


def test_a_story_has_all_of_its_job_and_nothing_of_another(make: MakePipeline) -> None:
    """Events, alerts, messages, and equal failures counted together."""
    pipeline = make(failed())
    scene(pipeline)
    found = told(pipeline, "job-1")
    assert (found.name, found.state, found.is_whole) == ("nightly", "Failed", True)
    assert [one.event.kind for one in found.events] == [
        "OnJobFailed",
        *["OnInstanceFailed"] * 3,
        "OnJobRunning",
    ]
    assert [times for _, times in found.causes] == [2, 1, 1]
    assert {one.event_id for one in found.alerts} <= {one.event.id for one in found.events}
    assert len(found.alerts) == 3
    messages = pipeline.deliveries()
    assert 0 < len(found.deliveries) < len(messages)
    of_job = [one for one in messages if '"job-1"' in one.content]
    assert {one.id for one in found.deliveries} == {one.id for one in of_job}


def test_a_job_of_which_only_instances_are_heard_has_no_state(make: MakePipeline) -> None:
    """And no name; nothing is made up."""
    pipeline = make(failed())
    scene(pipeline)
    found = told(pipeline, "job-2")
    assert (found.job, found.name, found.state, len(found.events)) == (None, "", "", 1)
    assert told(pipeline, "job-3").events == []


def test_a_long_story_is_cut_and_says_so(make: MakePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its newest events are read, and only what was told since."""
    monkeypatch.setattr(story, "MOST_EVENTS", 2)
    pipeline = make(failed())
    scene(pipeline)
    found = told(pipeline, "job-1")
    assert (len(found.events), found.is_whole) == (2, False)

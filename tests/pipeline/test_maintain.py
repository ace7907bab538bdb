"""What is tidied up, and what must not be yet."""

from router.core.delivery import SECOND
from router.core.mute.tick import Schedule, next_tick
from router.pipeline.maintain import BATCH, Maintain
from tests.pipeline.conftest import START, MakePipeline, Pipeline, rule
from tests.pipeline.test_alerts import at, failed, install, instance, job, reasons, take
from tests.pipeline.test_edges import cloud, ordered

DAY = 24 * 3600
EVENT = {"Event": "OnJobFailed", "JobId": "job-1"}


def prune(pipeline: Pipeline) -> None:
    """Deletes all that is old."""
    while pipeline.maintain.prune() == BATCH:
        pass


def test_an_end_is_remembered_for_sixteen_days(make: MakePipeline) -> None:
    """A match that is older opens nothing for so long, whatever is kept of the event that was the end."""
    pipeline = make(ordered())
    take(pipeline, 100, cloud("paid", 100, order=1))
    for days, happened, outcome in ((15.9, 99, "suppressed"), (16.1, 98, "routed")):
        pipeline.clock.at = START + int(days * DAY * SECOND)
        prune(pipeline)
        kept = pipeline.store.read(lambda unit: unit.events())
        assert "paid" not in {record.event.kind for record in kept}
        assert [one.outcome for one in pipeline.take(cloud("refused", happened, order=1))] == [outcome]


def test_what_came_for_a_monthly_rule_is_remembered_until_its_tick_is_judged(make: MakePipeline) -> None:
    """Without grace that is at the next tick, a month later; nothing is missing."""
    pipeline = make(failed("monthly", "Event == 'OnJobFailed'", absent=Schedule("0 3 1 * *")))
    install(pipeline)
    first = ((next_tick(Schedule("0 3 1 * *"), START) or 0) - START) / SECOND
    take(pipeline, first + 600, EVENT)
    for days in (10, 20, 25):
        at(pipeline, first + days * DAY)
        prune(pipeline)
    at(pipeline, first + 27.9 * DAY)
    assert pipeline.channels["oncall/1"].sent == []
    at(pipeline, first + 31 * DAY)
    assert pipeline.channels["oncall/1"].sent == []
    at(pipeline, first + 62 * DAY)
    assert reasons(pipeline) == ["first"]


def test_what_was_heard_of_a_job_outlives_its_records(make: MakePipeline) -> None:
    """Its tasks still ask for it, where records are kept for an hour and the job runs for two days."""
    pipeline = make(failed(when="Event == 'OnInstanceFailed' && Job.JobName == 'nightly'"))
    pipeline.maintain = kept_for(pipeline, 3600)
    take(pipeline, 0, job("OnJobRunning"))
    at(pipeline, 2 * DAY)
    prune(pipeline)
    assert pipeline.store.read(lambda unit: unit.events()) == []
    take(pipeline, 2 * DAY, instance())
    assert reasons(pipeline) == ["first"]


def kept_for(pipeline: Pipeline, seconds: int) -> Maintain:
    """Maintenance with another retention."""
    return Maintain(
        pipeline.store,
        lambda: pipeline.policy,
        lambda: seconds * SECOND,
        lambda: pipeline.deliver.in_hand,
        pipeline.clock,
        pipeline.metrics,
        pipeline.deliver.wake,
    )


def test_a_message_is_known_again_after_sixteen_days(make: MakePipeline) -> None:
    """MNS may bring it that late. Its record goes after 14 days; what tells it from a new one stays."""
    pipeline = make(rule())
    assert pipeline.take(EVENT, identity="mns:1")[0].outcome == "routed"
    pipeline.run()
    pipeline.clock.move(1.1 * DAY)
    pipeline.run()
    pipeline.clock.move(14.5 * DAY)
    prune(pipeline)
    assert pipeline.store.read(lambda unit: unit.events()) == []
    assert pipeline.take(EVENT, identity="mns:1")[0].outcome == "duplicate"
    pipeline.clock.move(1 * DAY)
    prune(pipeline)
    assert pipeline.take(EVENT, identity="mns:1")[0].outcome == "routed"

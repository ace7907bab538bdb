"""What is tidied up, and what must not be yet."""

from router.core.delivery import SECOND
from router.pipeline.maintain import BATCH
from tests.pipeline.conftest import START, MakePipeline, Pipeline, rule
from tests.pipeline.test_alerts import take
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

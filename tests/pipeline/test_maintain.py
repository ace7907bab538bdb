"""What is tidied up, and what must not be yet."""

from router.pipeline.maintain import BATCH
from tests.pipeline.conftest import MakePipeline, rule

DAY = 24 * 3600
EVENT = {"Event": "OnJobFailed", "JobId": "job-1"}


def test_a_message_is_known_again_after_sixteen_days(make: MakePipeline) -> None:
    """MNS may bring it that late. Its record goes after 14 days; what tells it from a new one stays."""
    pipeline = make(rule())
    assert pipeline.take(EVENT, identity="mns:1")[0].outcome == "routed"
    pipeline.run()
    pipeline.clock.move(1.1 * DAY)
    pipeline.run()
    pipeline.clock.move(14.5 * DAY)
    while pipeline.maintain.prune() == BATCH:
        pass
    assert pipeline.store.read(lambda unit: unit.events()) == []
    assert pipeline.take(EVENT, identity="mns:1")[0].outcome == "duplicate"
    pipeline.clock.move(1 * DAY)
    while pipeline.maintain.prune() == BATCH:
        pass
    assert pipeline.take(EVENT, identity="mns:1")[0].outcome == "routed"

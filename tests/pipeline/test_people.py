"""What people do to alerts, on a real store: whom it reaches, and what is told of it."""

from router.pipeline.people import acknowledge, resolve
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.test_alerts import HOUR, at, failed, instance, reasons, take


def test_what_a_person_ends_is_told_as_resolved(make: MakePipeline) -> None:
    """Whoever was told of the alert hears of its end; a new event opens a new alert."""
    pipeline = make(failed())
    take(pipeline, 0, instance())
    [alert] = pipeline.store.read(lambda unit: unit.list_alerts())
    now = pipeline.clock.now()
    done = pipeline.store.write(lambda unit: resolve(unit, pipeline.policy, [alert.id, "none"], now, "kim"))
    assert done == [alert.id]
    pipeline.run()
    assert reasons(pipeline) == ["first", "resolved"]


def test_what_a_person_has_seen_is_not_repeated(make: MakePipeline) -> None:
    """Two alike, one acknowledged: that one is quiet after ``repeat_interval``, the other is told again."""
    pipeline = make(failed(repeat_interval=HOUR * 1_000_000))
    take(pipeline, 0, instance(), instance(job_id="job-2"))
    first, _ = pipeline.store.read(lambda unit: unit.list_alerts())
    before = reasons(pipeline)
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: acknowledge(unit, pipeline.policy, [first.id], now, "kim"))
    at(pipeline, HOUR - 60)
    assert reasons(pipeline) == before
    at(pipeline, HOUR + 600)
    assert reasons(pipeline) == [*before, "repeat"]

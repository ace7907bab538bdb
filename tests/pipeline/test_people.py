"""What people do to alerts, on a real store: whom it reaches, and what is told of it."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from router.core.rule import Severity
from router.pipeline import people
from router.pipeline.people import acknowledge, acknowledge_beside, resolve
from router.ports import Unit
from tests.pipeline.conftest import MakePipeline
from tests.pipeline.test_alerts import HOUR, RESOLVED, at, failed, instance, job, reasons, take

T = TypeVar("T")


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


def test_what_was_seen_before_it_was_told_is_not_told_and_the_books_balance(make: MakePipeline) -> None:
    """Acknowledged within ``group_wait``: its group is not due any more, and nothing has ended silently."""
    pipeline = make(failed(group_wait=30 * 1_000_000))
    take(pipeline, 0, instance())
    [alert] = pipeline.store.read(lambda unit: unit.list_alerts())
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: acknowledge(unit, pipeline.policy, [alert.id], now, "kim"))
    at(pipeline, 60)
    assert reasons(pipeline) == []
    books = pipeline.store.read(lambda unit: unit.books())
    assert {name: n for name, n in books.items() if name.startswith("unbalanced.") and n} == {}


@pytest.mark.parametrize("seen", [0, 1])
@pytest.mark.parametrize("by_hand", [False, True])
def test_who_ends_last_does_not_say_what_is_told(make: MakePipeline, seen: int, by_hand: bool) -> None:
    """Two critical ones end at once, untold, one of them acknowledged: one message says both."""
    rule = failed(severity=Severity.CRITICAL, group_wait=30 * 1_000_000, resolve_when=RESOLVED)
    pipeline = make(rule)
    take(pipeline, 0, instance(number=0), instance(number=1))
    ids = sorted(alert.id for alert in pipeline.store.read(lambda unit: unit.list_alerts()))
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: acknowledge(unit, pipeline.policy, ids[seen : seen + 1], now, "kim"))
    if by_hand:
        pipeline.store.write(lambda unit: resolve(unit, pipeline.policy, ids, now, "kim"))
        pipeline.run()
    else:
        take(pipeline, 10, job("OnJobFinished"))
    assert reasons(pipeline) == ["first"]


def test_a_large_group_is_acknowledged_in_many_transactions(
    make: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off in the middle it goes on when it is asked for again; other groups stay as they are."""
    monkeypatch.setattr(people, "BATCH", 3)
    pipeline = make(failed())
    take(pipeline, 0, *(instance(number=number) for number in range(8)), instance(job_id="job-2"))
    store, policy, now = pipeline.store, pipeline.policy, pipeline.clock.now()
    ids = [alert.id for alert in store.read(lambda unit: unit.list_alerts()) if "job-1" in alert.key]
    write, allowed = store.write, 2

    def counted(work: Callable[[Unit], T]) -> T:
        nonlocal allowed
        if not allowed:
            raise KeyboardInterrupt
        allowed -= 1
        return write(work)

    monkeypatch.setattr(store, "write", counted)
    with pytest.raises(KeyboardInterrupt):
        acknowledge_beside(store, policy, ids[:1], now, "ann")
    states = [alert.state.value for alert in store.read(lambda unit: unit.list_alerts())]
    assert states.count("acknowledged") == 4
    allowed = 9
    acknowledge_beside(store, policy, ids[:1], now, "ann")
    assert allowed == 9 - 1 - 3
    left = store.read(lambda unit: unit.list_alerts(state="firing"))
    assert ["job-2" in alert.key for alert in left] == [True]

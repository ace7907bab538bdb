"""The machine under the loops fails: the store is away for an hour, the clock jumps."""

from collections.abc import Callable
from typing import TypeVar

import pytest

from router.core.delivery import SECOND, Outcome, State, Verdict
from router.core.filter import Filter
from router.core.rule import Escalation
from router.errors import RouterError
from router.ports import Store, Unit
from tests.pipeline.conftest import MakePipeline, Pipeline, plan, rule

T = TypeVar("T")
HOUR = 3600
LATER = Verdict(Outcome.UNREACHABLE, "nobody listens")


class Away:
    """The store's verbs, refused while it is away."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._write, self._read = store.write, store.read
        self.away = False

    def write(self, work: Callable[[Unit], T]) -> T:
        self._refuse()
        return self._write(work)

    def read(self, work: Callable[[Unit], T]) -> T:
        self._refuse()
        return self._read(work)

    def _refuse(self) -> None:
        if self.away:
            raise RouterError("store-unavailable", "the database server does not answer")


@pytest.fixture
def away(store: Store, monkeypatch: pytest.MonkeyPatch) -> Away:
    """The pipeline's store, which can be taken away."""
    one = Away(store)
    monkeypatch.setattr(store, "write", one.write)
    monkeypatch.setattr(store, "read", one.read)
    return one


def told(pipeline: Pipeline) -> int:
    """Messages that the channel got."""
    return len(pipeline.channels["oncall/1"].sent)


def test_a_store_that_is_away_for_an_hour_loses_nothing(make: MakePipeline, away: Away) -> None:
    """Nothing is acknowledged or sent meanwhile; what was being sent is settled, and not sent again."""
    pipeline = make(rule())
    pipeline.take({"JobId": "a"})
    pipeline.dispatch.step()
    pipeline.deliver.wake(frozenset({"oncall/1"}))
    pipeline.deliver.step()
    pipeline.deliver.wait_done(10)
    away.away = True
    for _ in range(60):
        pipeline.clock.move(60)
        with pytest.raises(RouterError):
            pipeline.deliver.settle()
        with pytest.raises(RouterError):
            pipeline.take({"JobId": "b"})
        pipeline.deliver.wake(frozenset({"oncall/1"}))
        with pytest.raises(RouterError):
            pipeline.deliver.step()
    assert told(pipeline) == 1
    away.away = False
    pipeline.take({"JobId": "b"})
    assert pipeline.maintain.rescue() == 0
    pipeline.run()
    assert told(pipeline) == 2
    assert [one.state for one in pipeline.deliveries()] == [State.SENT] * 2


def waiting(make: MakePipeline) -> Pipeline:
    """A message that was tried once waits; then comes a jump."""
    pipeline = make(rule())
    pipeline.channels["oncall/1"].script = [LATER]
    pipeline.take({"JobId": "waits"})
    pipeline.run()
    return pipeline


def goes_on(pipeline: Pipeline) -> None:
    """A new event is told within seconds."""
    before = told(pipeline)
    pipeline.take({"JobId": f"new {before}"})
    pipeline.clock.move(5)
    pipeline.run()
    assert told(pipeline) >= before + 1


def test_a_clock_set_ahead_tells_what_waits_at_once_and_once(make: MakePipeline) -> None:
    """An hour is as if it had passed: nothing comes twice, new events go on."""
    pipeline = waiting(make)
    pipeline.clock.move(HOUR)
    pipeline.maintain.rescue()
    pipeline.run()
    assert told(pipeline) == 2
    goes_on(pipeline)
    assert [one.state for one in pipeline.deliveries()] == [State.SENT] * 2


def test_what_follows_comes_in_its_time_after_the_clock_was_set_back(make: MakePipeline) -> None:
    """What joins a group, and a step of `escalate`: both count from the moment of the change."""
    slow = Escalation(900 * SECOND, ("slow",))
    grouped = rule(group_by=None, group_interval=300 * SECOND, key=(Filter("Id"),), escalate=(slow,))
    pipeline = make(grouped, channels=(plan("oncall"), plan("slow")))
    pipeline.maintain.beat()
    pipeline.take({"JobId": "j", "Id": "1"})
    pipeline.run()
    pipeline.clock.move(-HOUR)
    pipeline.maintain.beat()
    pipeline.run()
    pipeline.take({"JobId": "j", "Id": "2"})
    pipeline.run()
    assert told(pipeline) == 1
    pipeline.clock.move(301)
    pipeline.run()
    assert (told(pipeline), len(pipeline.channels["slow/1"].sent)) == (2, 0)
    pipeline.clock.move(600)
    pipeline.run()
    assert (told(pipeline), len(pipeline.channels["slow/1"].sent)) == (2, 1)


def test_what_waits_when_the_clock_is_set_back_does_not_wait_that_much_longer(make: MakePipeline) -> None:
    """A message that waits for its next attempt, and a group that gathers, are told at once, and once."""
    gathers = rule("gathers", to=("slow",), group_wait=30 * SECOND)
    pipeline = make(rule(), gathers, channels=(plan("oncall"), plan("slow")))
    pipeline.channels["oncall/1"].script = [LATER]
    pipeline.maintain.beat()
    pipeline.take({"JobId": "waits"})
    pipeline.run()
    pipeline.clock.move(-HOUR)
    pipeline.run()
    assert (told(pipeline), len(pipeline.channels["slow/1"].sent)) == (1, 0)
    pipeline.maintain.beat()
    pipeline.run()
    assert (told(pipeline), len(pipeline.channels["slow/1"].sent)) == (2, 1)
    goes_on(pipeline)
    pipeline.clock.move(HOUR)
    pipeline.maintain.beat()
    pipeline.run()
    assert (told(pipeline), len(pipeline.channels["slow/1"].sent)) == (3, 2)
    assert {one.state for one in pipeline.deliveries()} == {State.SENT}

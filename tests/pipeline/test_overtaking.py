"""A message behind a failing one of its group, and the end of what nobody could hear of."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest

from router.core.delivery import SECOND, Outcome, State, Verdict
from router.core.rule import Severity
from router.pipeline import people
from router.pipeline.second_look import LOOKED_AT
from router.storage.unit import SqlUnit
from tests.pipeline.conftest import MakePipeline, Pipeline
from tests.pipeline.test_alerts import RESOLVED, at, failed, instance, job, last, reasons, take


def failing(pipeline: Pipeline, times: int, outcome: Outcome = Outcome.UNREACHABLE) -> None:
    """Lets the channel fail so many times."""
    pipeline.channels["oncall/1"].script = [Verdict(outcome, "down", 503)] * times


def states(pipeline: Pipeline) -> list[State]:
    """Of all deliveries, oldest first."""
    return [delivery.state for delivery in pipeline.deliveries()]


def test_a_later_message_takes_the_place_of_a_failing_one(make: MakePipeline) -> None:
    """It waits two minutes, then it is sent alone, with the content of both."""
    pipeline = make(failed(group_interval=60 * SECOND))
    failing(pipeline, 40)
    take(pipeline, 0, instance(number=0))
    take(pipeline, 30, instance(number=1))
    at(pipeline, 60)
    pipeline.clock.move(119)
    assert pipeline.maintain.take_over() == 0
    pipeline.clock.move(1)
    assert pipeline.maintain.take_over() == 1
    old, new = pipeline.deliveries()
    assert (old.state, old.replaced_by, new.state) == (State.REPLACED, new.id, State.PENDING)
    assert "later message" in old.reason
    pipeline.channels["oncall/1"].script = []
    before = len(reasons(pipeline))
    pipeline.run()
    assert reasons(pipeline)[before:] == ["new"]
    assert last(pipeline)["group"]["count"] == 2
    assert pipeline.store.read(lambda unit: unit.books())["unbalanced.deliveries_ended_without_reason"] == 0


REFUSED = Verdict(Outcome.REFUSED, "no such room", 404)


@pytest.mark.parametrize("number", range(4))
def test_dead_letters_are_retried_in_the_order_in_which_they_were_told(
    make: MakePipeline, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Also in several transactions: an end never arrives before its beginning. Ids have no order."""
    monkeypatch.setattr(people, "BATCH", 2)
    pipeline = make(failed(resolve_when=RESOLVED))
    pipeline.channels["oncall/1"].script = [REFUSED] * 3
    take(pipeline, 0, instance(job_id=f"job-{number}"))
    take(pipeline, 400, instance(number=1, job_id=f"job-{number}"))
    take(pipeline, 800, job("OnJobFinished", f"job-{number}"))
    now = pipeline.clock.now()
    people.change_dead(pipeline.store, people.retry, people.DeadLetters(), now, "ann")
    at(pipeline, 801)
    assert reasons(pipeline) == ["first", "new", "resolved"] * 2


def test_a_dead_letter_that_is_retried_takes_no_later_ones_place(make: MakePipeline) -> None:
    """The end has the content of the beginning, not the other way round."""
    pipeline = make(failed(resolve_when=RESOLVED))
    pipeline.channels["oncall/1"].script = [REFUSED, *[Verdict(Outcome.UNREACHABLE, "down", 503)] * 40]
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFinished"))
    [dead] = pipeline.deliveries(state="dead")
    pipeline.store.write(lambda unit: people.retry(unit, [dead.id], pipeline.clock.now(), "ann"))
    for second in range(20, 300, 20):
        at(pipeline, second)
        pipeline.maintain.take_over()
    assert states(pipeline) == [State.REPLACED, State.WAITING]
    pipeline.channels["oncall/1"].script = []
    at(pipeline, 900)
    assert reasons(pipeline)[-1] == "resolved"


def test_the_end_of_what_nobody_heard_of_is_not_told(make: MakePipeline) -> None:
    """The first is dropped with its reason, and no resolved is sent."""
    pipeline = make(failed(resolve_when=RESOLVED))
    failing(pipeline, 1)
    take(pipeline, 0, instance())
    take(pipeline, 0, job("OnJobFinished"))
    at(pipeline, 600)
    assert reasons(pipeline) == ["first"]
    assert states(pipeline) == [State.DROPPED]
    assert "ended before it could be sent" in pipeline.deliveries()[0].reason


def test_the_end_of_what_another_replica_claims_meanwhile_is_told(
    make: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waited when it was looked at, and was being sent when it was to be dropped."""
    pipeline = make(failed(resolve_when=RESOLVED))
    failing(pipeline, 1)
    take(pipeline, 0, instance())
    dropping = SqlUnit.drop_deliveries

    def claimed_meanwhile(unit: SqlUnit, ids: Collection[str], now: int, by: str) -> list[str]:
        unit.claim_deliveries(now + 60 * SECOND, {"oncall/1": 1}, "other:1", now + 120 * SECOND)
        return dropping(unit, ids, now, by)

    monkeypatch.setattr(SqlUnit, "drop_deliveries", claimed_meanwhile)
    pipeline.take(job("OnJobFinished"))
    pipeline.dispatch.step()
    # They were written at one moment: in no order.
    [sent], [waits] = pipeline.deliveries(state="sending"), pipeline.deliveries(state="pending")
    assert '"reason":"first"' in sent.content
    assert '"reason":"resolved"' in waits.content


@pytest.mark.parametrize("since", [100, LOOKED_AT])
def test_the_end_is_told_however_many_messages_failed_since_one_was_heard(
    make: MakePipeline, since: int
) -> None:
    """Of a long outage only the newest messages are read; what was sent before it counts all the same."""
    pipeline = make(failed(resolve_when=RESOLVED))
    take(pipeline, 0, instance())
    [heard] = pipeline.deliveries()
    [told] = pipeline.store.read(lambda unit: unit.notifications([heard.notification_id]))
    later: dict[str, Any] = {"state": State.REPLACED, "created_at": heard.created_at + 1}
    more = [replace(heard, id=f"d{n}", notification_id=f"n{n}", **later) for n in range(since)]
    pipeline.store.write(lambda unit: unit.add_deliveries(more))
    pipeline.store.write(
        lambda unit: unit.add_notifications([replace(told, id=one.notification_id) for one in more])
    )
    take(pipeline, 60, job("OnJobFinished"))
    assert reasons(pipeline) == ["first", "resolved"]


def test_the_end_of_what_was_critical_says_both(make: MakePipeline) -> None:
    """One message, with the reason of the first, which never arrived."""
    pipeline = make(failed(resolve_when=RESOLVED, severity=Severity.CRITICAL))
    failing(pipeline, 1)
    take(pipeline, 0, instance())
    take(pipeline, 0, job("OnJobFinished"))
    at(pipeline, 600)
    assert reasons(pipeline) == ["first", "first"]
    assert sorted(states(pipeline)) == [State.DROPPED, State.SENT]


def test_the_end_of_what_may_have_arrived_is_told(make: MakePipeline) -> None:
    """An attempt without an answer may have been heard."""
    pipeline = make(failed(resolve_when=RESOLVED))
    failing(pipeline, 1, Outcome.UNKNOWN)
    take(pipeline, 0, instance())
    take(pipeline, 0, job("OnJobFinished"))
    at(pipeline, 600)
    assert "resolved" in reasons(pipeline)

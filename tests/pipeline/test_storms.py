"""A storm's messages: told only while something in it fires unseen and unmuted, with counts that are true."""

from collections.abc import Sequence
from typing import Any

import pytest

from router.core.alert import Alert
from router.core.delivery import SECOND
from router.core.filter import Filter
from router.core.mute.silence import Silence
from router.core.rule import Severity
from router.pipeline import dispatch, people
from router.storage.unit import SqlUnit
from tests.pipeline.conftest import START, MakePipeline, Pipeline, plan
from tests.pipeline.test_alerts import HOUR, RESOLVED, at, failed, instance, job, last, reasons, take

#: What is told of the first three jobs: two by themselves, the third by the storm.
BEGIN = ["first", "first", "storm"]


def storming(make: MakePipeline, jobs: int, **keys: Any) -> Pipeline:
    """The jobs fail one by one, on a channel whose guard lets two messages through."""
    pipeline = make(failed(resolve_when=RESOLVED, **keys), channels=(plan("oncall", storm=(2, 60 * SECOND)),))
    for number in range(jobs):
        take(pipeline, number, instance(job_id=f"job-{number}"))
    assert reasons(pipeline) == BEGIN
    return pipeline


def silence(pipeline: Pipeline, jobs: Sequence[int], end: int) -> None:
    """From now until so many seconds after the start."""
    matcher = Filter(" || ".join(f"JobId == 'job-{number}'" for number in jobs))
    now = pipeline.clock.now()
    made = Silence("s-1", matcher, now, START + end * SECOND, "kim", "moving", now)
    pipeline.store.write(lambda unit: unit.put_silences([made]))


def acknowledge(pipeline: Pipeline, jobs: Sequence[int]) -> None:
    """Somebody takes the alerts of these jobs as seen."""
    names = [f'"job-{number}"' for number in jobs]
    found = pipeline.store.read(lambda unit: unit.list_alerts())
    ids = [one.id for one in found if any(name in one.key for name in names)]
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: people.acknowledge(unit, pipeline.policy, ids, now, "kim"))


def test_what_is_silenced_before_the_digest_is_told_when_the_silence_ends(make: MakePipeline) -> None:
    """Nothing of the storm may be told: no digest comes; then one does, with all that fires."""
    pipeline = storming(make, 5)
    silence(pipeline, [2, 3, 4], end=1000)
    at(pipeline, 302)
    at(pipeline, 999)
    assert reasons(pipeline) == BEGIN
    at(pipeline, 1000)
    assert reasons(pipeline) == [*BEGIN, "storm"]
    assert last(pipeline)["group"]["firing"] == 3


def test_what_was_seen_before_the_digest_is_not_told(make: MakePipeline) -> None:
    """The third job was told, the later ones are acknowledged: there is nothing new to say."""
    pipeline = storming(make, 5)
    acknowledge(pipeline, [3, 4])
    at(pipeline, 1000)
    assert reasons(pipeline) == BEGIN


def test_what_ended_before_the_digest_is_not_told(make: MakePipeline) -> None:
    """The later jobs have finished: no digest; the storm's end says the rest."""
    pipeline = storming(make, 5)
    take(pipeline, 10, job("OnJobFinished", "job-3"), job("OnJobFinished", "job-4"))
    at(pipeline, 1000)
    assert reasons(pipeline) == BEGIN
    take(pipeline, 1001, job("OnJobFinished", "job-2"))
    assert reasons(pipeline) == [*BEGIN, "resolved"]


def test_a_digest_counts_what_fires_unseen_and_unmuted(make: MakePipeline) -> None:
    """Of ten in a storm one was told, two are seen, two silenced, one ended: five fire, four are new."""
    pipeline = storming(make, 12)
    acknowledge(pipeline, [3, 4])
    silence(pipeline, [5, 6], end=HOUR)
    take(pipeline, 20, job("OnJobFinished", "job-7"))
    at(pipeline, 302)
    assert reasons(pipeline) == [*BEGIN, "storm"]
    group = last(pipeline)["group"]
    assert (group["count"], group["new"], group["firing"], group["resolved"]) == (10, 4, 5, 1)
    assert "5 alerts at once" in last(pipeline)["text"]["title"]


def test_a_storm_names_what_fires_though_the_newest_were_seen(make: MakePipeline) -> None:
    """A message names ten at most; where somebody has seen these, it names one that fires."""
    pipeline = storming(make, 20)
    acknowledge(pipeline, [2, *range(4, 20)])
    at(pipeline, 302)
    assert reasons(pipeline) == [*BEGIN, "storm"]
    firing = [one["key"][0] for one in last(pipeline)["alerts"] if one["state"] == "firing"]
    assert firing == ["job-3"]


@pytest.mark.parametrize("seen", [False, True])
def test_a_storm_is_repeated_while_something_in_it_fires_unseen(make: MakePipeline, seen: bool) -> None:
    """What its groups would be repeated for is told in its own message."""
    pipeline = storming(make, 3, repeat_interval=HOUR * SECOND, closes_after=9 * HOUR * SECOND)
    acknowledge(pipeline, [0, 1, 2] if seen else [0, 1])
    at(pipeline, HOUR + 1)
    assert reasons(pipeline) == BEGIN
    at(pipeline, HOUR + 2)
    assert reasons(pipeline) == (BEGIN if seen else [*BEGIN, "storm"])


@pytest.mark.parametrize("goes_on", [False, True])
def test_what_was_critical_and_ended_before_it_was_told_is_told_in_a_storm_too(
    make: MakePipeline, goes_on: bool
) -> None:
    """One message says both, by itself: a storm in which nothing fires has no message to come."""
    pipeline = make(
        failed(resolve_when=RESOLVED, severity=Severity.CRITICAL, group_wait=5 * SECOND),
        channels=(plan("oncall", storm=(2, 60 * SECOND)),),
    )
    take(pipeline, 0, *[instance(job_id=f"job-{number}") for number in range(3 if goes_on else 2)])
    at(pipeline, 5)
    before = BEGIN if goes_on else BEGIN[:2]
    assert sorted(reasons(pipeline)) == before
    take(pipeline, 6, instance(job_id="job-9"))
    take(pipeline, 7, job("OnJobFinished", "job-9"))
    at(pipeline, 1000)
    assert sorted(reasons(pipeline)[:-1]) == before
    assert reasons(pipeline)[-1] == "first"
    assert last(pipeline)["text"]["title"].startswith("Resolved: ")


def test_a_storm_has_what_falls_due_at_its_own_moment(make: MakePipeline) -> None:
    """A job fails in the moment in which the digest is due: it is told of with it."""
    pipeline = storming(make, 5)
    for second in (50, 100, 150, 200, 250):
        take(pipeline, second, instance(job_id=f"job-{second}"))
    pipeline.clock.at = START + 302 * SECOND
    pipeline.take(instance(job_id="job-302"))
    pipeline.run()
    assert reasons(pipeline) == [*BEGIN, "storm"]
    assert last(pipeline)["group"]["firing"] == 9


def test_what_a_storm_takes_in_costs_the_same_however_many_it_has(
    make: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may mute its alerts is judged when it is told, not with each group that it takes in."""
    read: list[str] = []
    real = SqlUnit.firing_members

    def counted(unit: SqlUnit, group_id: str, limit: int, *, after: str = "") -> list[Alert]:
        read.append(group_id)
        return real(unit, group_id, limit, after=after)

    monkeypatch.setattr(SqlUnit, "firing_members", counted)
    pipeline = storming(make, 5, mute_time_intervals=("never",))
    told_with = len(read)
    for number in range(5, 20):
        take(pipeline, number, instance(job_id=f"job-{number}"))
    assert len(read) == told_with
    at(pipeline, 302)
    assert reasons(pipeline) == [*BEGIN, "storm"]
    assert len(read) > told_with


def test_a_storm_of_more_than_can_be_judged_is_told(
    make: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are looked at; that the others may be muted keeps nobody from being told."""
    monkeypatch.setattr(dispatch, "OF_STORM", 2)
    monkeypatch.setattr(dispatch, "JUDGED", 4)
    pipeline = storming(make, 9)
    silence(pipeline, range(9), end=1000)
    at(pipeline, 302)
    assert reasons(pipeline) == [*BEGIN, "storm"]
    assert last(pipeline)["group"]["firing"] == 3

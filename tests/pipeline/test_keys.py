"""What the keys of a rule and the states of its alerts promise, where no other test is about it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from router.core.alert import AlertState
from router.core.delivery import SECOND
from router.core.event import Envelope
from router.core.filter import Filter
from router.core.mute.interval import ClockSpan, TimeInterval
from router.core.rule import Inhibition
from router.decoders import decode
from router.pipeline.people import acknowledge
from router.pipeline.virtual import VirtualRouter
from router.storage.memory import MemoryStore
from tests.pipeline.conftest import MakePipeline, plan
from tests.pipeline.test_alerts import RESOLVED, at, failed, instance, job, reasons
from tests.pipeline.test_alerts import take as receive
from tests.pipeline.test_edges import states, told
from tests.pipeline.test_mutes import silence
from tests.pipeline.test_virtual import moment, policy_of, router, take

HOUR = 3600
JOB_FAILED = "Event == 'OnJobFailed'"


# alerts


@pytest.mark.parametrize(
    ("event", "expected"),
    [([job("OnJobFinished")], ["first", "resolved"]), ([], ["first"])],
    ids=["resolve_when", "close_after"],
)
def test_what_a_person_has_seen_ends_as_what_fires(
    make: MakePipeline, event: list[dict[str, Any]], expected: list[str]
) -> None:
    """By an event, which is told, or by itself, which is not."""
    pipeline = make(failed(resolve_when=RESOLVED, closes_after=2 * HOUR * SECOND))
    receive(pipeline, 0, instance())
    [alert] = pipeline.store.read(lambda unit: unit.list_alerts())
    pipeline.store.write(lambda unit: acknowledge(unit, pipeline.policy, [alert.id], moment(0), "ann"))
    receive(pipeline, 60, *event)
    at(pipeline, 3 * HOUR)
    [ended] = pipeline.store.read(lambda unit: unit.list_alerts())
    assert (ended.state, reasons(pipeline)) == (AlertState.RESOLVED, expected)


def test_a_job_that_failed_may_run_again() -> None:
    """Failed is no end: a second failure is the same alert, and what ends it is the job's success."""
    one = router(failed("job", JOB_FAILED, resolve_when=RESOLVED))
    take(one, 0, job("OnJobFailed"))
    take(one, 60, job("OnJobRunning"))
    take(one, 120, job("OnJobFailed"))
    assert states(one, "job") == ["firing"]
    take(one, 600, job("OnJobFinished"))
    assert told(one, HOUR) == [(0, "oncall", "first"), (300, "oncall", "new"), (600, "oncall", "resolved")]


def test_a_new_match_opens_a_new_alert() -> None:
    """After one that was told, and after one that healed."""
    healing = failed("held", JOB_FAILED, hold=60 * SECOND, resolve_when=RESOLVED)
    one = router(failed(resolve_when=RESOLVED), healing)
    for seconds in (0, 20):
        take(one, seconds, instance(), job("OnJobFailed"))
        take(one, seconds + 10, job("OnJobFinished"))
    found = one.store.read(lambda unit: unit.list_alerts())
    assert sorted((alert.rule, alert.state) for alert in found) == [
        *[("failed", AlertState.RESOLVED)] * 2,
        *[("held", AlertState.HEALED)] * 2,
    ]


# Job


def published(seconds: float, body: dict[str, Any]) -> Envelope:
    """A message that its queue got at a time, whenever it comes."""
    headers = {"x-mns-enqueue-time": str(moment(seconds) // 1000)}
    return Envelope("batch", json.dumps(body).encode(), moment(1000), headers=headers, position=f"{seconds}")


def test_the_newest_word_of_a_job_stands_whichever_comes_last() -> None:
    """By the time at which it was published; and after a restart it is there still."""
    store = MemoryStore()
    policy = policy_of([failed(when="Event == 'OnInstanceFailed' && Job.State == 'Running'")])
    one = VirtualRouter(store, policy, decode, moment(1000))
    one.take(
        [
            published(100, job("OnJobRunning", State="Running")),
            published(50, job("OnJobWaiting", State="Waiting")),
        ]
    )
    again = VirtualRouter(store, policy, decode, moment(1000))
    assert [receipt.outcome for receipt in again.take([published(200, instance())])] == ["routed"]
    again.take([published(300, job("OnJobFailed", State="Failed"))])
    assert [receipt.outcome for receipt in again.take([published(400, instance(number=1))])] == ["unmatched"]


# mutes


@pytest.mark.parametrize(
    ("mode", "is_inhibited", "is_silenced", "reason"),
    [
        ("shadow", True, True, "shadow"),
        ("on", True, True, "inhibited by jobs ("),
        ("on", False, True, "silenced by s-1 (kim: moving)"),
        ("on", False, False, "in the time interval always"),
    ],
)
def test_the_first_that_mutes_is_the_reason_on_record(
    make: MakePipeline, mode: Any, is_inhibited: bool, is_silenced: bool, reason: str
) -> None:
    """Shadow, an inhibitor, a silence, a time interval, in this order."""
    by_job = (Inhibition("jobs", (Filter("JobId"),)),)
    rule = failed(mode=mode, inhibited_by=by_job, mute_time_intervals=("always",))
    pipeline = make(rule, failed("jobs", JOB_FAILED, to=("duty",)), channels=(plan("oncall"), plan("duty")))
    always = TimeInterval(times=(ClockSpan(0, 1440),))
    pipeline.policy = replace(pipeline.policy, intervals={"always": (always,)})
    if is_silenced:
        silence(pipeline, 0, HOUR)
    receive(pipeline, 0, *([job("OnJobFailed")] if is_inhibited else []), instance())
    [alert] = pipeline.store.read(lambda unit: unit.open_alerts_of("failed"))
    assert alert.muted_by.startswith(reason)


# storms


def test_a_storm_lasts_until_no_group_has_come_for_its_time() -> None:
    """However long that is: each that comes within a minute of the last one is told with the others."""
    one = router(failed(), channels=(plan("oncall", storm=(2, 60 * SECOND)),))
    for number, seconds in enumerate((0, 1, 2, 50, 105, 160, 221)):
        take(one, seconds, instance(job_id=f"job-{number}"))
    assert told(one, 250) == [
        (0, "oncall", "first"),
        (1, "oncall", "first"),
        (2, "oncall", "storm"),
        (221, "oncall", "first"),
    ]


def test_many_jobs_that_fail_within_a_minute_are_a_few_messages_and_none_is_missing() -> None:
    """At most twelve in the first group_interval; each job has one, or is among those of the storm."""
    one = router(failed(), channels=(plan("oncall", storm=(10, 60 * SECOND)),))
    jobs = [f"job-{number}" for number in range(50)]
    for number, name in enumerate(jobs):
        take(one, number, *(instance(number=part, job_id=name) for part in range(3)))
    assert len(told(one, 299)) <= 12
    alerts = one.store.read(lambda unit: unit.list_alerts(limit=1000))
    seats = {seat.group_id for alert in alerts for seat in alert.seats}
    found = one.store.read(lambda unit: unit.groups(seats))
    storms = {group.storm_id for group in found if group.storm_id}
    [storm] = one.store.read(lambda unit: unit.groups(storms))
    assert storm.told
    heard = {json.loads(group.key)[0] for group in found if group.storm_id or group.told}
    assert heard == set(jobs)
    assert (storm.storm_groups, storm.alerts) == (40, 120)

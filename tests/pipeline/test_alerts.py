"""Alerts: when they fire, when they end, and what is never told."""

from typing import Any

import pytest

from router.core.alert import Alert
from router.core.delivery import SECOND
from router.core.filter import Filter
from router.core.mute.silence import Silence, expired
from router.core.mute.tick import Schedule, next_tick
from router.core.rule import Count, Expect, Rule
from router.core.times import iso
from router.decoders import decode
from router.pipeline import absences
from router.pipeline.people import acknowledge
from router.pipeline.rerun import recorded, rerun
from router.pipeline.tongue import Tongue
from router.storage.memory import MemoryStore
from tests.pipeline.conftest import START, MakePipeline, Pipeline, plan, rule

MINUTE = 60
HOUR = 3600


def job(event: str, job_id: str = "job-1", **fields: Any) -> dict[str, Any]:
    """An event of a job."""
    return {"Event": event, "Category": "Job", "JobId": job_id, "JobName": "nightly", **fields}


def instance(
    event: str = "OnInstanceFailed", number: int = 0, job_id: str = "job-1", **fields: Any
) -> dict[str, Any]:
    """An event of an instance."""
    given = {"Task": "Echo", "InstanceId": str(number), "ExitCode": "137", "State": "Failed"}
    return {"Event": event, "Category": "Job", "JobId": job_id, **given, **fields}


def failed(name: str = "failed", when: str = "Event == 'OnInstanceFailed'", **keys: Any) -> Rule:
    """A rule whose alerts are told by job."""
    given: dict[str, Any] = {"group_by": None} | keys
    return rule(name, when, **given)


def reasons(pipeline: Pipeline, channel: str = "oncall/1") -> list[str]:
    """Why the channel was told, in order."""
    return [message.data["reason"] for message, _ in pipeline.channels[channel].sent]


def last(pipeline: Pipeline, channel: str = "oncall/1") -> dict[str, Any]:
    """What the channel was told last."""
    return dict(pipeline.channels[channel].sent[-1][0].data)


def at(pipeline: Pipeline, seconds: float) -> None:
    """Moves the clock to so many seconds after the start, and lets everything happen that is due."""
    pipeline.clock.at = START + int(seconds * SECOND)
    pipeline.run()


def take(pipeline: Pipeline, seconds: float, *events: dict[str, Any]) -> list[str]:
    """Receives events at a time, and lets everything happen that is due; their outcomes."""
    at(pipeline, seconds)
    outcomes = [receipt.outcome for receipt in pipeline.take(*events)]
    pipeline.run()
    return outcomes


RESOLVED = Filter("Event == 'OnJobFinished'")


def test_a_second_failure_of_the_same_thing_is_the_same_alert(make: MakePipeline) -> None:
    """Told once; the second only counts, and is told with what is new."""
    pipeline = make(failed())
    take(pipeline, 0, instance())
    take(pipeline, 10, instance())
    assert reasons(pipeline) == ["first"]
    at(pipeline, 300)
    assert reasons(pipeline) == ["first", "new"]
    assert last(pipeline)["group"]["count"] == 1
    assert last(pipeline)["alerts"][0]["count"] == 2


def test_resolve_when_ends_every_alert_of_the_job(make: MakePipeline) -> None:
    """OnJobFinished carries the JobId of the instances' keys: it ends them all, and that is told once."""
    pipeline = make(failed(resolve_when=RESOLVED))
    take(pipeline, 0, *[instance(number=n) for n in range(5)], instance(job_id="job-2"))
    take(pipeline, 10, job("OnJobFinished"))
    assert reasons(pipeline) == ["first", "first", "resolved"]
    assert last(pipeline)["group"]["resolved"] == 5
    assert [alert["state"] for alert in last(pipeline)["alerts"]] == ["resolved"] * 5
    take(pipeline, 1000)
    assert reasons(pipeline) == ["first", "first", "resolved"]


def test_the_order_of_a_key_does_not_matter_to_what_ends_it(make: MakePipeline) -> None:
    """OnJobFinished carries the last part of the key alone, and ends the alert."""
    pipeline = make(failed(key=(Filter("InstanceId"), Filter("JobId")), resolve_when=RESOLVED))
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFinished"))
    assert reasons(pipeline) == ["first", "resolved"]


def test_send_resolved_false_says_nothing_at_the_end(make: MakePipeline) -> None:
    """The alert ends; nobody is told."""
    pipeline = make(failed(resolve_when=RESOLVED, send_resolved=False))
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFinished"))
    assert reasons(pipeline) == ["first"]


def healed(pipeline: Pipeline) -> float:
    """How many alerts of ``failed`` are counted as healed."""
    value = pipeline.metrics.registry.get_sample_value
    return value("alert_router_alerts_healed_total", {"rule": "failed"}) or 0


def test_what_heals_within_hold_is_never_told(make: MakePipeline) -> None:
    """A failure that succeeds on retry within hold pages nobody, and is counted as healed."""
    pipeline = make(failed(hold=600 * SECOND, resolve_when=Filter("Event == 'OnInstanceFinished'")))
    take(pipeline, 0, instance())
    take(pipeline, 300, instance("OnInstanceFinished", ExitCode="0"))
    at(pipeline, 2000)
    assert reasons(pipeline) == []
    [record] = [one for one in pipeline.store.read(lambda unit: unit.events()) if one.matches]
    [alert] = pipeline.store.read(lambda unit: unit.alerts([record.matches[0][1]]))
    assert alert.state == "healed"
    assert healed(pipeline) == 1


def test_what_lasts_longer_than_hold_is_told_then(make: MakePipeline) -> None:
    """The first match counts; a second one does not start hold again."""
    pipeline = make(failed(hold=600 * SECOND))
    take(pipeline, 0, instance())
    take(pipeline, 500, instance())
    at(pipeline, 599)
    assert reasons(pipeline) == []
    at(pipeline, 600)
    assert reasons(pipeline) == ["first"]


def test_count_fires_at_the_nth_event_within_the_window(make: MakePipeline) -> None:
    """The window slides: its start is outside it, its end inside."""
    pipeline = make(failed(count=Count(3, 60 * SECOND)))
    take(pipeline, 0, instance(number=1))
    take(pipeline, 30, instance(number=2))
    take(pipeline, 60, instance(number=3))
    assert reasons(pipeline) == []
    take(pipeline, 89, instance(number=4))
    assert reasons(pipeline) == ["first"]


def test_a_count_that_is_not_reached_heals(make: MakePipeline) -> None:
    """After its window has passed counting starts at zero."""
    pipeline = make(failed(count=Count(3, 60 * SECOND)))
    take(pipeline, 0, instance(number=1), instance(number=2))
    at(pipeline, 61)
    take(pipeline, 62, instance(number=3), instance(number=4))
    assert reasons(pipeline) == []
    assert healed(pipeline) == 1


def test_a_count_is_reached_by_what_comes_later_than_its_window_lasts(make: MakePipeline) -> None:
    """They happened within a minute, and come one by one two minutes later."""
    pipeline = make(failed(when="type == 'done'", count=Count(3, 60 * SECOND), key=(Filter("type"),)))
    for happened in (0, 20, 40):
        take(pipeline, happened + 120, done(happened))
    assert reasons(pipeline) == ["first"]


def test_a_count_that_comes_late_and_is_not_reached_heals(make: MakePipeline) -> None:
    """Its window has passed when nothing came for as long as it lasts."""
    pipeline = make(failed(when="type == 'done'", count=Count(3, 60 * SECOND), key=(Filter("type"),)))
    take(pipeline, 120, done(0))
    take(pipeline, 140, done(20))
    at(pipeline, 199)
    assert healed(pipeline) == 0
    at(pipeline, 200)
    assert healed(pipeline) == 1


def test_an_expectation_that_is_met_tells_nobody(make: MakePipeline) -> None:
    """A job that finishes in time is healed; one that does not is told at the deadline."""
    expect = Expect(Filter("Event == 'OnJobFinished'"), 2 * HOUR * SECOND)
    pipeline = make(failed("slow", "Event == 'OnJobRunning'", expect=expect))
    take(pipeline, 0, job("OnJobRunning"), job("OnJobRunning", "job-2"))
    take(pipeline, HOUR, job("OnJobFinished"))
    at(pipeline, 2 * HOUR - 1)
    assert reasons(pipeline) == []
    at(pipeline, 2 * HOUR)
    assert reasons(pipeline) == ["first"]
    assert last(pipeline)["event"]["data"]["JobId"] == "job-2"
    take(pipeline, 3 * HOUR, job("OnJobFinished", "job-2"))
    assert reasons(pipeline) == ["first", "resolved"]


def test_an_expectation_waits_for_its_source(make: MakePipeline) -> None:
    """After a standstill the deadline is judged only when the source has caught up."""
    expect = Expect(Filter("Event == 'OnJobFinished'"), 2 * HOUR * SECOND)
    pipeline = make(failed("slow", "Event == 'OnJobRunning'", expect=expect))
    take(pipeline, 0, job("OnJobRunning"), job("OnJobRunning", "job-2"))
    pipeline.waiting_for = frozenset({"hook"})
    at(pipeline, 4 * HOUR)
    assert reasons(pipeline) == []
    take(pipeline, 4 * HOUR, job("OnJobFinished"))
    pipeline.waiting_for = frozenset()
    at(pipeline, 4 * HOUR + 1)
    assert reasons(pipeline) == ["first"]
    assert last(pipeline)["event"]["data"]["JobId"] == "job-2"


def test_an_older_event_does_not_open_what_has_ended(make: MakePipeline) -> None:
    """A failure that comes late, after the end that followed it, changes nothing; a newer one does."""
    pipeline = make(
        failed(when="type == 'failed'", key=(Filter("id_"),), resolve_when=Filter("type == 'ok'"))
    )

    def event(kind: str, seconds: int, name: str) -> dict[str, Any]:
        time = f"2027-01-15T08:{seconds // 60:02}:{seconds % 60:02}Z"
        body: dict[str, Any] = {
            "specversion": "1.0",
            "source": "s",
            "type": kind,
            "time": time,
            "data": {},
            "id_": "x",
        }
        return body | {"id": name}

    pipeline.clock.at = START + HOUR * SECOND
    outcomes = [receipt.outcome for receipt in pipeline.take(event("ok", 30, "e1"))]
    outcomes += [receipt.outcome for receipt in pipeline.take(event("failed", 10, "e2"))]
    pipeline.run()
    assert outcomes == ["suppressed", "suppressed"]
    assert reasons(pipeline) == []
    pipeline.take(event("failed", 40, "e3"))
    pipeline.run()
    assert reasons(pipeline) == ["first"]


def test_an_alert_closes_by_itself_and_says_nothing(make: MakePipeline) -> None:
    """close_after runs from the last match; the next match is a new alert."""
    pipeline = make(failed(closes_after=HOUR * SECOND))
    take(pipeline, 0, instance())
    take(pipeline, HOUR - 1, instance())
    take(pipeline, 2 * HOUR - 2, instance())
    take(pipeline, 3 * HOUR, instance())
    assert reasons(pipeline).count("first") == 2
    assert "resolved" not in reasons(pipeline)


def test_a_key_with_a_null_is_an_alert_of_its_own(make: MakePipeline) -> None:
    """Missing, null and empty are the same, and name no trouble."""
    pipeline = make(failed(when="Event == 'x'", key=(Filter("a"), Filter("b")), group_by=()))
    whole = {"Event": "x", "a": 1, "b": 2}
    take(pipeline, 0, {"Event": "x", "a": "1", "b": ""}, {"Event": "x", "a": "1"}, whole)
    take(pipeline, 1, whole)
    assert reasons(pipeline) == ["first"] * 3


def test_catch_all_leaves_out_what_ends_something(make: MakePipeline) -> None:
    """An event that meets resolve_when counts as matched."""
    pipeline = make(
        failed(resolve_when=RESOLVED),
        rule("rest", None, catch_all=True, to=("rest",)),
        channels=(plan("oncall"), plan("rest")),
    )
    take(pipeline, 0, instance(), job("OnJobFinished"), job("OnJobRunning"))
    assert reasons(pipeline, "rest/1") == ["first"]
    assert last(pipeline, "rest/1")["event"]["data"]["Event"] == "OnJobRunning"


def test_job_context_is_joined(make: MakePipeline) -> None:
    """An instance's event carries what was last heard of its job; an older word does not replace a newer."""
    pipeline = make(failed(when="Event == 'OnInstanceFailed' && Job.JobName == 'nightly'"))
    assert take(pipeline, 0, instance()) == ["unmatched"]
    take(pipeline, 1, job("OnJobRunning"))
    assert take(pipeline, 2, instance()) == ["routed"]
    assert last(pipeline)["event"]["data"]["Job"]["JobName"] == "nightly"


def test_a_rule_that_left_resolves_its_alerts_in_silence(make: MakePipeline) -> None:
    """At its next moment the alert of a rule that is gone ends, and nobody hears of it."""
    pipeline = make(failed(closes_after=60 * SECOND))
    take(pipeline, 0, instance())
    pipeline.policy = make(failed("other")).policy
    at(pipeline, 61)
    assert pipeline.store.read(lambda unit: unit.open_alerts_of("failed")) == []
    assert reasons(pipeline) == ["first"]


NIGHTLY = Schedule("0 3 * * *", "UTC", 1800 * SECOND)


def tick_of(pipeline: Pipeline) -> float:
    """Seconds from the start to the next tick of NIGHTLY."""
    install(pipeline)
    return ((next_tick(NIGHTLY, START) or 0) - START) / SECOND


def install(pipeline: Pipeline) -> None:
    """Takes the policy into force, as the router does at its start."""
    pipeline.store.write(lambda unit: absences.install(unit, pipeline.policy, pipeline.clock.now()))


def test_what_never_came_is_told(make: MakePipeline) -> None:
    """At the tick and grace, once for several missed ticks; the next match ends it."""
    keys: dict[str, Any] = {"absent": NIGHTLY, "closes_after": 9 * 86_400 * SECOND}
    pipeline = make(failed("nightly", "Event == 'OnJobFinished'", **keys))
    tick = tick_of(pipeline)
    at(pipeline, tick + 1799)
    assert reasons(pipeline) == []
    at(pipeline, tick + 1800)
    assert reasons(pipeline) == ["first"]
    assert last(pipeline)["event"]["data"]["rule"] == "nightly"
    at(pipeline, tick + 3 * 86_400)
    assert reasons(pipeline) == ["first"]
    take(pipeline, tick + 3 * 86_400 + 60, job("OnJobFinished"))
    assert reasons(pipeline) == ["first", "resolved"]
    at(pipeline, tick + 4 * 86_400 + 1800)
    assert reasons(pipeline) == ["first", "resolved", "first"]


@pytest.mark.parametrize("later", [-0.25, 0, 0.25], ids=["sooner", "at the same time", "later"])
def test_what_is_missing_every_day_is_one_alert(make: MakePipeline, later: float) -> None:
    """Each missed tick is heard of: close_after begins anew, however late in its second a tick is judged."""
    pipeline = make(failed("nightly", "Event == 'OnJobFinished'", absent=NIGHTLY))
    judged = tick_of(pipeline) + 1800.5
    for day in range(4):
        at(pipeline, judged + day * (86_400 + later))
        at(pipeline, judged + day * 86_400 + 60)
    assert [one.state for one in alerts_of(pipeline, "nightly")] == ["firing"]
    assert reasons(pipeline) == ["first"]
    take(pipeline, judged + 4 * 86_400 - 3600, job("OnJobFinished"))
    assert reasons(pipeline) == ["first", "resolved"]


def test_what_is_missing_again_is_told_when_nobody_has_it_in_hand_any_more(make: MakePipeline) -> None:
    """Acknowledged for an hour after the first day: the second one fires again."""
    pipeline = make(failed("nightly", "Event == 'OnJobFinished'", absent=NIGHTLY))
    judged = tick_of(pipeline) + 1800
    at(pipeline, judged)
    [alert] = alerts_of(pipeline, "nightly")
    pipeline.store.write(
        lambda unit: acknowledge(unit, pipeline.policy, [alert.id], pipeline.clock.at, "ann")
    )
    at(pipeline, judged + 86_399)
    assert reasons(pipeline) == ["first"]
    at(pipeline, judged + 86_400)
    assert reasons(pipeline) == ["first", "new"]


def test_what_comes_late_does_not_end_what_is_missing_since(make: MakePipeline) -> None:
    """It happened before the tick, and belongs to the one before."""
    pipeline = make(failed("nightly", "type == 'done'", absent=NIGHTLY))
    tick = tick_of(pipeline)
    at(pipeline, tick + 1800)
    take(pipeline, tick + 1900, done(tick - 1))
    assert reasons(pipeline) == ["first"]
    take(pipeline, tick + 2000, done(tick))
    assert reasons(pipeline) == ["first", "resolved"]


def test_what_was_missing_yesterday_does_not_end_what_is_missing_today(make: MakePipeline) -> None:
    """Two ticks were missed: what comes late for the first of them is not what the second waits for."""
    pipeline = make(failed("nightly", "type == 'done'", absent=NIGHTLY))
    tick = tick_of(pipeline)
    at(pipeline, tick + 1800)
    at(pipeline, tick + 86_400 + 1800)
    take(pipeline, tick + 86_400 + 1900, done(tick + 86_399))
    assert reasons(pipeline) == ["first"]
    take(pipeline, tick + 86_400 + 2000, done(tick + 86_400 + 1700))
    assert reasons(pipeline) == ["first", "resolved"]


def done(seconds: float) -> dict[str, Any]:
    """A CloudEvent that happened so many seconds after the start, whenever it comes."""
    time = iso(START + int(seconds * SECOND))
    return {"specversion": "1.0", "id": f"done {seconds}", "source": "/job", "type": "done", "time": time}


def alerts_of(pipeline: Pipeline, rule: str) -> list[Alert]:
    """All alerts of a rule."""
    return pipeline.store.read(lambda unit: unit.list_alerts(rule=rule))


def test_what_came_after_its_tick_is_not_missed(make: MakePipeline) -> None:
    """An event before a tick belongs to the tick before it."""
    pipeline = make(failed("nightly", "Event == 'OnJobFinished'", absent=NIGHTLY))
    tick = tick_of(pipeline)
    take(pipeline, tick + 60, job("OnJobFinished"))
    at(pipeline, tick + 1800)
    take(pipeline, tick + 86_399, job("OnJobFinished"))
    at(pipeline, tick + 86_400 + 1799)
    assert reasons(pipeline) == []
    at(pipeline, tick + 86_400 + 1800)
    assert reasons(pipeline) == ["first"]


def test_absence_waits_for_its_source(make: MakePipeline) -> None:
    """A source that has not caught up may still bring it."""
    pipeline = make(failed("nightly", "Event == 'OnJobFinished'", absent=NIGHTLY))
    tick = tick_of(pipeline)
    pipeline.waiting_for = frozenset({"hook"})
    at(pipeline, tick + 7200)
    assert reasons(pipeline) == []
    pipeline.waiting_for = frozenset()
    at(pipeline, tick + 7201)
    assert reasons(pipeline) == ["first"]


def test_a_silence_that_is_given_a_start_in_the_past_has_muted_nothing_then(make: MakePipeline) -> None:
    """The same events played again, as ``plan`` does, are told as they were: it was not made yet."""
    pipeline = make(failed())
    take(pipeline, 0, instance())
    at(pipeline, 100)
    rule, made_at = Filter("rule == 'failed'"), pipeline.clock.at
    silence = Silence("s-1", rule, START - SECOND, START + HOUR * SECOND, "kim", "moving", made_at)
    pipeline.store.write(lambda unit: unit.put_silences([silence]))
    take(pipeline, 200, instance(job_id="job-2"))
    since, envelopes, silences, jobs = recorded(pipeline.store, START, 10)
    again = MemoryStore(), Tongue(), since, START + 300 * SECOND
    told = rerun(envelopes, pipeline.policy, decode, *again, silences, jobs)
    assert [one.reason for one in told] == reasons(pipeline) == ["first"]


def test_a_silence_holds_back_until_it_ends(make: MakePipeline) -> None:
    """What still fires when it ends is told then; the resolved of what was told is never held back."""
    pipeline = make(failed(resolve_when=RESOLVED))
    silence = Silence("s-1", Filter("JobId == 'job-1'"), START, START + HOUR * SECOND, "kim", "moving", START)
    pipeline.store.write(lambda unit: unit.put_silences([silence]))
    take(pipeline, 0, instance(), instance(job_id="job-2"))
    assert [one["event"]["data"]["JobId"] for one in sent(pipeline)] == ["job-2"]
    [alert] = pipeline.store.read(lambda unit: unit.open_alerts_of("failed", 1))
    assert "silenced by s-1 (kim: moving)" in {alert.muted_by, muted(pipeline, "job-1")}
    at(pipeline, HOUR - 1)
    assert len(sent(pipeline)) == 1
    at(pipeline, HOUR)
    assert [one["event"]["data"]["JobId"] for one in sent(pipeline)] == ["job-2", "job-1"]


def test_a_repetition_that_takes_the_place_of_muted_news_tells_nothing_muted(make: MakePipeline) -> None:
    """A silence for the job begins after its first failure was told; the second comes as that is repeated."""
    pipeline = make(failed(repeat_interval=600 * SECOND))
    take(pipeline, 0, instance())
    begin, end = START + 60 * SECOND, START + 1200 * SECOND
    silence = Silence("s-1", Filter("JobId == 'job-1'"), begin, end, "kim", "moving", START)
    pipeline.store.write(lambda unit: unit.put_silences([silence]))
    pipeline.clock.at = START + 600 * SECOND
    pipeline.take(instance(number=1))
    pipeline.run()
    assert reasons(pipeline) == ["first"]
    at(pipeline, 1200)
    assert reasons(pipeline) == ["first", "new"]
    assert last(pipeline)["group"]["firing"] == 2


def test_a_silence_that_a_person_ends_lets_go_at_once(make: MakePipeline) -> None:
    """Expired by hand, what it held back is judged again."""
    pipeline = make(failed())
    silence = Silence("s-1", Filter("rule"), START, START + HOUR * SECOND, "kim", "moving", START)
    pipeline.store.write(lambda unit: unit.put_silences([silence]))
    take(pipeline, 0, instance())
    assert reasons(pipeline) == []
    pipeline.clock.move(60)
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: unit.put_silences([expired(silence, now)]))
    assert pipeline.store.write(lambda unit: unit.recheck_muted("silenced by s-1 ", now)) == 1
    pipeline.run()
    assert reasons(pipeline) == ["first"]


def sent(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Everything that oncall was told."""
    return [dict(message.data) for message, _ in pipeline.channels["oncall/1"].sent]


def muted(pipeline: Pipeline, job_id: str) -> str:
    """Why the alert of a job is muted."""
    found = pipeline.store.read(lambda unit: unit.open_alerts_of("failed"))
    return next(one.muted_by for one in found if job_id in one.key)

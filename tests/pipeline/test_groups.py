"""Groups: what is told together, when, and for which reason."""

from dataclasses import replace
from typing import Any

import pytest

from router.core.delivery import SECOND
from router.core.filter import Filter
from router.core.mute.interval import ClockSpan, TimeInterval
from router.core.mute.silence import Silence
from router.core.rule import Count, Escalation, Inhibition, Severity
from tests.pipeline.conftest import START, MakePipeline, Pipeline, plan
from tests.pipeline.test_alerts import HOUR, MINUTE, RESOLVED, at, failed, instance, job, last, reasons, take

JOB_FAILED = "Event == 'OnJobFailed'"


def test_ten_instances_are_one_page_and_a_digest(make: MakePipeline) -> None:
    """One message at once, the rest after group_interval, with counts and causes."""
    pipeline = make(failed())
    take(pipeline, 0, instance(number=0))
    for number in range(1, 10):
        take(pipeline, number, instance(number=number, ExitCode="1" if number % 3 else "137"))
    assert reasons(pipeline) == ["first"]
    at(pipeline, 299)
    assert reasons(pipeline) == ["first"]
    at(pipeline, 300)
    assert reasons(pipeline) == ["first", "new"]
    group = last(pipeline)["group"]
    assert (group["count"], group["new"], group["firing"]) == (10, 9, 10)
    assert group["causes"] == [{"text": "exit code 1", "count": 6}, {"text": "exit code 137", "count": 4}]
    at(pipeline, 10_000)
    assert reasons(pipeline) == ["first", "new"]


def test_group_wait_gathers_before_the_first(make: MakePipeline) -> None:
    """The first message waits, and holds all that came."""
    pipeline = make(failed(group_wait=10 * SECOND))
    take(pipeline, 0, instance(number=0))
    take(pipeline, 9, instance(number=1))
    assert reasons(pipeline) == []
    at(pipeline, 10)
    assert reasons(pipeline) == ["first"]
    assert last(pipeline)["group"]["count"] == 2


def test_the_shortest_times_of_a_group_hold(make: MakePipeline) -> None:
    """A rule without group_wait that joins tells the group at once."""
    pipeline = make(
        failed("instances", group_wait=60 * SECOND),
        failed("jobs", JOB_FAILED),
    )
    take(pipeline, 0, instance())
    take(pipeline, 5, job("OnJobFailed"))
    assert reasons(pipeline) == ["first"]
    assert last(pipeline)["group"]["count"] == 2


def test_what_is_worse_breaks_through(make: MakePipeline) -> None:
    """At once, and only once; the heading is the most severe alert."""
    pipeline = make(failed(), failed("jobs", JOB_FAILED, severity=Severity.CRITICAL))
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFailed"))
    assert reasons(pipeline) == ["first", "worse"]
    assert (last(pipeline)["rule"], last(pipeline)["severity"]) == ("jobs", "critical")
    take(pipeline, 20, instance(number=1))
    assert reasons(pipeline) == ["first", "worse"]
    at(pipeline, 310)
    assert reasons(pipeline) == ["first", "worse", "new"]


def test_what_is_muted_does_not_name_a_message_of_another(make: MakePipeline) -> None:
    """A milder alert that is told beside one that is held back is told by its own rule and severity."""
    pipeline = make(
        failed("jobs", JOB_FAILED, severity=Severity.CRITICAL, to=("team",)),
        failed(inhibited_by=(Inhibition("jobs", (Filter("JobId"),)),)),
        failed("stopped", "Event == 'OnJobStopped'", severity=Severity.INFO),
    )
    take(pipeline, 0, job("OnJobFailed"))
    take(pipeline, 1, instance())
    take(pipeline, 2, job("OnJobStopped"))
    assert reasons(pipeline) == ["first"]
    assert (last(pipeline)["rule"], last(pipeline)["severity"]) == ("stopped", "info")


def test_one_conversation_for_each_channel(make: MakePipeline) -> None:
    """Rules of one job meet in one group on a channel; another channel has its own."""
    pipeline = make(
        failed("instances", to=("oncall", "team")),
        failed("jobs", JOB_FAILED),
        channels=(plan("oncall"), plan("team")),
    )
    take(pipeline, 0, instance(), job("OnJobFailed"))
    assert reasons(pipeline) == ["first"]
    assert last(pipeline)["group"]["count"] == 2
    assert last(pipeline, "team/1")["group"]["count"] == 1


def test_a_group_that_ended_begins_anew(make: MakePipeline) -> None:
    """The next alert opens a new group with a new first."""
    pipeline = make(failed(resolve_when=RESOLVED))
    take(pipeline, 0, instance())
    take(pipeline, 1, job("OnJobFinished"))
    take(pipeline, 2, instance())
    assert reasons(pipeline) == ["first", "resolved", "first"]


def test_ended_before_it_was_told_is_not_told(make: MakePipeline) -> None:
    """Neither first nor resolved; but if it was critical, one message says both."""
    pipeline = make(failed(group_wait=60 * SECOND, resolve_when=RESOLVED))
    take(pipeline, 0, instance())
    take(pipeline, 1, job("OnJobFinished"))
    at(pipeline, 100)
    assert reasons(pipeline) == []
    pipeline = make(failed("c", group_wait=60 * SECOND, resolve_when=RESOLVED, severity=Severity.CRITICAL))
    take(pipeline, 200, instance(job_id="job-2"))
    take(pipeline, 201, job("OnJobFinished", "job-2"))
    assert reasons(pipeline) == ["first"]
    assert (last(pipeline)["group"]["firing"], last(pipeline)["group"]["resolved"]) == (0, 1)
    assert pipeline.channels["oncall/1"].sent[-1][0].title.startswith("Resolved: ")


def test_repeat_reminds_while_it_fires(make: MakePipeline) -> None:
    """repeat_interval after the last telling of any reason, until it ends."""
    pipeline = make(failed(repeat_interval=3600 * SECOND, resolve_when=RESOLVED))
    take(pipeline, 0, instance())
    at(pipeline, 3600)
    at(pipeline, 7200)
    take(pipeline, 7300, job("OnJobFinished"))
    at(pipeline, 20_000)
    assert reasons(pipeline) == ["first", "repeat", "repeat", "resolved"]


def test_escalation_tells_others(make: MakePipeline) -> None:
    """Each step once, from the moment of firing; the resolved goes to them too."""
    steps = (Escalation(900 * SECOND, ("duty",)), Escalation(1800 * SECOND, ("boss", "oncall")))
    pipeline = make(
        failed(escalate=steps, resolve_when=RESOLVED),
        channels=(plan("oncall"), plan("duty"), plan("boss")),
    )
    take(pipeline, 0, instance())
    at(pipeline, 899)
    assert reasons(pipeline, "duty/1") == []
    at(pipeline, 900)
    assert reasons(pipeline, "duty/1") == ["escalation"]
    at(pipeline, 1800)
    assert reasons(pipeline, "boss/1") == ["escalation"]
    assert reasons(pipeline) == ["first", "escalation"]
    take(pipeline, 2000, job("OnJobFinished"))
    assert [reasons(pipeline, f"{name}/1")[-1] for name in ("oncall", "duty", "boss")] == ["resolved"] * 3


def test_a_silence_stops_the_clock_of_escalation(make: MakePipeline) -> None:
    """Silenced from minute 5 to 30 of the 15 until the step: it comes in minute 40, and not before."""
    steps = (Escalation(15 * MINUTE * SECOND, ("duty",)),)
    pipeline = make(failed(escalate=steps), channels=(plan("oncall"), plan("duty")))
    take(pipeline, 0, instance())
    begins, ends = START + 5 * MINUTE * SECOND, START + 30 * MINUTE * SECOND
    silence = Silence("s", Filter("rule == 'failed'"), begins, ends, "ann", "deploying", begins)
    pipeline.store.write(lambda unit: unit.put_silences([silence]))
    for minute in (15, 30, 31, 39):
        at(pipeline, minute * MINUTE)
        assert reasons(pipeline, "duty/1") == [], minute
    at(pipeline, 40 * MINUTE)
    assert reasons(pipeline, "duty/1") == ["escalation"]


@pytest.mark.parametrize(
    ("silences", "minute"),
    [
        ([(5, 10)], 20),
        ([(1, 3), (2, 4), (16, 17)], 19),
        ([(2, 4), (10, 20)], 27),
        ([(16, 40)], 15),
        ([], 15),
    ],
    ids=["one", "three", "one that is over and one that lasts", "too late", "none"],
)
def test_a_silence_that_nobody_saw_counts_no_less(
    make: MakePipeline, silences: list[tuple[int, int]], minute: int
) -> None:
    """It began and ended between two looks at the alert: its time does not count for escalate."""
    steps = (Escalation(15 * MINUTE * SECOND, ("duty",)),)
    pipeline = make(failed(escalate=steps), channels=(plan("oncall"), plan("duty")))
    take(pipeline, 0, instance())
    minutes = [(START + begin * MINUTE * SECOND, START + end * MINUTE * SECOND) for begin, end in silences]
    made = [Silence(f"s-{begin}", Filter("rule"), begin, end, "ann", "", START) for begin, end in minutes]
    pipeline.store.write(lambda unit: unit.put_silences(made))
    for number in range(15, minute):
        at(pipeline, number * MINUTE)
    at(pipeline, minute * MINUTE - 1)
    assert reasons(pipeline, "duty/1") == []
    at(pipeline, minute * MINUTE)
    assert reasons(pipeline, "duty/1") == ["escalation"]


@pytest.mark.parametrize(("until", "minute"), [(10, 20), (30, 40)], ids=["over", "lasts"])
def test_hours_stop_the_clock_of_escalation_from_their_beginning(
    make: MakePipeline, until: int, minute: int
) -> None:
    """Not from when somebody looks."""
    begin = (START // SECOND // MINUTE + 5) % 1440
    hours = TimeInterval(times=(ClockSpan(begin, begin + until - 5),))
    steps = (Escalation(15 * MINUTE * SECOND, ("duty",)),)
    rule = failed(escalate=steps, mute_time_intervals=("lunch",))
    pipeline = make(rule, channels=(plan("oncall"), plan("duty")))
    pipeline.policy = replace(pipeline.policy, intervals={"lunch": (hours,)})
    take(pipeline, 0, instance())
    for seconds in (15 * MINUTE, 30 * MINUTE, minute * MINUTE - 1):
        if seconds < minute * MINUTE:
            at(pipeline, seconds)
    assert reasons(pipeline, "duty/1") == []
    at(pipeline, minute * MINUTE)
    assert reasons(pipeline, "duty/1") == ["escalation"]


def escalating_and_inhibited(make: MakePipeline) -> Pipeline:
    """Instances that fail go to ``duty`` after 15 minutes, and are not told while their job has failed."""
    rule = failed(
        escalate=(Escalation(15 * MINUTE * SECOND, ("duty",)),),
        inhibited_by=(Inhibition("jobs", (Filter("JobId"),)),),
    )
    jobs = failed("jobs", JOB_FAILED, resolve_when=RESOLVED, to=("team",))
    return make(rule, jobs, channels=(plan("oncall"), plan("duty"), plan("team")))


def test_an_inhibitor_stops_the_clock_of_escalation_from_its_beginning(make: MakePipeline) -> None:
    """Inhibited from minute 5 on, seen in minute 15; minute 20 frees it: ten more, not none, are left."""
    pipeline = escalating_and_inhibited(make)
    take(pipeline, 0, instance())
    take(pipeline, 5 * MINUTE, job("OnJobFailed"))
    at(pipeline, 15 * MINUTE)
    take(pipeline, 18 * MINUTE, job("OnJobFinished"))
    take(pipeline, 20 * MINUTE, instance())
    at(pipeline, 30 * MINUTE - 1)
    assert reasons(pipeline, "duty/1") == []
    at(pipeline, 30 * MINUTE)
    assert reasons(pipeline, "duty/1") == ["escalation"]


def test_what_matches_again_while_it_is_inhibited_keeps_what_has_passed(make: MakePipeline) -> None:
    """Ten of fifteen minutes have passed; three matches later, when it is free, five are left."""
    pipeline = escalating_and_inhibited(make)
    take(pipeline, 0, instance())
    take(pipeline, 10 * MINUTE, job("OnJobFailed"))
    for minute in (12, 30, 50):
        take(pipeline, minute * MINUTE, instance())
    take(pipeline, 60 * MINUTE, job("OnJobFinished"))
    take(pipeline, 61 * MINUTE, instance())
    at(pipeline, 66 * MINUTE - 1)
    assert reasons(pipeline, "duty/1") == []
    at(pipeline, 66 * MINUTE)
    assert reasons(pipeline, "duty/1") == ["escalation"]


def test_an_inhibited_alert_is_not_told(make: MakePipeline) -> None:
    """A job that fails with its instances is one page: the instances are told only if the job is not."""
    by = (Inhibition("jobs", (Filter("JobId"),)),)
    pipeline = make(
        failed("instances", inhibited_by=by, group_wait=10 * SECOND, to=("team",)),
        failed("jobs", JOB_FAILED, resolve_when=RESOLVED),
        channels=(plan("oncall"), plan("team")),
    )
    take(pipeline, 0, instance(), instance(job_id="job-2"))
    take(pipeline, 5, job("OnJobFailed"))
    at(pipeline, 10)
    assert reasons(pipeline) == ["first"]
    assert reasons(pipeline, "team/1") == ["first"]
    assert last(pipeline, "team/1")["event"]["data"]["JobId"] == "job-2"
    take(pipeline, 20, job("OnJobFinished"))
    at(pipeline, 1000)
    assert reasons(pipeline, "team/1") == ["first"]
    take(pipeline, 1001, instance())
    assert reasons(pipeline, "team/1") == ["first", "first"]


def test_a_storm_is_told_together(make: MakePipeline) -> None:
    """Ten groups one by one, the rest in one message at once; then a digest at an interval."""
    pipeline = make(failed(), channels=(plan("oncall", storm=(10, 60 * SECOND)),))
    for number in range(42):
        take(pipeline, number / 10, instance(job_id=f"job-{number}"))
    assert reasons(pipeline) == ["first"] * 10 + ["storm"]
    at(pipeline, 304)
    at(pipeline, 310)
    assert reasons(pipeline)[10:13] == ["storm", "storm"]
    assert last(pipeline)["group"]["count"] == 32
    take(pipeline, 400, instance(job_id="job-99"))
    assert reasons(pipeline)[-1] == "first"


def test_a_storm_may_come_while_an_earlier_one_still_fires(make: MakePipeline) -> None:
    """It is told like the first."""
    pipeline = make(failed(), channels=(plan("oncall", storm=(2, 60 * SECOND)),))
    for burst in range(3):
        for number in range(4):
            take(pipeline, burst * 2 * HOUR + number, instance(job_id=f"job-{burst}-{number}"))
    sent = pipeline.channels["oncall/1"].sent
    storms = {delivery.group_id for message, delivery in sent if message.data["group"]["key"] == ["storm"]}
    assert len(storms) == 3


def test_a_group_whose_value_is_storm_is_no_storm(make: MakePipeline) -> None:
    """It is told by itself while a storm fires."""
    pipeline = make(failed(), channels=(plan("oncall", storm=(2, 60 * SECOND)),))
    for number in range(4):
        take(pipeline, number, instance(job_id=f"job-{number}"))
    take(pipeline, HOUR, instance(job_id="storm"))
    assert reasons(pipeline)[-1] == "first"
    assert last(pipeline)["event"]["data"]["JobId"] == "storm"


def test_a_worse_group_breaks_through_a_storm_once(make: MakePipeline) -> None:
    """The first critical group is told by itself, the next with the storm."""
    pipeline = make(
        failed(),
        failed("jobs", JOB_FAILED, severity=Severity.CRITICAL),
        channels=(plan("oncall", storm=(2, 60 * SECOND)),),
    )
    for number in range(4):
        take(pipeline, number, instance(job_id=f"job-{number}"))
    take(pipeline, 10, job("OnJobFailed", "job-a"))
    take(pipeline, 11, job("OnJobFailed", "job-b"))
    assert reasons(pipeline) == ["first", "first", "storm", "first"]
    assert last(pipeline)["severity"] == "critical"


def test_a_group_costs_the_same_however_many_alerts_it_has(make: MakePipeline) -> None:
    """Its row does not grow: names and causes are bounded."""
    pipeline = make(failed())
    sizes: list[int] = []
    for start in (0, 200, 400):
        pipeline.take(*[instance(number=start + n, ExitCode=str(n)) for n in range(200)])
        [group] = pipeline.store.read(lambda unit: unit.groups(_group_ids(unit)))
        sizes.append(len(repr(group)))
    assert group.alerts == 600
    assert abs(sizes[2] - sizes[1]) < 50


def _group_ids(unit: Any) -> list[str]:
    [alert] = unit.open_alerts_of("failed", 1)
    return [seat.group_id for seat in alert.seats]


def test_a_time_interval_holds_back_and_lets_go(make: MakePipeline) -> None:
    """What still fires when the interval ends is told then; what ended meanwhile is not."""
    hours = TimeInterval(times=(ClockSpan(9 * 60, 18 * 60),))
    pipeline = make(failed(active_time_intervals=("office-hours",), resolve_when=RESOLVED))
    pipeline.policy = replace(pipeline.policy, intervals={"office-hours": (hours,)})
    midnight = -START // SECOND % 86_400
    take(pipeline, midnight, instance(), instance(job_id="job-2"))
    take(pipeline, midnight + 60, job("OnJobFinished", "job-2"))
    at(pipeline, midnight + 9 * 3600 - 1)
    assert reasons(pipeline) == []
    at(pipeline, midnight + 9 * 3600)
    assert reasons(pipeline) == ["first"]
    assert last(pipeline)["event"]["data"]["JobId"] == "job-1"
    take(pipeline, midnight + 19 * 3600, job("OnJobFinished"))
    assert reasons(pipeline) == ["first", "resolved"]


def test_what_is_due_is_told_before_it_closes(make: MakePipeline) -> None:
    """The router stood still longer than close_after: what fired before is told all the same."""
    pipeline = make(failed(group_wait=10 * SECOND, closes_after=60 * SECOND))
    pipeline.take(instance())
    at(pipeline, 600)
    assert reasons(pipeline) == ["first"]


def test_worse_breaks_through_where_all_that_was_told_has_ended(make: MakePipeline) -> None:
    """A critical alert does not wait because the milder ones of its group ended meanwhile."""
    pipeline = make(
        failed(resolve_when=Filter("Event == 'OnInstanceFinished'")),
        failed("jobs", JOB_FAILED, severity=Severity.CRITICAL),
    )
    take(pipeline, 0, instance(number=0))
    take(pipeline, 10, instance(number=1))
    take(pipeline, 20, instance("OnInstanceFinished", number=0, ExitCode="0"))
    take(pipeline, 30, job("OnJobFailed"))
    assert reasons(pipeline) == ["first", "worse"]


def test_what_fires_late_joins_the_group_of_the_event_that_opened_it(make: MakePipeline) -> None:
    """The group is read once, on the first event, though the one that fires is of another task."""
    by_task = (Filter("Task"),)
    pipeline = make(
        failed(count=Count(2, 600 * SECOND), key=(Filter("JobId"),), group_by=by_task),
        failed("jobs", JOB_FAILED, group_by=by_task),
    )
    take(pipeline, 0, job("OnJobFailed", "job-9", Task="A"))
    take(pipeline, 1, instance(Task="A"))
    take(pipeline, 2, instance(Task="B", number=1))
    at(pipeline, 300)
    assert reasons(pipeline) == ["first", "new"]
    assert last(pipeline)["group"]["count"] == 2


def test_a_job_that_failed_is_told_with_the_ways_in_which_its_instances_did(make: MakePipeline) -> None:
    """They are muted by it, and told elsewhere: who is woken for the job has to know what killed them."""
    told_to_team = Inhibition("jobs", (Filter("JobId"),))
    pipeline = make(
        failed("jobs", JOB_FAILED, to=("oncall",), resolve_when=RESOLVED),
        failed(to=("team", "duty"), group_wait=30 * SECOND, inhibited_by=(told_to_team,)),
        channels=(plan("oncall"), plan("team"), plan("duty")),
    )
    others = [instance(number=n, job_id="job-2", ExitCode="2") for n in range(9)]
    take(pipeline, 0, *(instance(number=n) for n in range(3)), instance(number=3, ExitCode="1"), *others)
    take(pipeline, 5, job("OnJobFailed"))
    [(message, _)] = pipeline.channels["oncall/1"].sent
    assert message.body.splitlines()[:2] == ["Causes: 3 × exit code 137", "1 × exit code 1"]
    take(pipeline, 60, job("OnJobFinished"))
    assert "137" not in pipeline.channels["oncall/1"].sent[-1][0].body

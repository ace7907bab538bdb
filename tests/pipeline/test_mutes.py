"""What is not told now: on the clock, with what was told before."""

from dataclasses import replace
from typing import Any

import pytest

from router.core.delivery import SECOND, Outcome, State, Verdict
from router.core.filter import Filter
from router.core.mute.interval import ClockSpan, TimeInterval
from router.core.mute.silence import Silence
from router.core.rule import Escalation, Inhibition, Rule, Severity
from router.pipeline import mutes, people
from tests.pipeline.conftest import START, MakePipeline, Pipeline, plan
from tests.pipeline.test_alerts import RESOLVED, at, failed, instance, job, reasons, take

HOUR = 3600
HOURS = TimeInterval(times=(ClockSpan(9 * 60, 18 * 60),))
#: Seconds from the start of a test to the next midnight.
MIDNIGHT = -START // SECOND % 86_400


def office(make: MakePipeline, rule: Rule) -> Pipeline:
    """A pipeline in which ``office-hours`` are 9 to 18, UTC."""
    pipeline = make(rule, channels=(plan("oncall"), plan("duty")))
    pipeline.policy = replace(pipeline.policy, intervals={"office-hours": (HOURS,)})
    return pipeline


def silence(pipeline: Pipeline, begin: int, end: int, matcher: str = "rule") -> None:
    """Silences alerts, all unless said otherwise, between two times in seconds from the start."""
    times = (START + begin * SECOND, START + end * SECOND)
    made = Silence("s-1", Filter(matcher), *times, "kim", "moving", START)
    pipeline.store.write(lambda unit: unit.put_silences([made]))


def test_a_muted_alert_is_not_repeated(make: MakePipeline) -> None:
    """Told by day, it is not told again at night, but in the morning; its end is told at any hour."""
    rule = failed(
        active_time_intervals=("office-hours",),
        repeat_interval=4 * HOUR * SECOND,
        resolve_when=RESOLVED,
        closes_after=240 * HOUR * SECOND,
    )
    pipeline = office(make, rule)
    take(pipeline, MIDNIGHT + 13 * HOUR, instance())
    at(pipeline, MIDNIGHT + 17 * HOUR)
    assert reasons(pipeline) == ["first", "repeat"]
    at(pipeline, MIDNIGHT + 21 * HOUR)
    at(pipeline, MIDNIGHT + 33 * HOUR - 1)
    assert reasons(pipeline) == ["first", "repeat"]
    at(pipeline, MIDNIGHT + 33 * HOUR)
    assert reasons(pipeline) == ["first", "repeat", "new"]
    at(pipeline, MIDNIGHT + 37 * HOUR)
    at(pipeline, MIDNIGHT + 45 * HOUR)
    take(pipeline, MIDNIGHT + 46 * HOUR, job("OnJobFinished"))
    assert reasons(pipeline)[3:] == ["repeat", "resolved"]


def test_what_is_silenced_on_several_channels_is_one_alert_on_each(make: MakePipeline) -> None:
    """Each channel is told when the silence ends, and reminded of it like any other."""
    rule = failed(to=("oncall", "duty"), repeat_interval=600 * SECOND)
    pipeline = make(rule, channels=(plan("oncall"), plan("duty")))
    silence(pipeline, 0, 100)
    take(pipeline, 1, instance())
    at(pipeline, 100)
    at(pipeline, 700)
    for channel in ("oncall/1", "duty/1"):
        assert reasons(pipeline, channel) == ["first", "repeat"]


@pytest.mark.parametrize(("silenced", "told"), [("rule == 'failed'", []), ("rule == 'mild'", ["first"])])
def test_what_is_silenced_and_ends_untold_is_not_told(
    make: MakePipeline, silenced: str, told: list[str]
) -> None:
    """It was critical, but nobody was to hear of it; a milder one beside it does not matter."""
    keys: dict[str, Any] = {"group_wait": 30 * SECOND, "resolve_when": RESOLVED}
    pipeline = make(failed(severity=Severity.CRITICAL, **keys), failed("mild", **keys))
    silence(pipeline, 0, 100, silenced)
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFinished"))
    at(pipeline, 200)
    assert reasons(pipeline) == told


def test_what_was_held_back_for_longer_than_it_stays_open_is_told(make: MakePipeline) -> None:
    """A weekend is longer than `close_after`: the page of Monday waits for its provider like any other."""
    pipeline = make(failed(closes_after=HOUR * SECOND))
    silence(pipeline, 0, 3 * HOUR)
    take(pipeline, 1, instance())
    pipeline.channels["oncall/1"].script = [Verdict(Outcome.UNREACHABLE, "down")]
    at(pipeline, 3 * HOUR)
    assert [one.state for one in pipeline.deliveries()] == [State.WAITING]
    at(pipeline, 3 * HOUR + 600)
    assert [one.state for one in pipeline.deliveries()] == [State.SENT]
    assert reasons(pipeline) == ["first", "first"]
    at(pipeline, 4 * HOUR - 1)
    assert len(pipeline.store.read(lambda unit: unit.open_alerts_of("failed"))) == 1
    at(pipeline, 4 * HOUR)
    assert pipeline.store.read(lambda unit: unit.open_alerts_of("failed")) == []


def test_what_somebody_has_seen_closes_in_its_time_though_it_is_held_back(make: MakePipeline) -> None:
    """No message told of it, but nobody is to hear of it on Monday either."""
    wait = 30 * SECOND
    pipeline = make(
        failed(closes_after=HOUR * SECOND, group_wait=wait),
        failed("jobs", "Event == 'OnJobFailed'", group_wait=wait),
    )
    silence(pipeline, 2, 3 * HOUR, "rule == 'failed'")
    take(pipeline, 0, instance())
    [seen] = pipeline.store.read(lambda unit: unit.open_alerts_of("failed"))
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: people.acknowledge(unit, pipeline.policy, [seen.id], now, "kim"))
    take(pipeline, 10, job("OnJobFailed"))
    at(pipeline, 30)
    [held] = pipeline.store.read(lambda unit: unit.alerts([seen.id]))
    assert (reasons(pipeline), held.muted_by != "") == (["first"], True)
    at(pipeline, HOUR)
    assert pipeline.store.read(lambda unit: unit.open_alerts_of("failed")) == []


def test_what_was_due_in_a_standstill_is_told_though_a_mute_delays_its_escalation(make: MakePipeline) -> None:
    """After the standstill its step, its end and its message are due: a silence that is over moves the step
    behind the end, and the message comes before that.
    """
    wait = 60 * SECOND
    closes = wait + SECOND // 2
    pipeline = make(
        failed("jobs", "Event == 'OnJobFailed'", group_interval=wait, closes_after=closes),
        failed(group_interval=wait, closes_after=closes, escalate=(Escalation(wait, ("oncall",)),)),
    )
    silence(pipeline, 0, 30, "rule == 'failed'")
    take(pipeline, 0, job("OnJobFailed"))
    take(pipeline, 0, instance())
    at(pipeline, 400)
    assert reasons(pipeline) == ["first", "new"]


def test_a_step_does_not_come_with_the_end_of_a_silence_longer_than_it(make: MakePipeline) -> None:
    """The router did not run meanwhile: of the time after the step, too, what was muted does not count."""
    pipeline = make(
        failed(escalate=(Escalation(60 * SECOND, ("duty",)),)), channels=(plan("oncall"), plan("duty"))
    )
    take(pipeline, 0, instance())
    silence(pipeline, 10, 1000)
    at(pipeline, 1000)
    assert reasons(pipeline, "duty/1") == []
    at(pipeline, 1050)
    assert reasons(pipeline, "duty/1") == ["escalation"]


def test_what_is_held_back_is_counted_by_what_mutes_it(make: MakePipeline) -> None:
    """One that is due and silenced counts once, however long the silence lasts."""
    pipeline = make(failed())
    silence(pipeline, 0, 100)
    take(pipeline, 0, instance())
    at(pipeline, 50)
    counted = pipeline.metrics.registry.get_sample_value
    assert counted("alert_router_alerts_muted_total", {"by": "silence"}) == 1
    assert reasons(pipeline) == []


@pytest.mark.parametrize(("name", "told"), [("nightly", 0), ("weekly", 1)])
def test_an_inhibitor_is_found_however_many_others_are_newer(
    make: MakePipeline, monkeypatch: pytest.MonkeyPatch, name: str, told: int
) -> None:
    """Its key has nothing that both share: all alerts of its rule are looked through, some at a time."""
    monkeypatch.setattr(mutes, "BATCH", 2)
    by_name = Inhibition("jobs", (Filter("JobName"),))
    rules = (failed(inhibited_by=(by_name,)), failed("jobs", "Event == 'OnJobFailed'", to=("duty",)))
    pipeline = make(*rules, channels=(plan("oncall"), plan("duty")))
    others = [job("OnJobFailed", f"job-{number}", JobName="other") for number in range(1, 6)]
    take(pipeline, 0, job("OnJobFailed", "job-0"), *others)
    take(pipeline, 10, instance(JobName=name))
    assert len(reasons(pipeline)) == told


def test_an_inhibitor_is_found_though_its_key_names_no_trouble(make: MakePipeline) -> None:
    """An event outside the catalogue is an alert of its own; what it says is equal all the same."""
    by_job = Inhibition("disks", (Filter("JobId"),))
    rules = (failed(inhibited_by=(by_job,)), failed("disks", "type == 'disk'", to=("duty",)))
    pipeline = make(*rules, channels=(plan("oncall"), plan("duty")))
    take(pipeline, 0, {"type": "disk", "JobId": "job-1"}, {"type": "disk", "JobId": "job-2"})
    take(pipeline, 10, instance(), instance(job_id="job-3"))
    assert [message.data["event"]["data"]["JobId"] for message, _ in pipeline.channels["oncall/1"].sent] == [
        "job-3"
    ]


@pytest.mark.parametrize(("task", "told"), [("Old", []), ("Echo", ["new"])])
def test_what_is_news_of_an_old_alert_is_held_back_though_many_came_later(
    make: MakePipeline, task: str, told: list[str]
) -> None:
    """Of a group of thirty the oldest matches again, silenced: nothing is told; it is, where others are."""
    pipeline = make(failed())
    take(pipeline, 0, instance(Task="Old"))
    take(pipeline, 10, *(instance(number=number) for number in range(1, 30)))
    at(pipeline, 300)
    assert reasons(pipeline) == ["first", "new"]
    silence(pipeline, 310, 10_000, f"Task == '{task}'")
    take(pipeline, 320, instance(Task="Old"))
    at(pipeline, 600)
    assert reasons(pipeline) == ["first", "new", *told]

"""The edges of alerts, groups, mutes and people: a test for each sentence that no other test is about."""

from typing import Any

import pytest

from router.core.delivery import SECOND, Outcome, Verdict
from router.core.event import Envelope
from router.core.filter import Filter
from router.core.mute.tick import Schedule
from router.core.policy import ChannelPlan, Target
from router.core.rule import Escalation, Expect, Inhibition, Rule, Severity
from router.core.times import iso
from router.pipeline.people import acknowledge
from router.pipeline.virtual import VirtualRouter, failing
from tests.pipeline.conftest import MakePipeline, plan
from tests.pipeline.test_alerts import RESOLVED, at, failed, instance, job, last, reasons
from tests.pipeline.test_alerts import take as receive
from tests.pipeline.test_virtual import BOTH, brief, moment, router, silence, take

HOUR = 3600
STARTS = "Event == 'OnJobRunning'"
EXPECTS = Expect(RESOLVED, 600 * SECOND)


def told(one: VirtualRouter, seconds: float) -> list[tuple[float, str, str]]:
    """When, where and why, up to a time."""
    one.run_until(moment(seconds))
    return brief(one.told())


def states(one: VirtualRouter, rule: str = "failed") -> list[str]:
    """How the alerts of a rule stand, the one that matched last first."""
    found = one.store.read(lambda unit: unit.list_alerts(rule=rule))
    return [alert.state.value for alert in found]


def cloud(kind: str, happened: float, **data: Any) -> dict[str, Any]:
    """An event of another source that happened at a time, whenever it comes."""
    told = {"id": f"{kind} {happened}", "source": "/shop", "specversion": "1.0"}
    return {"type": kind, "time": iso(moment(happened)), **told, "data": data}


def ordered(**keys: Any) -> Rule:
    """A rule over such events, an alert for each order."""
    given: dict[str, Any] = {"key": (Filter("data.order"),), "resolve_when": Filter("type == 'paid'")} | keys
    return failed(when="type == 'refused'", **given)


# order and identity


def test_stop_hides_no_end_and_nothing_expected() -> None:
    """A rule that takes every event keeps none from resolve_when and expect.event of a later one."""
    stops = failed("stops", "Event == 'OnJobFinished'", stop=True, mode="on", send_resolved=False)
    later = failed("later", "Event == 'OnInstanceFailed'", resolve_when=RESOLVED)
    expects = failed("expects", STARTS, expect=EXPECTS)
    one = router(stops, later, expects)
    take(one, 0, instance(), job("OnJobRunning"))
    take(one, 60, job("OnJobFinished"))
    assert (states(one, "later"), states(one, "expects")) == (["resolved"], ["healed"])


def test_stop_acts_also_when_its_alert_is_muted() -> None:
    """The silenced rule took the event all the same: the later one tells nobody."""
    one = router(failed(stop=True), failed("later", to=("boss",)), channels=BOTH)
    one.store.write(lambda unit: unit.put_silences([silence(0, HOUR)]))
    take(one, 0, instance())
    assert told(one, HOUR - 1) == []


def test_what_was_expected_counts_as_matched_for_a_catch_all() -> None:
    """As what ends something does; where nothing waits for it, too."""
    rest = failed("rest", "JobId", catch_all=True)
    one = router(failed("expects", STARTS, expect=EXPECTS), rest)
    take(one, 0, job("OnJobRunning"), job("OnJobFinished"), job("OnJobFailed"))
    assert [telling.rule for telling in one.told()] == ["rest"]
    assert len(states(one, "rest")) == 1


def test_what_ends_a_rule_s_alert_is_no_match_of_it() -> None:
    """``resolve_when`` is judged first."""
    one = router(failed(when="JobId", resolve_when=RESOLVED))
    take(one, 0, job("OnJobFailed"))
    take(one, 1, job("OnJobFinished"))
    assert states(one) == ["resolved"]


def test_an_end_may_come_from_any_source() -> None:
    """``from`` says which events match, not which end."""
    one = router(failed(sources=frozenset({"hook"}), resolve_when=RESOLVED))
    take(one, 0, instance())
    body = b'{"Event": "OnJobFinished", "JobId": "job-1"}'
    one.take([Envelope("elsewhere", body, one.clock.at, position="end")])
    assert states(one) == ["resolved"]


# time


@pytest.mark.parametrize(
    ("happened", "state"), [(99, "firing"), (100, "resolved")], ids=["older", "at the same time"]
)
def test_an_end_that_is_older_than_the_newest_match_ends_nothing(happened: float, state: str) -> None:
    """At equal times the later received wins."""
    one = router(ordered())
    take(one, 200, cloud("refused", 100, order=1), cloud("paid", happened, order=1))
    assert states(one) == [state]


def test_an_end_is_remembered_where_no_alert_was_open() -> None:
    """What happened before it and comes later opens nothing; what happened after it, or elsewhere, does."""
    one = router(ordered())
    take(one, 200, cloud("paid", 100, order=1))
    late = take(one, 201, cloud("refused", 99, order=1), cloud("refused", 98, order=2))
    assert late == ["suppressed", "routed"]
    assert take(one, 202, cloud("refused", 100, order=1)) == ["routed"]


def test_what_is_pending_does_not_close() -> None:
    """close_after runs from the moment of firing."""
    one = router(failed(hold=600 * SECOND, closes_after=60 * SECOND))
    take(one, 0, instance())
    assert told(one, 600) == [(600, "oncall", "first")]
    assert states(one) == ["firing"]
    one.run_until(moment(660))
    assert states(one) == ["resolved"]


def test_a_late_first_match_waits_for_its_source_after_a_standstill(make: MakePipeline) -> None:
    """Its hold has run out long ago; the end that still waits there heals it, and nobody is told."""
    pipeline = make(ordered(hold=60 * SECOND))
    pipeline.waiting_for = frozenset({"hook"})
    receive(pipeline, 2 * HOUR, cloud("refused", 0, order=1), cloud("refused", 0.5, order=2))
    assert reasons(pipeline) == []
    receive(pipeline, 2 * HOUR + 1, cloud("paid", 30, order=1))
    pipeline.waiting_for = frozenset()
    at(pipeline, 2 * HOUR + 2)
    assert reasons(pipeline) == ["first"]
    assert last(pipeline)["event"]["data"]["data"] == {"order": 2}


def test_what_was_expected_and_comes_too_late_resolves() -> None:
    """It was told at the deadline, and its end is told."""
    one = router(failed("slow", STARTS, expect=EXPECTS))
    take(one, 0, job("OnJobRunning"))
    take(one, 700, job("OnJobFinished"))
    assert told(one, HOUR) == [(600, "oncall", "first"), (700, "oncall", "resolved")]


def test_a_start_that_is_older_than_its_end_starts_no_clock() -> None:
    """They came in the wrong order."""
    one = router(ordered(resolve_when=None, expect=Expect(Filter("type == 'paid'"), 600 * SECOND)))
    take(one, 200, cloud("paid", 100, order=1))
    take(one, 201, cloud("refused", 99, order=1))
    assert told(one, HOUR) == []


def test_a_tick_before_the_rule_was_loaded_is_not_judged() -> None:
    """Its grace ends after the start; the first tick that counts is tomorrow's."""
    nightly = failed("nightly", absent=Schedule("50 7 * * *", grace=1200 * SECOND))
    assert told(router(nightly), HOUR) == []
    assert told(router(nightly), 25 * HOUR) == [(24 * HOUR + 600, "oncall", "first")]


# telling


def test_a_channel_that_keeps_incidents_is_sent_a_silent_end() -> None:
    """PagerDuty's incident is closed; people on a webhook hear nothing of it."""
    keeps = ChannelPlan("keeps", (Target("keeps/1", "pagerduty"),), storm=None)
    rule = failed(closes_after=60 * SECOND, to=("keeps", "oncall"))
    one = router(rule, channels=(plan("oncall"), keeps))
    take(one, 0, instance())
    assert told(one, HOUR)[2:] == [(60, "keeps", "resolved")]


def test_the_storm_guard_counts_messages_of_every_reason() -> None:
    """A first and its digest within the time: the next group is told by the storm."""
    one = router(failed(group_interval=10 * SECOND), channels=(plan("oncall", storm=(2, 60 * SECOND)),))
    take(one, 0, instance())
    take(one, 10, instance(number=1))
    take(one, 20, instance(job_id="job-2"))
    assert told(one, 20) == [(0, "oncall", "first"), (10, "oncall", "new"), (20, "oncall", "storm")]


def test_what_a_storm_told_is_told_by_it_until_its_end() -> None:
    """What joins its groups later is in the storm's messages, and a group that has ended begins anew."""
    storm = (1, 10 * SECOND)
    one = router(failed(resolve_when=RESOLVED), channels=(plan("oncall", storm=storm),))
    take(one, 0, instance())
    take(one, 1, instance(job_id="job-2"), instance(job_id="job-3"))
    take(one, 400, instance(number=1, job_id="job-2"))
    assert [reason for _, _, reason in told(one, 400)][-1] == "storm"
    take(one, 2000, job("OnJobFinished", "job-2"))
    take(one, 2100, instance(job_id="job-2"))
    assert told(one, 2100)[-1] == (2100, "oncall", "first")


def test_a_message_that_is_written_and_not_yet_accepted_counts_as_told() -> None:
    """The next is due an interval after it was written, though the channel took it a minute later."""
    busy = [Verdict(Outcome.THROTTLED, "slow down", 429, retry_at=moment(60))]
    one = router(failed(), answer=failing({"oncall": busy}))
    take(one, 0, instance())
    take(one, 10, instance(number=1))
    first, second = told(one, 300)
    assert (first[0] >= 60, second) == (True, (300, "oncall", "new"))


# people


def test_a_step_is_sent_once_for_a_group_also_where_the_alert_is_known() -> None:
    """Further alerts that reach it are new there; alerts that have not reached it are no part of it."""
    steps = (Escalation(600 * SECOND, ("oncall", "boss")),)
    one = router(failed(escalate=steps, group_interval=60 * SECOND), channels=BOTH)
    take(one, 0, instance())
    take(one, 100, instance(number=1))
    assert told(one, 650) == [
        (0, "oncall", "first"),
        (100, "oncall", "new"),
        (600, "boss", "escalation"),
        (600, "oncall", "escalation"),
    ]
    assert one.told()[2].message.data["group"]["count"] == 1
    assert [each for each in told(one, 800) if each[1] == "boss"][1:] == [(700, "boss", "new")]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (instance(number=1), []),
        (job("OnJobFailed"), ["new"]),
        (instance(number=9), ["worse"]),
    ],
    ids=["the same rule", "another rule", "more severe"],
)
def test_what_an_acknowledgement_covers(
    make: MakePipeline, second: dict[str, Any], expected: list[str]
) -> None:
    """Further alerts of the rule that are not more severe; not those of another rule, or worse ones."""
    pipeline = make(
        failed(when="Event == 'OnInstanceFailed' && InstanceId != '9'"),
        failed("dire", "InstanceId == '9'", severity=Severity.CRITICAL),
        failed("job", "Event == 'OnJobFailed'"),
    )
    receive(pipeline, 0, instance())
    ids = [alert.id for alert in pipeline.store.read(lambda unit: unit.list_alerts())]
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: acknowledge(unit, pipeline.policy, ids, now, "ann"))
    receive(pipeline, 60, second)
    at(pipeline, 600)
    assert reasons(pipeline)[1:] == expected


# mutes and reloads


def test_what_was_inhibited_is_told_later_only_if_it_matches_again() -> None:
    """Its inhibitor has ended, and nothing is said of it until then."""
    inhibitor = failed("job", "Event == 'OnJobFailed'", to=("boss",), resolve_when=RESOLVED)
    weak = failed(inhibited_by=(Inhibition("job", (Filter("JobId"),)),))
    one = router(inhibitor, weak, channels=BOTH)
    take(one, 0, job("OnJobFailed"))
    take(one, 1, instance())
    take(one, 60, job("OnJobFinished"))
    assert [each for each in told(one, HOUR) if each[1] == "oncall"] == []
    take(one, HOUR + 1, instance())
    assert told(one, HOUR + 1)[-1] == (HOUR + 1, "oncall", "first")


def test_a_reload_leaves_key_and_channel_and_takes_the_new_end(make: MakePipeline) -> None:
    """An open alert is told where it was, and the new resolve_when ends it under its old key."""
    channels = (plan("oncall"), plan("team"))
    pipeline = make(failed(), channels=channels)
    receive(pipeline, 0, instance())
    new = failed(to=("team",), key=(Filter("Task"),), resolve_when=RESOLVED)
    pipeline.policy = make(new, channels=channels).policy
    receive(pipeline, 70, instance(job_id="job-2"))
    receive(pipeline, 90, job("OnJobFinished"))
    assert (reasons(pipeline), reasons(pipeline, "team/1")) == (["first", "resolved"], ["first"])


def test_what_opened_in_shadow_stays_there_after_a_reload(make: MakePipeline) -> None:
    """Only what opens afterwards is told."""
    pipeline = make(failed(mode="shadow"))
    receive(pipeline, 0, instance())
    pipeline.policy = make(failed()).policy
    receive(pipeline, 10, instance())
    assert reasons(pipeline) == []
    receive(pipeline, 20, instance(job_id="job-2"))
    assert reasons(pipeline) == ["first"]

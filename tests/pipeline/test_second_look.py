"""Before a message is sent again its reason is judged again."""

from typing import Any

import pytest

from router.core.delivery import SECOND, Delivery, Outcome, State, Verdict
from router.core.filter import Filter
from router.core.mute.silence import Silence, expired
from router.core.rule import Escalation, Inhibition, Rule, Severity
from router.errors import RouterError
from router.failpoints import arm
from router.pipeline import second_look
from router.pipeline.people import acknowledge
from tests.pipeline.conftest import START, MakePipeline, Pipeline, plan
from tests.pipeline.test_alerts import HOUR, RESOLVED, at, failed, instance, job, reasons, take
from tests.pipeline.test_mutes import MIDNIGHT, office

LATER = 60


def broken(
    pipeline: Pipeline, times: int = 1, target: str = "oncall/1", outcome: Outcome = Outcome.UNREACHABLE
) -> None:
    """The target fails so many times; it may be tried again a minute later."""
    again = pipeline.clock.at + LATER * SECOND
    pipeline.channels[target].script = [Verdict(outcome, "down", retry_at=again)] * times


def waiting(make: MakePipeline, *rules: Rule, **keys: Any) -> Pipeline:
    """A pipeline whose first message waits to be tried again."""
    pipeline = make(*(rules or (failed(**keys),)))
    broken(pipeline)
    take(pipeline, 0, instance())
    assert [one.state for one in pipeline.deliveries()] == [State.WAITING]
    return pipeline


def acknowledged(pipeline: Pipeline, by: str = "ann") -> None:
    """Somebody has seen every open alert."""
    store, now = pipeline.store, pipeline.clock.now()
    ids = [alert.id for alert in store.read(lambda unit: unit.list_alerts(state="firing"))]
    store.write(lambda unit: acknowledge(unit, pipeline.policy, ids, now, by))


def silenced(pipeline: Pipeline, matcher: str = "rule == 'failed'", lasts: int = 24 * HOUR) -> Silence:
    """Somebody silences alerts from now on."""
    now = pipeline.clock.now()
    silence = Silence("sl-1", Filter(matcher), now, now + lasts * SECOND, "ann", "deploying", now)
    pipeline.store.write(lambda unit: unit.put_silences([silence]))
    return silence


def dropped(pipeline: Pipeline) -> Delivery:
    """The one delivery that was dropped; the books balance."""
    [one] = pipeline.deliveries(state="dropped")
    books = pipeline.store.read(lambda unit: unit.books())
    assert {name: count for name, count in books.items() if name.startswith("unbalanced.") and count} == {}
    assert books["deliveries.dropped"] == 1
    channel, count = one.channel, pipeline.metrics.registry.get_sample_value
    assert count("alert_router_deliveries_ended_total", {"channel": channel, "state": "dropped"}) == 1
    return one


def test_what_was_acknowledged_meanwhile_is_not_sent_again(make: MakePipeline) -> None:
    """It is dropped, and says by whom it was seen; the claim that found it out is no attempt."""
    pipeline = waiting(make)
    acknowledged(pipeline)
    at(pipeline, LATER)
    one = dropped(pipeline)
    assert (one.reason, one.attempts, one.answer) == ("acknowledged by ann", 1, "down")
    assert reasons(pipeline) == ["first"]
    assert one.token is None


def test_what_still_fires_is_sent_again(make: MakePipeline) -> None:
    """Of two alerts one was seen: the other is reason enough."""
    pipeline = make(failed())
    broken(pipeline)
    take(pipeline, 0, instance(number=1), instance(number=2))
    one = pipeline.store.read(lambda unit: unit.list_alerts())[0].id
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: acknowledge(unit, pipeline.policy, [one], now, "ann"))
    at(pipeline, LATER)
    assert reasons(pipeline) == ["first", "first"]
    assert pipeline.deliveries()[0].state is State.SENT


def test_what_joined_later_is_no_reason_for_what_ended(make: MakePipeline) -> None:
    """The message told of an alert that has ended; one that came after it is told by its own."""
    pipeline = waiting(make, resolve_when=Filter("Event == 'OnInstanceFinished'"))
    take(pipeline, 10, instance(number=2))
    take(pipeline, 20, instance("OnInstanceFinished", number=0))
    at(pipeline, LATER)
    assert dropped(pipeline).reason == "all its alerts ended"
    at(pipeline, 300)
    assert reasons(pipeline) == ["first", "new"]


def test_what_was_silenced_meanwhile_is_told_when_the_silence_ends(make: MakePipeline) -> None:
    """Dropped with the silence's words; the alert that still fires afterwards is told then."""
    pipeline = waiting(make)
    silence = silenced(pipeline)
    at(pipeline, LATER)
    assert dropped(pipeline).reason == "muted: silenced by sl-1 (ann: deploying)"
    at(pipeline, HOUR)
    assert reasons(pipeline) == ["first"]
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: unit.put_silences([expired(silence, now)]))
    pipeline.store.write(lambda unit: unit.recheck_muted("silenced by sl-1", now))
    pipeline.run()
    assert reasons(pipeline) == ["first", "first"]
    take(pipeline, HOUR + 10, instance(number=1))
    at(pipeline, HOUR + 300)
    assert reasons(pipeline) == ["first", "first", "new"]


def test_what_a_silence_kept_back_is_not_closed_before_it_was_told(make: MakePipeline) -> None:
    """The only message was dropped: close_after does not run before the silence ends, and it is told."""
    pipeline = waiting(make, closes_after=HOUR * SECOND)
    silenced(pipeline, lasts=2 * HOUR)
    at(pipeline, LATER)
    at(pipeline, 2 * HOUR - 1)
    assert reasons(pipeline) == ["first"]
    at(pipeline, 2 * HOUR)
    assert reasons(pipeline) == ["first", "first"]


def test_what_one_channel_has_heard_is_a_first_only_on_the_other(make: MakePipeline) -> None:
    """A silence kept back the message of one channel; both are told when it ends, each with its reason."""
    pipeline = make(failed(to=("oncall", "duty")), channels=(plan("oncall"), plan("duty")))
    broken(pipeline)
    take(pipeline, 0, instance())
    silenced(pipeline, lasts=600)
    at(pipeline, LATER)
    at(pipeline, 601)
    assert reasons(pipeline) == ["first", "first"]
    assert reasons(pipeline, "duty/1") == ["first", "new"]


def test_an_escalation_that_a_silence_kept_back_is_one_when_it_ends(make: MakePipeline) -> None:
    """Nobody was told on that channel: it is not its first, but the escalation that is due."""
    rule = failed(escalate=(Escalation(HOUR * SECOND, ("duty",)),))
    pipeline = make(rule, channels=(plan("oncall"), plan("duty")))
    take(pipeline, 0, instance())
    pipeline.clock.move(HOUR)
    broken(pipeline, target="duty/1")
    at(pipeline, HOUR)
    silenced(pipeline, lasts=600)
    at(pipeline, HOUR + LATER)
    assert dropped(pipeline).channel == "duty"
    at(pipeline, HOUR + 601)
    assert reasons(pipeline, "duty/1") == ["escalation", "escalation"]


def test_what_is_silenced_in_part_is_sent_again(make: MakePipeline) -> None:
    """A silence that leaves one alert of the group holds nothing back."""
    pipeline = make(failed())
    broken(pipeline)
    take(pipeline, 0, instance(number=1), instance(number=2))
    silenced(pipeline, "InstanceId == '1'")
    at(pipeline, LATER)
    assert reasons(pipeline) == ["first", "first"]


def test_what_was_inhibited_meanwhile_is_not_sent_again(make: MakePipeline) -> None:
    """The job's own failure came while the instance's message waited."""
    weaker = failed(inhibited_by=(Inhibition("job-failed", (Filter("JobId"),)),))
    stronger = failed("job-failed", "Event == 'OnJobFailed'", to=("duty",))
    pipeline = make(weaker, stronger, channels=(plan("oncall"), plan("duty")))
    broken(pipeline)
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFailed"))
    at(pipeline, LATER)
    assert dropped(pipeline).reason.startswith("muted: inhibited by job-failed (")
    assert (reasons(pipeline), reasons(pipeline, "duty/1")) == (["first"], ["first"])


def test_what_waits_into_the_night_is_told_in_the_morning(make: MakePipeline) -> None:
    """A message that could not be sent before its hours ended waits for the next ones."""
    pipeline = office(make, failed(active_time_intervals=("office-hours",)))
    pipeline.clock.at = START + int((MIDNIGHT + 18 * HOUR - 30) * SECOND)
    broken(pipeline)
    take(pipeline, MIDNIGHT + 18 * HOUR - 30, instance())
    at(pipeline, MIDNIGHT + 18 * HOUR + 60)
    assert "office-hours" in dropped(pipeline).reason
    at(pipeline, MIDNIGHT + 33 * HOUR - 1)
    assert reasons(pipeline) == ["first"]
    at(pipeline, MIDNIGHT + 33 * HOUR)
    assert reasons(pipeline) == ["first", "first"]


def test_a_mute_never_holds_back_the_end_of_what_was_told(make: MakePipeline) -> None:
    """The first arrived; its resolved is tried again in spite of a silence."""
    pipeline = make(failed(resolve_when=RESOLVED))
    take(pipeline, 0, instance())
    at(pipeline, 10)
    broken(pipeline)
    take(pipeline, 10, job("OnJobFinished"))
    silenced(pipeline)
    at(pipeline, 10 + LATER)
    assert reasons(pipeline) == ["first", "resolved", "resolved"]
    assert [one.state for one in pipeline.deliveries()] == [State.SENT, State.SENT]


def test_one_message_that_says_both_is_tried_until_it_arrives(make: MakePipeline) -> None:
    """A critical alert that ended before it was told is told, whatever attempt it takes."""
    rule = failed(resolve_when=RESOLVED, severity=Severity.CRITICAL, group_wait=30 * SECOND)
    pipeline = make(rule)
    broken(pipeline, 2)
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFinished"))
    assert reasons(pipeline) == ["first"]
    at(pipeline, 10 + LATER)
    at(pipeline, 1000)
    assert pipeline.deliveries()[0].state is State.SENT


def test_nobody_hears_the_end_of_what_was_dropped(make: MakePipeline) -> None:
    """Seen before it could be sent, then over: there is nothing to say to the channel."""
    pipeline = waiting(make, resolve_when=RESOLVED)
    acknowledged(pipeline)
    at(pipeline, LATER)
    take(pipeline, LATER + 10, job("OnJobFinished"))
    assert reasons(pipeline) == ["first"]
    assert dropped(pipeline).reason == "acknowledged by ann"


@pytest.mark.parametrize("mute", [True, False])
def test_what_was_critical_and_not_muted_is_told_at_its_end(make: MakePipeline, mute: bool) -> None:
    """Nobody had heard of it: its end says both, but not of what a silence held back."""
    pipeline = waiting(make, resolve_when=RESOLVED, severity=Severity.CRITICAL)
    if mute:
        silenced(pipeline)
    else:
        acknowledged(pipeline)
    at(pipeline, LATER)
    dropped(pipeline)
    take(pipeline, LATER + 10, job("OnJobFinished"))
    assert reasons(pipeline) == (["first"] if mute else ["first", "first"])


def ended(pipeline: Pipeline) -> str:
    """The title of what was told last."""
    message, _ = pipeline.channels["oncall/1"].sent[-1]
    return message.title


@pytest.mark.parametrize("silent", ["send_resolved", "close_after"])
def test_what_was_critical_is_told_at_its_end_however_silent_that_is(make: MakePipeline, silent: str) -> None:
    """Neither a rule that does not send ends nor an end by itself keeps it from people."""
    keys: dict[str, Any] = {"resolve_when": RESOLVED, "severity": Severity.CRITICAL}
    keys |= {"send_resolved": False} if silent == "send_resolved" else {"closes_after": 100 * SECOND}
    pipeline = waiting(make, **keys)
    take(pipeline, 10, job("OnJobFinished")) if silent == "send_resolved" else at(pipeline, 110)
    at(pipeline, LATER)
    at(pipeline, HOUR)
    assert reasons(pipeline) == ["first", "first"]
    assert ended(pipeline).startswith("Resolved: ")
    assert [one.state for one in pipeline.deliveries()] == [State.DROPPED, State.SENT]


def test_what_somebody_has_seen_is_not_told_when_it_ends_by_itself(make: MakePipeline) -> None:
    """Its message was dropped because of that; a day later there is nothing to say."""
    pipeline = waiting(make, severity=Severity.CRITICAL, closes_after=2 * HOUR * SECOND)
    acknowledged(pipeline)
    at(pipeline, LATER)
    dropped(pipeline)
    at(pipeline, 3 * HOUR)
    assert reasons(pipeline) == ["first"]


def test_what_may_have_arrived_is_not_repeated_once_over_but_its_end_is_told(make: MakePipeline) -> None:
    """An attempt without an answer: no second first after the end, and one resolved."""
    pipeline = make(failed(resolve_when=RESOLVED))
    broken(pipeline, outcome=Outcome.UNKNOWN)
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFinished"))
    at(pipeline, LATER)
    assert dropped(pipeline).reason == "all its alerts ended"
    assert reasons(pipeline) == ["first", "resolved"]


def test_a_repeat_and_an_escalation_are_judged_too(make: MakePipeline) -> None:
    """Both waited while somebody saw the alert: neither is sent again."""
    rule = failed(
        repeat_interval=HOUR * SECOND,
        escalate=(Escalation(HOUR * SECOND, ("duty",)),),
        closes_after=9 * HOUR * SECOND,
    )
    pipeline = make(rule, channels=(plan("oncall"), plan("duty")))
    take(pipeline, 0, instance())
    pipeline.clock.move(HOUR)
    for target in ("oncall/1", "duty/1"):
        broken(pipeline, target=target)
    at(pipeline, HOUR)
    assert (reasons(pipeline), reasons(pipeline, "duty/1")) == (["first", "repeat"], ["escalation"])
    acknowledged(pipeline)
    at(pipeline, HOUR + LATER)
    assert [one.reason for one in pipeline.deliveries(state="dropped")] == ["acknowledged by ann"] * 2
    assert (reasons(pipeline), reasons(pipeline, "duty/1")) == (["first", "repeat"], ["escalation"])


def test_a_fallback_s_message_is_judged_by_the_alerts_it_tells(make: MakePipeline) -> None:
    """Sent at once though the first channel's was given up; tried again only while it is due."""
    pipeline = make(failed(), channels=(plan("oncall", fallback="backup"), plan("backup")))
    broken(pipeline, outcome=Outcome.REFUSED)
    broken(pipeline, target="backup/1")
    take(pipeline, 0, instance())
    assert reasons(pipeline, "backup/1") == ["first"]
    acknowledged(pipeline)
    at(pipeline, LATER)
    assert (dropped(pipeline).channel, dropped(pipeline).reason) == ("backup", "acknowledged by ann")
    assert reasons(pipeline, "backup/1") == ["first"]


def storm(make: MakePipeline) -> Pipeline:
    """A pipeline whose storm message, of two groups, waits to be tried again."""
    pipeline = make(failed(resolve_when=RESOLVED), channels=(plan("oncall", storm=(1, 60 * SECOND)),))
    take(pipeline, 0, instance(job_id="job-0"))
    broken(pipeline)
    take(pipeline, 1, instance(job_id="job-1"))
    assert reasons(pipeline) == ["first", "storm"]
    take(pipeline, 2, instance(job_id="job-2"))
    return pipeline


def test_a_storm_is_told_again_while_one_of_its_groups_fires(make: MakePipeline) -> None:
    """The end of one group leaves the other."""
    pipeline = storm(make)
    take(pipeline, 10, job("OnJobFinished", job_id="job-1"))
    at(pipeline, 1 + LATER)
    assert reasons(pipeline)[:3] == ["first", "storm", "storm"]


def test_a_storm_that_people_have_seen_is_not_told_again(make: MakePipeline) -> None:
    """Every alert of its groups is acknowledged: its message is dropped."""
    pipeline = storm(make)
    acknowledged(pipeline)
    at(pipeline, 1 + LATER)
    assert dropped(pipeline).reason == "acknowledged by ann"
    assert reasons(pipeline) == ["first", "storm"]


def test_a_storm_that_is_silenced_is_told_when_the_silence_ends(make: MakePipeline) -> None:
    """The alerts of its groups are muted, and told by the storm's next message."""
    pipeline = storm(make)
    silenced(pipeline, lasts=600)
    at(pipeline, 1 + LATER)
    assert dropped(pipeline).reason == "muted: silenced by sl-1 (ann: deploying)"
    at(pipeline, 660)
    assert reasons(pipeline) == ["first", "storm", "storm"]


def test_a_great_group_is_judged_in_steps(make: MakePipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many alerts in each transaction; dropped when all of them were looked at."""
    monkeypatch.setattr(second_look, "BATCH", 3)
    pipeline = make(failed())
    broken(pipeline)
    take(pipeline, 0, *[instance(number=n) for n in range(8)])
    silenced(pipeline)
    pipeline.clock.move(LATER)
    states: list[tuple[str, int]] = []
    for _ in range(3):
        pipeline.deliver.wake(frozenset({"oncall/1"}))
        assert pipeline.deliver.step() == 1
        [one] = pipeline.deliveries()
        muted = [a for a in pipeline.store.read(lambda unit: unit.list_alerts()) if a.muted_by]
        states.append((one.state.value, len(muted)))
    assert states == [("waiting", 3), ("waiting", 6), ("dropped", 8)]
    assert dropped(pipeline).attempts == 1
    assert reasons(pipeline) == ["first"]


def test_what_a_person_sends_again_is_sent(make: MakePipeline) -> None:
    """A dead letter of what is over goes out all the same: somebody asked for it."""
    pipeline = make(failed())
    broken(pipeline, outcome=Outcome.REFUSED)
    take(pipeline, 0, instance())
    acknowledged(pipeline)
    at(pipeline, LATER)
    [dead] = pipeline.deliveries(state="dead")
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: unit.retry_deliveries([dead.id], now, "ann"))
    broken(pipeline)
    pipeline.run()
    at(pipeline, 3 * LATER)
    assert pipeline.deliveries()[0].state is State.SENT


def test_what_cannot_be_judged_is_sent(make: MakePipeline) -> None:
    """A page is never lost to a fault of the second look."""
    pipeline = waiting(make)
    acknowledged(pipeline)
    arm("deliver.withdrawn=raise")
    try:
        at(pipeline, LATER)
    finally:
        arm("")
    assert pipeline.deliveries()[0].state is State.SENT


def test_a_store_that_fails_at_the_second_look_sends_nothing(
    make: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what it committed: the message waits, and is judged when the store is back."""
    pipeline = waiting(make)
    acknowledged(pipeline)

    def fail(*_: object) -> None:
        raise RouterError("store-unavailable", "the disk is full", "Free space")

    with monkeypatch.context() as patched:
        patched.setattr("router.pipeline.deliver.withdraw", fail)
        pipeline.clock.move(LATER)
        pipeline.deliver.wake(frozenset({"oncall/1"}))
        assert pipeline.deliver.step() == 1
        pipeline.settle()
    [one] = pipeline.deliveries()
    assert (one.state, one.unknown, one.answer) == (
        State.WAITING,
        0,
        "nothing was sent: the disk is full. Free space",
    )
    at(pipeline, 600)
    assert dropped(pipeline).reason == "acknowledged by ann"
    assert reasons(pipeline) == ["first"]


def test_a_process_that_ends_before_its_second_look_leaves_it_to_the_next(make: MakePipeline) -> None:
    """Its claim comes back as one that may have been sent; the next process judges it, and tells the end."""
    pipeline = waiting(make, resolve_when=RESOLVED)
    acknowledged(pipeline)
    pipeline.clock.move(LATER)
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: unit.claim_deliveries(now, {"oncall/1": 1}, "dead-process:1", now + 1))
    assert pipeline.maintain.rescue_others("me") == 1
    pipeline.run()
    assert dropped(pipeline).reason == "acknowledged by ann"
    take(pipeline, LATER + 10, job("OnJobFinished"))
    assert reasons(pipeline) == ["first", "resolved"]

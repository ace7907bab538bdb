"""Channels that keep incidents of their own: what people acknowledge here is acknowledged there.

It tells nobody, so it changes nothing of when people are told.
"""

import threading
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core import group as groups
from router.core.delivery import SECOND, Delivery, Outcome, Patience, State, Verdict
from router.core.filter import Filter
from router.core.group import Group
from router.core.mute.silence import Silence
from router.core.policy import ChannelPlan, Target, make_policy
from router.core.rule import Rule, Severity
from router.pipeline.dispatch import Fresh
from router.pipeline.people import acknowledge, acknowledge_group, resolve, retry
from router.storage import open_store
from tests.pipeline.conftest import START, MakePipeline, Pipeline, plan
from tests.pipeline.test_alerts import HOUR, RESOLVED, at, failed, instance, job, reasons, take
from tests.pipeline.test_why_not import asked

PAGER = "pager/1"
DOWN = Verdict(Outcome.UNREACHABLE, "down")


def pager(*kinds: str, **keys: Any) -> ChannelPlan:
    """A channel that keeps incidents, without a storm guard."""
    targets = tuple(Target(f"pager/{n}", kind) for n, kind in enumerate(kinds or ("pagerduty",), 1))
    given: dict[str, Any] = {"storm": None} | keys
    return ChannelPlan("pager", targets, **given)


def router(make: MakePipeline, *rules: Rule, channel: ChannelPlan | None = None, **keys: Any) -> Pipeline:
    """A pipeline whose rule tells people and keeps an incident."""
    return make(
        *(rules or (failed(to=("oncall", "pager"), resolve_when=RESOLVED, **keys),)),
        channels=(plan("oncall"), channel or pager(), plan("duty")),
    )


def seen(pipeline: Pipeline, *, by: str = "ann", most: int | None = None) -> None:
    """Somebody acknowledges what fires (so much of it), and all that is due happens."""
    now = pipeline.clock.now()
    firing = pipeline.store.read(lambda unit: unit.list_alerts(state="firing"))
    ids = sorted(alert.id for alert in firing)[:most]
    pipeline.store.write(lambda unit: acknowledge(unit, pipeline.policy, ids, now, by))
    pipeline.run()


def marks(pipeline: Pipeline) -> list[Delivery]:
    """The deliveries that mark an incident as acknowledged, the oldest first."""
    written = [one for one in pipeline.deliveries() if '"reason":"acknowledged"' in one.content]
    return sorted(written, key=lambda one: one.created_at)


def test_an_acknowledgement_reaches_who_keeps_incidents_and_nobody_else(make: MakePipeline) -> None:
    """Once, when all that fires was seen, under the key of the incident; people hear nothing of it."""
    pipeline = router(make)
    take(pipeline, 0, instance(number=1), instance(number=2))
    pipeline.clock.move(60)
    seen(pipeline, most=1)
    assert reasons(pipeline, PAGER) == ["first"]
    seen(pipeline)
    assert reasons(pipeline, PAGER) == ["first", "acknowledged"]
    first, mark = (delivery for _, delivery in pipeline.channels[PAGER].sent)
    assert mark.group_id == first.group_id
    assert reasons(pipeline) == ["first"]
    at(pipeline, HOUR)
    assert reasons(pipeline, PAGER) == ["first", "acknowledged"]
    books = pipeline.store.read(lambda unit: unit.books())
    assert not [name for name, count in books.items() if name.startswith("unbalanced.") and count]


def test_opsgenies_note_says_by_whom(make: MakePipeline) -> None:
    """The title is the note of what was acknowledged."""
    pipeline = router(make, channel=pager("opsgenie"))
    take(pipeline, 0, instance())
    seen(pipeline, by="ann\n(by the link)")
    message, _ = pipeline.channels[PAGER].sent[-1]
    assert message.title.startswith("Acknowledged by ann (by the link): ")


def test_the_link_acknowledges_a_group_of_many_once(make: MakePipeline) -> None:
    """More alerts than one transaction takes: the incident is marked after the last."""
    pipeline = router(make)
    take(pipeline, 0, *(instance(number=n) for n in range(600)))
    [group] = {one.group_id for one in pipeline.deliveries() if one.channel == "oncall"}
    acknowledge_group(pipeline.store, pipeline.policy, group, pipeline.clock.now(), "ann")
    pipeline.run()
    assert reasons(pipeline, PAGER) == ["first", "acknowledged"]


def test_of_two_targets_only_who_keeps_incidents_is_told(make: MakePipeline) -> None:
    """The channel's webhook is no incident."""
    pipeline = router(make, channel=pager("pagerduty", "webhook", "opsgenie"))
    take(pipeline, 0, instance())
    seen(pipeline)
    assert [reasons(pipeline, f"pager/{n}")[1:] for n in (1, 2, 3)] == [
        ["acknowledged"],
        [],
        ["acknowledged"],
    ]


def test_it_changes_nothing_of_when_people_are_told(make: MakePipeline) -> None:
    """What is new comes an interval after the last telling, as if nothing had been marked."""
    bad = failed("bad", "Event == 'OnJobFailed'", to=("oncall", "pager"), group_interval=300 * SECOND)
    pipeline = router(make, failed(to=("oncall", "pager")), bad)
    take(pipeline, 0, instance())
    pipeline.clock.move(60)
    seen(pipeline)
    take(pipeline, 100, job("OnJobFailed"))
    at(pipeline, 299)
    assert reasons(pipeline) == ["first"]
    at(pipeline, 300)
    assert reasons(pipeline) == ["first", "new"]
    assert reasons(pipeline, PAGER) == ["first", "acknowledged", "new"]
    seen(pipeline)
    assert reasons(pipeline, PAGER) == ["first", "acknowledged", "new", "acknowledged"]
    assert len({one.id for one in marks(pipeline)}) == 2


def test_what_fires_again_is_told_and_can_be_acknowledged_again(make: MakePipeline) -> None:
    """After the hour that an acknowledgement covers."""
    pipeline = router(make)
    take(pipeline, 0, instance())
    seen(pipeline)
    take(pipeline, 2 * HOUR, instance())
    seen(pipeline, by="bob")
    assert reasons(pipeline, PAGER) == ["first", "acknowledged", "new", "acknowledged"]


def test_the_rest_is_marked_when_what_nobody_saw_has_ended(make: MakePipeline) -> None:
    """One of two is seen, the other ends: what is left was seen."""
    pipeline = router(make)
    take(pipeline, 0, instance(number=1), instance(number=2))
    seen(pipeline, most=1)
    [other] = pipeline.store.read(lambda unit: unit.list_alerts(state="firing"))
    now = pipeline.clock.now()
    pipeline.store.write(lambda unit: resolve(unit, pipeline.policy, [other.id], now, "ann"))
    pipeline.run()
    assert reasons(pipeline, PAGER) == ["first", "acknowledged"]
    take(pipeline, 60, job("OnJobFinished"))
    assert reasons(pipeline, PAGER) == ["first", "acknowledged", "resolved"]


def test_what_was_seen_and_has_ended_at_once_is_only_closed(make: MakePipeline) -> None:
    """The end comes before the acknowledgement was written: it is not marked after its close."""
    pipeline = router(make)
    take(pipeline, 0, instance())
    now = pipeline.clock.now()
    [alert] = pipeline.store.read(lambda unit: unit.list_alerts())
    pipeline.store.write(lambda unit: acknowledge(unit, pipeline.policy, [alert.id], now, "ann"))
    pipeline.store.write(lambda unit: resolve(unit, pipeline.policy, [alert.id], now, "ann"))
    at(pipeline, HOUR)
    assert reasons(pipeline, PAGER) == ["first", "resolved"]


def test_it_waits_for_the_first_and_is_not_sent_where_that_never_arrived(make: MakePipeline) -> None:
    """The first of one target fails and is dropped because it was seen: nothing is marked there."""
    pipeline = router(make, channel=pager("pagerduty", "opsgenie"))
    pipeline.channels[PAGER].script = [replace(DOWN, retry_at=START + 60 * SECOND)]
    take(pipeline, 0, instance())
    seen(pipeline)
    assert reasons(pipeline, "pager/2") == ["first", "acknowledged"]
    at(pipeline, 80)
    at(pipeline, HOUR)
    assert reasons(pipeline, PAGER) == ["first"]
    assert reasons(pipeline, "pager/2") == ["first", "acknowledged"]
    [dropped] = pipeline.deliveries(state="dropped")
    assert (dropped.target, dropped.reason) == (PAGER, "acknowledged by ann")


def test_where_the_first_may_have_arrived_it_is_sent(make: MakePipeline) -> None:
    """The first had no answer, and was given up: an incident may be there."""
    pipeline = router(make, channel=pager(patience=Patience(max_unknown=1)))
    pipeline.channels[PAGER].script = [Verdict(Outcome.UNKNOWN, "no answer")]
    take(pipeline, 0, instance())
    seen(pipeline)
    assert reasons(pipeline, PAGER) == ["first", "acknowledged"]


def test_a_first_that_is_sent_after_the_acknowledgement_is_followed_by_it(make: MakePipeline) -> None:
    """It waited for its target's rate; people had seen it elsewhere."""
    pipeline = router(make, group_by=(), channel=pager(rate=(1, 60 * SECOND)))
    take(pipeline, 0, instance(number=1), instance(number=2))
    assert len(reasons(pipeline, PAGER)) == 1
    seen(pipeline)
    for seconds in range(60, 400, 10):
        at(pipeline, seconds)
    by_group: dict[str, list[str]] = {}
    for message, delivery in pipeline.channels[PAGER].sent:
        by_group.setdefault(delivery.group_id, []).append(message.data["reason"])
    assert list(by_group.values()) == [["first", "acknowledged"]] * 2


@pytest.mark.parametrize("then", ["ends", "fires again"])
def test_before_a_further_attempt_it_is_judged_again(make: MakePipeline, then: str) -> None:
    """An acknowledgement that waits is dropped when its group has ended or fires again, with that reason."""
    pipeline = router(make, group_interval=24 * HOUR * SECOND)
    take(pipeline, 0, instance())
    pipeline.channels[PAGER].script = [replace(DOWN, retry_at=START + 3 * HOUR * SECOND)]
    seen(pipeline)
    take(pipeline, 2 * HOUR, job("OnJobFinished") if then == "ends" else instance())
    at(pipeline, 3 * HOUR)
    [mark] = marks(pipeline)
    assert mark.state is State.DROPPED
    assert mark.reason == ("all its alerts ended" if then == "ends" else "it fires again")
    assert reasons(pipeline, PAGER)[:2] == ["first", "acknowledged"]
    assert reasons(pipeline, PAGER)[2:] == (["resolved"] if then == "ends" else [])


def test_one_that_is_given_up_tells_no_fallback_and_a_person_sends_it_again(make: MakePipeline) -> None:
    """Nobody has to hear that somebody has seen it; once the group has ended it is not sent any more."""
    keeps = pager(fallback="duty", fallback_after={"warning": 60 * SECOND})
    pipeline = router(make, channel=keeps)
    take(pipeline, 0, instance())
    pipeline.channels[PAGER].script = [Verdict(Outcome.REFUSED, "no")] * 2
    seen(pipeline)
    at(pipeline, HOUR)
    pipeline.maintain.tell_overdue()
    pipeline.run()
    assert reasons(pipeline, "duty/1") == []

    def again() -> State:
        [mark] = marks(pipeline)
        pipeline.store.write(lambda unit: retry(unit, [mark.id], pipeline.clock.now(), "ann"))
        pipeline.run()
        return marks(pipeline)[0].state

    assert again() is State.DEAD
    take(pipeline, 2 * HOUR, job("OnJobFinished"))
    assert again() is State.DROPPED
    assert reasons(pipeline, PAGER) == ["first", "acknowledged", "acknowledged", "resolved"]


@pytest.mark.parametrize("end_arrives", [True, False])
def test_an_incident_opened_as_the_fallback_is_closed_with_its_group(
    make: MakePipeline, end_arrives: bool
) -> None:
    """Each that was opened, under its own key, once; people on that channel hear no more than before."""
    patient = plan("oncall", fallback="pager", patience=Patience(give_up_after=0))
    pipeline = make(
        failed(to=("oncall",), resolve_when=RESOLVED),
        channels=(patient, pager("pagerduty", "slack")),
    )
    pipeline.channels["oncall/1"].script = [DOWN, DOWN, *([] if end_arrives else [DOWN])]
    take(pipeline, 0, instance(number=1))
    take(pipeline, 400, instance(number=2))
    told = [delivery for _, delivery in pipeline.channels[PAGER].sent]
    assert reasons(pipeline, PAGER) == ["first", "new"]
    take(pipeline, 800, job("OnJobFinished"))
    at(pipeline, HOUR)
    incidents = [delivery.group_id for _, delivery in pipeline.channels[PAGER].sent][2:]
    ended = ["resolved"] * 2
    extra = [] if end_arrives else ["resolved"]
    assert reasons(pipeline, PAGER) == ["first", "new", *ended, *extra]
    assert {one.group_id for one in told} <= set(incidents)
    assert len(incidents) == len(set(incidents))
    assert reasons(pipeline, "pager/2") == ["first", "new", *extra]


def test_an_incident_of_a_fallback_is_closed_where_a_silence_kept_back_the_rest(make: MakePipeline) -> None:
    """The fallback was told because it was late; then nothing of it was sent to the channel itself."""
    late = plan("oncall", fallback="pager", fallback_after={"warning": 60 * SECOND})
    pipeline = make(failed(to=("oncall",), resolve_when=RESOLVED), channels=(late, pager()))
    pipeline.channels["oncall/1"].script = [DOWN] * 99
    take(pipeline, 0, instance())
    at(pipeline, 60)
    pipeline.maintain.tell_overdue()
    at(pipeline, 61)
    now = pipeline.clock.now()
    made = Silence("s-1", Filter("rule == 'failed'"), now, now + HOUR * SECOND, "kim", "moving", now)
    pipeline.store.write(lambda unit: unit.put_silences([made]))
    at(pipeline, 400)
    assert [one.state for one in pipeline.deliveries(channel="oncall")] == [State.DROPPED]
    assert open_incidents(pipeline)
    take(pipeline, 500, job("OnJobFinished"))
    at(pipeline, 2 * HOUR)
    assert reasons(pipeline, PAGER) == BOTH
    assert [one.state for one in pipeline.deliveries(channel="oncall")] == [State.DROPPED]


def test_the_fallback_of_a_fallback_closes_its_incident(make: MakePipeline) -> None:
    """Neither the channel nor its fallback could be reached: the next one opened an incident."""
    pipeline = make(
        failed(to=("oncall",), resolve_when=RESOLVED),
        channels=(plan("oncall", fallback="backup"), plan("backup", fallback="pager"), pager()),
    )
    for target in ("oncall/1", "backup/1"):
        pipeline.channels[target].script = [Verdict(Outcome.REFUSED, "no")]
    take(pipeline, 0, instance())
    at(pipeline, 1)
    assert reasons(pipeline, PAGER) == ["first"]
    take(pipeline, 60, job("OnJobFinished"))
    at(pipeline, HOUR)
    assert reasons(pipeline, PAGER) == ["first", "resolved"]
    assert reasons(pipeline, "backup/1") == ["first"]


def test_a_fallback_that_was_not_told_of_a_group_hears_nothing_of_its_end(make: MakePipeline) -> None:
    """An incident that nobody opened is not closed."""
    pipeline = make(
        failed(to=("oncall",), resolve_when=RESOLVED), channels=(plan("oncall", fallback="pager"), pager())
    )
    take(pipeline, 0, instance())
    take(pipeline, 60, job("OnJobFinished"))
    assert reasons(pipeline) == ["first", "resolved"]
    assert pipeline.channels[PAGER].sent == []


REFUSED = Verdict(Outcome.REFUSED, "no")
BOTH = ["first", "resolved"]


def critical(make: MakePipeline, channel: str, **keys: Any) -> Pipeline:
    """A critical rule for a channel; the pager is the fallback of oncall."""
    given: dict[str, Any] = {"to": (channel,), "resolve_when": RESOLVED, "severity": Severity.CRITICAL}
    rule = failed(**given | keys)
    return make(rule, channels=(plan("oncall", fallback="pager"), pager("pagerduty", "slack")))


def open_incidents(pipeline: Pipeline) -> set[str]:
    """Keys of the incidents that the provider was told to open, and not to close."""
    steps = {delivery.group_id: message.data["reason"] for message, delivery in pipeline.channels[PAGER].sent}
    return {key for key, reason in steps.items() if reason != "resolved"}


@pytest.mark.parametrize("channel", ["pager", "oncall"])
def test_one_message_that_says_both_opens_an_incident_that_is_closed(
    make: MakePipeline, channel: str
) -> None:
    """Its provider calls somebody first: it stays open for a minute; people hear one message."""
    pipeline = critical(make, channel, group_wait=30 * SECOND)
    pipeline.channels["oncall/1"].script = [REFUSED]
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFinished"))
    at(pipeline, 11)
    at(pipeline, 60)
    assert reasons(pipeline, PAGER) == ["first"]
    at(pipeline, 75)
    at(pipeline, HOUR)
    assert reasons(pipeline, PAGER) == BOTH
    assert reasons(pipeline, "pager/2") == ["first"]
    assert not open_incidents(pipeline)
    assert pipeline.channels[PAGER].sent[0][0].title.startswith("Resolved: ")


@pytest.mark.parametrize("channel", ["pager", "oncall"])
def test_a_critical_one_that_ended_before_its_first_was_sent_opens_an_incident(
    make: MakePipeline, channel: str
) -> None:
    """A close alone would tell nobody of what nobody had heard of."""
    pipeline = critical(make, channel)
    for target in (PAGER, "oncall/1"):
        pipeline.channels[target].script = [replace(DOWN, retry_at=START + 60 * SECOND)]
    pipeline.channels["oncall/1"].script += [REFUSED]
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFinished"))
    for seconds in (61, 70, 130, 140, HOUR):
        at(pipeline, seconds)
    heard = reasons(pipeline, PAGER)
    assert heard[-2:] == BOTH
    assert not open_incidents(pipeline)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fallback_that_is_told_of_a_group_only_after_its_end_closes_its_incident(
    make: MakePipeline, when: str
) -> None:
    """The attempt was on its way, or the fallback was still to be told, when the group ended."""
    pipeline = make(
        failed(to=("oncall",), resolve_when=RESOLVED), channels=(plan("oncall", fallback="pager"), pager())
    )
    sender = pipeline.channels["oncall/1"]
    sender.script, sender.hold = [REFUSED], threading.Event()
    pipeline.take(instance())
    pipeline.dispatch.step()
    pipeline.deliver.wake(frozenset(pipeline.channels))
    pipeline.deliver.step()
    if when == "before":
        sender.hold.set()
        pipeline.settle()
    pipeline.take(job("OnJobFinished"))
    ended = [
        one for one in pipeline.store.read(lambda unit: unit.due_groups(START, 9)) if not one.fallback_of
    ]
    dispatch(pipeline, ended)
    sender.hold.set()
    for seconds in (1, 2, 90, HOUR):
        at(pipeline, seconds)
    assert reasons(pipeline, PAGER) == BOTH
    assert not open_incidents(pipeline)


def test_what_another_replica_ends_while_the_fallback_is_made_due_closes_its_incident(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end waits for the fallback's group, or that is made as one that has ended."""
    rules = (failed(to=("oncall",), resolve_when=RESOLVED),)
    plans = {one.name: one for one in (plan("oncall", fallback="pager"), pager())}
    policy = make_policy(rules, plans, repr(rules))
    ours, theirs = (Pipeline(open_store(postgres_url, deadline=60), policy) for _ in range(2))
    ours.channels["oncall/1"].script = [REFUSED]
    ours.take(instance())
    ours.dispatch.step()
    ends = threading.Thread(target=lambda: (theirs.take(job("OnJobFinished")), theirs.dispatch.step()))
    making = groups.for_fallback

    def meanwhile(*given: Any) -> Group:
        if not ends.ident:
            ends.start()
            ends.join(1)
        return making(*given)

    monkeypatch.setattr(groups, "for_fallback", meanwhile)
    ours.send()
    ends.join()
    for seconds in (1, 90, HOUR):
        at(ours, seconds)
    assert reasons(ours, PAGER) == BOTH
    for one in (ours, theirs):
        one.deliver.use({})
        one.store.close()


def test_what_a_person_sends_again_after_the_end_opens_an_incident_that_is_closed(
    make: MakePipeline,
) -> None:
    """As often as somebody does so."""
    pipeline = router(make)
    pipeline.channels[PAGER].script = [REFUSED, REFUSED]
    take(pipeline, 0, instance(number=1))
    take(pipeline, 400, instance(number=2))
    take(pipeline, 800, job("OnJobFinished"))
    first, new = pipeline.deliveries(state="dead")
    for hours, dead in (1, first), (2, new):
        at(pipeline, hours * HOUR)
        pipeline.store.write(lambda unit, one=dead: retry(unit, [one.id], pipeline.clock.now(), "ann"))
        at(pipeline, hours * HOUR + 59)
        assert open_incidents(pipeline)
        at(pipeline, hours * HOUR + 61)
        assert not open_incidents(pipeline)
    assert reasons(pipeline, PAGER)[2:] == ["resolved", *BOTH, "new", "resolved"]
    assert reasons(pipeline) == ["first", "new", "resolved"]


def test_what_a_person_sends_again_together_with_its_end_is_closed_by_that(make: MakePipeline) -> None:
    """No other close is needed."""
    pipeline = router(make)
    pipeline.channels[PAGER].script = [REFUSED, REFUSED]
    take(pipeline, 0, instance(number=1))
    take(pipeline, 10, job("OnJobFinished"))
    dead = [one.id for one in pipeline.deliveries(state="dead")]
    at(pipeline, HOUR)
    pipeline.store.write(lambda unit: retry(unit, dead, pipeline.clock.now(), "ann"))
    at(pipeline, 2 * HOUR)
    assert reasons(pipeline, PAGER) == BOTH * 2


def dispatch(pipeline: Pipeline, due: list[Group]) -> None:
    """Tells these groups alone, as the intake does."""
    now = pipeline.clock.now()
    done = pipeline.store.write(lambda unit: pipeline.dispatch.tell_at_once(unit, Fresh(due), now))
    assert done is not None
    pipeline.dispatch.committed(done)


def test_the_close_waits_for_what_opens_the_incident(make: MakePipeline) -> None:
    """The provider is away for an hour: its close does not take the place of what nobody has heard."""
    pipeline = critical(make, "pager", group_wait=30 * SECOND)
    pipeline.channels[PAGER].script = [replace(DOWN, retry_at=START + HOUR * SECOND)]
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFinished"))
    for seconds in (100, 200, 400):
        at(pipeline, seconds)
        pipeline.maintain.take_over()
    for seconds in (HOUR, HOUR + 10, HOUR + 20):
        at(pipeline, seconds)
    assert reasons(pipeline, PAGER) == ["first", *BOTH]
    assert reasons(pipeline, "pager/2") == ["first"]


def test_nothing_is_closed_where_nothing_was_opened(make: MakePipeline) -> None:
    """The provider refuses the message that says both."""
    pipeline = critical(make, "pager", group_wait=30 * SECOND)
    pipeline.channels[PAGER].script = [REFUSED]
    take(pipeline, 0, instance())
    take(pipeline, 10, job("OnJobFinished"))
    at(pipeline, HOUR)
    assert reasons(pipeline, PAGER) == ["first"]
    assert not pipeline.store.read(lambda unit: unit.due_groups(2**60, 9))


def test_a_fallback_is_told_of_what_has_ended_in_silence(make: MakePipeline) -> None:
    """The attempt was on its way when close_after ended the alert: people on the fallback hear of it."""
    pipeline = critical(make, "oncall", closes_after=60 * SECOND)
    sender = pipeline.channels["oncall/1"]
    sender.script, sender.hold = [REFUSED], threading.Event()
    pipeline.take(instance())
    pipeline.dispatch.step()
    pipeline.deliver.wake(frozenset(pipeline.channels))
    pipeline.deliver.step()
    pipeline.clock.move(61)
    pipeline.advance.step()
    pipeline.dispatch.step()
    sender.hold.set()
    pipeline.run()
    at(pipeline, 70)
    at(pipeline, HOUR)
    assert reasons(pipeline, "pager/2") == ["first"]
    assert reasons(pipeline, PAGER) == BOTH


def test_the_storm_guard_does_not_count_it(make: MakePipeline) -> None:
    """Three groups are seen: the next one is the second message within the time, and no storm."""
    pipeline = router(make, channel=pager(storm=(4, 600 * SECOND)))
    take(pipeline, 0, *(instance(job_id=f"job-{n}") for n in range(3)))
    seen(pipeline)
    take(pipeline, 30, instance(job_id="job-9"))
    assert reasons(pipeline, PAGER) == ["first"] * 3 + ["acknowledged"] * 3 + ["first"]


def test_a_storms_incident_is_acknowledged_too(make: MakePipeline) -> None:
    """When all that it tells was seen; the groups in it have no incidents of their own."""
    pipeline = router(make, channel=pager(storm=(1, 600 * SECOND)))
    take(pipeline, 0, *(instance(job_id=f"job-{n}") for n in range(4)))
    assert sorted(reasons(pipeline, PAGER)) == ["first", "storm"]
    seen(pipeline)
    assert reasons(pipeline, PAGER)[2:] == ["acknowledged", "acknowledged"]
    assert len({delivery.group_id for _, delivery in pipeline.channels[PAGER].sent}) == 2


def test_what_is_silenced_holds_it_up_no_longer(make: MakePipeline) -> None:
    """Of two alerts one was seen and the other is muted: nothing fires that nobody saw."""
    bad = failed("bad", "Event == 'OnJobFailed'", to=("pager",), group_interval=60 * SECOND)
    pipeline = router(make, failed(to=("pager",)), bad)
    take(pipeline, 0, instance(), job("OnJobFailed"))
    now = pipeline.clock.now()
    ids = [one.id for one in pipeline.store.read(lambda unit: unit.open_alerts_of("failed"))]
    pipeline.store.write(lambda unit: acknowledge(unit, pipeline.policy, ids, now, "ann"))
    pipeline.run()
    assert reasons(pipeline, PAGER) == ["first"]
    silence = Silence("sl-1", Filter("rule == 'bad'"), now, now + HOUR * SECOND, "ann", "deploying", now)
    pipeline.store.write(lambda unit: unit.put_silences([silence]))
    take(pipeline, 10, job("OnJobFailed"))
    at(pipeline, 60)
    assert reasons(pipeline, PAGER) == ["first", "acknowledged"]


def test_no_event_was_told_by_it(make: MakePipeline) -> None:
    """A match of what was seen is recorded, not told: the mark of its group says nothing of it."""
    pipeline = router(make)
    take(pipeline, 0, instance())
    pipeline.clock.move(60)
    [second] = pipeline.take(instance())
    seen(pipeline)
    assert reasons(pipeline, PAGER) == ["first", "acknowledged"]
    assert asked(pipeline, second.id, channel="pager").reason.code == "acknowledged"


# laws

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fails"), st.integers(0, 2)),
        st.tuples(st.just("fails badly"), st.integers(0, 2)),
        st.tuples(st.just("seen"), st.integers(1, 3)),
        st.tuples(st.just("ends"), st.integers(0, 2)),
        st.tuples(st.just("answers"), st.sampled_from(Outcome)),
        st.tuples(st.just("waits"), st.sampled_from([5, 70, 400, 4000])),
    ),
    max_size=25,
)


@settings(max_examples=20, deadline=None)
@given(steps=_STEPS)
def test_the_provider_knows_what_people_know(steps: list[tuple[str, Any]]) -> None:
    """Whatever happens in whatever order: a mark comes after the first and before the close of its incident,
    at most once for each telling, and in the end an incident is acknowledged if all that fires is."""
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/state.db")
        both: dict[str, Any] = {"to": ("pager",), "resolve_when": RESOLVED}
        bad = failed("bad", "Event == 'OnJobFailed'", severity=Severity.CRITICAL, **both)
        rules = (failed(**both), bad)
        pipeline = Pipeline(store, make_policy(rules, {"pager": pager()}, repr(rules)))
        try:
            _play(pipeline, steps)
            for group_id in {delivery.group_id for _, delivery in pipeline.channels[PAGER].sent}:
                _check(pipeline, group_id)
        finally:
            pipeline.deliver.use({})
            store.close()


def _play(pipeline: Pipeline, steps: list[tuple[str, Any]]) -> None:
    channel = pipeline.channels[PAGER]
    for what, how in steps:
        match what:
            case "fails":
                pipeline.take(instance(number=how % 2, job_id=f"job-{how}"))
            case "fails badly":
                pipeline.take(job("OnJobFailed", f"job-{how}"))
            case "ends":
                pipeline.take(job("OnJobFinished", f"job-{how}"))
            case "seen":
                seen(pipeline, most=how)
            case "answers":
                channel.script.append(Verdict(how, "so"))
            case _:
                pipeline.clock.move(how)
        pipeline.run()
    channel.script.clear()
    for _ in range(12):
        pipeline.clock.move(100)
        pipeline.maintain.take_over()
        pipeline.run()


def _check(pipeline: Pipeline, group_id: str) -> None:
    sent = [(m.data["reason"], d) for m, d in pipeline.channels[PAGER].sent if d.group_id == group_id]
    ended = {one.id: one for one in pipeline.deliveries(group_ids=[group_id])}
    arrived = [reason for reason, one in sent if ended[one.id].state is State.SENT or ended[one.id].unknown]
    told = [reason for reason, _ in sent]
    if "acknowledged" in told:
        before = [ended[one.id] for _, one in sent[: told.index("acknowledged")]]
        assert any(one.state is State.SENT or one.unknown for one in before)
    if "resolved" in told:
        assert "acknowledged" not in told[told.index("resolved") :]
    tellings = {one.id for reason, one in sent if reason != "acknowledged"}
    assert len({one.id for reason, one in sent if reason == "acknowledged"}) <= len(tellings)
    [group] = pipeline.store.read(lambda unit: unit.groups([group_id]))
    is_seen = group.ended_at is None and group.open and not group.firing
    given_up = any(one.state is State.DEAD for one in ended.values())
    if is_seen and "first" in arrived and not given_up:
        assert arrived[-1] == "acknowledged"
    if group.firing:
        assert arrived[-1:] != ["acknowledged"] or group.due_at is not None or group.fresh

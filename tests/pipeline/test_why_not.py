"""Why-not: one reason for each way in which an event is not told."""

from typing import Any

import pytest

from router.core.delivery import SECOND, Outcome, Verdict
from router.core.event import Envelope, Event
from router.core.filter import Filter
from router.core.message import Message
from router.core.mute.tick import Schedule
from router.core.policy import make_policy
from router.core.rule import Count, Escalation, Expect, Inhibition
from router.decoders import decode
from router.pipeline.advance import book_of, close_book
from router.pipeline.fate import fate_of, stored_event
from router.pipeline.reasons import Reason
from router.pipeline.why_not import Answer, why_not_all, why_not_channel, why_not_rule
from router.ports import Unit
from tests.pipeline.conftest import IMPATIENT, START, MakePipeline, Pipeline, plan, rule
from tests.pipeline.test_alerts import RESOLVED, at, failed, instance, job, take

FAILED = {"Event": "OnJobFailed", "JobId": "job-1", "JobName": "nightly-etl"}
TEAM = plan("team")


def event(source: str = "hook", **fields: Any) -> Event:
    """A failed job, as it is decoded."""
    decoded = decode(Envelope(source, b"{}", START))
    assert isinstance(decoded, Event)
    return Event(decoded.id, source, START, FAILED | fields, START)


def asked(pipeline: Pipeline, event_id: str, name: str = "failed", channel: str = "") -> Answer:
    """Why a rule did not tell of an event of the store."""

    def read(unit: Any) -> Answer:
        fate = fate_of(unit.event(event_id), unit)
        return why_not_rule(fate.record.event, pipeline.policy, name, channel=channel, fate=fate)

    return pipeline.store.read(read)


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ([rule(mode="off")], Reason("off", "its mode is off")),
        (
            [rule(sources=frozenset(["queue", "push"]))],
            Reason("source", "it looks only at events from push, queue, and this one came from hook"),
        ),
        (
            [rule("first", stop=True), rule()],
            Reason("stopped", "first has stop: true and took the event"),
        ),
        (
            [rule(catch_all=True), rule("other")],
            Reason("taken", "it is a catch_all and other took the event"),
        ),
        (
            [rule(when="Event && length(`1`) > `1`")],
            Reason(
                "failed",
                "length(`1`) > `1` fails: JMESPathTypeError: In function length(), invalid type for value: "
                "1, expected one of: ['string', 'array', 'object'], received: \"number\"",
            ),
        ),
        (
            [rule(when="Event == 'OnJobFailed' && JobName == 'nightly-etI'")],
            Reason(
                "clause",
                "JobName == 'nightly-etI' does not hold: JobName is 'nightly-etl', one letter off",
            ),
        ),
        ([rule(mode="shadow")], Reason("shadow", "it matched, but its mode is shadow: recorded, never told")),
        (
            [rule()],
            Reason("matched", "it matches and tells oncall; --id asks what became of an event", "would be"),
        ),
        (
            [rule(hold=60)],
            Reason(
                "matched",
                "it matches and tells oncall, if it lasts (hold); --id asks what became of an event",
                "would be",
            ),
        ),
    ],
)
def test_the_reason_by_the_rules_alone(rules: list[Any], reason: Reason) -> None:
    """Off, another source, stopped, taken, failed, a false clause, shadow; or it does match."""
    policy = make_policy(rules, {}, "")
    assert why_not_rule(event(), policy, "failed").reason == reason


def test_an_earlier_reason_comes_first() -> None:
    """A rule that is off is off, whatever else is wrong; a rule in shadow stops nothing."""
    off = rule(mode="off", sources=frozenset(["queue"]), when="Nothing")
    shadow = rule("first", stop=True, mode="shadow")
    policy = make_policy([shadow, off, rule("last", when="JobName == 'x'")], {}, "")
    assert why_not_rule(event(), policy, "failed").reason.code == "off"
    assert why_not_rule(event(), policy, "last").reason.code == "clause"


def test_a_rule_that_does_not_tell_the_channel() -> None:
    """It says whom the rule tells, and when the channel is its fallback."""
    channels = {one.name: one for one in (plan("oncall", fallback="team"), TEAM, plan("boss"))}
    policy = make_policy([rule(escalate=(Escalation(60, ("duty",)),))], channels, "")
    assert why_not_rule(event(), policy, "failed", channel="boss").reason == Reason(
        "other-channel", "it matched, but it tells oncall"
    )
    assert why_not_rule(event(), policy, "failed", channel="duty").reason.text == (
        "it matched, but it tells oncall: duty is told by escalate, if nobody acknowledges it in time"
    )
    assert why_not_rule(event(), policy, "failed", channel="team").reason.text == (
        "it matched, but it tells oncall: team is told only when a message to oncall is given up"
    )


def test_what_was_sent_is_said_with_the_providers_answer(make: MakePipeline) -> None:
    """From the group that waits to the accepted message."""
    pipeline = make(rule())
    [receipt] = pipeline.take(FAILED)
    before = asked(pipeline, receipt.id).reason
    assert (before.code, before.told) == ("not-due", "not yet")
    assert before.text == "it matched, and oncall is due to be told at 2027-01-15 08:00:00 UTC (first)"
    pipeline.dispatch.step()
    assert asked(pipeline, receipt.id).reason == Reason(
        "pending", "the message to oncall/1 is due at 2027-01-15 08:00:00 UTC, and not sent", "not yet"
    )
    pipeline.run()
    answer = asked(pipeline, receipt.id)
    assert answer.reason == Reason(
        "sent", "oncall/1 accepted it at 2027-01-15 08:00:00 UTC with ok (200)", "yes"
    )
    assert [one.target for one in answer.messages] == ["oncall/1"]


def test_what_was_told_is_said_before_what_was_not(make: MakePipeline) -> None:
    """One target accepts, one refuses: told in part; dead in the provider's words, and who got it instead."""
    pipeline = make(rule(), channels=(plan("oncall", 2, fallback="team"), TEAM))
    pipeline.channels["oncall/2"].script = [Verdict(Outcome.REFUSED, "no such room", 404)]
    [receipt] = pipeline.take(FAILED)
    pipeline.run()
    assert asked(pipeline, receipt.id).reason == Reason(
        "dead",
        "oncall/1 accepted it at 2027-01-15 08:00:00 UTC with ok (200); "
        "the message to oncall/2 is dead: refused: no such room; the fallback team/1 got it instead: sent",
        "partly",
    )
    assert asked(pipeline, receipt.id, channel="team").reason.code == "sent"


def test_what_was_told_what_was_not_and_what_waits(make: MakePipeline) -> None:
    """In this order, each with its reason or its time."""
    channels = tuple(plan(name, patience=IMPATIENT) for name in ("mine", "gone", "bad", "late"))
    pipeline = make(rule(to=("mine", "gone", "bad", "late")), channels=channels)
    pipeline.channels["bad/1"].script = [Verdict(Outcome.REFUSED, "no such room", 404)]
    busy = Verdict(Outcome.THROTTLED, "slow down", 429, retry_at=START + 60_000_000)
    pipeline.channels["late/1"].script = [busy]
    [receipt] = pipeline.take(FAILED)
    pipeline.run()
    assert asked(pipeline, receipt.id).reason == Reason(
        "dead",
        "gone/1 and mine/1 accepted it, the last at 2027-01-15 08:00:00 UTC; "
        "the message to bad/1 is dead: refused: no such room; "
        "the message to late/1 waits: throttled: slow down; "
        "it is tried again at 2027-01-15 08:01:00 UTC (attempts: 1)",
        "partly",
    )


def test_of_many_that_were_not_told_five_are_said(make: MakePipeline) -> None:
    """The others are counted; nobody was told."""
    pipeline = make(rule(), channels=(plan("oncall", 7),))
    for number in range(1, 8):
        pipeline.channels[f"oncall/{number}"].script = [Verdict(Outcome.REFUSED, "no", 404)]
    [receipt] = pipeline.take(FAILED)
    pipeline.run()
    reason = asked(pipeline, receipt.id).reason
    assert (reason.code, reason.told) == ("dead", "no")
    assert reason.text.startswith(
        "it matched, but the message to oncall/1 is dead: refused: no; the message to"
    )
    assert reason.text.endswith("; 2 more like these")


def test_an_event_that_joins_what_was_told_says_both(make: MakePipeline) -> None:
    """When its alert, or its group, was told, and when it is told again."""
    pipeline = make(failed())
    take(pipeline, 0, instance(number=0))
    pipeline.clock.move(60)
    [again, other] = pipeline.take(instance(number=0), instance(number=1))
    due = "and of this event oncall is due to be told at 2027-01-15 08:05:00 UTC (new)"
    for receipt, heard in ((again, "alert"), (other, "group")):
        assert asked(pipeline, receipt.id).reason == Reason(
            "not-due",
            f"it matched, and of its {heard} a message was written at 2027-01-15 08:00:00 UTC, {due}",
            "not yet",
        )


def test_each_channel_that_waits_is_said(make: MakePipeline) -> None:
    """Of many the first five."""
    names = tuple(f"c{number}" for number in range(6))
    pipeline = make(rule(to=names), channels=tuple(map(plan, names)))
    [receipt] = pipeline.take(FAILED)
    text = asked(pipeline, receipt.id).reason.text
    assert text.count(" is due to be told at 2027-01-15 08:00:00 UTC (first); ") == 5
    assert text.endswith("; 1 more like these")


def test_the_fallback_of_a_late_message_is_named(make: MakePipeline) -> None:
    """While it waits, and also where a later message of the group has taken its place."""
    late = plan("oncall", fallback="team", fallback_after={"warning": 120 * SECOND})
    pipeline = make(failed(group_interval=60 * SECOND), channels=(late, TEAM))
    pipeline.channels["oncall/1"].script = [Verdict(Outcome.UNREACHABLE, "down", 503)] * 99
    [receipt] = pipeline.take(instance(number=0))
    pipeline.run()
    pipeline.clock.move(120)
    assert pipeline.maintain.tell_overdue() == 1
    pipeline.run()
    told = "; the fallback team/1 was told of it meanwhile, because it was late: sent"
    reason = asked(pipeline, receipt.id).reason
    assert (reason.code, reason.told, reason.text.endswith(told)) == ("waiting", "partly", True)
    pipeline.take(instance(number=1))
    pipeline.run()
    pipeline.clock.move(121)
    assert pipeline.maintain.take_over() == 1
    assert told in asked(pipeline, receipt.id).reason.text


def test_a_message_that_waits_says_why_and_until_when(make: MakePipeline) -> None:
    """The provider's answer, the next attempt, and how many there were; dropped by a person after it."""
    pipeline = make(rule(), channels=(plan("oncall", patience=IMPATIENT),))
    busy = Verdict(Outcome.THROTTLED, "slow down", 429, retry_at=START + 60_000_000)
    pipeline.channels["oncall/1"].script = [busy]
    [receipt] = pipeline.take(FAILED)
    pipeline.run()
    waiting = asked(pipeline, receipt.id)
    assert waiting.reason == Reason(
        "waiting",
        "the message to oncall/1 waits: throttled: slow down; "
        "it is tried again at 2027-01-15 08:01:00 UTC (attempts: 1)",
        "not yet",
    )
    pipeline.store.write(lambda unit: unit.drop_deliveries([waiting.messages[0].id], START, "ada"))
    assert asked(pipeline, receipt.id).reason == Reason(
        "dropped", "it matched, but the message to oncall/1 was dropped: dropped by ada"
    )


def test_rules_that_were_changed_since(make: MakePipeline) -> None:
    """What matched then is judged by what became of it; what matches only now says so."""
    pipeline = make(rule(when="JobName == 'x'"), rule("then"))
    [receipt] = pipeline.take(FAILED)
    pipeline.run()
    rules = [rule(), rule("then", when="JobName == 'x'")]
    pipeline.policy = make_policy(rules, pipeline.policy.channels, "changed")
    assert asked(pipeline, receipt.id).reason == Reason(
        "earlier-rules",
        "it matches now, but other rules were in force: it did not match when the event came",
    )
    assert asked(pipeline, receipt.id, "then").reason.told == "yes"


def test_what_waits_for_its_condition_is_pending(make: MakePipeline) -> None:
    """Hold, count and expect say what they wait for; what was over before has healed."""
    pipeline = make(
        failed("held", hold=600 * SECOND, resolve_when=RESOLVED),
        failed("counted", count=Count(5, 600 * SECOND), key=(Filter("JobId"),)),
        failed("expected", expect=Expect(RESOLVED, 600 * SECOND)),
    )
    pipeline.take(instance(number=1))
    [receipt] = pipeline.take(instance(number=0))
    pipeline.run()
    at_ten = "2027-01-15 08:10:00 UTC"
    assert asked(pipeline, receipt.id, "held").reason == Reason(
        "pending",
        f"it matched, and waits until {at_ten}: it is told if it lasts so long (hold)",
        "not yet",
    )
    assert asked(pipeline, receipt.id, "counted").reason.text == (
        "it matched, and waits for more: 2 of the 5 matches that count wants"
    )
    assert asked(pipeline, receipt.id, "expected").reason.text == (
        f"it matched, and waits until {at_ten} for what it expects"
    )
    [end] = pipeline.take(job("OnJobFinished"))
    healed = asked(pipeline, receipt.id, "held").reason
    assert (healed.code, healed.told) == ("healed", "no")
    assert healed.text.startswith(
        "it matched, but was over before it was to be told: resolve_when: OnJobFini"
    )
    assert asked(pipeline, end.id, "held").reason.code == "ends"


def test_an_end_from_another_source_is_said_to_be_one(make: MakePipeline) -> None:
    """``from`` is about ``when`` only: it did end the alert."""
    pipeline = make(failed(sources=frozenset({"queue"}), resolve_when=RESOLVED))
    pipeline.take(instance(), source="queue")
    [end] = pipeline.take(job("OnJobFinished"), source="hook")
    assert (end.outcome, end.reason) == ("routed", "ended 1 alert")
    assert asked(pipeline, end.id).reason.code == "ends"


def test_what_has_left_the_window_of_count_is_not_said_to_count(make: MakePipeline) -> None:
    """Four have matched, and the newest two within a minute."""
    pipeline = make(failed("counted", count=Count(3, 60 * SECOND)))
    for seconds in (0, 40, 70, 105):
        at(pipeline, seconds)
        [receipt] = pipeline.take(instance(number=seconds))
    assert asked(pipeline, receipt.id, "counted").reason.text == (
        "it matched, and waits for more: 2 of the 3 matches that count wants"
    )


def test_what_absent_waits_for_tells_nobody(make: MakePipeline) -> None:
    """It came: that is no trouble."""
    pipeline = make(rule(absent=Schedule("0 3 * * *")))
    [receipt] = pipeline.take(FAILED)
    assert asked(pipeline, receipt.id).reason == Reason(
        "arrived", "it is what the rule waits for (absent): nobody is told"
    )


def test_a_muted_alert_says_by_what_and_until_when(make: MakePipeline) -> None:
    """Also while others of its group are told; when the mute ends it is told."""
    pipeline = make(
        failed("jobs", "Event == 'OnJobFailed'"),
        failed(inhibited_by=(Inhibition("jobs", (Filter("JobId"),)),)),
    )
    take(pipeline, 0, job("OnJobFailed"))
    [receipt] = pipeline.take(instance())
    take(pipeline, 400)
    answer = asked(pipeline, receipt.id)
    assert (answer.reason.code, answer.reason.told) == ("muted", "not yet")
    assert answer.reason.text.startswith("it matched, but is muted: inhibited by jobs (a-")
    assert answer.messages == ()


def test_an_alert_that_joined_acknowledged_is_not_told(make: MakePipeline) -> None:
    """Who did it, and until when it covers what comes."""
    pipeline = make(failed())
    [first] = pipeline.take(instance())
    pipeline.run()

    def acknowledge(unit: Unit) -> None:
        book = book_of(unit, unit.open_alerts_of("failed"), pipeline.policy, START)
        for alert in list(book.alerts.values()):
            book.acknowledge(alert, "ada")
        close_book(unit, book)

    pipeline.store.write(acknowledge)
    pipeline.clock.move(1)
    [again, other] = pipeline.take(instance(), instance(number=1))
    pipeline.run()
    assert asked(pipeline, first.id).reason.code == "sent"
    assert asked(pipeline, again.id).reason == Reason(
        "acknowledged",
        "it matched, but its alert is acknowledged by ada until 2027-01-15 09:00:00 UTC: recorded, not told",
    )
    assert "is acknowledged with its group until" in asked(pipeline, other.id).reason.text


def test_a_group_that_is_told_at_its_interval(make: MakePipeline) -> None:
    """The next message of the conversation, and what ended before it."""
    pipeline = make(failed(group_wait=60 * SECOND, resolve_when=RESOLVED))
    [receipt] = pipeline.take(instance())
    take(pipeline, 1)
    assert asked(pipeline, receipt.id).reason.text == (
        "it matched, and oncall is due to be told at 2027-01-15 08:01:00 UTC (first)"
    )
    take(pipeline, 2, job("OnJobFinished"))
    assert asked(pipeline, receipt.id).reason.text.startswith(
        "it matched, but ended before it was told: resolve_when: OnJobFinished "
    )


def test_an_event_that_is_older_than_the_end_is_late(make: MakePipeline) -> None:
    """It matches, and opened nothing."""
    pipeline = make(failed(resolve_when=RESOLVED))
    pipeline.take(job("OnJobFinished"))
    pipeline.clock.move(-60)
    [receipt] = pipeline.take(instance())
    assert asked(pipeline, receipt.id).reason == Reason(
        "late", "it matches, but a newer event had ended what it is about before this one came"
    )


def test_a_storm_tells_it_with_others(make: MakePipeline) -> None:
    """The storm's message is the one that told of it."""
    pipeline = make(failed(), channels=(plan("oncall", storm=(1, 60 * SECOND)),))
    take(pipeline, 0, instance(job_id="job-1"))
    [receipt] = pipeline.take(instance(job_id="job-2"))
    pipeline.run()
    answer = asked(pipeline, receipt.id)
    assert (answer.reason.code, len(answer.messages)) == ("sent", 1)
    assert Message.from_json(answer.messages[0].content).data["reason"] == "storm"


def test_every_rule_is_answered_where_none_is_named(make: MakePipeline) -> None:
    """What told first; then what did not match, the nearest first."""
    pipeline = make(rule("far", when="Task"), rule("slip", when="JobName == 'nightly-etI'"), rule())
    [receipt] = pipeline.take(FAILED)
    pipeline.run()
    fate = pipeline.store.read(lambda unit: fate_of(stored_event(unit, receipt.id), unit))
    answers = why_not_all(fate.record.event, pipeline.policy, fate=fate)
    assert [(one.rule, one.reason.told, one.has_matched) for one in answers] == [
        ("failed", "yes", True),
        ("slip", "no", False),
        ("far", "no", False),
    ]


def test_a_channel_is_answered_by_the_rule_that_came_nearest() -> None:
    """A slip before a clause that is far off, a failed filter before both, and rules of others not at all."""
    rules = [
        rule("far", when="Event == 'OnTaskFailed' && Task"),
        rule("off", mode="off"),
        rule("slip", when="JobName == 'nightly-etI'"),
        rule("others", to=("team",)),
    ]
    channels = {"oncall": plan("oncall", fallback="spare"), "team": TEAM, "spare": plan("spare")}
    policy = make_policy(rules, channels, "")
    answers = why_not_channel(event(), policy, "oncall")
    assert [one.rule for one in answers] == ["slip", "far", "off"]
    [spare] = why_not_channel(event(), policy, "spare")
    assert spare.reason.text == "no rule tells spare; it is told when a message to oncall is given up"
    failing = make_policy([*rules, rule("fails", when="length(`1`)")], channels, "")
    assert why_not_channel(event(), failing, "oncall")[0].rule == "fails"

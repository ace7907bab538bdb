"""More than a target takes is told as a few messages, and nothing of it is lost."""

import os
from dataclasses import replace
from typing import Any

import pytest

from router.core.delivery import SECOND, Delivery, Outcome, State, Verdict
from router.core.filter import Filter
from router.core.message import Message
from router.core.policy import ChannelPlan, Target
from router.core.rule import Severity
from router.pipeline.claims import CROWD
from router.pipeline.fate import fate_of
from router.pipeline.why_not import why_not_rule
from tests.pipeline.conftest import MakePipeline, Pipeline, plan, rule
from tests.storage.making import delivery as made

RATE = (20, 60 * SECOND)
DAY = 86_400 * SECOND
#: Messages that wait after a provider's outage of a day.
WAITING = 100_000 if os.environ.get("ALERT_ROUTER_TORTURE") == "1" else 12_000
DOWN = Verdict(Outcome.UNREACHABLE, "connection refused")


def robot(name: str = "oncall", kind: str = "dingtalk", **keys: Any) -> ChannelPlan:
    """A channel with one robot that takes 20 a minute."""
    return replace(plan(name, rate=RATE, **keys), targets=(Target(f"{name}/1", kind),))


def of_kind(pipeline: Pipeline, kind: str = "dingtalk", concurrency: int = 1) -> Pipeline:
    """The same, its channels being of a kind."""
    for channel in pipeline.channels.values():
        channel.kind, channel.concurrency = kind, concurrency
    pipeline.use_channels()
    return pipeline


def jobs(pipeline: Pipeline, number: int, begin: int = 0) -> None:
    """So many groups of their own are written to the outbox."""
    for job in range(begin, begin + number):
        pipeline.take({"Event": "OnJobFailed", "JobId": f"job-{job:03}", "JobName": f"nightly-{job:03}"})
    while pipeline.dispatch.step():
        pass


def sent(pipeline: Pipeline, name: str = "oncall/1") -> list[Message]:
    return [message for message, _ in pipeline.channels[name].sent]


def untold(pipeline: Pipeline, number: int) -> list[int]:
    """Jobs of which no message speaks."""
    said = "\n".join(f"{message.title}\n{message.body}" for message in sent(pipeline))
    return [job for job in range(number) if f"job-{job:03}" not in said]


def balanced(pipeline: Pipeline) -> bool:
    books = pipeline.store.read(lambda unit: unit.books())
    return not [name for name, count in books.items() if name.startswith("unbalanced.") and count]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_hundred_at_once_are_a_few_messages(make: MakePipeline, concurrency: int) -> None:
    """Within the burst of others; the content of each arrives, each is on record, and the books balance."""
    pipeline = of_kind(make(rule(), channels=(robot(),)), concurrency=concurrency)
    jobs(pipeline, 100)
    pipeline.send()
    assert len(sent(pipeline)) <= 9
    assert untold(pipeline, 100) == []
    all_of_them = pipeline.deliveries(limit=200)
    first = {one.id for one in all_of_them if one.state is State.SENT}
    folded = [one for one in all_of_them if one.state is State.REPLACED]
    assert len(first) == len(sent(pipeline))
    assert len(first) + len(folded) == 100
    assert {one.replaced_by for one in folded} <= first
    assert all("in a digest" in one.reason for one in folded)
    assert balanced(pipeline)


def test_a_hundred_in_a_minute_are_at_most_twenty_sends(make: MakePipeline) -> None:
    """As they come: at first each alone, then together; the last within twelve seconds of its event."""
    pipeline = of_kind(make(rule(), channels=(robot(),)))
    for second in range(60):
        jobs(pipeline, 2 if second < 40 else 1, begin=second * 2 if second < 40 else 40 + second)
        pipeline.send()
        pipeline.clock.move(1)
    assert len(sent(pipeline)) <= 20
    assert [message.data["reason"] for message in sent(pipeline)[:5]] == ["first"] * 5
    for _ in range(2):
        pipeline.clock.move(6)
        pipeline.send()
    assert untold(pipeline, 100) == []


def test_a_few_more_than_the_burst_are_told_one_by_one(make: MakePipeline) -> None:
    """What goes out within some seconds is not told together."""
    pipeline = of_kind(make(rule(), channels=(robot(),)))
    jobs(pipeline, 10)
    pipeline.send()
    assert len(sent(pipeline)) == 9
    pipeline.clock.move(6.1)
    pipeline.send()
    assert [message.data["reason"] for message in sent(pipeline)] == ["first"] * 10


@pytest.mark.parametrize("kind", ["webhook", "pagerduty", "opsgenie"])
def test_programs_get_each_alone(make: MakePipeline, kind: str) -> None:
    """They wait for the rate."""
    pipeline = of_kind(make(rule(), channels=(robot(kind=kind),)), kind)
    jobs(pipeline, 30)
    pipeline.send()
    assert {message.data["reason"] for message in sent(pipeline)} == {"first"}
    assert len(sent(pipeline)) == 9


def test_critical_is_not_told_with_others(make: MakePipeline) -> None:
    """Too many critical ones are told together, and the others apart from them."""
    pipeline = make(
        rule(when="Kind != 'worst'"),
        rule("worst", when="Kind == 'worst'", severity=Severity.CRITICAL),
        channels=(robot(),),
    )
    of_kind(pipeline)
    for job in range(100):
        kind = "worst" if job % 2 else "usual"
        pipeline.take({"Event": "OnJobFailed", "JobId": f"job-{job:03}", "Kind": kind})
    while pipeline.dispatch.step():
        pass
    for _ in range(10):
        pipeline.send()
        pipeline.clock.move(6.1)
    assert untold(pipeline, 100) == []
    assert len(sent(pipeline)) <= 20
    by_id = {one.id: one for one in pipeline.deliveries(limit=200)}
    mixed = [
        one for one in by_id.values() if one.replaced_by and by_id[one.replaced_by].severity != one.severity
    ]
    assert mixed == []
    assert sent(pipeline)[0].severity == "critical"


def test_a_digest_that_fails_leaves_each_as_it_was(make: MakePipeline) -> None:
    """Each is tried again, given up, and told on the fallback, as if it had been sent alone."""
    pipeline = make(rule(), channels=(robot(fallback="backup"), plan("backup")))
    of_kind(pipeline)
    oncall = pipeline.channels["oncall/1"]
    oncall.script = [DOWN]
    jobs(pipeline, 100)
    pipeline.deliver.wake(frozenset({"oncall/1"}))
    pipeline.deliver.step()
    pipeline.settle()
    waiting = pipeline.deliveries(state="waiting")
    assert len(waiting) > 5
    assert {one.reason for one in waiting} == {"unreachable: connection refused"}
    oncall.script = [Verdict(Outcome.REFUSED, "token revoked", 401, broken=True)] * 50
    for _ in range(20):
        pipeline.clock.move(30)
        pipeline.run()
    dead = pipeline.deliveries(state="dead", limit=200)
    told = pipeline.deliveries(channel="backup", limit=200)
    assert len(dead) == 100
    assert {one.fallback_of for one in told} == {one.id for one in dead}
    assert balanced(pipeline)


def test_a_digest_that_may_have_arrived_says_so_once_more(make: MakePipeline) -> None:
    """The same messages again are the same digest by its key, and are marked; then all are given up."""
    pipeline = of_kind(make(rule(), channels=(robot(),)))
    oncall = pipeline.channels["oncall/1"]
    jobs(pipeline, 9)
    pipeline.send()
    oncall.script = [Verdict(Outcome.UNKNOWN, "no answer")] * 2
    jobs(pipeline, 5, begin=9)
    for _ in range(4):
        pipeline.clock.move(12)
        pipeline.send()
    digests: list[Delivery] = [one for message, one in oncall.sent if message.data["reason"] == "digest"]
    assert [one.may_repeat for one in digests[:2]] == [False, True]
    assert digests[0].id not in {one.id for one in pipeline.deliveries()}
    assert all(one.ended_at for one in pipeline.deliveries())
    assert balanced(pipeline)


def test_why_not_says_that_it_was_told_in_a_digest(make: MakePipeline) -> None:
    """With the id of the message that had it."""
    pipeline = of_kind(make(rule(), channels=(robot(),)))
    jobs(pipeline, 100)
    pipeline.send()
    folded = next(one for one in pipeline.deliveries(limit=200) if one.replaced_by)
    records = {one.event.id: one for one in pipeline.store.read(lambda unit: unit.events(limit=200))}
    [notified] = pipeline.store.read(lambda unit: unit.notifications([folded.notification_id]))
    record = records[notified.event_id]
    fate = pipeline.store.read(lambda unit: fate_of(record, unit))
    reason = why_not_rule(record.event, pipeline.policy, "failed", fate=fate).reason
    assert (reason.code, reason.told) == ("replaced", "yes")
    assert f"told as a part of {folded.replaced_by}" in reason.text
    assert "in a digest" in reason.text


def test_the_texts_link_the_list_and_speak_the_language(make: MakePipeline) -> None:
    """Where the router has a public address; what was sent is on record."""
    pipeline = of_kind(make(rule(), channels=(robot(),)))
    pipeline.tongue = replace(pipeline.tongue, language="zh", public_url="https://alerts.example.com")
    jobs(pipeline, 300)
    pipeline.send()
    digest = next(message for message in sent(pipeline) if message.data["reason"] == "digest")
    assert "条消息合在一起" in digest.title
    assert "https://alerts.example.com/deliveries?channel=oncall" in digest.body
    contents = [one.content for one in pipeline.deliveries(state="sent", limit=50)]
    assert digest.to_json() in contents


def test_the_end_of_what_was_told_in_a_digest_is_told(make: MakePipeline) -> None:
    """Somebody has heard of each of them."""
    resolving = rule(when="Event == 'OnJobFailed'", resolve_when=Filter("Event == 'OnJobFinished'"))
    pipeline = of_kind(make(resolving, channels=(robot(),)))
    jobs(pipeline, 100)
    pipeline.send()
    folded = next(one for one in pipeline.deliveries(limit=200) if one.replaced_by)
    job = str(Message.from_json(folded.content).title).split("nightly-")[1][:3]
    pipeline.clock.move(120)
    pipeline.take({"Event": "OnJobFinished", "JobId": f"job-{job}", "JobName": f"nightly-{job}"})
    pipeline.run()
    assert sent(pipeline)[-1].data["reason"] == "resolved"


def waiting(pipeline: Pipeline, number: int) -> None:
    """So many deliveries of groups of their own, written over the day before."""
    content = Message("a job failed", "x" * 500, data={"reason": "first"}).to_json()
    begin = pipeline.clock.now() - DAY
    rows = [
        replace(
            made(f"d{n:05}", at=begin + n * DAY // number, group_id=f"g{n}", content=content), kind="dingtalk"
        )
        for n in range(number)
    ]
    for at in range(0, number, 2_000):
        pipeline.store.write(lambda unit, some=rows[at : at + 2_000]: unit.add_deliveries(some))


@pytest.mark.slow
def test_the_backlog_of_a_day_drains_within_minutes(make: MakePipeline) -> None:
    """The newest first, none lost, and none of the transactions claims more than a digest holds."""
    pipeline = of_kind(make(rule(), channels=(robot(),)))
    waiting(pipeline, WAITING)
    claimed, begin, oncall = list[int](), pipeline.clock.now(), pipeline.channels["oncall/1"]
    while pipeline.store.read(lambda unit: unit.open_targets()):
        pipeline.deliver.wake(frozenset({"oncall/1"}))
        claimed.append(pipeline.deliver.step())
        pipeline.settle()
        if not claimed[-1]:
            pipeline.clock.at = pipeline.deliver.again["oncall/1"]
    assert max(claimed) <= CROWD
    assert pipeline.clock.now() - begin < WAITING // 100 * SECOND
    assert len(oncall.sent) < WAITING // 480
    assert sum(claimed) == WAITING
    leaders = [delivery for _, delivery in oncall.sent]
    assert [one.created_at for one in leaders] == sorted((one.created_at for one in leaders), reverse=True)


def test_what_is_late_by_the_hundred_is_told_together_on_the_fallback_too(make: MakePipeline) -> None:
    """The fallback has limits of its own, and all content arrives there."""
    late = robot(fallback="backup", fallback_after={"warning": 900 * SECOND})
    pipeline = of_kind(make(rule(), channels=(late, robot("backup"))))
    pipeline.channels["oncall/1"].script = [DOWN] * 1000
    jobs(pipeline, 300)
    pipeline.send()
    pipeline.clock.move(900)
    assert pipeline.maintain.tell_overdue() == 300
    for _ in range(3):
        pipeline.run()
        pipeline.clock.move(6.1)
    backup = sent(pipeline, "backup/1")
    assert len(backup) <= 12
    said = "\n".join(f"{message.title}\n{message.body}" for message in backup)
    assert [job for job in range(300) if f"nightly-{job:03}" not in said] == []

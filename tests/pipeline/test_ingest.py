"""What becomes of envelopes."""

import json
from typing import Any

import pytest

from router.core.delivery import SECOND
from router.errors import RouterError
from router.failpoints import arm
from tests.pipeline.conftest import MakePipeline, plan, rule

FAILED = {"Event": "OnInstanceFailed", "ExitCode": "137", "JobId": "job-1"}


def test_a_match_is_routed_and_told(make: MakePipeline) -> None:
    """An event that a rule matches reaches its channel, with the decoded fields."""
    pipeline = make(rule(when="ExitCode != `0`"))
    [receipt] = pipeline.take(FAILED)
    assert (receipt.outcome, receipt.reason) == ("routed", "matched failed")
    pipeline.run()
    [(message, _)] = pipeline.channels["oncall/1"].sent
    assert message.data["event"]["data"]["ExitCode"] == 137


def test_events_of_one_moment_are_kept_in_the_order_in_which_they_came(make: MakePipeline) -> None:
    """Those of one request, and those of the next in the same microsecond."""
    pipeline = make(rule())
    taken = [
        pipeline.take(*({"Event": "OnJobFailed", "JobId": f"{of}-{n}"} for n in range(9))) for of in "ab"
    ]
    kept = pipeline.store.read(lambda unit: unit.events())
    assert [one.event.id for one in kept] == [receipt.id for receipts in taken for receipt in receipts]


def test_an_event_that_no_rule_wants_is_unmatched(make: MakePipeline) -> None:
    """Nobody is told, and the event is on record with its outcome."""
    pipeline = make(rule(when="ExitCode == `0`"))
    [receipt] = pipeline.take(FAILED)
    assert receipt.outcome == "unmatched"
    record = pipeline.store.read(lambda unit: unit.event(receipt.id))
    assert record is not None
    assert (record.outcome, record.envelope.body) == (
        "unmatched",
        b'{"Event": "OnInstanceFailed", "ExitCode": "137", "JobId": "job-1"}',
    )


def test_shadow_is_recorded_and_never_told(make: MakePipeline) -> None:
    """A match in shadow alone is suppressed: an alert on record, no group."""
    pipeline = make(rule(mode="shadow"))
    [receipt] = pipeline.take(FAILED)
    assert receipt.outcome == "suppressed"
    pipeline.run()
    assert pipeline.deliveries() == []
    assert pipeline.metrics.matched.labels("failed")._value.get() == 1  # pyright: ignore[reportPrivateUsage]


def test_the_same_message_again_changes_nothing(make: MakePipeline) -> None:
    """A message is told by its identity: again, in the same batch or later, it is a duplicate."""
    pipeline = make(rule())
    first, second = pipeline.take(FAILED, FAILED, identity="mns:1")
    [third] = pipeline.take(FAILED, identity="mns:1")
    assert (first.outcome, second.outcome, third.outcome) == ("routed", "duplicate", "duplicate")
    assert first.id == second.id == third.id
    pipeline.run()
    assert len(pipeline.deliveries()) == 1


def test_a_second_source_reaches_only_rules_that_left_the_first_out(make: MakePipeline) -> None:
    """The same message by push after queue is judged by rules whose from names only push."""
    pipeline = make(rule("all"), rule("push-only", sources=frozenset({"push"})))
    assert pipeline.take(FAILED, source="queue", identity="mns:1")[0].outcome == "routed"
    assert pipeline.take(FAILED, source="push", identity="mns:1")[0].outcome == "duplicate"
    pipeline.run()
    told = [message.data["rule"] for message, _ in pipeline.channels["oncall/1"].sent]
    assert sorted(told) == ["all", "push-only"]
    assert pipeline.take(FAILED, source="push", identity="mns:1")[0].outcome == "duplicate"
    pipeline.run()
    assert len(pipeline.channels["oncall/1"].sent) == 2


def test_two_posts_without_identity_are_two_events(make: MakePipeline) -> None:
    """Equal bodies are not the same message."""
    pipeline = make(rule())
    assert pipeline.take(FAILED)[0].id != pipeline.take(FAILED)[0].id
    pipeline.run()
    assert len(pipeline.deliveries()) == 2


def test_what_cannot_be_decoded_is_set_aside_whole(make: MakePipeline) -> None:
    """It blocks nothing, is acknowledged, and is kept with its reason."""
    pipeline = make(rule())
    bad, good = pipeline.take(b"\xff\xfe not json", FAILED)
    assert (bad.outcome, good.outcome) == ("undecodable", "routed")
    [kept] = pipeline.store.read(lambda unit: unit.set_aside_messages())
    assert kept.id == bad.id
    assert kept.undecodable.envelope.body == b"\xff\xfe not json"
    assert kept.undecodable.reason


def test_a_failing_filter_is_counted_and_stops_nothing(make: MakePipeline) -> None:
    """The rule after it is told, and the failure is on the event's record."""
    pipeline = make(rule("bad", "length(ExitCode) > `1`"), rule("good"))
    [receipt] = pipeline.take(FAILED)
    record = pipeline.store.read(lambda unit: unit.event(receipt.id))
    assert record is not None
    assert [name for name, _ in record.failures] == ["bad"]
    assert [name for name, _ in record.matches] == ["good"]


def test_requests_that_wait_share_one_transaction(make: MakePipeline) -> None:
    """Group commit: three requests, one step, three answers."""
    pipeline = make(rule())
    from tests.pipeline.test_ingest import envelope

    answers = [pipeline.ingest.submit([envelope(pipeline.clock.now())]) for _ in range(3)]
    assert pipeline.ingest.step() == 3
    assert [answer.result(timeout=60)[0].outcome for answer in answers] == ["routed"] * 3


def envelope(now: int, body: bytes = b"{}", **keys: Any) -> Any:
    """An envelope from the hook."""
    from router.core.event import Envelope

    return Envelope("hook", body, now, **keys)


def test_a_fault_before_the_commit_answers_nothing_as_taken(make: MakePipeline) -> None:
    """When the transaction fails, the source hears of it, and nothing of the event is kept."""
    pipeline = make(rule())
    arm("ingest.written=raise")
    try:
        answer = pipeline.ingest.submit([envelope(pipeline.clock.now())])
        with pytest.raises(Exception, match="failpoint"):
            pipeline.ingest.step()
        with pytest.raises(RouterError):
            answer.result(timeout=60)
    finally:
        arm("")
    assert pipeline.store.read(lambda unit: unit.events()) == []


def test_all_matching_rules_and_all_targets_are_told(make: MakePipeline) -> None:
    """Each target of a channel is told by each rule that names the channel."""
    channels = (plan("oncall", 2), plan("team"))
    pipeline = make(rule("a", to=("oncall", "team")), rule("b"), channels=channels)
    pipeline.take(FAILED)
    pipeline.run()
    counts = {name: len(channel.sent) for name, channel in pipeline.channels.items()}
    assert counts == {"oncall/1": 2, "oncall/2": 2, "team/1": 1}


def test_a_stopping_router_takes_nothing_more(make: MakePipeline) -> None:
    """After close, a source is told to come back."""
    pipeline = make(rule())
    pipeline.ingest.close()
    with pytest.raises(RouterError, match="stopping"):
        pipeline.ingest.submit([envelope(0)]).result(timeout=60)


def test_the_lag_of_a_source_is_the_age_of_its_newest_message(make: MakePipeline) -> None:
    """What MNS published 90 seconds before its receipt says so in the metrics."""
    pipeline = make(rule())
    published = (pipeline.clock.now() - 90 * SECOND) // 1000
    pipeline.take({"TopicName": "batch", "Message": json.dumps(FAILED), "PublishTime": str(published)})
    lag = pipeline.metrics.registry.get_sample_value("alert_router_source_lag_seconds", {"source": "hook"})
    assert lag == pytest.approx(90, abs=0.001)

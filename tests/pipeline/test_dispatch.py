"""Groups that are due become deliveries."""

import pytest

from router.core.delivery import State
from router.core.policy import make_policy
from router.pipeline import notify
from router.ports import Unit
from router.storage import open_store
from tests.pipeline.conftest import MakePipeline, Pipeline, plan, rule

EVENT = {"Event": "OnJobFailed", "JobId": "job-1"}


def test_a_text_that_cannot_be_made_keeps_nobody_from_being_told(
    make: MakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should the built-in text fail on an event, a bare one is sent, and other events are told as usual."""
    pipeline = make(rule())
    real = notify.render

    def failing(notification: object, *given: object, **named: object) -> object:
        if getattr(notification, "event").data["JobId"] == "bad":  # noqa: B009
            raise OverflowError("date value out of range")
        return real(notification, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(notify, "render", failing)
    pipeline.take(EVENT | {"JobId": "bad"}, EVENT)
    pipeline.run()
    sent = {message.title: message for message, _ in pipeline.channels["oncall/1"].sent}
    assert len(sent) == 2
    # Services that keep incidents open or close them by the reason.
    assert sent["warning: failed"].data["reason"] == "first"


def test_every_target_of_a_channel_gets_its_own_delivery(make: MakePipeline) -> None:
    """One delivery for each target, named after the channel, due at once."""
    pipeline = make(rule(), channels=(plan("oncall", 3),))
    pipeline.take(EVENT)
    assert pipeline.dispatch.step() == 1
    found = pipeline.deliveries()
    assert sorted(one.target for one in found) == ["oncall/1", "oncall/2", "oncall/3"]
    assert {one.state for one in found} == {State.PENDING}
    assert pipeline.dispatch.step() == 0


def test_a_channel_that_left_the_configuration_is_a_dead_letter(make: MakePipeline) -> None:
    """What was due on it is not forgotten: a dead letter with the text and the reason."""
    pipeline = make(rule())
    pipeline.take(EVENT)
    pipeline.policy = make(rule(to=("other",)), channels=(plan("other"),)).policy
    pipeline.dispatch.step()
    [dead] = pipeline.deliveries()
    assert (dead.state, dead.channel) == (State.DEAD, "oncall")
    assert "no channel is named oncall" in dead.reason


def test_a_template_that_fails_is_on_record_and_the_page_goes_out(make: MakePipeline) -> None:
    """The built-in text is sent instead; the fault stands with the notification."""
    from router.core.rule import Texts

    pipeline = make(rule(texts=Texts(body="{{ nothing.here }}")))
    pipeline.take(EVENT)
    pipeline.run()
    [(message, delivery)] = pipeline.channels["oncall/1"].sent
    assert "job-1" in message.title + message.body
    [told] = pipeline.store.read(lambda unit: unit.notifications([delivery.notification_id]))
    assert told.faults


def test_whoever_finds_another_replica_telling_does_not_wait_for_it(postgres_url: str) -> None:
    """His claims and ends go through the same connection: the other tells, and he when it is over."""
    policy = make_policy([rule()], {"oncall": plan("oncall")}, "")
    pipeline, other = Pipeline(open_store(postgres_url), policy), open_store(postgres_url)
    pipeline.take({"JobId": "a"})

    def tells(unit: Unit) -> int:
        assert unit.take_turn()
        unit.serialise()
        return pipeline.advance.step() + pipeline.dispatch.step()

    assert other.write(tells) == 0
    assert not pipeline.advance.had_turn
    assert pipeline.advance.step() == 0
    assert pipeline.advance.had_turn
    assert pipeline.dispatch.step() == 1
    pipeline.deliver.use({})
    pipeline.store.close()
    other.close()

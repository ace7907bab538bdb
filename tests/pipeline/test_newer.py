"""Two replicas on one store, of which one has an older configuration: what it does not know is not gone."""

from router.core.alert import AlertState
from router.core.delivery import SECOND, Outcome, State, Verdict
from router.core.policy import ChannelPlan, make_policy
from router.core.rule import Rule
from tests.pipeline.conftest import MakePipeline, Pipeline, plan
from tests.pipeline.test_alerts import HOUR, at, failed, instance, reasons, take

DOWN = Verdict(Outcome.UNREACHABLE, "down")


def two(make: MakePipeline, *rules: Rule, known: tuple[Rule, ...] = ()) -> tuple[Pipeline, Pipeline]:
    """A replica with a channel (``new``) and rules of which an older one has never heard, and that one."""
    old = make(*known, channels=(plan("oncall"),))
    late = {"warning": 60 * SECOND}
    plans = (plan("oncall"), plan("new", fallback="oncall", fallback_after=late))
    new = replica(old, rules, plans)
    policy = new.policy
    new.store.write(lambda unit: unit.keep_policy(policy.hash, policy.text, new.clock.now()))
    return new, old


def replica(other: Pipeline, rules: tuple[Rule, ...], plans: tuple[ChannelPlan, ...]) -> Pipeline:
    """Another router on the same store and clock."""
    channels = {one.name: one for one in plans}
    return Pipeline(other.store, make_policy(rules, channels, repr(rules)), other.clock, owner="other")


def test_a_delivery_to_a_channel_that_it_does_not_know_is_not_buried(make: MakePipeline) -> None:
    """It waits for its next attempt by who knows the channel."""
    new, old = two(make, failed(to=("new",)))
    new.channels["new/1"].script = [DOWN]
    take(new, 0, instance())
    new.clock.move(5)
    assert old.maintain.bury_strays() == 0
    at(new, 60)
    assert [one.state for one in new.deliveries()] == [State.SENT]


def test_a_group_on_a_channel_that_it_does_not_know_is_left_to_others(make: MakePipeline) -> None:
    """No dead letter says that there is no such channel."""
    new, old = two(make, failed(to=("new",), group_wait=10 * SECOND))
    take(new, 0, instance())
    at(old, 11)
    at(new, 11)
    assert reasons(new, "new/1") == ["first"]


def test_an_alert_of_a_rule_that_it_does_not_know_is_left_to_others(make: MakePipeline) -> None:
    """It does not heal because of that: it fires when its hold has run out, and is told."""
    held = failed(hold=60 * SECOND)
    new, old = two(make, held)
    take(new, 0, instance())
    at(old, 61)
    at(new, 61)
    assert reasons(new) == ["first"]


def test_the_fallback_of_a_channel_that_it_does_not_know_is_told_by_others(make: MakePipeline) -> None:
    """What is overdue there is not taken by who has nobody to tell."""
    new, old = two(make, failed(to=("new",)))
    new.channels["new/1"].script = [DOWN] * 9
    take(new, 0, instance())
    new.clock.move(70)
    assert old.maintain.tell_overdue() == 0
    assert new.maintain.tell_overdue() == 1


def test_where_nobody_knows_it_for_an_hour_it_is_gone(make: MakePipeline) -> None:
    """The newer replica has gone for good: nothing waits for ever without a word."""
    new, old = two(make, failed(to=("new",), hold=60 * SECOND), failed("told", to=("new",)))
    new.channels["new/1"].script = [DOWN]
    take(new, 0, instance())
    at(old, 2 * HOUR)
    assert old.maintain.bury_strays() == 1
    assert {one.state for one in new.deliveries()} == {State.DEAD}
    alerts = new.store.read(lambda unit: unit.list_alerts())
    assert AlertState.PENDING not in {one.state for one in alerts}


def test_what_a_reload_takes_away_is_gone_at_once(make: MakePipeline) -> None:
    """Who has loaded the newest configuration does not wait."""
    new, old = two(make, failed(to=("new",)))
    new.channels["new/1"].script = [DOWN]
    take(new, 0, instance())
    policy = old.policy
    new.store.write(lambda unit: unit.keep_policy(policy.hash, policy.text, new.clock.now()))
    new.clock.move(5)
    assert old.maintain.bury_strays() == 1

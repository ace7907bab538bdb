"""A source that could not be reached for an hour says so."""

from dataclasses import replace

import pytest

from router.core.absence import missing
from router.core.mute.tick import Schedule
from router.core.policy import make_policy
from router.core.rule import Rule
from router.failpoints import FailpointError, arm
from router.pipeline.explain import explain
from router.pipeline.fate import fate_of
from router.pipeline.tongue import Tongue
from router.pipeline.watermarks import Standing
from router.pipeline.why_not import why_not_channel, why_not_rule
from tests.pipeline.conftest import START, MakePipeline, Pipeline, plan
from tests.pipeline.test_alerts import HOUR, at, failed, instance, last, reasons

NIGHTLY = Schedule("0 3 * * *")
CHANNELS = (plan("oncall"), plan("duty"), plan("shadowed"), plan("elsewhere"))
RULES = (
    failed(),
    failed("named", sources=frozenset({"queue"}), to=("duty",)),
    failed("in-shadow", mode="shadow", to=("shadowed",)),
    failed("other", sources=frozenset({"hook"}), to=("elsewhere",)),
)


def cut_off(make: MakePipeline, *rules: Rule) -> Pipeline:
    """A pipeline whose source ``queue`` is given up."""
    pipeline = make(*(rules or RULES), channels=CHANNELS, sources=("hook", "queue"))
    stands(pipeline, Standing.GIVEN_UP)
    return pipeline


def stands(pipeline: Pipeline, standing: Standing) -> int:
    """The source stands so from now on; how many alerts that changed."""
    pipeline.stands = {"queue": standing}
    changed = pipeline.outages.step()
    pipeline.run()
    return changed


def test_everybody_who_hears_of_its_events_is_told(make: MakePipeline) -> None:
    """Once, as critical, with what is wrong: each channel of a rule that looks at the source, no other."""
    pipeline = cut_off(make)
    assert {name: reasons(pipeline, name) for name in pipeline.channels} == {
        "oncall/1": ["first"],
        "duty/1": ["first"],
        "shadowed/1": [],
        "elsewhere/1": [],
    }
    [(message, _)] = pipeline.channels["duty/1"].sent
    assert message.severity == "critical"
    assert (
        "Source queue could not be reached for an hour: queue is down" in f"{message.title}\n{message.body}"
    )
    assert last(pipeline)["rule"] == "source-unreachable.queue"
    assert pipeline.outages.step() == 0


def test_it_is_told_when_the_source_is_reached_again(make: MakePipeline) -> None:
    """Not before: while the source hands over what waited for it, the alert stands, days long."""
    pipeline = cut_off(make)
    assert stands(pipeline, Standing.BEHIND) == 0
    at(pipeline, 100 * HOUR)
    assert reasons(pipeline) == ["first"]
    assert stands(pipeline, Standing.REACHED) == 1
    assert reasons(pipeline) == ["first", "resolved"]
    [alert] = pipeline.store.read(lambda unit: unit.list_alerts())
    assert (alert.state.value, alert.end_reason) == ("resolved", "queue can be reached again")
    assert stands(pipeline, Standing.GIVEN_UP) == 1
    assert reasons(pipeline) == ["first", "resolved", "first"]


def test_a_restart_does_not_tell_it_twice(make: MakePipeline) -> None:
    """A process that finds the alert open leaves it so, and ends it when it reaches the source."""
    cut_off(make)
    restarted = cut_off(make)
    assert reasons(restarted) == []
    assert stands(restarted, Standing.REACHED) == 1
    assert reasons(restarted) == ["resolved"]


def test_a_source_that_left_the_configuration_ends_its_alert_in_silence(make: MakePipeline) -> None:
    """As the alerts of a rule that is gone."""
    pipeline = cut_off(make)
    pipeline.policy = make(*RULES, channels=CHANNELS).policy
    assert pipeline.advance.retire() == 1
    pipeline.run()
    assert reasons(pipeline) == ["first"]


def test_a_source_that_comes_back_into_the_configuration_is_a_new_one(make: MakePipeline) -> None:
    """It was taken away while it could not be reached, and cannot be reached now: that is told again."""
    pipeline = cut_off(make)
    with_it = pipeline.policy
    pipeline.policy = make(*RULES, channels=CHANNELS).policy
    assert pipeline.advance.retire() == 1
    pipeline.stands = {}
    assert pipeline.outages.step() == 0
    pipeline.policy = with_it
    assert stands(pipeline, Standing.BEHIND) == 0
    at(pipeline, HOUR)
    assert stands(pipeline, Standing.GIVEN_UP) == 1
    assert reasons(pipeline) == ["first", "first"]


def test_nobody_is_told_where_nobody_would_hear(make: MakePipeline) -> None:
    """No rule looks at the source: it is in the log and in the metrics."""
    pipeline = cut_off(make, *RULES[2:])
    assert pipeline.deliveries() == []
    assert pipeline.store.read(lambda unit: unit.events()) == []


def test_the_books_balance(make: MakePipeline) -> None:
    """Its event, its alert and its messages are counted as any other's."""
    pipeline = cut_off(make)
    books = pipeline.store.read(lambda unit: unit.books())
    assert (books["events.routed"], books["deliveries.sent"]) == (1, 2)
    assert {name: count for name, count in books.items() if name.startswith("unbalanced.") and count} == {}


def test_a_fault_of_the_store_loses_nothing(make: MakePipeline) -> None:
    """What could not be committed is tried again at the next step."""
    pipeline = make(*RULES, channels=CHANNELS, sources=("queue",))
    arm("outages.written=raise")
    try:
        with pytest.raises(FailpointError):
            stands(pipeline, Standing.GIVEN_UP)
    finally:
        arm("")
    assert stands(pipeline, Standing.GIVEN_UP) == 1
    assert reasons(pipeline) == ["first"]


def test_why_not_speaks_of_it_too(make: MakePipeline) -> None:
    """Of its event the rule says what became of it, of any other that it looks at none."""
    pipeline = cut_off(make)
    [record] = pipeline.store.read(lambda unit: unit.events())
    fate = pipeline.store.read(lambda unit: fate_of(record, unit))
    rule = "source-unreachable.queue"
    told = why_not_rule(record.event, pipeline.policy, rule, channel="oncall", fate=fate)
    assert told.reason.text.startswith("oncall/1 accepted it at")
    assert rule in [one.rule for one in why_not_channel(record.event, pipeline.policy, "oncall", fate=fate)]
    other = replace(record.event, data=instance())
    assert "the router's own" in why_not_rule(other, pipeline.policy, rule).reason.text
    assert rule not in [one.rule for one in why_not_channel(other, pipeline.policy, "oncall")]


def test_explain_shows_what_the_router_does_with_it(make: MakePipeline) -> None:
    """Its own rule tells whom it tells; no rule of a file is asked, whatever its filter would say."""
    pipeline = cut_off(make)
    [record] = pipeline.store.read(lambda unit: unit.events())
    found = explain(record.event, pipeline.policy, Tongue(), START)
    own, *others = [(one.rule, one.verdict, one.code) for one in found.rules]
    assert own == ("source-unreachable.queue", "matched", "matched")
    assert found.rules[0].reason == "the router's own: its source is cut off; tells oncall, duty"
    assert others == [(rule.name, "not judged", "own") for rule in RULES]
    assert [one.channel for one in found.told] == ["oncall", "duty"]
    assert "Source queue could not be reached" in f"{found.told[0].message.title}{found.told[0].message.body}"


@pytest.mark.parametrize(
    ("rules", "verdict", "told"),
    [
        ((failed("nightly", absent=NIGHTLY),), "matched", ["oncall"]),
        ((failed("nightly", absent=NIGHTLY, mode="shadow"),), "shadow", []),
        ((failed("nightly", absent=NIGHTLY, mode="off"),), "not judged", []),
        ((failed("other"),), "not judged", []),
    ],
    ids=["on", "in shadow", "off", "gone"],
)
def test_explain_shows_what_an_absence_does(rules: tuple[Rule, ...], verdict: str, told: list[str]) -> None:
    """Its rule tells, unless it is in shadow, off or gone."""
    event = missing(failed("nightly", absent=NIGHTLY), START, 0, START)
    policy = make_policy(rules, {"oncall": plan("oncall")}, "")
    found = explain(event, policy, Tongue(), START)
    assert (found.rules[0].rule, found.rules[0].verdict) == ("nightly", verdict)
    assert [one.channel for one in found.told] == told

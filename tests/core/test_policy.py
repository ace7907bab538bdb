"""Which rules want an event."""

from typing import Any

from router.core.event import Event
from router.core.filter import Filter
from router.core.mute.tick import Schedule
from router.core.policy import Policy, make_policy
from router.core.rule import Rule


def event(source: str = "queue", **data: Any) -> Event:
    """An event with these fields."""
    return Event(id="e-1", source=source, at=0, data=data, received_at=0)


def policy(*rules: Rule) -> Policy:
    """A policy of these rules and no channels."""
    return make_policy(rules, {}, "text")


def names(found: Policy, happened: Event, came_from: frozenset[str] | None = None) -> list[str]:
    """The rules that want the event."""
    return [match.rule.name for match in found.judge(happened, came_from).matches]


def rule(name: str, when: str | None = None, **keys: Any) -> Rule:
    """A rule that tells a channel."""
    return Rule(name, Filter(when) if when else None, ("oncall",), **keys)


def test_all_matching_rules_fire_in_order() -> None:
    """Every rule that holds is told, as written."""
    both = policy(rule("b", "x == `1`"), rule("a"), rule("no", "x == `2`"))
    assert names(both, event(x=1)) == ["b", "a"]


def test_stop_hides_the_event_from_later_rules() -> None:
    """A rule with stop takes the event; one in shadow stops nothing."""
    assert names(policy(rule("a", stop=True), rule("b")), event()) == ["a"]
    assert names(policy(rule("a", stop=True, mode="shadow"), rule("b")), event()) == ["a", "b"]


def test_stop_hides_nothing_from_a_rule_that_waits_for_it() -> None:
    """What came has come, whoever took it; behind such a rule the event is hidden as before."""
    waits = rule("nightly", absent=Schedule("0 3 * * *"))
    assert names(policy(rule("a", stop=True), waits, rule("b")), event()) == ["a", "nightly"]


def test_catch_all_comes_last_and_only_when_no_rule_took_the_event() -> None:
    """A catch_all is judged after all others; a match in shadow leaves the event to it."""
    assert names(policy(rule("rest", catch_all=True), rule("a", "x")), event(x="")) == ["rest"]
    assert names(policy(rule("rest", catch_all=True), rule("a", "x")), event(x="1")) == ["a"]
    assert names(policy(rule("rest", catch_all=True), rule("a", mode="shadow")), event()) == ["a", "rest"]


def test_from_limits_the_sources() -> None:
    """A rule with from looks at events of these sources only."""
    queue_only = policy(rule("a", sources=frozenset({"queue"})))
    assert names(queue_only, event("queue")) == ["a"]
    assert names(queue_only, event("hook")) == []


def test_a_message_that_came_from_another_source_is_judged_by_new_sources_rules_only() -> None:
    """The second receipt reaches only rules whose from names this source and left out the first."""
    rules = policy(
        rule("all"),
        rule("both", sources=frozenset({"queue", "push"})),
        rule("push", sources=frozenset({"push"})),
    )
    assert names(rules, event("push"), frozenset({"queue"})) == ["push"]


def test_a_failing_filter_is_counted_and_stops_nothing() -> None:
    """A filter that fails does not match, says why, and the next rule is judged."""
    judged = policy(rule("bad", "length(x) > `1`"), rule("good")).judge(event(x=1))
    assert [match.rule.name for match in judged.matches] == ["good"]
    assert [failure.rule.name for failure in judged.failures] == ["bad"]
    assert "length" in judged.failures[0].error


def test_a_rule_that_is_off_is_not_judged() -> None:
    """Off means off, also for failures."""
    judged = policy(rule("bad", "length(x) > `1`", mode="off")).judge(event(x=1))
    assert not judged.matches
    assert not judged.failures

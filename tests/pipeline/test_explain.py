"""Explain: every rule's verdict with its reason."""

import pytest

from router.core.event import Event
from router.core.filter import Filter
from router.core.mute.tick import Schedule
from router.core.policy import make_policy
from router.core.rule import Count, Expect, Inhibition, Rule
from router.pipeline.explain import explain_rules
from tests.pipeline.conftest import rule

EVENT = Event("e", "hook", 0, {"Event": "OnJobFailed", "JobId": "job-1"}, 0)
HOLDS, HOLDS_NOT = Filter("Event == 'OnJobFailed'"), Filter("Event == 'OnJobFinished'")
FAILS = Filter("length(`1`)")


def said(*rules: Rule) -> list[tuple[str, str]]:
    """Code and reason of each rule."""
    return [(one.code, one.reason) for one in explain_rules(EVENT, make_policy(rules, {}, ""))]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rule(), "tells oncall"),
        (rule(hold=60), "tells oncall, if it lasts (hold)"),
        (rule(count=Count(5, 60)), "tells oncall, at 5 matches (count)"),
        (
            rule(expect=Expect(HOLDS_NOT, 60)),
            "tells oncall, unless what it expects follows in time (expect)",
        ),
        (rule(active_time_intervals=("office",)), "tells oncall, in office alone (active_time_intervals)"),
        (
            rule(hold=60, mute_time_intervals=("nights", "holidays")),
            "tells oncall, if it lasts (hold), not in nights or holidays (mute_time_intervals)",
        ),
        (
            rule(inhibited_by=(Inhibition("b"), Inhibition("b"))),
            "tells oncall, unless b fires (inhibited_by)",
        ),
        (rule(absent=Schedule("0 3 * * *")), "it is what the rule waits for (absent): nobody is told"),
    ],
)
def test_what_a_match_still_waits_for_is_said(given: Rule, expected: str) -> None:
    """Hold, count, expect and mutes tell later, or not at all; absent tells what did not come."""
    assert said(given) == [("arrived" if given.absent else "matched", expected)]


def test_a_match_has_its_key_and_its_group() -> None:
    """What makes two events the same trouble, and which alerts are told together."""
    [alone, together] = explain_rules(EVENT, make_policy((rule("a"), rule("b", group_by=None)), {}, ""))
    assert (alone.key, alone.group) == ({"JobId": "job-1"}, {})
    assert (together.key, together.group) == ({"JobId": "job-1"}, {"JobId": "job-1"})
    [other] = explain_rules(EVENT, make_policy((rule(when="Missing"),), {}, ""))
    assert (other.key, other.group) == (None, None)


def test_a_rule_that_waits_is_judged_behind_stop() -> None:
    """Its own filter decides, whoever took the event before."""
    nightly = Schedule("0 3 * * *")
    taker, waits, other = (
        rule("taker", stop=True),
        rule("w", absent=nightly),
        rule("o", "Missing", absent=nightly),
    )
    assert [code for code, _ in said(taker, waits, other, rule("b"))] == [
        "matched",
        "arrived",
        "clause",
        "stopped",
    ]


def test_an_event_that_ends_is_no_match() -> None:
    """It meets resolve_when first; the `stop` of its rule hides nothing, and a catch_all does not get it."""
    ending = rule("ending", resolve_when=HOLDS, stop=True)
    rest = rule("rest", catch_all=True)
    assert said(rest, ending, rule("other", when="Missing")) == [
        ("ends", "it meets resolve_when: it ends what this rule told, and opens nothing"),
        ("clause", "Missing does not hold: it is null"),
        ("taken", "it is a catch_all and ending took the event"),
    ]


def test_an_event_that_is_expected_says_so() -> None:
    """Its rule matches other events; a catch_all does not get it."""
    expecting = rule("expecting", "Missing", expect=Expect(HOLDS, 60))
    assert said(expecting, rule("rest", catch_all=True)) == [
        ("meets", "it meets expect.event: it is what this rule expects, and opens nothing"),
        ("taken", "it is a catch_all and expecting took the event"),
    ]


def test_a_condition_that_fails_does_not_hide_a_match() -> None:
    """The rule matched; that its resolve_when failed is said besides."""
    [(code, reason)] = said(rule(resolve_when=FAILS))
    assert code == "matched"
    assert reason.startswith("tells oncall; its resolve_when or expect fails: JMESPathTypeError")

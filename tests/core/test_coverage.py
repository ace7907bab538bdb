"""Coverage: which events reach which rules and channels."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.catalogue import EVENTS
from router.core.coverage import Coverage, Reach, coverage
from router.core.event import Event
from router.core.filter import Filter
from router.core.mute.tick import Schedule
from router.core.policy import make_policy
from router.core.rule import Count, Escalation, Expect, Inhibition, Rule
from router.decoders.batchcompute import read_values


def rule(name: str, when: str | None = None, *to: str, **keys: Any) -> Rule:
    """A rule that tells oncall if nobody else is named."""
    return Rule(name, Filter(when) if when else None, to or ("oncall",), **keys)


def reached(found: Coverage, event: str) -> dict[str, Reach]:
    """How far each rule reaches for an event."""
    [row] = [row for row in found.rows if row.kind.name == event]
    return {cell.rule.name: cell.reach for cell in row.cells}


def notes(found: Coverage, event: str) -> list[str]:
    """What is remarked about the rules for an event."""
    [row] = [row for row in found.rows if row.kind.name == event]
    return [cell.note for cell in row.cells if cell.note]


def channels(found: Coverage, event: str) -> dict[str, Reach]:
    """Who hears of an event."""
    [row] = [row for row in found.rows if row.kind.name == event]
    return dict(row.channels)


def test_every_event_has_a_row_with_its_rules_and_channels() -> None:
    """Always, sometimes, never; what reaches nobody, and rules and channels that nothing reaches."""
    found = coverage(
        [
            rule("failed", "ends_with(Event, 'Failed')", "oncall", "team"),
            rule("killed", "Event == 'OnInstanceFailed' && ExitCode == `137`", "boss"),
            rule("order", "type == 'order'", "shop"),
            rule("off", None, "oncall", mode="off"),
        ],
        channels=["oncall", "team", "spare"],
    )
    assert [row.kind.name for row in found.rows] == list(EVENTS)
    assert reached(found, "OnInstanceFailed") == {"failed": "always", "killed": "sometimes"}
    assert channels(found, "OnInstanceFailed") == {"oncall": "always", "team": "always", "boss": "sometimes"}
    assert found.reaching("always") == ["OnJobFailed", "OnTaskFailed", "OnInstanceFailed"]
    assert len(found.reaching("never")) == 16
    assert found.idle_rules == ["order"]
    assert found.silent_channels == ["spare", "shop"]


def test_a_stop_hides_what_it_takes_from_later_rules() -> None:
    """All of it, a part of it, or nothing of what the later rule wants; a stop in shadow hides nothing.

    What is waited for (``absent``) is never hidden.
    """
    failed = "Event == 'OnInstanceFailed'"
    later = rule("later", failed, "team")
    killed = f"{failed} && ExitCode == `137`"
    assert reached(coverage([rule("first", failed, stop=True), later]), "OnInstanceFailed") == {
        "first": "always",
        "later": "never",
    }
    partly = coverage([rule("first", killed, stop=True), later])
    assert reached(partly, "OnInstanceFailed") == {"first": "sometimes", "later": "sometimes"}
    assert notes(partly, "OnInstanceFailed") == ["unless first takes it"]
    assert partly.reaching("always") == ["OnInstanceFailed"]
    other = rule("other", f"{failed} && ExitCode == `1`")
    assert notes(coverage([rule("first", killed, stop=True), other]), "OnInstanceFailed") == []
    waiting = coverage(
        [rule("first", failed, stop=True), rule("later", failed, absent=Schedule("0 3 * * *"))]
    )
    assert reached(waiting, "OnInstanceFailed")["later"] == "always"
    shadow = coverage([rule("first", failed, stop=True, mode="shadow"), later])
    assert reached(shadow, "OnInstanceFailed")["later"] == "always"


def test_a_catch_all_gets_what_is_left() -> None:
    """It stands last wherever it is written, and has what no other rule matches."""
    found = coverage([rule("rest", None, "team", catch_all=True), rule("failed", "Event == 'OnJobFailed'")])
    assert reached(found, "OnJobFailed") == {"failed": "always", "rest": "never"}
    assert notes(found, "OnJobFailed") == ["failed takes it"]
    assert reached(found, "OnJobWaiting") == {"rest": "always"}
    assert channels(found, "OnJobFailed") == {"oncall": "always"}


def test_from_leaves_other_sources_out() -> None:
    """Unless it names all that there are; a stop takes nothing from sources that it does not look at."""
    narrow = rule("narrow", None, sources=frozenset({"queue"}), stop=True)
    wide = rule("wide", None, "team")
    assert coverage([narrow]).reaching("sometimes") == list(EVENTS)
    assert coverage([narrow], sources=["queue"]).reaching("always") == list(EVENTS)
    both = coverage([narrow, wide], sources=["queue", "push"])
    assert reached(both, "OnJobFailed") == {"narrow": "sometimes", "wide": "sometimes"}
    assert notes(both, "OnJobFailed") == ["from queue", "unless narrow takes it"]
    assert both.reaching("always") == list(EVENTS)


def test_two_halves_are_a_whole() -> None:
    """Rules of which one always matches tell always, though each alone does sometimes."""
    halves = [
        rule("killed", "Event == 'OnInstanceFailed' && ExitCode == `137`", "oncall"),
        rule("others", "Event == 'OnInstanceFailed' && ExitCode != `137`", "team"),
    ]
    found = coverage(halves)
    assert found.reaching("always") == ["OnInstanceFailed"]
    assert channels(found, "OnInstanceFailed") == {"oncall": "sometimes", "team": "sometimes"}


def test_a_rule_in_shadow_tells_nobody() -> None:
    """It is in the table, and its events reach nobody."""
    found = coverage([rule("watched", "Event == 'OnJobFailed'", mode="shadow")])
    assert reached(found, "OnJobFailed") == {"watched": "always"}
    assert found.reaching("never") == list(EVENTS)
    assert found.idle_rules == []


def test_what_a_rule_waits_for_is_said() -> None:
    """Count, hold, expect, hours and inhibition: it matches always, and tells sometimes."""
    when = "Event == 'OnJobFailed'"
    waiting = [
        rule("counted", when, count=Count(5, 60)),
        rule("held", when, hold=60),
        rule("expected", when, expect=Expect(Filter("Event == 'OnJobFinished'"), 60)),
        rule("hours", when, mute_time_intervals=("night",)),
        rule("daily", when, absent=Schedule("0 3 * * *")),
        rule("weaker", when, inhibited_by=(Inhibition("held"),)),
    ]
    found = coverage(waiting)
    assert set(reached(found, "OnJobFailed").values()) == {"always"}
    assert notes(found, "OnJobFailed") == [
        "at 5 matches",
        "if it lasts",
        "unless what it expects follows",
        "at its hours",
        "is waited for",
        "unless inhibited",
    ]
    assert found.reaching("sometimes") == ["OnJobFailed"]
    assert notes(found, "OnJobFinished") == ["is expected"]
    assert channels(found, "OnJobFinished") == {}


def test_a_stop_that_waits_hides_what_it_may_not_tell() -> None:
    """The later rule is hidden, and nobody may hear of it."""
    when = "Event == 'OnJobFailed'"
    found = coverage([rule("first", when, stop=True, hold=60), rule("later", when, "team")])
    assert reached(found, "OnJobFailed") == {"first": "always", "later": "never"}
    assert found.reaching("sometimes") == ["OnJobFailed"]


def test_an_event_that_ends_alerts_is_no_match() -> None:
    """Its channels may hear that it is over, and a catch_all does not get it."""
    found = coverage(
        [
            rule("failed", "Event == 'OnJobFailed'", resolve_when=Filter("Event == 'OnJobFinished'")),
            rule(
                "quiet",
                "Event == 'OnTaskFailed'",
                resolve_when=Filter("Event == 'OnJobStopped'"),
                send_resolved=False,
            ),
            rule("rest", None, "team", catch_all=True),
        ]
    )
    assert notes(found, "OnJobFinished") == ["failed takes it", "ends it"]
    assert channels(found, "OnJobFinished") == {"oncall": "sometimes"}
    assert notes(found, "OnJobStopped") == ["quiet takes it", "ends it"]
    assert channels(found, "OnJobStopped") == {}
    assert found.idle_rules == []
    own = coverage([rule("own", None, resolve_when=Filter("ExitCode == `0`"))])
    assert notes(own, "OnInstanceFailed") == ["unless it ends it", "ends it"]
    assert reached(own, "OnJobFailed") == {"own": "always"}


def test_escalate_tells_others_sometimes() -> None:
    """They are among the channels, and hear of it if nobody acknowledges it."""
    found = coverage([rule("failed", "Event == 'OnJobFailed'", escalate=(Escalation(60, ("duty",)),))])
    assert channels(found, "OnJobFailed") == {"oncall": "always", "duty": "sometimes"}
    assert found.channels == ("oncall", "duty")


WHENS = st.sampled_from(
    [
        None,
        "Event == 'OnJobFailed'",
        "ends_with(Event, 'Failed')",
        "Category == 'Job'",
        "ExitCode == `137`",
        "ExitCode != `137`",
        "Event == 'OnInstanceFailed' && (ExitCode > `1` || !ExitCode)",
        "starts_with(JobName, 'x')",
        "length(ErrorMessage) > `3`",
    ]
)
CONDITIONS = WHENS.filter(bool).map(lambda when: Filter(str(when)))
ALWAYS: dict[str, st.SearchStrategy[Any]] = {
    "when": WHENS,
    "to": st.sampled_from([("a",), ("b",), ("a", "b")]),
}
SOMETIMES: dict[str, st.SearchStrategy[Any]] = {
    "mode": st.sampled_from(["on", "shadow", "off"]),
    "stop": st.booleans(),
    "catch_all": st.booleans(),
    "sources": st.sampled_from([frozenset({"queue"}), frozenset({"queue", "push"})]),
    "hold": st.just(60),
    "resolve_when": CONDITIONS,
    "expect": CONDITIONS.map(lambda when: Expect(when, 60)),
    "absent": st.just(Schedule("0 3 * * *")),
}
RULES = st.lists(
    # expect and absent exclude one another.
    st.fixed_dictionaries(ALWAYS, optional=SOMETIMES).filter(
        lambda keys: not keys.keys() >= {"expect", "absent"}
    ),
    max_size=5,
)
KINDS = st.sampled_from(["OnJobFailed", "OnInstanceFailed", "OnClusterDeleted"])
FIELDS = st.fixed_dictionaries(
    {
        "ExitCode": st.sampled_from(["", "0", "1", "137"]),
        "ErrorMessage": st.sampled_from(["", "out of memory"]),
        "JobName": st.sampled_from(["x1", "y"]),
    }
)


@settings(max_examples=100)
@given(RULES, KINDS, FIELDS, st.sampled_from(["queue", "push"]), st.booleans())
def test_no_event_contradicts_the_table(
    given_rules: list[Any], name: str, fields: dict[str, str], source: str, known: bool
) -> None:
    """Whatever is said to reach always or never does so for the rules as they are judged."""
    rules = [rule(f"r{n}", keys.pop("when"), *keys.pop("to"), **keys) for n, keys in enumerate(given_rules)]
    found = coverage(rules, sources=["queue", "push"] if known else None)
    [row] = [row for row in found.rows if row.kind.name == name]
    kind = EVENTS[name]
    data = kind.sample() | {key: value for key, value in fields.items() if key in kind.fields}
    read_values(data)
    judged = make_policy(rules, {}, "").judge(Event("e", source, 0, data, 0))
    told = [match.rule for match in judged.matches if not match.shadow]
    surely = {name for rule in told if not (rule.hold or rule.expect or rule.absent) for name in rule.to}
    ended = [rule for rule in judged.ended if rule.mode == "on"]
    perhaps = {name for rule in (*told, *ended) for name in rule.to}
    agree(row.told, bool(surely), bool(perhaps))
    for channel in ("a", "b"):
        agree(row.channels.get(channel, "never"), channel in surely, channel in perhaps)
    cells: dict[str, Reach] = {cell.rule.name: cell.reach for cell in row.cells if not cell.ends}
    for one in rules:
        matched = one.name in {match.rule.name for match in judged.matches}
        agree(cells.get(one.name, "never"), matched, matched)


def agree(reach: Reach, surely: bool, perhaps: bool) -> None:
    """What is always so has surely happened, what never is cannot have."""
    assert surely or reach != "always"
    assert not perhaps or reach != "never"


@pytest.mark.parametrize("count", [40, 200])
def test_filters_that_are_too_long_together_are_judged_one_by_one(count: int) -> None:
    """The whole is then sometimes at most, and nothing fails."""
    long = [rule(f"r{n}", f"JobName == '{'x' * 100}{n}'") for n in range(count)]
    assert set(coverage(long).reaching("sometimes")) == {
        n for n, e in EVENTS.items() if "JobName" in e.fields
    }

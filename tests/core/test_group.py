"""Groups: the seven reasons, when each is due and when not, and the laws of their numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core import group as groups
from router.core.group import CAUSES, OTHER, SHOWN, Group, Reason, Tally
from router.core.rule import GROUP_INTERVAL, Rule, Severity

TOLD_AT = 1_000_000


def rule(name: str, **keys: Any) -> Rule:
    """A rule that tells oncall after no wait, then each 100 microseconds."""
    given: dict[str, Any] = {"group_interval": 100} | keys
    return Rule(name, None, to=("oncall",), **given)


def group(tallies: Mapping[str, Tally], **keys: Any) -> Group:
    """A group with these alerts, opened at 0 and not told, unless said otherwise."""
    return replace(Group("g", "oncall", '["j"]', "warning", 0, "p"), tallies=tallies, **keys)


def told(tallies: Mapping[str, Tally], **keys: Any) -> Group:
    """The same, told once at TOLD_AT."""
    return group(tallies, **({"told": 1, "told_at": TOLD_AT} | keys))


def due(one: Group, *rules: Rule, now: int = 0, incident: bool = False) -> tuple[int | None, Reason | None]:
    """When it is told next, and why."""
    known = {one.name: one for one in rules or (rule("r"),)}
    found = groups.due(one, known.get, now, incident=incident)
    return found.due_at, found.due_reason


NEW = Tally(open=1, untold=1, fresh=1)
HEARD = Tally(open=1, told=1)
AGAIN = Tally(open=1, fresh=1, told=1)
SEEN = Tally(open=1, acknowledged=1, told=1)
HELD = Tally(open=1, held=1, told=1)
HIDDEN = Tally(open=1, held=1, hidden=1)


# first


def test_first_is_due_group_wait_after_the_group_opened() -> None:
    """Not after its newest alert: one that joins does not put it off."""
    assert due(group({"r": NEW}), rule("r", group_wait=30), now=20) == (30, Reason.FIRST)


@pytest.mark.parametrize("tally", [HIDDEN, Tally(open=1, acknowledged=1)])
def test_what_is_muted_or_seen_makes_no_first(tally: Tally) -> None:
    """There is nobody to tell, or nothing."""
    assert due(group({"r": tally})) == (None, None)


def test_the_shortest_wait_of_open_alerts_holds() -> None:
    """A rule of which nothing is open any more has no say."""
    slow, quick = rule("slow", group_wait=60), rule("quick", group_wait=10)
    assert due(group({"slow": NEW, "quick": NEW}), slow, quick) == (10, Reason.FIRST)
    assert due(group({"slow": NEW, "quick": Tally()}), slow, quick) == (60, Reason.FIRST)


# worse


MILD, BAD = rule("mild", severity=Severity.INFO), rule("bad", severity=Severity.CRITICAL)


def test_worse_is_due_at_once() -> None:
    """It does not wait for group_interval."""
    assert due(told({"mild": HEARD, "bad": NEW}), MILD, BAD, now=7) == (7, Reason.WORSE)


def test_equally_bad_is_not_worse() -> None:
    """It is told as new, in its time."""
    assert due(told({"mild": NEW, "bad": HEARD}), MILD, BAD) == (TOLD_AT + 100, Reason.NEW)
    assert due(told({"bad": Tally(open=2, untold=1, fresh=1, told=1)}), BAD) == (TOLD_AT + 100, Reason.NEW)


def test_worse_compares_with_what_is_still_open() -> None:
    """Where the critical one that was told has ended, a warning beside an open info is worse."""
    middle = rule("middle")
    ended = Tally(told=1)
    assert due(told({"bad": ended, "mild": HEARD, "middle": NEW}), BAD, MILD, middle)[1] is Reason.WORSE


def test_where_all_that_was_told_has_ended_it_still_is_what_people_heard() -> None:
    """A warning after a critical one is not worse; a critical one after a warning is."""
    ended = Tally(told=1)
    assert due(told({"bad": ended, "mild": NEW}), BAD, MILD) == (TOLD_AT + 100, Reason.NEW)
    assert due(told({"mild": ended, "bad": NEW}), BAD, MILD, now=7) == (7, Reason.WORSE)


def test_what_is_muted_is_not_worse() -> None:
    """Neither one that was never told nor one that was."""
    assert due(told({"mild": HEARD, "bad": HIDDEN}), MILD, BAD) == (None, None)
    assert due(told({"mild": HEARD, "bad": HELD}), MILD, BAD) == (None, None)


def test_what_was_told_and_matches_again_is_not_worse() -> None:
    """People know of it."""
    assert due(told({"mild": HEARD, "bad": AGAIN}), MILD, BAD) == (TOLD_AT + 100, Reason.NEW)


def test_worse_needs_a_first() -> None:
    """In a group that was not told, the critical alert waits for group_wait with the others."""
    slow = rule("mild", group_wait=60), rule("bad", group_wait=60, severity=Severity.CRITICAL)
    assert due(group({"mild": NEW, "bad": NEW}), *slow) == (60, Reason.FIRST)


# new


@pytest.mark.parametrize("tally", [NEW, AGAIN])
def test_new_is_due_an_interval_after_the_last_telling(tally: Tally) -> None:
    """Whether an alert joined or matched again; a past moment is at once."""
    assert due(told({"r": tally}), now=TOLD_AT + 500) == (TOLD_AT + 100, Reason.NEW)


@pytest.mark.parametrize("tally", [HEARD, SEEN, HELD, HIDDEN, Tally(told=1)])
def test_nothing_else_is_new(tally: Tally) -> None:
    """What was told, seen, muted or has ended."""
    assert due(told({"r": tally})) == (None, None)


def test_the_shortest_interval_of_open_alerts_holds() -> None:
    """Also that of an alert that has nothing new; not that of one that has ended, or whose rule is gone."""
    slow, quick = rule("slow", group_interval=900), rule("quick", group_interval=50)
    assert due(told({"slow": NEW, "quick": HEARD}), slow, quick) == (TOLD_AT + 50, Reason.NEW)
    assert due(told({"slow": NEW, "quick": Tally(told=1)}), slow, quick) == (TOLD_AT + 900, Reason.NEW)
    assert due(told({"gone": NEW}), slow) == (TOLD_AT + GROUP_INTERVAL, Reason.NEW)


# escalation


def test_escalation_is_due_at_once_also_before_a_first() -> None:
    """Whatever group_wait says; and once for each step."""
    waits = rule("r", group_wait=60)
    assert due(group({"r": NEW}, escalation=(1, 0)), waits, now=7) == (7, Reason.ESCALATION)
    assert due(told({"r": HEARD}, escalation=(2, 1)), waits, now=7) == (7, Reason.ESCALATION)
    assert due(told({"r": HEARD}, escalation=(1, 1)), waits, now=7) == (None, None)


@pytest.mark.parametrize("tally", [SEEN, HELD, HIDDEN])
def test_what_is_seen_or_muted_is_not_escalated(tally: Tally) -> None:
    """It was acknowledged, or muted, after it reached the step and before it was told."""
    assert due(told({"r": tally}, escalation=(1, 0))) == (None, None)


# repeat


REPEATS = rule("r", repeat_interval=1000)


def test_repeat_is_due_while_an_alert_fires() -> None:
    """repeat_interval after the last telling; one that fires beside one that was seen is enough."""
    assert due(told({"r": HEARD}), REPEATS) == (TOLD_AT + 1000, Reason.REPEAT)
    mixed = Tally(open=2, acknowledged=1, told=1)
    assert due(told({"r": mixed}), REPEATS) == (TOLD_AT + 1000, Reason.REPEAT)


@pytest.mark.parametrize("tally", [SEEN, HELD, HIDDEN, Tally(told=1)])
def test_what_does_not_fire_is_not_repeated(tally: Tally) -> None:
    """Seen, muted, or ended."""
    assert due(told({"r": tally}), REPEATS) == (None, None)


def test_the_shortest_repeat_holds_and_never_is_the_longest() -> None:
    """A rule that never repeats does not keep another from it."""
    never, often = rule("never"), rule("often", repeat_interval=500)
    assert due(told({"r": HEARD, "never": HEARD, "often": HEARD}), REPEATS, never, often) == (
        TOLD_AT + 500,
        Reason.REPEAT,
    )
    assert due(told({"never": HEARD}), never) == (None, None)


def test_new_comes_before_repeat_where_it_is_earlier() -> None:
    """And repeat before new where that is."""
    assert due(told({"r": AGAIN}), REPEATS)[1] is Reason.NEW
    assert due(told({"r": AGAIN}), rule("r", repeat_interval=50))[1] is Reason.REPEAT


# resolved, and the end


def ended(one: Group, *rules: Rule, **keys: Any) -> Group:
    """The group after its last alert has ended, at 5."""
    return groups.ended(one, {r.name: r for r in rules or (rule("r"),)}.get, 5, **({"quiet": False} | keys))


def test_resolved_is_due_at_once() -> None:
    """When somebody was told of it."""
    done = ended(told({"r": Tally(told=1)}))
    assert (done.due_at, done.due_reason, done.quiet, done.ended_at) == (5, Reason.RESOLVED, False, 5)


def test_what_nobody_was_told_of_ends_without_a_word() -> None:
    """Its first, which was due, is taken back."""
    assert ended(group({"r": Tally()}, due_at=3, due_reason=Reason.FIRST)).due_at is None


def test_a_silent_end_and_rules_that_say_nothing_are_only_for_incidents() -> None:
    """The close is due, but quiet; one rule of a told alert that sends resolved is enough."""
    assert ended(told({"r": Tally(told=1)}), quiet=True).quiet
    mute, speaks = rule("mute", send_resolved=False), rule("speaks")
    assert ended(told({"mute": Tally(told=1), "speaks": Tally()}), mute, speaks).quiet
    assert not ended(told({"mute": Tally(told=1), "speaks": Tally(told=1)}), mute, speaks).quiet


def test_what_was_critical_and_not_told_is_told_with_its_end() -> None:
    """One message says both."""
    done = ended(group({"r": Tally()}), both=True)
    assert (done.due_at, done.due_reason) == (5, Reason.FIRST)


def test_the_end_of_what_a_storm_tells_is_the_storms() -> None:
    """The group itself is told nothing."""
    assert ended(group({"r": Tally()}, storm_id="s"), both=True).due_at is None
    assert due(group({"r": NEW}, storm_id="s")) == (None, None)


# storm


def test_a_storm_is_told_at_once_then_at_intervals() -> None:
    """And not without something new."""
    storm = group({"r": NEW}, is_storm=True, opened_at=3)
    assert due(storm) == (3, Reason.STORM)
    assert due(told({"r": AGAIN}, is_storm=True)) == (TOLD_AT + 100, Reason.STORM)
    assert due(told({"r": HEARD}, is_storm=True)) == (None, None)


# told


def test_what_was_told_is_not_new_any_more() -> None:
    """Untold, fresh and escalation are settled; what is muted and was never told stays so."""
    after = groups.told(group({"r": NEW, "h": HIDDEN}, escalation=(2, 1)), lambda _: rule("r"), 9)
    assert after.tallies == {"r": Tally(open=1, told=1), "h": HIDDEN}
    assert (after.told, after.told_at, after.escalation, after.due_at) == (1, 9, (2, 2), None)


# acknowledged


def test_a_cover_lasts_until_its_time_for_what_is_no_worse() -> None:
    """Of the same rule, in the same group."""
    seen = told({"r": SEEN}, covered={"r": (50, int(Severity.WARNING))})
    assert groups.covers(seen, "r", Severity.WARNING, 49) == 50
    assert groups.covers(seen, "r", Severity.INFO, 49) == 50
    assert groups.covers(seen, "r", Severity.CRITICAL, 49) is None
    assert groups.covers(seen, "r", Severity.WARNING, 50) is None
    assert groups.covers(seen, "other", Severity.WARNING, 49) is None


# laws


@st.composite
def tallies_of_a_rule(draw: st.DrawFn) -> Tally:
    """Some alerts of one rule in every state that there is."""
    untold, again, heard, seen, held, hidden = (draw(st.integers(0, 2)) for _ in range(6))
    return Tally(
        open=untold + again + heard + seen + held + hidden,
        untold=untold,
        fresh=untold + again,
        acknowledged=seen,
        held=held + hidden,
        hidden=hidden,
        told=draw(st.integers(0, 1)),
    )


RULES = st.builds(
    rule,
    st.just("r"),
    severity=st.sampled_from(Severity),
    group_wait=st.integers(0, 50),
    group_interval=st.integers(1, 200),
    repeat_interval=st.none() | st.integers(1, 500),
)


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Group, dict[str, Rule]]:
    """A group of some rules' alerts in any state, told or not."""
    names = ["a", "b", "c"]
    tallies = {name: draw(tallies_of_a_rule()) for name in names}
    rules = {name: replace(draw(RULES), name=name) for name in names}
    step = draw(st.integers(0, 2))
    escalation = (step, draw(st.integers(0, step)))
    was_told = draw(st.booleans())
    keys: dict[str, Any] = {"told": 1, "told_at": TOLD_AT} if was_told else {}
    return group(tallies, escalation=escalation, **keys), rules


@given(crowds(), st.permutations(["a", "b", "c"]), st.integers(0, 2 * TOLD_AT))
def test_when_a_group_is_due_does_not_depend_on_the_order_of_its_rules(
    crowd: tuple[Group, dict[str, Rule]], order: list[str], now: int
) -> None:
    """Tallies are numbers, whoever came first."""
    one, rules = crowd
    other = replace(one, tallies={name: one.tallies[name] for name in order})
    assert due(other, *rules.values(), now=now) == due(one, *rules.values(), now=now)


@given(crowds(), st.integers(0, 2 * TOLD_AT))
def test_a_group_is_due_only_for_an_alert_that_fires(crowd: tuple[Group, dict[str, Rule]], now: int) -> None:
    """Unmuted and unacknowledged; and then, if it was never told, always."""
    one, rules = crowd
    at, reason = due(one, *rules.values(), now=now)
    if at is not None:
        assert one.firing > 0
    if any(tally.untold for tally in one.tallies.values()):
        assert at is not None
        assert reason is not None


@given(crowds(), st.integers(0, 2 * TOLD_AT))
def test_what_was_told_is_due_again_only_later(crowd: tuple[Group, dict[str, Rule]], now: int) -> None:
    """After a telling nothing is due but a repeat: no group is told twice for one reason."""
    one, rules = crowd
    after = groups.told(one, rules.get, now)
    assert after.due_reason in (None, Reason.REPEAT)
    assert after.due_at is None or after.due_at > now
    assert all(tally.told_open == tally.open - tally.hidden for tally in after.tallies.values())


@given(st.lists(st.integers(0, 30), max_size=60))
def test_what_a_notification_shows_is_bounded_and_without_doubles(numbers: list[int]) -> None:
    """The newest is first; the first one of all, the worst when it came, stays."""
    shown: tuple[str, ...] = ("worst",)
    for number in numbers:
        shown = groups.shown_with(shown, f"a{number}")
    assert len(shown) == len(set(shown)) <= SHOWN
    assert shown[-1] == "worst"
    if numbers:
        assert shown[0] == f"a{numbers[-1]}"


@given(st.lists(st.integers(0, 2 * CAUSES), max_size=300))
def test_causes_are_counted_whole_and_bounded(numbers: list[int]) -> None:
    """Nothing is lost: what finds no place is counted as other."""
    causes: Mapping[str, int] = {}
    for number in numbers:
        causes = groups.caused(causes, f"exit code {number}")
    assert sum(causes.values()) == len(numbers)
    assert len(causes) <= CAUSES + (OTHER in causes)


# an incident that is acknowledged


@pytest.mark.parametrize("tally", [SEEN, Tally(open=2, acknowledged=1, held=1, told=1)])
def test_an_incident_is_acknowledged_once_for_each_telling(tally: Tally) -> None:
    """At once, when nothing fires unseen and unmuted; then only after it was told again."""
    one = told({"r": tally}, told=3)
    assert due(one, now=7, incident=True) == (7, Reason.ACKNOWLEDGED)
    taken = groups.taken(one)
    assert due(taken, now=8, incident=True) == (None, None)
    assert due(replace(taken, told=4), now=8, incident=True) == (8, Reason.ACKNOWLEDGED)
    assert (taken.told_at, taken.told, taken.tallies) == (one.told_at, one.told, one.tallies)


@pytest.mark.parametrize(
    "one",
    [
        told({"r": HEARD}),
        told({"r": HELD}),
        told({"r": SEEN, "s": HEARD}),
        group({"r": Tally(open=1, acknowledged=1)}),
        told({"r": SEEN}, storm_id="s"),
        told({"r": SEEN}, fallback_of="d"),
        told({"r": Tally(told=1)}, ended_at=TOLD_AT),
    ],
)
def test_an_incident_is_not_acknowledged(one: Group) -> None:
    """Not while something fires, nor all that is muted, never told here, told elsewhere or over."""
    assert due(one, rule("r"), rule("s"), incident=True)[1] is not Reason.ACKNOWLEDGED
    assert due(told({"r": SEEN}), now=7) == (None, None)

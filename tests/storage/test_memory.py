"""The store in memory against the contract of all stores: those tests that need only the engine's verbs."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.core.alert import ENDED, AlertState
from router.core.breaker import Breaker
from router.core.delivery import Delivery, State
from router.core.filter import Filter
from router.core.mute.silence import Silence
from router.ports import Job, Known, Mark, Store, TargetState, Timer, Unit, Urgency
from router.storage import open_store
from router.storage.memory import MemoryStore
from tests.contract import test_store as contract
from tests.storage.making import START, alert, delivery, group, notification

TORTURE = os.environ.get("ALERT_ROUTER_TORTURE") == "1"


@pytest.fixture
def store() -> Store:
    """A new one."""
    return MemoryStore()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    """An empty SQLite."""
    opened = open_store(f"sqlite:///{tmp_path / 'state.db'}", deadline=60)
    yield opened
    opened.close()


test_more_messages_than_one_statement_may_name_are_looked_up = (
    contract.test_more_messages_than_one_statement_may_name_are_looked_up
)
test_messages_are_forgotten = contract.test_messages_are_forgotten
test_verbs_see_what_was_written_before_in_their_transaction = (
    contract.test_verbs_see_what_was_written_before_in_their_transaction
)
test_due_groups_come_the_longest_due_first = contract.test_due_groups_come_the_longest_due_first
test_alerts_and_groups_are_replaced_by_their_id = contract.test_alerts_and_groups_are_replaced_by_their_id
test_open_alerts_are_found_by_the_places_of_their_keys = (
    contract.test_open_alerts_are_found_by_the_places_of_their_keys
)
test_open_groups_are_found_by_the_places_of_their_keys = (
    contract.test_open_groups_are_found_by_the_places_of_their_keys
)
test_alerts_are_due_by_time_and_wait_for_their_source = (
    contract.test_alerts_are_due_by_time_and_wait_for_their_source
)
test_ends_and_jobs_are_remembered = contract.test_ends_and_jobs_are_remembered
test_a_storm_and_what_it_counts_are_found = contract.test_a_storm_and_what_it_counts_are_found
test_members_are_read_in_pieces_and_copied_to_another_group = (
    contract.test_members_are_read_in_pieces_and_copied_to_another_group
)
test_what_fires_in_a_group_and_in_a_storm_of_groups_is_found = (
    contract.test_what_fires_in_a_group_and_in_a_storm_of_groups_is_found
)
test_events_are_read_by_id = contract.test_events_are_read_by_id
test_notifications_are_kept = contract.test_notifications_are_kept
test_due_deliveries_are_claimed_under_a_token = contract.test_due_deliveries_are_claimed_under_a_token
test_a_target_gets_what_it_has_room_for_the_longest_due_first = (
    contract.test_a_target_gets_what_it_has_room_for_the_longest_due_first
)
test_within_a_group_and_target_nothing_overtakes = contract.test_within_a_group_and_target_nothing_overtakes
test_of_two_at_the_same_time_the_lower_id_goes_first = (
    contract.test_of_two_at_the_same_time_the_lower_id_goes_first
)
test_an_outcome_is_written_under_its_own_token_only = (
    contract.test_an_outcome_is_written_under_its_own_token_only
)
test_deliveries_are_dropped_unless_they_are_being_sent = (
    contract.test_deliveries_are_dropped_unless_they_are_being_sent
)
test_what_is_overdue_is_given_once = contract.test_what_is_overdue_is_given_once
test_what_takes_the_place_of_another_is_overdue_with_it = (
    contract.test_what_takes_the_place_of_another_is_overdue_with_it
)
test_what_waits_behind_a_failing_one_takes_its_place = (
    contract.test_what_waits_behind_a_failing_one_takes_its_place
)


def test_two_that_are_open_cannot_have_one_place(store: Store) -> None:
    """As in the other stores; whoever ends makes room."""
    store.write(lambda unit: unit.put_alerts([alert("a1", "e", slot="s")]))
    store.write(lambda unit: unit.put_groups([group("g1", slot="s")]))
    for again in (
        lambda: store.write(lambda unit: unit.put_alerts([alert("a2", "e", slot="s")])),
        lambda: store.write(lambda unit: unit.put_groups([group("g2", slot="s")])),
    ):
        with pytest.raises(ValueError, match="would take the place"):
            again()


# random walks: the same verbs on SQLite and in memory


NAMES = ["a", "b", "c", "d", "e"]
TARGETS = ["oncall/1", "oncall/2"]
names = st.sampled_from(NAMES)
moments = st.integers(START, START + 9)
maybe = st.none() | moments
Verb = Callable[[Unit], Any]


class UndoError(Exception):
    """Leaves the SQLite as it was."""


def put_alert(name: str, at: int, due: int | None, state: AlertState, muted: str, unit: Unit) -> None:
    """An alert takes a place that two others may want; whoever has it ends."""
    ended = at if state in ENDED else None
    slot, anchor = f"place-{NAMES.index(name) // 2}", "job-1" if name < "d" else "job-2"
    source = "hook" if name < "c" else "queue"
    made = alert(name, "e", at, state=state, slot=slot, anchor=anchor, source=source)
    made = replace(made, rule="failed" if name < "d" else "slow", due_at=due, ended_at=ended, muted_by=muted)
    before = [one for one in unit.open_alerts([slot], []) if one.id != name]
    gone = [replace(one, state=AlertState.RESOLVED, ended_at=at, due_at=None) for one in before]
    unit.put_alerts([*gone, made])


def put_group(name: str, due: int | None, ended: int | None, told_by: str, unit: Unit) -> None:
    """A group takes a place that others may want; the last ones are storms of their channel."""
    is_storm = name >= "d"
    slot = "storm" if is_storm else f"group-{NAMES.index(name) // 2}"
    before = [one for one in unit.open_groups([slot]) if one.id != name]
    accepts = START + 5 if is_storm else None
    made = group(name, due, slot=slot, is_storm=is_storm, ended_at=ended, storm_id=told_by or None)
    made = replace(made, accepts_until=accepts)
    unit.put_groups([*(replace(one, ended_at=START) for one in before), made])


def add_delivery(number: int, of: str, target: str, at: int, due: int, attempts: int, unit: Unit) -> None:
    """A delivery with its notification."""
    name, severity = f"d{number}", "critical" if number % 3 == 0 else "warning"
    if not unit.notifications([f"n-{name}"]):
        unit.add_notifications([notification(f"n-{name}", of, at=at)])
        unit.add_deliveries(
            [delivery(name, target, at, group_id=of, due_at=due, attempts=attempts, severity=severity)]
        )


def settle(token: str, state: State, at: int, unit: Unit) -> Any:
    """The first that is being sent comes to something, under a token that may be another's."""
    sending = [one for one in deliveries(unit) if one.state is State.SENDING][:1]
    ended = None if state is State.WAITING else at
    done = [replace(one, state=state, due_at=at, ended_at=ended, token=None) for one in sending]
    return unit.settle_deliveries(done, [token] * len(done))


def deliveries(unit: Unit) -> list[Delivery]:
    return unit.deliveries(ids=[f"d{number}" for number in range(10)])


def claim(room: dict[str, int], now: int, token: str, unit: Unit) -> Any:
    return unit.claim_deliveries(now, room, token, now + 60)


def claim_some(
    room: dict[str, int], now: int, token: str, which: Urgency | None, newest: list[str], unit: Unit
) -> Any:
    return unit.claim_deliveries(now, room, token, now + 60, which=which, newest=newest)


def put_target(name: str, tokens: float | None, failures: int, unit: Unit) -> None:
    unit.put_targets([TargetState(name, tokens, START, Breaker(failures))])


def claim_old(room: dict[str, int], now: int, token: str, before: int, unit: Unit) -> Any:
    return unit.claim_deliveries(now, room, token, now + 60, made_before=before)


def take_over(before: int, left_alone: list[str], unit: Unit) -> Any:
    """What the maintenance does."""
    pairs = sorted(unit.overtaken(before, 100, left_alone))
    unit.replace_deliveries(pairs, before)
    return pairs


def drop(number: int, unit: Unit) -> Any:
    known = [one.id for one in deliveries(unit) if one.id == f"d{number}"]
    return unit.drop_deliveries(known, START + 9, "ann")


def put_silence(name: str, at: int, ends: int, expired: int | None, unit: Unit) -> None:
    unit.put_silences([Silence(name, Filter("Event == 'x'"), at, ends, "ann", "", at, expired_at=expired)])


def verb(function: Callable[..., Any], *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Verb]:
    return st.builds(partial, st.just(function), *arguments)


def step(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[Verb]:
    """A verb of the unit as it stands."""
    return st.tuples(*arguments).map(lambda given: methodcaller(name, *given))


rules = st.sampled_from(["failed", "slow"])
mutes = st.sampled_from(["", "silence s", "silence t"])
tokens = st.sampled_from(["me:1", "me:2"])
numbers = st.integers(0, 9)
verbs = st.one_of(
    verb(put_alert, names, moments, maybe, st.sampled_from(AlertState), mutes),
    verb(put_group, names, maybe, maybe, st.sampled_from(["", "a"])),
    verb(add_delivery, numbers, names, st.sampled_from(TARGETS), moments, moments, st.integers(0, 1)),
    verb(claim_old, st.dictionaries(st.sampled_from(TARGETS), st.integers(0, 3)), moments, tokens, moments),
    verb(claim, st.dictionaries(st.sampled_from(TARGETS), st.integers(0, 3)), moments, tokens),
    verb(
        claim_some,
        st.dictionaries(st.sampled_from(TARGETS), st.integers(0, 3)),
        moments,
        tokens,
        st.sampled_from([None, "critical", "others"]),
        st.sampled_from([[], TARGETS[:1]]),
    ),
    verb(put_target, st.sampled_from(TARGETS), st.none() | st.floats(0, 9), st.integers(0, 5)),
    verb(settle, tokens, st.sampled_from([State.SENT, State.DEAD, State.WAITING]), moments),
    verb(take_over, moments, st.sampled_from([[], TARGETS[:1]])),
    verb(drop, numbers),
    verb(put_silence, names, moments, moments, maybe),
    step("join_groups", st.lists(st.tuples(names, names), max_size=4)),
    step("copy_members", st.lists(st.tuples(names, names), max_size=2)),
    step("recheck_muted", mutes, moments),
    step("review_alerts", st.sampled_from(["p", "other"]), moments),
    step("put_ends", st.dictionaries(names, moments), st.just(START)),
    step("put_jobs", st.lists(st.builds(Job, names, st.just({"x": [1]}), moments)), st.just(START)),
    step("put_timers", st.lists(st.builds(Timer, names, rules, names, moments, st.just({})))),
    step("drop_timers", st.lists(names)),
    step("forget", st.lists(names)),
    step("remember", st.lists(st.builds(Known, names, st.just("e"), st.frozensets(names))), st.just(START)),
)


def view(unit: Unit) -> Iterator[Any]:
    """All that can be asked; where the port promises no order, in one of ours."""
    yield unit.known(NAMES), unit.ends(NAMES), unit.rules_of_alerts(), deliveries(unit)
    yield from (in_order(unit.jobs(NAMES)), in_order(unit.alerts(NAMES)), in_order(unit.groups(NAMES)))
    yield in_order(unit.alerts_on(["e", "none"]))
    yield in_order(unit.notifications([f"n-d{number}" for number in range(10)]))
    yield in_order(unit.open_groups(["storm", "group-0", "group-1", "group-2"]))
    for places, anchors in ((["place-0", "place-1"], []), ([], ["job-1"]), (["place-2"], ["job-1", "job-2"])):
        yield in_order(unit.open_alerts(places, anchors))
    for rule in ("failed", "slow"):
        yield in_order(unit.open_alerts_of(rule)), unit.open_alerts_of(rule, 2, Mark(START + 5, "b"))
        yield unit.timers(rule), unit.list_alerts(rule=rule, limit=2)
    for name in NAMES:
        yield unit.members(name), unit.members(name, after="b", limit=1)
        yield unit.members(name, newest=True), unit.members(name, after="b", limit=1, newest=True)
        yield unit.deliveries(group_ids=[name]), unit.deliveries(group_ids=[name], limit=1)
        yield in_order(unit.firing_members(name, 100))
    for waiting_for in ((), ("hook",), ("hook", "queue")):
        yield unit.next_change(waiting_for), unit.due_alerts(START + 5, 3, waiting_for)
    yield unit.due_groups(START + 5, 3), unit.list_alerts(), unit.next_due([*TARGETS, "none/1"])
    yield unit.next_due(TARGETS, START + 4), unit.targets([*TARGETS, "none/1"])
    most = dict.fromkeys(TARGETS, 3)
    yield unit.count_due(START + 5, most, "critical"), unit.count_due(START + 5, most, "others")
    for at in (START - 1, START + 4, START + 9):
        yield unit.told_since("oncall", at), unit.silences(at), unit.storm("oncall", at)
        yield (
            in_order(unit.due_alerts(at, 100, ())),
            unit.due_groups(at, 100),
            sorted(unit.overtaken(at, 100)),
            sorted(unit.overtaken(at, 100, TARGETS)),
        )


def in_order(found: list[Any]) -> list[Any]:
    return sorted(found, key=attrgetter("id"))


def walk(store: Store, steps: list[Verb]) -> list[Any]:
    """What the store answers to each step, and what it holds at the end; SQLite is rolled back."""
    answers: list[Any] = []

    def work(unit: Unit) -> None:
        answers.extend(one(unit) for one in steps)
        answers.extend(view(unit))
        raise UndoError

    with pytest.raises(UndoError):
        store.write(work)
    return answers


@pytest.mark.slow
@given(steps=st.lists(verbs, max_size=40))
@settings(
    max_examples=5_000 if TORTURE else 100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_verb_answers_as_sqlite_does(sqlite: Store, steps: list[Verb]) -> None:
    """Any sequence of the engine's verbs has the same answers, and leaves the same behind."""
    assert walk(MemoryStore(), steps) == walk(sqlite, steps)


def test_a_hundred_deliveries_are_read_unless_more_are_asked_for(store: Store, sqlite: Store) -> None:
    """The newest, in every store."""
    given = [delivery(f"d{number:03}", group_id="g", at=START + number) for number in range(120)]
    for one in (store, sqlite):
        one.write(lambda unit: unit.add_notifications([notification(f"n-{each.id}", "g") for each in given]))
        one.write(lambda unit: unit.add_deliveries(given))
        assert one.read(lambda unit: unit.deliveries(group_ids=["g"])) == given[:19:-1]
        assert len(one.read(lambda unit: unit.deliveries(group_ids=["g"], limit=1000))) == 120

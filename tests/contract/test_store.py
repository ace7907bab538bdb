"""What every store promises, over SQLite and over PostgreSQL."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from router.core.alert import Alert, AlertState, Seat
from router.core.breaker import Breaker
from router.core.delivery import SECOND, Delivery, Outcome, State, Thread, Verdict
from router.core.event import MAX_BODY
from router.core.group import Group, Reason, Tally
from router.core.link import KEY_BYTES
from router.core.mute.silence import alert_document
from router.pipeline.links import make_keys, rotate_keys
from router.ports import (
    AlertsSeen,
    Attempt,
    Counted,
    Counting,
    EventRecord,
    Feed,
    Job,
    Known,
    Mark,
    Store,
    TargetState,
    Unit,
    Urgency,
)
from router.storage import open_store
from router.storage.opening import make_engine
from router.storage.tables import metadata
from tests.storage.making import (
    START,
    alert,
    attempt,
    delivery,
    event_record,
    group,
    ingest,
    notification,
    set_aside,
)

LEASE = START + 60 * SECOND
ROOM = {"oncall/1": 10}

URGENCIES: tuple[Urgency, ...] = ("critical", "others")

Open = Callable[[], Store]


@pytest.fixture
def another(store_url: str) -> Iterator[Open]:
    """Opens the same database again, as another process would."""
    opened: list[Store] = []

    def open_again() -> Store:
        opened.append(open_store(store_url, deadline=60))
        return opened[-1]

    yield open_again
    for one in opened:
        one.close()


@pytest.fixture
def store(another: Open) -> Store:
    return another()


def claim(store: Store, now: int = START, token: str = "me:1", room: dict[str, int] = ROOM) -> list[Delivery]:
    return store.write(lambda unit: unit.claim_deliveries(now, room, token, LEASE))


def one(store: Store, name: str) -> Delivery:
    [found] = store.read(lambda unit: unit.deliveries(ids=[name]))
    return found


# ingest


def test_messages_are_remembered_with_every_source(store: Store, another: Open) -> None:
    """A second source is added to those that a message came from; others stay unknown."""
    store.write(lambda unit: unit.remember([Known("mns:1", "e1", frozenset({"a"}))], START))
    both = Known("mns:1", "e1", frozenset({"a", "b"}))
    store.write(lambda unit: unit.remember([both], START + 1))
    assert another().read(lambda unit: unit.known(["mns:1", "mns:2"])) == {"mns:1": both}
    assert store.read(lambda unit: unit.known([])) == {}


def test_more_messages_than_one_statement_may_name_are_looked_up(store: Store) -> None:
    """A batch of identities of any size is looked up whole."""
    known = [Known(f"mns:{n}", f"e{n}", frozenset({"a"})) for n in range(1201)]
    store.write(lambda unit: unit.remember(known, START))
    found = store.read(lambda unit: unit.known([entry.identity for entry in known]))
    assert found == {entry.identity: entry for entry in known}


def test_messages_are_forgotten(store: Store) -> None:
    """Any number at once, also those that nobody knows; the others stay."""
    known = [Known(f"mns:{n}", f"e{n}", frozenset({"a"})) for n in range(1201)]
    store.write(lambda unit: unit.remember(known, START))
    store.write(lambda unit: unit.forget([]))
    store.write(lambda unit: unit.forget([entry.identity for entry in known[1:]] + ["mns:no"]))
    assert store.read(lambda unit: unit.known([entry.identity for entry in known])) == {"mns:0": known[0]}


def test_an_event_comes_back_as_it_was_kept(store: Store) -> None:
    """Every field of an event and of its envelope is read as it was written."""
    record = event_record("e1", matches=(("failed", "a1"),), failures=(("other", "no such field"),))
    record = replace(record, event=replace(record.event, odd_fields=("ExitCode",)))
    store.write(lambda unit: unit.add_events([record]))
    assert store.read(lambda unit: unit.event("e1")) == record
    assert store.read(lambda unit: unit.event("e2")) is None


def test_events_are_read_by_receipt(store: Store) -> None:
    """Oldest first, from a time on, before another, so many at most."""
    store.write(lambda unit: unit.add_events([event_record(f"e{n}", START + n) for n in (3, 1, 2, 4)]))

    def names(**which: Any) -> list[str]:
        return [record.event.id for record in store.read(lambda unit: unit.events(**which))]

    assert names() == ["e1", "e2", "e3", "e4"]
    assert names(since=START + 2) == ["e2", "e3", "e4"]
    assert names(since=START + 2, before=START + 4) == ["e2", "e3"]
    assert names(limit=1) == ["e1"]


def test_events_of_one_moment_are_read_in_the_order_in_which_they_came(store: Store) -> None:
    """Whatever their ids are."""
    records = [event_record(name, number=number) for number, name in enumerate("cab")]
    store.write(lambda unit: unit.add_events(records))
    assert store.read(lambda unit: unit.events()) == records


def test_events_are_read_whole_by_id(store: Store) -> None:
    """Those that exist, with what became of them."""
    records = [event_record(f"e{n}") for n in range(3)]
    store.write(lambda unit: unit.add_events(records))
    found = store.read(lambda unit: unit.event_records(["e0", "e2", "e9"]))
    assert sorted(found, key=lambda record: record.event.id) == [records[0], records[2]]


def test_feeds_are_read_from_a_mark_on(store: Store) -> None:
    """By time and id, so many at most; what has no end yet stands in no feed of ends."""
    sent = delivery("d1", state=State.SENT, ended_at=START + 5, reason="ok")

    def work(unit: Unit) -> None:
        unit.add_events([event_record(name, START + at) for name, at in (("b", 1), ("a", 1), ("c", 0))])
        unit.set_aside([set_aside("u", START)])
        unit.add_deliveries([sent, delivery("d2")])

    store.write(work)
    marks = [Mark(START, "c"), Mark(START + 1, "a"), Mark(START + 1, "b")]

    def read(feed: Feed, after: Mark, limit: int = 9) -> list[Mark]:
        return store.read(lambda unit: unit.arrived(feed, after, limit))

    assert [read("events", after) for after in (Mark(0, ""), *marks)] == [marks, marks[1:], marks[2:], []]
    assert read("events", Mark(0, ""), 2) == marks[:2]
    assert store.read(lambda unit: unit.newest("events", 2)) == [marks[2], marks[1]]
    assert read("set-aside", Mark(0, "")) == [Mark(START, "u")]
    assert read("ended deliveries", Mark(0, "")) == [Mark(START + 5, "d1")]
    assert store.read(lambda unit: unit.newest("ended deliveries", 9)) == [Mark(START + 5, "d1")]


def test_unfinished_deliveries_are_listed_with_their_attempts(store: Store) -> None:
    """Where each stands; ended ones are not among them."""
    sent = delivery("d3", state=State.SENT, ended_at=START, reason="ok")
    store.write(lambda unit: unit.add_deliveries([delivery("d1"), delivery("d2", "team/1"), sent]))
    claim(store)
    assert store.read(lambda unit: unit.unfinished()) == {"d1": (State.SENDING, 1), "d2": (State.PENDING, 0)}


HOSTILE = 'NUL \x00, halves \ud800 \udfff, \U0001f4a5, ‮, \u2028 \\u0000 \\ud800 "quoted" \x7f \x85'


def test_a_hostile_event_is_kept_whole(store: Store) -> None:
    """NUL, halves of surrogate pairs, emoji and the longest body come back as they came."""
    data = {"Event": HOSTILE, "JobId": HOSTILE, HOSTILE: [HOSTILE, {"n": 10**20, "f": 1.5, "none": None}]}
    record = event_record("e1", data=data, reason=HOSTILE, failures=((HOSTILE, HOSTILE),))
    envelope = replace(
        record.envelope, body=bytes(range(256)) * (MAX_BODY // 256), headers={"x": HOSTILE}, position=HOSTILE
    )
    store.write(lambda unit: unit.add_events([replace(record, envelope=envelope)]))
    found = store.read(lambda unit: unit.event("e1"))
    assert found is not None
    assert found.event.data == data
    assert (found.envelope.body, found.envelope.headers) == (envelope.body, {"x": HOSTILE})


@given(text=st.text(st.characters() | st.sampled_from("\x00\ud800\udfff"), max_size=50))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_can_be_kept_anywhere(store: Store, text: str) -> None:
    """Whatever is said never makes a transaction fail; U+FFFD stands for what no database keeps as text."""

    def work(unit: Unit) -> None:
        record = event_record("e1", data={"Event": text, "JobId": text}, reason=text)
        unit.add_events([replace(record, envelope=replace(record.envelope, position=text))])
        unit.set_aside(
            [replace(set_aside("u"), undecodable=replace(set_aside("u").undecodable, reason=text))]
        )
        unit.put_alerts([replace(alert("a", "e1"), key=text, labels={"x": text}, muted_by=text)])
        unit.put_alerts([replace(alert("a", "e1"), end_reason=text)])
        unit.put_groups([group("g", key=text)])
        unit.add_notifications([replace(notification("n", "g"), faults=(text,))])
        unit.add_deliveries([delivery("d", reason=text, answer=text, content=text, state=State.WAITING)])
        unit.add_attempts([attempt("d", answer=text)])
        unit.keep_policy("p", text, START)
        unit.drop_deliveries(["d"], START, text)
        [kept] = unit.attempts(["d"])
        assert kept.verdict.answer == re.sub("[\0\ud800-\udfff]", "\ufffd", text)
        assert unit.event(text) is None
        assert unit.deliveries(ids=[text], state=text, channel=text, event_id=text) == []
        raise _UndoneError

    with pytest.raises(_UndoneError):
        store.write(work)


class _UndoneError(Exception):
    """Ends a transaction."""


def test_what_cannot_be_decoded_is_set_aside_whole(store: Store) -> None:
    """Body, headers and reason are kept, the newest first; the same message again is one row."""
    old, new = set_aside("u1"), set_aside("u2", START + 1)
    store.write(lambda unit: unit.set_aside([old, new]))
    store.write(lambda unit: unit.set_aside([old]))
    assert store.read(lambda unit: unit.set_aside_messages()) == [new, old]
    assert store.read(lambda unit: unit.set_aside_messages(limit=1)) == [new]
    assert store.read(lambda unit: unit.set_aside_messages(ids=["u1", "u3"])) == [old]
    store.write(lambda unit: unit.mark_replayed(["u1"], START + 5))
    assert store.read(lambda unit: unit.set_aside_messages())[1].replayed_at == START + 5


def test_a_row_that_cannot_be_kept_is_no_fault_of_the_store(store: Store) -> None:
    """The fault is raised as it is, so that a batch can be tried one by one; the next call works."""
    record = event_record("e1")
    with pytest.raises(IntegrityError):
        store.write(lambda unit: (unit.add_events([record]), unit.add_events([record])))
    store.write(lambda unit: unit.add_events([record]))


def test_nothing_of_a_transaction_that_fails_is_kept(store: Store) -> None:
    """An exception undoes every verb of its transaction, and is raised as it is."""

    def work(unit: Unit) -> None:
        ingest(unit, "e1")
        unit.set_aside([set_aside("u1")])
        unit.add_deliveries([delivery("d1")])
        raise _UndoneError

    with pytest.raises(_UndoneError):
        store.write(work)
    books = store.read(lambda unit: unit.books())
    assert [name for name, count in books.items() if count] == []
    store.write(lambda unit: ingest(unit, "e1"))


def test_verbs_see_what_was_written_before_in_their_transaction(store: Store) -> None:
    """A transaction reads its own writes; an empty batch is nothing."""

    def work(unit: Unit) -> dict[str, Known]:
        unit.remember([Known("mns:1", "e1", frozenset({"a"}))], START)
        unit.add_events([])
        unit.put_groups([])
        return unit.known(["mns:1"])

    assert list(store.write(work)) == ["mns:1"]


# alerts, groups, dispatch


def test_due_groups_come_the_longest_due_first(store: Store) -> None:
    """So many at most; a group that is due later, or never, is left out."""

    def work(unit: Unit) -> None:
        unit.put_groups([group("g0"), group("g1", due_at=START - 1), group("g2", due_at=None)])
        unit.put_groups([group("g3", due_at=START + 1)])

    store.write(work)
    assert [one.id for one in store.write(lambda unit: unit.due_groups(START, 10))] == ["g1", "g0"]
    assert [one.id for one in store.write(lambda unit: unit.due_groups(START, 1))] == ["g1"]


def test_alerts_and_groups_are_replaced_by_their_id(store: Store) -> None:
    """Putting again what is there changes it; every field comes back."""
    store.write(lambda unit: ingest(unit, "e"))
    worse = replace(
        alert("a-e", "e"),
        severity="critical",
        state=AlertState.ACKNOWLEDGED,
        count=2,
        parts=("JobId", "Task"),
        times=(START, START + 1),
        deadline=START + 5,
        shadow=True,
        seats=(Seat("g-e", 1, 2, held=True), Seat("g2")),
    )
    told = group(
        "g-e",
        due_at=START + 9,
        due_reason=Reason.WORSE,
        told=1,
        told_at=START,
        fallback_of="d",
        tallies={"failed": Tally(open=3, fresh=1)},
        shown=("a-e",),
        causes={"exit code 137": 3},
        escalation=(2, 1),
        covered={"failed": (START + 60, 2)},
        is_storm=True,
        accepts_until=START + 60,
        quiet=True,
    )
    store.write(lambda unit: (unit.put_alerts([worse]), unit.put_groups([told])))
    assert store.read(lambda unit: unit.alerts(["a-e", "none"])) == [worse]
    assert store.write(lambda unit: unit.due_groups(START, 10)) == []
    assert store.write(lambda unit: unit.due_groups(START + 9, 10)) == [told]
    assert store.read(lambda unit: unit.groups(["g-e", "none"])) == [told]
    store.write(lambda unit: unit.put_groups([replace(told, due_at=None, due_reason=None)]))
    assert store.write(lambda unit: unit.due_groups(START + 9, 10)) == []


def test_open_alerts_are_found_by_the_places_of_their_keys(store: Store) -> None:
    """By slot and by anchor, each once; what has ended is not found, and its place is free again."""
    moments = (START, START + 1, START + 2)

    def work(unit: Unit) -> None:
        unit.put_alerts([alert("a1", "e", anchor="job-1"), alert("a2", "e", anchor="job-1")])
        unit.put_alerts([alert("old", "e", slot="slot-a3", anchor="job-1", ended_at=START)])
        unit.put_alerts([alert("a3", "e", START + 1, anchor="job-2")])

    store.write(work)
    found = store.read(lambda unit: unit.open_alerts(["slot-a1", "slot-a3"], ["job-1"]))
    assert sorted(one.id for one in found) == ["a1", "a2", "a3"]
    assert [one.id for one in store.read(lambda unit: unit.open_alerts_of("failed", 1))] == ["a3"]
    pages = [Mark(START + 1, "a3"), Mark(START, "a2"), Mark(START, "a1")]
    found = [store.read(lambda unit, page=page: unit.open_alerts_of("failed", 1, page)) for page in pages]
    assert [[one.id for one in page] for page in found] == [["a2"], ["a1"], []]
    assert [store.read(lambda unit, at=at: unit.open_at(at)) for at in moments] == [0, 2, 3]


def test_open_alerts_are_found_by_their_newest_events(store: Store) -> None:
    """All of one event, and none that has ended."""

    def work(unit: Unit) -> None:
        unit.put_alerts([alert("a1", "e-1"), alert("a2", "e-1"), alert("a3", "e-2"), alert("a4", "e-3")])
        unit.put_alerts([alert("old", "e-2", slot="slot-old", ended_at=START)])

    store.write(work)
    found = store.read(lambda unit: unit.alerts_on(["e-1", "e-2", "none"]))
    assert sorted(one.id for one in found) == ["a1", "a2", "a3"]
    assert store.read(lambda unit: unit.alerts_on([])) == []


def test_alerts_are_listed_by_rule_state_and_time(store: Store) -> None:
    """The newest first, ended ones too; each filter leaves out what it names not, whatever its letters."""

    def work(unit: Unit) -> None:
        first, second = alert("l1", "e", START), alert("l2", "e", START + 2, ended_at=START + 2)
        third = replace(alert("l3", "e", START + 1), rule="other")
        ended = replace(second, state=AlertState.RESOLVED)
        unit.put_alerts([replace(first, received_at=START), replace(ended, received_at=START + 2)])
        unit.put_alerts([replace(third, received_at=START + 1)])

    store.write(work)

    def listed(**which: Any) -> list[str]:
        return [one.id for one in store.read(lambda unit: unit.list_alerts(**which))]

    assert listed() == ["l2", "l3", "l1"]
    assert listed(limit=1) == ["l2"]
    assert listed(rule="failed") == ["l2", "l1"]
    assert listed(state="resolved") == ["l2"]
    assert listed(since=START + 1) == ["l2", "l3"]
    assert listed(rule="' OR 1=1 --\x00\ud800") == []


def test_what_silences_see_of_alerts(store: Store) -> None:
    """Of those that are open, or have ended: the newest first, each as the engine sees it."""
    record = event_record("e1", data={"Event": "x", "rule": "of an event", "text": HOSTILE})
    pending = alert("a0", "e1", START + 9, state=AlertState.PENDING)
    being_open = [
        replace(alert("a3", "none", START + 2, labels={}), rule="absent"),
        alert("a2", "e1", START + 1, state=AlertState.ACKNOWLEDGED),
        replace(alert("a1", "e1", severity="critical"), key='["job-1",null]'),
    ]
    ended = [
        alert("a5", "e1", START + 5, state=AlertState.RESOLVED, ended_at=START),
        alert("a4", "e1", START + 4, state=AlertState.HEALED, ended_at=START),
    ]

    def work(unit: Unit) -> None:
        unit.add_events([record])
        unit.put_alerts([pending, *ended, *being_open])

    store.write(work)

    def seen(which: AlertsSeen, since: int = 0, limit: int = 10) -> list[tuple[str, dict[str, Any]]]:
        return store.read(lambda unit: list(unit.alert_documents(which, since, limit)))

    def expected(alerts: list[Alert]) -> list[tuple[str, dict[str, Any]]]:
        events = {one.id: one for one in store.read(lambda unit: unit.events_of(["e1"]))}
        return [(one.id, alert_document(one, events.get(one.event_id))) for one in alerts]

    assert seen("open") == expected(being_open)
    assert seen("open", limit=1) == expected(being_open[:1])
    assert seen("ended") == expected(ended)
    assert seen("ended", START + 5) == expected(ended[:1])
    assert seen("ended", limit=0) == []


def test_two_open_alerts_cannot_have_one_place(store: Store) -> None:
    """The store itself refuses a second open alert of a rule and key."""
    store.write(lambda unit: unit.put_alerts([alert("a1", "e")]))
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.write(lambda unit: unit.put_alerts([alert("a2", "e", slot="slot-a1")]))


def test_open_groups_are_found_by_the_places_of_their_keys(store: Store) -> None:
    """A group that has ended leaves its place to the next."""
    store.write(lambda unit: unit.put_groups([group("g1"), group("g2", slot="slot-g1", ended_at=START)]))
    assert [one.id for one in store.read(lambda unit: unit.open_groups(["slot-g1", "x"]))] == ["g1"]


def test_alerts_are_due_by_time_and_wait_for_their_source(store: Store) -> None:
    """The longest due first; pending ones of a source that has not caught up are left out."""

    def work(unit: Unit) -> None:
        pending: dict[str, Any] = {"state": AlertState.PENDING, "source": "queue"}
        unit.put_alerts([alert("a1", "e", due_at=START), alert("a2", "e", due_at=START - 1, **pending)])
        unit.put_alerts([alert("a3", "e", due_at=START + 1), alert("a4", "e")])

    store.write(work)
    assert [one.id for one in store.read(lambda unit: unit.due_alerts(START, 10, []))] == ["a2", "a1"]
    assert [one.id for one in store.read(lambda unit: unit.due_alerts(START, 10, ["queue"]))] == ["a1"]
    assert store.read(lambda unit: unit.next_change([])) == START - 1
    assert store.read(lambda unit: unit.next_change(["queue"])) == START


def test_ends_and_jobs_are_remembered(store: Store) -> None:
    """Written again they are replaced; what is unknown is left out."""
    store.write(lambda unit: unit.put_ends({"e1": START, "e2": START}, START))
    store.write(lambda unit: unit.put_ends({"e1": START + 5}, START))
    assert store.read(lambda unit: unit.ends(["e1", "e2", "e3"])) == {"e1": START + 5, "e2": START}
    job = Job("job-1", {"State": "Failed", "JobName": "nächtlich \u2028"}, START)
    store.write(lambda unit: unit.put_jobs([Job("job-1", {}, START - 1)], START))
    store.write(lambda unit: unit.put_jobs([job], START))
    assert store.read(lambda unit: unit.jobs(["job-1", "none"])) == [job]


def test_a_storm_and_what_it_counts_are_found(store: Store) -> None:
    """The storm of a channel that still takes in groups; the channel's notifications after a time.

    Not those that tell nobody.
    """

    def work(unit: Unit) -> None:
        unit.put_groups([group("g1"), group("s1", is_storm=True, accepts_until=START + 60)])
        unit.put_groups([group("s0", is_storm=True, accepts_until=START + 60, ended_at=START)])
        unit.add_notifications([notification(f"n{n}", "g1", at=START + n) for n in range(3)])
        seen = replace(notification("n3", "g1", at=START + 3), reason=Reason.ACKNOWLEDGED)
        unit.add_notifications([seen])

    store.write(work)
    storm = store.read(lambda unit: unit.storm("oncall", START + 59))
    assert storm is not None
    assert storm.id == "s1"
    assert store.read(lambda unit: unit.storm("oncall", START + 60)) is None
    assert store.read(lambda unit: unit.storm("mail", START)) is None
    assert store.read(lambda unit: unit.told_since("oncall", START)) == 2
    assert store.read(lambda unit: unit.told_since("mail", START)) == 0


def test_members_are_read_in_pieces_and_copied_to_another_group(store: Store) -> None:
    """Open alerts only, by id; a fallback's group has the alerts of the group that it speaks for."""

    def work(unit: Unit) -> None:
        unit.put_alerts([alert(f"a{n}", "e", ended_at=START if n == 1 else None) for n in range(5)])
        unit.put_groups([group("g1"), group("g2")])
        unit.join_groups([("g1", f"a{n}") for n in range(5)])
        unit.copy_members([("g1", "g2")])
        unit.copy_members([("g1", "g2")])

    store.write(work)
    for name in ("g1", "g2"):
        first = store.read(lambda unit, name=name: unit.members(name, limit=2))
        assert [one.id for one in first] == ["a0", "a2"]
        rest = store.read(lambda unit, name=name: unit.members(name, after="a2"))
        assert [one.id for one in rest] == ["a3", "a4"]
        last = store.read(lambda unit, name=name: unit.members(name, limit=2, newest=True))
        assert [one.id for one in last] == ["a4", "a3"]
        rest = store.read(lambda unit, name=name: unit.members(name, after="a3", newest=True))
        assert [one.id for one in rest] == ["a2", "a0"]


def test_what_fires_in_a_group_and_in_a_storm_of_groups_is_found(store: Store) -> None:
    """Neither what people have seen, nor what is muted or has ended; the groups of a storm are its own."""

    def work(unit: Unit) -> None:
        unit.put_alerts([alert("fires", "e"), alert("fires-too", "e"), alert("muted", "e", muted_by="x")])
        unit.put_alerts([alert("seen", "e", state=AlertState.ACKNOWLEDGED)])
        unit.put_alerts([alert("over", "e", state=AlertState.RESOLVED, ended_at=START)])
        unit.put_groups([group("g1", storm_id="s1"), group("g2", storm_id="s1"), group("s1", is_storm=True)])
        unit.join_groups(
            [("g1", "fires"), ("g1", "seen"), ("g2", "over"), ("g2", "muted"), ("g2", "fires-too")]
        )

    store.write(work)
    found = {
        name: {one.id for one in store.read(lambda unit, name=name: unit.firing_members(name, 10))}
        for name in ("g1", "g2", "s1", "none")
    }
    assert found == {"g1": {"fires"}, "g2": {"fires-too"}, "s1": {"fires", "fires-too"}, "none": set()}
    [first] = store.read(lambda unit: unit.firing_members("s1", 1))
    assert first.id == min(found["s1"])
    after = store.read(lambda unit: unit.firing_members("s1", 10, after=first.id))
    assert {one.id for one in after} == found["s1"] - {first.id}


def test_events_are_read_by_id(store: Store) -> None:
    """Without their envelopes; an unknown id is left out."""
    store.write(lambda unit: unit.add_events([event_record("e1"), event_record("e2")]))
    assert [one.id for one in store.read(lambda unit: unit.events_of(["e2", "e3"]))] == ["e2"]


def test_the_groups_of_alerts_are_found(store: Store) -> None:
    """Each once, the oldest first, and none of other alerts."""

    def write(unit: Unit) -> None:
        unit.put_alerts([alert(name, "e") for name in ("a1", "a2", "a3")])
        unit.put_groups([group("g1", opened_at=START + 1), group("g2"), group("g3")])
        unit.join_groups([("g1", "a1"), ("g1", "a2"), ("g2", "a1"), ("g3", "a3")])

    store.write(write)
    found = store.read(lambda unit: unit.groups_of(["a1", "a2"]))
    assert [one.id for one in found] == ["g2", "g1"]
    assert store.read(lambda unit: unit.groups_of([])) == []


def test_notifications_are_kept(store: Store) -> None:
    """Every field comes back; an unknown id is left out."""
    record = notification("n1", "g1")
    store.write(lambda unit: unit.add_notifications([record]))
    assert store.read(lambda unit: unit.notifications(["n1", "n2"])) == [record]


# deliver


def test_due_deliveries_are_claimed_under_a_token(store: Store) -> None:
    """Claimed ones are sending, with token, lease and one attempt more, and are not claimed again."""
    store.write(lambda unit: unit.add_deliveries([delivery("d1"), delivery("later", at=START + 1)]))
    [claimed] = claim(store)
    expected = replace(delivery("d1"), state=State.SENDING, token="me:1", lease_until=LEASE, attempts=1)
    assert claimed == expected == one(store, "d1")
    assert claim(store, token="me:2") == []
    assert [entry.id for entry in claim(store, START + 1)] == ["later"]


def test_a_target_gets_what_it_has_room_for_the_longest_due_first(store: Store) -> None:
    """Room is counted for each target; a target without room is left alone."""

    def work(unit: Unit) -> None:
        unit.add_deliveries([delivery(f"a{n}", "a/1", START - n) for n in range(5)])
        unit.add_deliveries([delivery(f"b{n}", "b/1", START - n) for n in range(5)])
        unit.add_deliveries([delivery("c", "c/1", START)])

    store.write(work)
    claimed = claim(store, room={"a/1": 2, "b/1": 9, "none/1": 1})
    assert [entry.id for entry in claimed if entry.target == "a/1"] == ["a4", "a3"]
    assert [entry.id for entry in claimed if entry.target == "b/1"] == ["b4", "b3", "b2", "b1", "b0"]
    assert one(store, "c").state is State.PENDING
    assert claim(store, room={}) == []


def test_within_a_group_and_target_nothing_overtakes(store: Store) -> None:
    """A later message waits for an earlier one that is pending, waiting or being sent; others do not."""
    earlier = delivery("d1", group_id="g", at=START)
    later = delivery("d2", group_id="g", at=START + 1, due_at=START - 5)
    elsewhere = delivery("d3", "mail/1", group_id="g", at=START + 1)
    store.write(lambda unit: unit.add_deliveries([later, earlier, elsewhere]))
    assert [entry.id for entry in claim(store, START + 1, room={"oncall/1": 9, "mail/1": 9})] == ["d1", "d3"]
    assert claim(store, START + 1) == []
    waiting = replace(earlier, state=State.WAITING, due_at=START + 99, attempts=1)
    store.write(lambda unit: unit.settle_deliveries([waiting], ["me:1"]))
    assert claim(store, START + 1) == []
    [again] = claim(store, START + 99, token="me:2")
    assert (again.id, again.attempts) == ("d1", 2)
    store.write(lambda unit: unit.settle_deliveries([replace(again, state=State.SENT, ended_at=1)], ["me:2"]))
    assert [entry.id for entry in claim(store, START + 99)] == ["d2"]


def test_of_two_at_the_same_time_the_lower_id_goes_first(store: Store) -> None:
    """Order within a group is whole: equal times are told apart by their ids."""
    store.write(lambda unit: unit.add_deliveries([delivery(n, group_id="g") for n in ("d2", "d1")]))
    assert [entry.id for entry in claim(store)] == ["d1"]


def test_an_outcome_is_written_under_its_own_token_only(store: Store) -> None:
    """A late owner changes nothing and is told so; an outcome is written once."""
    store.write(lambda unit: unit.add_deliveries([delivery("d1"), delivery("d2")]))
    claimed = claim(store)
    sent = [replace(d, state=State.SENT, token=None, lease_until=None, ended_at=START) for d in claimed]
    assert store.write(lambda unit: unit.settle_deliveries(sent, ["me:1", "other:1"])) == [sent[0].id]
    assert one(store, "d1") == sent[0]
    assert one(store, "d2") == claimed[1]
    dead = [replace(d, state=State.DEAD) for d in sent]
    assert store.write(lambda unit: unit.settle_deliveries(dead, ["me:1", "other:1"])) == []
    assert one(store, "d1") == sent[0]
    assert store.write(lambda unit: unit.settle_deliveries([], [])) == []


def test_below_which_message_others_stand(store: Store, another: Open) -> None:
    """By group and target the newest that the provider has a name for, with what it said."""
    rows = [
        delivery("d1", "a/1", group_id="g", state=State.SENDING, token="me:1"),
        delivery("d2", "a/1", group_id="g", state=State.SENDING, token="me:1"),
        delivery("d3", "b/1", group_id="g", state=State.SENDING, token="me:1"),
        delivery("d4", "a/1", group_id="h", state=State.SENDING, token="me:1"),
    ]
    names = {"d1": "C1 1.2", "d2": "C1\0 3.4", "d3": None, "d4": "C1 5.6"}
    sent = [
        replace(row, state=State.SENT, token=None, ended_at=START + at, reference=names[row.id])
        for at, row in enumerate(rows)
    ]
    store.write(lambda unit: unit.add_deliveries(rows))
    store.write(lambda unit: unit.settle_deliveries(sent, ["me:1"] * 4))
    found = another().read(lambda unit: unit.threads(["g", "none"]))
    assert found == {("g", "a/1"): Thread("C1\ufffd 3.4", rows[1].content)}


def test_attempts_are_kept_in_their_order(store: Store) -> None:
    """Each attempt with its verdict; the same number again is written once."""
    late = Attempt("d1", 2, START, START + 5, Verdict(Outcome.UNKNOWN, "no answer", None))
    store.write(lambda unit: unit.add_deliveries([delivery("d1"), delivery("d2")]))
    store.write(lambda unit: unit.add_attempts([late, attempt("d1"), attempt("d2")]))
    store.write(lambda unit: unit.add_attempts([attempt("d1")]))
    assert store.read(lambda unit: unit.attempts(["d1"])) == [attempt("d1"), late]


def test_dead_letters_are_found_by_their_time_and_channel(store: Store) -> None:
    """By when they were given up; those that were written first come first, and no other states."""
    dead: dict[str, Any] = {"state": State.DEAD, "reason": "no"}
    rows = [delivery(f"d{n}", at=START - n, ended_at=START + n, **dead) for n in range(4)]
    other = delivery("m", target="mail/1", ended_at=START + 1, **dead)
    sent = delivery("s", ended_at=START + 1, state=State.SENT, reason="ok")
    store.write(lambda unit: unit.add_deliveries([*rows, other, sent]))

    def found(since: int, before: int, limit: int = 9, channel: str = "") -> list[str]:
        return store.read(lambda unit: unit.dead_letters(since, before, limit, channel))

    assert found(START, START + 9) == ["d3", "d2", "d1", "d0", "m"]
    assert found(START + 1, START + 2) == ["d2", "d1", "m"]
    assert found(START, START + 9, limit=2) == ["d3", "d2"]
    assert found(START, START + 9, channel="mail") == ["m"]


def test_what_is_known_of_a_target_is_kept_whole(store: Store, another: Open) -> None:
    """Every name has an answer, before anything is known of it too; what is put again replaces all of it."""
    known = TargetState("a/1", 3.5, START, Breaker(5, 1, START + 9, START, "no such\ufffd token", "no", 7))
    store.write(lambda unit: unit.put_targets([replace(known, tokens=9.0), TargetState("c/1")]))
    store.write(lambda unit: unit.put_targets([known]))
    states = another().read(lambda unit: unit.targets(["a/1", "b/1"]))
    assert states == {"a/1": known, "b/1": TargetState("b/1")}


def test_who_holds_a_target_is_waited_for(store: Store, another: Open) -> None:
    """Of two that take the last token at the same time one gets it, also where nothing is known of it yet."""

    def take(unit: Unit) -> bool:
        state = unit.targets(["a/1"], hold=["a/1"])["a/1"]
        unit.put_targets([replace(state, tokens=0.0)])
        return state.tokens is None

    took: list[bool] = []

    def run(opened: Store) -> None:
        took.append(opened.write(take))

    threads = [threading.Thread(target=run, args=(opened,)) for opened in (store, another())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(took) == [False, True]


def test_what_is_critical_is_claimed_apart(store: Store) -> None:
    """Either those that are critical, or the others; and counted so."""
    urgent = [delivery(f"c{n}", severity="critical") for n in range(3)]
    store.write(lambda unit: unit.add_deliveries([*urgent, *(delivery(f"w{n}") for n in range(3))]))
    counted = store.read(
        lambda unit: (
            unit.count_due(START, {"oncall/1": 2}, "critical"),
            unit.count_due(START, ROOM, "others"),
        )
    )
    assert counted == ({"oncall/1": 2}, {"oncall/1": 3})
    found = {
        which: store.write(
            lambda unit, which=which: unit.claim_deliveries(START, ROOM, "me:1", LEASE, which=which)
        )
        for which in URGENCIES
    }
    assert {one.id for one in found["critical"]} == {"c0", "c1", "c2"}
    assert {one.id for one in found["others"]} == {"w0", "w1", "w2"}


def test_the_newest_are_claimed_where_it_is_said(store: Store) -> None:
    """Of a backlog; what stands behind an earlier one of its group still waits for it."""
    of_one = [delivery(f"g{n}", at=START + n, group_id="g") for n in range(2)]
    alone = [delivery(f"w{n}", at=START + n) for n in range(4)]
    store.write(lambda unit: unit.add_deliveries([*of_one, *alone]))
    now, two = START + 9, {"oncall/1": 2}
    found = store.write(lambda unit: unit.claim_deliveries(now, two, "me:1", LEASE, newest=["oncall/1"]))
    assert {one.id for one in found} == {"w3", "w2"}
    rest = store.write(lambda unit: unit.claim_deliveries(now, ROOM, "me:1", LEASE, newest=["oncall/1"]))
    assert {one.id for one in rest} == {"w1", "w0", "g0"}


def test_it_is_known_when_a_target_is_next_due(store: Store) -> None:
    """The first time of those that are open; targets with nothing open are left out."""
    gone = delivery("d4", "c/1", at=START - 9, state=State.SENT, ended_at=START)
    rows = [delivery("d1", "a/1", at=START + 5), delivery("d2", "a/1", at=START + 3), delivery("d3", "b/1")]
    store.write(lambda unit: unit.add_deliveries([*rows, gone]))
    claim(store, room={"b/1": 1})
    assert store.read(lambda unit: unit.next_due(["a/1", "b/1", "c/1", "d/1"])) == {"a/1": START + 3}
    assert store.read(lambda unit: unit.next_due(["a/1"], START + 2)) == {"a/1": START + 3}
    assert store.read(lambda unit: unit.next_due(["a/1"], START + 9)) == {}
    assert store.read(lambda unit: unit.open_targets()) == {"a/1"}


def test_only_what_is_old_is_claimed_where_that_is_asked(store: Store) -> None:
    """Made before a time; the others are due still."""
    rows = [delivery(f"d{age}", at=START - age, due_at=START) for age in range(1, 5)]
    store.write(lambda unit: unit.add_deliveries(rows))
    old = store.write(
        lambda unit: unit.claim_deliveries(START, {"oncall/1": 9}, "me:1", LEASE, made_before=START - 2)
    )
    assert sorted(one.id for one in old) == ["d3", "d4"]
    assert sorted(one.id for one in claim(store)) == ["d1", "d2"]


def test_the_outbox_is_counted_by_state(store: Store) -> None:
    """What has not ended, with the time of the oldest; what has ended is left out."""
    rows = [delivery("d1", at=START + 5), delivery("d2", at=START + 7), delivery("d3", "other/1")]
    ended = delivery("d4", at=START - 9, state=State.SENT, ended_at=START)
    store.write(lambda unit: unit.add_deliveries([*rows, ended]))
    claim(store, room={"other/1": 1})
    assert store.read(lambda unit: unit.outbox()) == {"pending": (2, START + 5), "sending": (1, START)}


def test_claims_whose_lease_ran_out_are_found(store: Store) -> None:
    """From the moment the lease ends, the longest ended first, so many at most."""
    store.write(lambda unit: unit.add_deliveries([delivery("d1"), delivery("d2"), delivery("d3")]))
    store.write(lambda unit: unit.claim_deliveries(START, {"oncall/1": 1}, "me:1", LEASE + 1))
    claim(store)
    assert store.write(lambda unit: unit.expired_claims(LEASE - 1, 9)) == []
    assert [d.id for d in store.write(lambda unit: unit.expired_claims(LEASE, 9))] == ["d2", "d3"]
    assert [d.id for d in store.write(lambda unit: unit.expired_claims(LEASE + 1, 2))] == ["d2", "d3"]
    assert len(store.write(lambda unit: unit.expired_claims(LEASE + 1, 9))) == 3


def test_claims_of_other_owners_are_found(store: Store) -> None:
    """An owner's name is compared whole: neither a longer name nor a pattern's sign is taken for it."""
    names = {"d1": "m_e:1", "d2": "m_er:1", "d3": "mxe:1"}
    store.write(lambda unit: unit.add_deliveries([delivery(name, f"{name}/1") for name in names]))
    for name, token in names.items():
        claim(store, room={f"{name}/1": 1}, token=token)
    found = store.write(lambda unit: unit.claims_not_of("m_e", 9))
    assert {entry.id for entry in found} == {"d2", "d3"}


def test_two_that_claim_at_once_never_get_the_same(store: Store, another: Open) -> None:
    """Several claimers at the same time share the outbox: every delivery goes to one of them."""
    store.write(lambda unit: unit.add_deliveries([delivery(f"d{n:03}") for n in range(200)]))
    stores = [another() for _ in range(4)]
    got: list[list[str]] = [[] for _ in stores]
    together = threading.Barrier(len(stores))

    def run(number: int) -> None:
        together.wait(10)
        for _ in range(300):
            claimed = claim(stores[number], token=f"owner{number}:1", room={"oncall/1": 3})
            got[number] += [entry.id for entry in claimed]
            if not claimed:
                break

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(stores))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(name for names in got for name in names) == [f"d{n:03}" for n in range(200)]


# people


def test_dead_deliveries_are_retried(store: Store) -> None:
    """A dead one is due again, with the attempts that it had and the doubt whether it has arrived."""
    dead = delivery("d1", state=State.DEAD, ended_at=START, attempts=3, unknown=2, reason="refused: no")
    store.write(lambda unit: unit.add_deliveries([dead, delivery("d2")]))
    assert store.write(lambda unit: unit.retry_deliveries(["d1", "d2", "d3"], START + 5, "ann")) == ["d1"]
    again = one(store, "d1")
    assert (again.state, again.due_at, again.ended_at, again.unknown) == (State.WAITING, START + 5, None, 1)
    assert again.reason == "retried by ann"
    [claimed] = claim(store, START + 5, room={"oncall/1": 9})[1:]
    assert (claimed.id, claimed.attempts) == ("d1", 4)


def test_deliveries_are_retried_in_the_order_in_which_their_group_was_told(store: Store) -> None:
    """Whenever each was retried before; what was told after them and still waits stays behind them."""
    told = {"d3": START, "d2": START + 1, "d1": START + 2, "d0": START + 3}
    dead: dict[str, Any] = {"group_id": "g", "state": State.DEAD, "ended_at": START + 9, "reason": "refused"}
    rows = [delivery(name, at=at, **dead) for name, at in (told | {"d3": START + 7}).items()]
    waits = replace(rows.pop(), state=State.WAITING, ended_at=None, attempts=1)
    store.write(lambda unit: unit.add_notifications([notification(f"n-{n}", "g", at=told[n]) for n in told]))
    store.write(lambda unit: unit.add_deliveries([*rows, waits]))
    store.write(lambda unit: unit.retry_deliveries(["d1", "d2", "d3"], START + 60, "ann"))
    order: list[str] = []
    while claimed := claim(store, START + 60, room={"oncall/1": 9}):
        ended = [replace(each, state=State.SENT, ended_at=START + 60, token=None) for each in claimed]
        store.write(lambda unit, done=ended: unit.settle_deliveries(done, ["me:1"] * len(done)))
        order += [each.id for each in claimed]
    assert order == ["d3", "d2", "d1", "d0"]


def test_deliveries_are_dropped_unless_they_are_being_sent(store: Store) -> None:
    """Open and dead ones end as dropped by whom; what is being sent or has ended otherwise stays."""
    rows = [
        delivery("pending", "other/1"),
        delivery("waiting", "other/1", state=State.WAITING),
        delivery("dead", state=State.DEAD, ended_at=START),
        delivery("sent", state=State.SENT, ended_at=START),
        delivery("sending"),
    ]
    store.write(lambda unit: unit.add_deliveries(rows))
    claim(store)
    names = [row.id for row in rows]
    dropped = store.write(lambda unit: unit.drop_deliveries(names, START + 1, "ann"))
    assert set(dropped) == {"pending", "waiting", "dead"}
    assert (one(store, "pending").state, one(store, "pending").reason) == (State.DROPPED, "dropped by ann")
    assert one(store, "sent").state is State.SENT
    assert one(store, "sending").state is State.SENDING


# maintain


def test_what_waits_behind_a_failing_one_takes_its_place(store: Store) -> None:
    """The newest of its group and target; never one that is too young, and never for one being sent."""
    mine: dict[str, Any] = {"group_id": "g"}

    def work(unit: Unit) -> None:
        unit.add_deliveries([delivery("d1", attempts=1, **mine), delivery("d2", at=START + 1, **mine)])
        unit.add_deliveries([delivery("d3", at=START + 2, **mine), delivery("d4", at=START + 9, **mine)])
        unit.add_deliveries([delivery("other", "mail/1", attempts=1, **mine)])
        unit.add_deliveries([delivery("s1", state=State.SENDING, attempts=1, group_id="h")])
        unit.add_deliveries([delivery("s2", at=START + 1, group_id="h")])

    store.write(work)
    assert store.read(lambda unit: unit.overtaken(START + 2, 9)) == [("d1", "d3")]
    store.write(lambda unit: unit.replace_deliveries([("d1", "d3"), ("s1", "s2")], START + 5))
    assert (one(store, "d1").state, one(store, "d1").replaced_by) == (State.REPLACED, "d3")
    assert one(store, "s1").state is State.SENDING


def test_what_cannot_be_tried_is_as_good_as_failing(store: Store) -> None:
    """Messages to a target that is left alone give their place to the newest that has waited; others wait."""
    made = [
        delivery(f"{target}{number}", f"{target}/1", at=START + number, group_id="g")
        for target in ("mail", "chat")
        for number in range(4)
    ]
    store.write(lambda unit: unit.add_deliveries(made))
    assert store.read(lambda unit: unit.overtaken(START + 2, 9)) == []
    pairs = store.read(lambda unit: unit.overtaken(START + 2, 9, {"mail/1"}))
    assert sorted(pairs) == [("mail0", "mail2"), ("mail1", "mail2")]


def test_what_is_overdue_is_given_once(store: Store) -> None:
    """The longest overdue first, whether it waits or is being sent; not what is early, told or ended."""

    def work(unit: Unit) -> None:
        unit.add_deliveries([delivery("late", overdue_at=START + 2), delivery("later", overdue_at=START + 3)])
        unit.add_deliveries([delivery("sending", state=State.SENDING, overdue_at=START + 1)])
        unit.add_deliveries([delivery("early", overdue_at=START + 10), delivery("never")])
        unit.add_deliveries([delivery("sent", state=State.SENT, ended_at=START, overdue_at=START)])

    store.write(work)
    found = store.write(lambda unit: unit.overdue(START + 9, 2, ["oncall"]))
    assert [one.id for one in found] == ["sending", "late"]
    assert [one.id for one in store.write(lambda unit: unit.overdue(START + 9, 9, ["oncall"]))] == ["later"]
    assert store.write(lambda unit: unit.overdue(START + 9, 9, ["oncall"])) == []
    assert one(store, "late").state is State.PENDING


def test_what_takes_the_place_of_another_is_overdue_with_it(store: Store) -> None:
    """Unless the fallback was told of the other already; its own time comes."""
    mine: dict[str, Any] = {"group_id": "g"}
    told: dict[str, Any] = {"group_id": "h"}

    def work(unit: Unit) -> None:
        unit.add_deliveries([delivery("d1", overdue_at=START + 1, **mine)])
        unit.add_deliveries([delivery("d2", at=START + 5, overdue_at=START + 6, **mine)])
        unit.add_deliveries([delivery("t1", **told)])
        unit.add_deliveries([delivery("t2", at=START + 5, overdue_at=START + 6, **told)])
        unit.replace_deliveries([("d1", "d2"), ("t1", "t2")], START + 5)

    store.write(work)
    assert [one.id for one in store.write(lambda unit: unit.overdue(START + 5, 9, ["oncall"]))] == ["d2"]
    assert one(store, "t2").overdue_at == START + 6


def test_a_beat_and_a_policy_are_written_as_often_as_wanted(store: Store) -> None:
    """Neither a second beat nor the same policy again is a fault."""

    def work(unit: Unit) -> None:
        unit.beat(START)
        unit.keep_policy("p", "text", START)

    store.write(work)
    store.write(work)


def test_what_is_overdue_of_another_channel_is_left(store: Store) -> None:
    """To a replica that knows its fallback."""

    def work(unit: Unit) -> None:
        unit.add_deliveries([delivery("d1", overdue_at=START)])

    store.write(work)
    assert store.write(lambda unit: unit.overdue(START, 9, ["another"])) == []
    assert [one.id for one in store.write(lambda unit: unit.overdue(START, 9, ["oncall"]))] == ["d1"]


def test_the_policy_that_is_loaded_last_supersedes_the_others(store: Store) -> None:
    """Whatever the clocks say; one that is not kept is not superseded."""

    def superseded() -> list[bool]:
        return store.read(lambda unit: [unit.is_superseded(name) for name in ("p", "q", "r")])

    store.write(lambda unit: unit.keep_policy("p", "text", START))
    assert superseded() == [False, False, False]
    store.write(lambda unit: unit.keep_policy("q", "text", START - 9))
    assert superseded() == [True, False, False]
    store.write(lambda unit: unit.keep_policy("p", "text", START))
    assert superseded() == [False, True, False]


def test_what_was_made_after_now_is_due_now(store: Store) -> None:
    """After a clock was set back: deliveries that wait, and groups, but no reminder, and nothing older."""
    made = {"older": START - 9, "later": START + 1}

    def work(unit: Unit) -> frozenset[str]:
        for name, at in made.items():
            unit.put_groups([group(name, START + 99, opened_at=at)])
            unit.put_groups([group(f"again-{name}", START + 99, opened_at=at, due_reason=Reason.REPEAT)])
            unit.add_deliveries([delivery(name, f"oncall/{name}", at, due_at=START + 99)])
        unit.add_deliveries([delivery("sent", "oncall/sent", START + 1, due_at=START + 99, state=State.SENT)])
        return unit.hasten(START)

    assert store.write(work) == {"oncall/later"}
    assert [one.id for one in store.read(lambda unit: unit.due_groups(START, 9))] == ["later"]
    assert (one(store, "later").due_at, one(store, "older").due_at) == (START, START + 99)


def test_what_was_told_or_fired_after_now_counts_as_of_now(store: Store) -> None:
    """After a clock was set back: of groups that are open, and of alerts that may escalate."""
    said = group("told", START + 99, opened_at=START - 9, told_at=START + 5)
    over = group("over", None, opened_at=START - 9, told_at=START + 5, ended_at=START + 6)
    fired = alert("fired", "e1", START, escalates_from=START + 5, due_at=START + 99)
    before = alert("before", "e2", START, escalates_from=START - 5, due_at=START + 99)

    def work(unit: Unit) -> tuple[list[Group], list[Alert]]:
        unit.put_groups([said, over])
        unit.put_alerts([fired, before])
        unit.hasten(START)
        return unit.groups(["told", "over"]), unit.alerts(["fired", "before"])

    groups, alerts = store.write(work)
    assert {one.id: (one.told_at, one.due_at) for one in groups} == {
        "told": (START, START),
        "over": (START + 5, None),
    }
    assert {one.id: (one.escalates_from, one.due_at) for one in alerts} == {
        "fired": (START, START + 94),
        "before": (START - 5, START + 99),
    }


def _told(unit: Unit, name: str, at: int, state: State) -> None:
    ended = at if state in (State.SENT, State.DEAD) else None
    ingest(unit, name, at)
    is_over = None if ended is None else at
    unit.put_alerts([alert(f"a-{name}", name, at, ended_at=is_over)])
    unit.put_groups([group(f"g-{name}", None, opened_at=at, ended_at=is_over)])
    unit.add_notifications([notification(f"n-{name}", f"g-{name}", name, at)])
    unit.add_deliveries([delivery(f"d-{name}", at=at, group_id=f"g-{name}", notification_id=f"n-{name}")])
    unit.settle_deliveries([], [])
    [found] = unit.deliveries(ids=[f"d-{name}"])
    if ended is not None:
        unit.drop_deliveries([found.id], at, "a test")
    unit.add_attempts([attempt(f"d-{name}")])


def _prune(store: Store, before: int, limit: int = 100) -> list[int]:
    counts: list[int] = []
    while not counts or counts[-1]:
        counts.append(store.write(lambda unit: unit.prune(before, 0, limit)))
    return counts


def test_what_has_ended_and_is_old_goes(store: Store) -> None:
    """Old ended records go with all that belongs to them; the young and the open stay whole."""

    def work(unit: Unit) -> None:
        _told(unit, "old", START, State.SENT)
        _told(unit, "open", START, State.PENDING)
        _told(unit, "young", START + 9, State.SENT)
        ingest(unit, "due", START)
        unit.add_events([event_record("unmatched", outcome="unmatched")])
        unit.set_aside([set_aside("u-old"), set_aside("u-young", START + 9)])

    store.write(work)
    _prune(store, START + 5)
    assert [r.event.id for r in store.read(lambda unit: unit.events())] == ["due", "open", "young"]
    assert {d.id for d in store.read(lambda unit: unit.deliveries())} == {"d-open", "d-young"}
    assert [
        a.delivery_id for a in store.read(lambda unit: unit.attempts(["d-old", "d-open", "d-young"]))
    ] == [
        "d-open",
        "d-young",
    ]
    assert [kept.id for kept in store.read(lambda unit: unit.set_aside_messages())] == ["u-young"]
    assert {n.id for n in store.read(lambda unit: unit.notifications(["n-old", "n-open", "n-young"]))} == {
        "n-open",
        "n-young",
    }
    assert [one.id for one in store.write(lambda unit: unit.due_groups(START, 9))] == ["g-due"]
    assert [one.id for one in store.read(lambda unit: unit.alerts(["a-old", "a-due"]))] == ["a-due"]
    books = store.read(lambda unit: unit.books())
    assert {name: count for name, count in books.items() if "unbalanced" in name and count} == {}


def test_pruning_takes_batches_and_ends(store: Store) -> None:
    """A call deletes so many of a kind at most, says how many, and says 0 when nothing is left."""

    def work(unit: Unit) -> None:
        for n in range(7):
            _told(unit, f"e{n}", START + n, State.SENT)

    store.write(work)
    counts = _prune(store, START + 100, limit=2)
    assert len(counts) > 4
    assert sum(counts) == 7 * 5  # events, alerts, groups, notifications, deliveries
    assert all(count == 0 for count in store.read(lambda unit: unit.books()).values())


def test_the_books_balance_in_the_middle_of_pruning(store: Store) -> None:
    """A batch may end between an event and its alerts: what is older than the retention is not judged."""

    def work(unit: Unit) -> None:
        unit.add_events([event_record(f"e{n}", START + n) for n in range(9)])
        unit.put_alerts([alert(f"a{n}", f"e{n}", START + n) for n in range(9)])
        unit.put_groups([group("g", None)])
        unit.join_groups([("g", f"a{n}") for n in range(9)])
        unit.add_events([event_record("lone", START + 99, matches=())])

    store.write(work)
    for _ in range(6):
        store.write(lambda unit: unit.prune(START + 50, 0, 2))
        books = store.read(lambda unit: unit.books())
        wrong = {name: count for name, count in books.items() if "unbalanced" in name and count}
        assert wrong == {"unbalanced.events_routed_without_alert": 1}


def test_identities_go_by_their_own_age(store: Store) -> None:
    """A message is remembered longer than its event is kept, and as long as it keeps coming."""
    known = [Known(f"mns:{n}", f"e{n}", frozenset({"a"})) for n in range(2)]
    store.write(lambda unit: unit.remember(known, START))
    store.write(lambda unit: unit.prune(START + 99, START, 9))
    assert len(store.read(lambda unit: unit.known(["mns:0", "mns:1"]))) == 2
    store.write(lambda unit: unit.prune(START + 99, START + 1, 9))
    assert store.read(lambda unit: unit.known(["mns:0", "mns:1"])) == {}


# reading


def test_deliveries_are_found_by_what_is_asked(store: Store) -> None:
    """By ids, state, channel and event, the newest first, so many at most."""

    def work(unit: Unit) -> None:
        _told(unit, "e1", START, State.SENT)
        _told(unit, "e2", START + 1, State.PENDING)
        unit.add_deliveries([delivery("mail", "mail/1", START + 2)])

    store.write(work)

    def names(**which: Any) -> list[str]:
        return [found.id for found in store.read(lambda unit: unit.deliveries(**which))]

    assert names() == ["mail", "d-e2", "d-e1"]
    assert names(ids=["d-e1", "mail", "none"]) == ["mail", "d-e1"]
    assert names(ids=[]) == []
    assert names(state="pending") == ["mail", "d-e2"]
    assert names(state="pending", channel="oncall") == ["d-e2"]
    assert names(event_id="e1") == ["d-e1"]
    assert names(group_ids=["g-e1", "g-none"]) == ["d-e1"]
    assert names(limit=1) == ["mail"]


def test_the_books_count_what_became_of_everything(store: Store) -> None:
    """Events by outcome, deliveries by state, due groups; and what does not balance, by name."""

    def work(unit: Unit) -> None:
        _told(unit, "e1", START, State.PENDING)
        ingest(unit, "e2")
        unit.set_aside([set_aside("u1")])
        unit.add_events([event_record("e3", matches=()), event_record("e4", outcome="unmatched")])
        unit.put_alerts([alert("lone", "e4"), alert("muted", "e4", muted_by="shadow", shadow=True)])
        unit.put_groups([group("silent", None)])
        unit.add_notifications([notification("unsent", "g-e1")])
        told: dict[str, Any] = {"notification_id": "n-e1"}
        unit.add_deliveries([delivery("tokenless", state=State.SENDING, **told)])
        unit.add_deliveries([delivery("reasonless", state=State.DEAD, ended_at=START, **told)])

    store.write(work)
    books = store.read(lambda unit: unit.books())
    assert {name: count for name, count in books.items() if count} == {
        "events.routed": 3,
        "events.unmatched": 1,
        "undecodable": 1,
        "deliveries.pending": 1,
        "deliveries.sending": 1,
        "deliveries.dead": 1,
        "groups.due": 1,
        "unbalanced.events_routed_without_alert": 1,
        "unbalanced.alerts_without_group": 1,
        "unbalanced.groups_neither_due_nor_told": 1,
        "unbalanced.notifications_without_delivery": 1,
        "unbalanced.deliveries_sending_without_claim": 1,
        "unbalanced.deliveries_ended_without_reason": 1,
    }


@pytest.mark.parametrize(
    ("gone", "missed"),
    [
        ("events", {"alerts_without_event"}),
        ("alerts", {"group_alerts_without_alert"}),
        ("groups", {"group_alerts_without_group", "notifications_without_group"}),
        ("group_alerts", {"alerts_without_group"}),
        ("notifications", {"deliveries_without_notification"}),
        ("deliveries", {"notifications_without_delivery"}),
    ],
)
def test_the_books_miss_what_somebody_has_deleted(
    store: Store, store_url: str, gone: str, missed: set[str]
) -> None:
    """Whatever is taken out of the way of an event, something still names it."""
    store.write(lambda unit: _told(unit, "e1", START, State.SENT))
    engine = make_engine(store_url)
    with engine.begin() as connection:
        connection.execute(metadata.tables[gone].delete())
    engine.dispose()
    books = store.read(lambda unit: unit.books())
    assert {
        name.removeprefix("unbalanced.") for name, n in books.items() if n and "unbalanced" in name
    } == missed


def test_everything_is_there_after_opening_again(store: Store, another: Open) -> None:
    """What was committed is read by the next process."""
    store.write(lambda unit: ingest(unit, "e1"))
    store.close()
    assert [r.event.id for r in another().read(lambda unit: unit.events())] == ["e1"]


def test_replicas_that_start_at_once_share_the_keys_of_links(another: Open) -> None:
    """Whoever comes second finds the keys of the first; a change reaches all."""
    stores = [another() for _ in range(4)]
    assert stores[0].read(lambda unit: unit.link_keys()) is None
    threads = [threading.Thread(target=store.write, args=(make_keys,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    [made] = {store.read(lambda unit: unit.link_keys()) for store in stores}
    assert made is not None
    assert (len(made.newest), made.earlier) == (KEY_BYTES, b"")
    stores[0].write(lambda unit: rotate_keys(unit, revoke=False))
    [rotated] = {store.read(lambda unit: unit.link_keys()) for store in stores}
    assert rotated is not None
    assert rotated.earlier == made.newest != rotated.newest


def test_what_stands_beside_a_group(store: Store) -> None:
    """Its open alerts, those of the groups that it tells together, and of groups that share one with them."""

    def work(unit: Unit) -> None:
        told = [group(f"g-{name}", storm_id="g-storm") for name in ("a", "b")]
        unit.put_groups([*told, group("g-storm"), group("g-elsewhere"), group("g-alone")])
        firing = [
            alert(name, "e", state=AlertState.FIRING, count=2) for name in ("1", "2", "beside", "alone")
        ]
        seen = alert("seen", "e", state=AlertState.ACKNOWLEDGED, acknowledged_by="ann", acknowledged_until=7)
        ended = alert("ended", "e", state=AlertState.RESOLVED, ended_at=START)
        unit.put_alerts([*firing, seen, ended, alert("waits", "e", state=AlertState.PENDING)])
        unit.join_groups([("g-a", "1"), ("g-a", "waits"), ("g-b", "2"), ("g-b", "seen"), ("g-b", "ended")])
        unit.join_groups([("g-elsewhere", "2"), ("g-elsewhere", "beside")])
        unit.join_groups([("g-alone", "alone"), ("g-alone", "ended")])

    store.write(work)

    def firing(name: str, limit: int = 10) -> list[str]:
        return [one.id for one in store.read(lambda unit: unit.firing_beside(name, limit))]

    assert firing("g-a") == ["1"]
    assert firing("g-b") == ["2", "beside"]
    assert firing("g-storm") == ["1", "2", "beside"]
    assert firing("g-storm", 1) == ["1"]
    assert firing("g-alone") == ["alone"]
    assert firing("g-none") == []
    standings = store.read(lambda unit: unit.standings("g-storm"))
    found = {one.state: (one.alerts, one.events, one.by, one.until) for one in standings}
    assert found == {AlertState.FIRING: (3, 6, "", 0), AlertState.ACKNOWLEDGED: (1, 1, "ann", 7)}


# counting


def counted(store: Store, counting: Counting, since: int = START, before: int = START + 100) -> set[Counted]:
    return set(store.read(lambda unit: unit.counts(counting, since, before)))


def test_events_are_counted_by_rule_and_by_what_they_are(store: Store) -> None:
    """From a time until before another; also where a filter's error is hostile text."""
    hostile = (('r"\\1', HOSTILE),)
    records = [
        event_record("e0", START - 1),
        event_record("e1", START, matches=(("a", "a1"), ('r"\\1', "a2")), failures=hostile),
        event_record("e2", START + 9, {"Event": "x"}, matches=(("a", "a3"),)),
        event_record("e3", START + 10, outcome="unmatched", matches=()),
        event_record("e4", START + 100),
    ]
    store.write(lambda unit: unit.add_events(records))
    store.write(lambda unit: unit.set_aside([set_aside("u", START + 3)]))
    assert counted(store, "rules") == {
        Counted("a", "", 2, START + 9),
        Counted('r"\\1', "", 1, START),
    }
    assert counted(store, "failures") == {Counted('r"\\1', "", 1, START)}
    assert counted(store, "event names") == {
        Counted("Job.State.Failed", "routed", 1, START),
        Counted("Job.State.Failed", "unmatched", 1, START + 10),
        Counted("x", "routed", 1, START + 9),
    }
    assert counted(store, "jobs") == {
        Counted("job-e1", "routed", 1, START),
        Counted("job-e3", "unmatched", 1, START + 10),
    }
    assert counted(store, "sources") == {
        Counted("hook", "routed", 2, START + 9),
        Counted("hook", "unmatched", 1, START + 10),
    }
    assert counted(store, "set-aside") == {Counted("hook", "undecodable", 1, START + 3)}


def test_events_of_many_minutes_are_counted_as_one_by_one(store: Store) -> None:
    """From and before any moment about the ends of minutes and of an hour, whatever else is different."""
    hour = START // 3_600_000_000 * 3_600_000_000
    edges = [hour + minute * 60_000_000 + micros for minute in (-1, 0, 1, 60) for micros in (-1, 0, 1)]
    sources, names, outcomes = ("hook", "mns"), ("x", "y"), ("routed", "unmatched")
    records: list[EventRecord] = []
    for number, (at, source, name, outcome, job) in enumerate(
        product(edges, sources, names, outcomes, (None, "j1", "j2"))
    ):
        record = event_record(f"e{number}", at, {"Event": name, "JobId": job}, outcome=outcome)
        records.append(replace(record, event=replace(record.event, source=source)))
    store.write(lambda unit: unit.add_events(records))
    called: dict[Counting, Callable[[EventRecord], tuple[str | None, str]]] = {
        "event names": lambda one: (one.event.kind, one.outcome),
        "sources": lambda one: (one.event.source, one.outcome),
        "jobs": lambda one: (one.event.data["JobId"], one.outcome),
        "hours of events": lambda one: (str(one.event.received_at // 3_600_000_000), "received"),
    }
    for since, before in combinations([0, *edges, edges[-1] + 1], 2):
        for counting, what in called.items():
            times: dict[tuple[str, str], list[int]] = {}
            for one in records:
                name, outcome = what(one)
                if name is not None and since <= one.event.received_at < before:
                    times.setdefault((name, outcome), []).append(one.event.received_at)
            expected = {Counted(*what, len(found), max(found)) for what, found in times.items()}
            found = store.read(lambda unit, of=counting, a=since, b=before: unit.counts(of, a, b))
            assert len(found) == len(expected)
            assert set(found) == expected


def test_alerts_notifications_and_deliveries_are_counted(store: Store) -> None:
    """Alerts by rule, notifications by the rules that they told of and by channel, deliveries by state."""
    shadow = alert("a4", "e", muted_by="shadow", shadow=True)
    tallies = {'r"1': Tally(open=1, told=1), "hidden": Tally(open=1, held=1, hidden=1)}

    def work(unit: Unit) -> None:
        unit.put_alerts(
            [alert("a1", "e"), alert("a2", "e", muted_by="off hours"), shadow, alert("a3", "e", START - 1)]
        )
        unit.put_groups([group("g1", None, tallies=tallies)])
        unit.add_notifications(
            [notification("n1", "g1", "e", START), notification("n2", "g1", "e", START + 2)]
        )
        unit.add_deliveries([delivery("d1"), delivery("d2", at=START + 1), delivery("d3", at=START + 100)])

    store.write(work)
    assert counted(store, "alerts") == {
        Counted("failed", "muted", 1, START),
        Counted("failed", "open", 1, START),
        Counted("failed", "shadow", 1, START),
    }
    assert counted(store, "rules told") == {Counted('r"1', "", 2, START + 2)}
    assert counted(store, "channels told") == {Counted("oncall", "first", 2, START + 2)}
    assert counted(store, "deliveries") == {Counted("oncall", "pending", 2, START + 1)}
    assert store.read(lambda unit: unit.last_matches()) == {"failed": START}

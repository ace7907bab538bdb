"""What ``tail`` finds to be new: each once, the oldest first, also what is committed late."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from router.core.delivery import SECOND, Delivery, State
from router.core.filter import Filter
from router.core.group import Tally
from router.errors import RouterError
from router.pipeline.tail import OVERLAP, Came, News, Tail, Wanted, WasSetAside
from router.ports import Store
from router.storage import open_store
from tests.storage.making import START, alert, attempt, delivery, event_record, group, notification, set_aside

NOW = START + 1000 * SECOND


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    made = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    yield made
    made.close()


def names(news: Iterator[News]) -> list[str]:
    """What is new, by id; of deliveries also where they stand."""
    return [name(one) for one in news]


def name(one: News) -> str:
    if isinstance(one, Came):
        return one.record.event.id
    if isinstance(one, WasSetAside):
        return one.message.id
    return f"{one.delivery.id} {one.delivery.state}"


def comes(store: Store, *ids: str, at: int = NOW) -> None:
    store.write(lambda unit: unit.add_events([event_record(one, at) for one in ids]))


def stands(store: Store, one: Delivery) -> None:
    """Writes a delivery as it stands now: a new one, or another outcome of one that waits."""
    if not store.read(lambda unit: unit.deliveries(ids=[one.id])):
        store.write(lambda unit: unit.add_deliveries([one]))
        return
    store.write(lambda unit: unit.claim_deliveries(NOW, {one.target: 1}, "me:1", NOW + 1))
    assert store.write(lambda unit: unit.settle_deliveries([one], ["me:1"])) == [one.id]


def test_each_event_is_new_once(store: Store) -> None:
    """What stands there first, then what came since; nothing twice."""
    comes(store, "e1", "e2")
    tail = Tail(store, None, Wanted())
    assert names(tail.new(NOW)) == ["e1", "e2"]
    comes(store, "e3", at=NOW + SECOND)
    assert names(tail.new(NOW + SECOND)) == ["e3"]
    assert names(tail.new(NOW + 2 * SECOND)) == []


@pytest.mark.parametrize("ahead", [-3600 * SECOND, 0, 3600 * SECOND])
def test_what_is_committed_late_is_new_too(store: Store, ahead: int) -> None:
    """Another replica commits an event with an earlier time; also where our clock differs from theirs."""
    comes(store, "e1")
    tail = Tail(store, None, Wanted())
    assert names(tail.new(NOW + ahead)) == ["e1"]
    comes(store, "e2", at=NOW + 30 * SECOND)
    assert names(tail.new(NOW + ahead + 30 * SECOND)) == ["e2"]
    comes(store, "late", at=NOW + 30 * SECOND - OVERLAP + 1)
    assert names(tail.new(NOW + ahead + 31 * SECOND)) == ["late"]
    assert names(tail.new(NOW + ahead + 32 * SECOND)) == []


def test_it_begins_where_it_is_told_to(store: Store) -> None:
    """Since a time: earlier ones stay out, also those within the overlap."""
    comes(store, "old", at=NOW - 2 * SECOND)
    comes(store, "new", at=NOW)
    tail = Tail(store, NOW - SECOND, Wanted())
    assert names(tail.new(NOW)) == ["new"]
    assert names(tail.new(NOW)) == []


def test_more_than_a_page_is_read_whole(store: Store) -> None:
    """2,500 events of one microsecond each come once, in their order."""
    many = [f"e{n:04}" for n in range(2500)]
    comes(store, *many)
    tail = Tail(store, 0, Wanted())
    assert names(tail.new(NOW)) == many
    assert names(tail.new(NOW)) == []


def test_events_messages_and_deliveries_stand_in_the_order_of_their_times(store: Store) -> None:
    """One stream of all."""
    comes(store, "e1", at=NOW)
    store.write(lambda unit: unit.set_aside([set_aside("u1", NOW + 1)]))
    stands(store, delivery("d1", at=NOW + 2))
    comes(store, "e2", at=NOW + 3)
    assert names(Tail(store, None, Wanted()).new(NOW)) == ["e1", "u1", "d1 pending", "e2"]


def test_a_delivery_is_new_whenever_it_moves(store: Store) -> None:
    """Pending, waiting after each attempt, sent; nothing while nothing moves."""
    written = delivery("d1", at=NOW)
    stands(store, written)
    tail = Tail(store, None, Wanted())
    assert names(tail.new(NOW)) == ["d1 pending"]
    for number in (1, 2):
        stands(store, replace(written, state=State.WAITING, attempts=number, reason="throttled"))
        store.write(lambda unit, n=number: unit.add_attempts([attempt("d1", n)]))
        assert names(tail.new(NOW)) == ["d1 waiting"]
        assert names(tail.new(NOW)) == []
    stands(store, replace(written, state=State.SENT, attempts=3, ended_at=NOW + SECOND, reason="ok"))
    assert names(tail.new(NOW + SECOND)) == ["d1 sent"]
    assert names(tail.new(NOW + SECOND)) == []


def test_what_ended_between_two_looks_is_one_line(store: Store) -> None:
    """A delivery that was written and sent since."""
    tail = Tail(store, None, Wanted())
    stands(store, replace(delivery("d1", at=NOW), state=State.SENT, ended_at=NOW + 1, reason="ok"))
    assert names(tail.new(NOW + 2)) == ["d1 sent"]


def test_what_was_not_taken_comes_again(store: Store) -> None:
    """Whoever is interrupted while he takes one finds it again: rather twice than never."""
    comes(store, "e1", "e2")
    tail = Tail(store, None, Wanted())
    assert name(next(tail.new(NOW))) == "e1"
    assert names(tail.new(NOW)) == ["e1", "e2"]


def test_a_muted_match_says_so(store: Store) -> None:
    """The rule's alert is muted: the event has the reason."""
    comes(store, "e1")
    muted = replace(alert("a-e1", "e1", NOW), rule="a", muted_by="silenced by s-1 (ann: test)")
    store.write(lambda unit: unit.put_alerts([muted]))
    [came] = Tail(store, None, Wanted()).new(NOW)
    assert isinstance(came, Came)
    assert came.muted == {"a": "silenced by s-1 (ann: test)"}


@pytest.mark.parametrize(
    "wanted",
    [Wanted(rule="wanted"), Wanted(filter=Filter("n == '1'")), Wanted("wanted", Filter("n == '1'"))],
)
def test_what_is_wanted(store: Store, wanted: Wanted) -> None:
    """By a rule, by a filter: events, and what was told of them; messages set aside are no events."""
    for n, rule in (("1", "wanted"), ("2", "other")):
        event = event_record(f"e{n}", NOW, {"n": n}, matches=((rule, f"a{n}"),))
        told = group(f"g-{n}", None, tallies={rule: Tally(told=1)})
        sent = replace(delivery(f"d{n}", at=NOW), notification_id=f"n{n}", group_id=f"g-{n}")
        store.write(lambda unit, one=event: unit.add_events([one]))
        store.write(lambda unit, one=told: unit.put_groups([one]))
        store.write(
            lambda unit, one=n: unit.add_notifications([notification(f"n{one}", f"g-{one}", f"e{one}", NOW)])
        )
        stands(store, sent)
    store.write(lambda unit: unit.set_aside([set_aside("u1", NOW)]))
    tail = Tail(store, None, wanted)
    assert sorted(names(tail.new(NOW))) == ["d1 pending", "e1"]
    assert names(tail.new(NOW)) == []


def test_a_closed_store_is_an_error(store: Store) -> None:
    """Who follows hears of it."""
    tail = Tail(store, None, Wanted())
    store.close()
    with pytest.raises(RouterError, match="closed"):
        list(tail.new(NOW))

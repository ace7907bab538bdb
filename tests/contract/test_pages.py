"""Pages of long tables: every store reads them alike, and no page forgets or repeats a record."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from router.core.alert import AlertState
from router.core.delivery import State
from router.core.group import Tally
from router.ports import Deed, Mark, Page, Store, Unit
from router.storage import open_store, pages
from tests.storage.making import START, alert, delivery, event_record, group


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Each store, empty."""
    opened = open_store(store_url, deadline=60)
    yield opened
    opened.close()


Read = Callable[[Unit, Mark | None], Page[Any]]


def through(store: Store, read: Read) -> list[str]:
    """The ids of all pages, one after the other."""
    found: list[str] = []
    before: Mark | None = None
    while True:
        page = store.read(lambda unit, before=before: read(unit, before))
        found += [getattr(one, "event", one).id for one in page.found]
        if page.next is None:
            return found
        assert before is None or page.next < before, "a page goes on where the last one ended"
        before = page.next


def newest_first(times: dict[str, int]) -> list[str]:
    """Ids by time, then by id, both falling."""
    return sorted(times, key=lambda name: (times[name], name), reverse=True)


@pytest.mark.parametrize("looked_at", [3, 1000])
def test_pages_of_events_have_all_that_match_and_each_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    """By name, job, outcome and rule, whether few or many match; events of one moment too."""
    monkeypatch.setattr(pages, "LOOKED_AT", looked_at)
    times = {f"e-{n:02}": START + n // 4 for n in range(30)}
    records = [
        event_record(
            name,
            at,
            {"Event": "OnJobFailed" if n % 5 else "it's 100%", "JobId": f"job-{n % 3}"},
            outcome="routed" if n % 2 else "unmatched",
            matches=(("rule-a" if n % 7 else "rule-%", "a"),),
        )
        for n, (name, at) in enumerate(times.items())
    ]
    store.write(lambda unit: unit.add_events(records))

    def of(which: Callable[[int], bool]) -> list[str]:
        return newest_first({name: at for n, (name, at) in enumerate(times.items()) if which(n)})

    assert through(store, lambda unit, at: unit.page_of_events(at, 4)) == of(lambda n: True)
    for limit in (1, 4, 100):

        def read(unit: Unit, at: Mark | None, limit: int = limit, **which: str) -> Page[Any]:
            return unit.page_of_events(at, limit, **which)

        assert through(store, lambda u, at: read(u, at, name="it's 100%")) == of(lambda n: n % 5 == 0)
        assert through(store, lambda u, at: read(u, at, job="job-1")) == of(lambda n: n % 3 == 1)
        assert through(store, lambda u, at: read(u, at, outcome="routed")) == of(lambda n: n % 2 == 1)
        assert through(store, lambda u, at: read(u, at, rule="rule-%")) == of(lambda n: n % 7 == 0)
        assert through(store, lambda u, at: read(u, at, rule="rule-a", job="job-0")) == of(
            lambda n: n % 7 != 0 and n % 3 == 0
        )
        assert through(store, lambda u, at: read(u, at, rule="rule")) == []


def test_ids_are_found_by_how_they_begin(store: Store) -> None:
    """Those that begin so, in their order, and no others; nothing is a pattern."""
    names = ["e-6b49d2000", "e-6b49d2ff0", "e-6b49d3000", "e-6b4a00000"]
    store.write(lambda unit: unit.add_events([event_record(name, START, {}) for name in names]))
    for begin, found in (("e-6b49", names[:3]), ("e-6b49d2", names[:2]), ("e-6b49d4", []), ("e-6b4%", [])):
        assert store.read(lambda unit, begin=begin: unit.ids_from(begin, 10)) == found
    assert store.read(lambda unit: unit.ids_from("e-6b", 2)) == names[:2]
    assert store.read(lambda unit: unit.ids_from("x-6b49", 2)) == []


STATES = (*State,)
ENDED = {"sent", "dead", "replaced", "dropped"}


@pytest.mark.parametrize(("limit", "looked_at"), [(1, 1), (2, 5), (5, 3), (100, 1000)])
def test_pages_of_deliveries_have_all_that_match(
    store: Store, monkeypatch: pytest.MonkeyPatch, limit: int, looked_at: int
) -> None:
    """By state and channel, however little of the table is looked at for one page."""
    monkeypatch.setattr(pages, "LOOKED_AT", looked_at)
    sent = [
        delivery(
            f"d-{n:02}",
            "team/1" if n % 3 else "oncall/1",
            START + n // 5,
            state=(state := STATES[n % 7]),
            ended_at=START if state in ENDED else None,
        )
        for n in range(40)
    ]
    store.write(lambda unit: unit.add_deliveries(sent))
    for state in ("", "dead", "sent", "waiting"):
        for channel in ("", "team"):
            wanted = [one for one in sent if state in ("", one.state) and channel in ("", one.channel)]
            found = through(
                store,
                lambda unit, at, state=state, channel=channel: unit.page_of_deliveries(
                    at, limit, state=state, channel=channel
                ),
            )
            assert found == newest_first({one.id: one.created_at for one in wanted})


def test_pages_of_alerts_by_rule_and_state(store: Store) -> None:
    """Open ones, healed ones, those of a rule; in the order of their last match."""
    alerts = [
        alert(
            f"a-{n}",
            "e",
            START + n,
            state=AlertState.HEALED if n % 2 else AlertState.FIRING,
            ended_at=START if n % 2 else None,
        )
        for n in range(9)
    ]
    store.write(lambda unit: (unit.add_events([event_record("e")]), unit.put_alerts(alerts)))
    odd = ["a-7", "a-5", "a-3", "a-1"]
    even = ["a-8", "a-6", "a-4", "a-2", "a-0"]
    assert through(store, lambda unit, at: unit.page_of_alerts(at, 2, state="healed")) == odd
    assert through(store, lambda unit, at: unit.page_of_alerts(at, 2, state="firing")) == even
    assert through(store, lambda unit, at: unit.page_of_alerts(at, 2, rule="failed", state="firing")) == even
    assert through(store, lambda unit, at: unit.page_of_alerts(at, 2, rule="other")) == []


def test_groups_that_stand_now_are_read_the_worst_first(store: Store) -> None:
    """Of the severest the newest first; those that have ended are not among them, all others are counted."""
    made = [
        group("g-1", severity="warning", opened_at=START),
        group("g-2", severity="critical", opened_at=START),
        group("g-3", severity="critical", opened_at=START + 1),
        group("g-4", severity="info", opened_at=START + 9),
        group("g-5", severity="critical", opened_at=START + 9, ended_at=START + 10),
    ]
    store.write(lambda unit: unit.put_groups(made))
    found, number = store.read(lambda unit: unit.groups_now(3))
    assert ([one.id for one in found], number) == (["g-3", "g-2", "g-1"], 4)


def test_groups_that_fire_stand_before_the_quiet_ones(store: Store) -> None:
    """However severe what people have seen, or what is muted, is: a page must not say that nothing fires."""
    seen, muted = {"r": Tally(open=2, acknowledged=2)}, {"r": Tally(open=1, held=1)}
    made = [
        group("g-1", severity="critical", opened_at=START, tallies=seen),
        group("g-2", severity="critical", opened_at=START, tallies=muted),
        group("g-3", severity="info", opened_at=START, tallies={"r": Tally(open=1), "é": Tally()}),
        group("g-4", severity="warning", opened_at=START, tallies=seen | {"s": Tally(open=1)}),
    ]
    store.write(lambda unit: unit.put_groups(made))
    found, _ = store.read(lambda unit: unit.groups_now(3))
    assert [one.id for one in found] == ["g-4", "g-3", "g-2"]


def test_what_people_did_is_kept_as_long_as_all_else(store: Store) -> None:
    """In the order in which it was done; the retention ends it."""
    deeds = [Deed(f"p-{n}", START + n, "anna", "drop", f"d-{n}", n) for n in range(3)]
    for deed in deeds:
        store.write(lambda unit, deed=deed: unit.add_deed(deed))
    assert store.read(lambda unit: unit.page_of_deeds(None, 10)).found == deeds[::-1]
    assert through(store, lambda unit, at: unit.page_of_deeds(at, 1)) == ["p-2", "p-1", "p-0"]
    store.write(lambda unit: unit.prune(START + 2, START, 100))
    assert through(store, lambda unit, at: unit.page_of_deeds(at, 1)) == ["p-2"]

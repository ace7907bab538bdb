"""How SQLite finds rows: no loop of the router reads a whole table."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

from sqlalchemy import Connection, event

from router.ports import AlertsSeen, Counting, Feed, Mark, Unit
from router.storage import prepared
from router.storage.opening import make_engine, open_store
from router.storage.store import DEADLINE, SqlStore
from tests.storage.making import START, delivery


def _loops(unit: Unit) -> None:
    unit.known(["mns:1"])
    unit.open_alerts(["k-1", "k-2"], ["k-3", "k-4"])
    unit.open_groups(["k-1", "k-2"])
    unit.rules_of_alerts()
    unit.alerts_on(["e-1"])
    unit.open_alerts_of("a")
    unit.open_alerts_of("a", 10, Mark(START, "a-1"))
    unit.ends(["e-1"])
    unit.jobs(["job-1"])
    unit.due_alerts(START, 10, ["queue"])
    unit.due_groups(START, 10)
    unit.next_change(())
    unit.members("g-1")
    unit.members("g-1", after="a-9", newest=True)
    unit.alerts(["a-1"])
    unit.storm("oncall", START)
    unit.told_since("oncall", START)
    unit.claim_deliveries(START, {"oncall/1": 4}, "me:1", START + 1)
    unit.claim_deliveries(START, {"oncall/1": 4}, "me:1", START + 1, which="critical")
    unit.claim_deliveries(START, {"oncall/1": 4}, "me:1", START + 1, which="others", newest=["oncall/1"])
    unit.count_due(START, {"oncall/1": 4}, "others")
    unit.next_due(["oncall/1"], START)
    unit.threads(["g-1"])
    unit.targets(["oncall/1"], ["oncall/1"])
    unit.expired_claims(START, 10)
    unit.claims_not_of("me", 10)
    unit.open_targets()
    unit.outbox()
    unit.overtaken(START, 10)
    unit.overtaken(START, 10, {"mail/1"})
    unit.prune(START - 1, START - 1, 10)


SEEN: tuple[AlertsSeen, ...] = get_args(AlertsSeen)
FEEDS: tuple[Feed, ...] = ("events", "set-aside", "ended deliveries")
COUNTINGS: tuple[Counting, ...] = get_args(Counting)


def _watching(unit: Unit) -> None:
    for feed in FEEDS:
        unit.arrived(feed, Mark(START, "x"), 10)
        unit.newest(feed, 10)
    unit.unfinished()
    unit.event_records(["e-1"])
    for counting in COUNTINGS:
        unit.counts(counting, START, START + 1)
    unit.last_matches()
    for which in SEEN:
        list(unit.alert_documents(which, START, 10))


def _pages(unit: Unit) -> None:
    unit.events(since=START)
    for before in (None, Mark(START, "x")):
        unit.page_of_events(before, 10)
        unit.page_of_events(before, 10, name="OnJobFailed", outcome="routed", rule="a")
        unit.page_of_events(before, 10, job="job-1")
        unit.page_of_alerts(before, 10)
        unit.page_of_alerts(before, 10, state="healed")
        unit.page_of_alerts(before, 10, rule="a", state="firing")
        unit.page_of_deliveries(before, 10)
        unit.page_of_deliveries(before, 10, state="dead", channel="oncall")
        unit.page_of_deliveries(before, 10, state="sent", channel="oncall")
        unit.page_of_deeds(before, 10)
    unit.dead_letters(START, START + 1, 10, "oncall")
    unit.groups_now(10)


def _plans(tmp_path: Path, write: Callable[[Unit], None], read: Callable[[Unit], None]) -> list[str]:
    """The steps by which SQLite answers the statements of both."""
    url = f"sqlite:///{tmp_path / 'state.db'}"
    open_store(url).close()
    engine = make_engine(url)
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    def drive(connection: Connection, statement: str, values: Any, *, many: bool = False) -> Any:
        asked.extend((statement, one) for one in (values[:1] if many else [values]))
        return driven(connection, statement, values, many=many)

    driven = prepared.drive
    event.listen(engine, "before_cursor_execute", note)
    store = SqlStore(engine, DEADLINE, lambda: None)
    store.write(lambda unit: unit.add_deliveries([delivery("d1")]))
    asked.clear()
    with patch.object(prepared, "drive", drive):
        store.write(write)
        store.read(read)
    statements = [
        (text, values) for text, values in asked if text.split()[0] in ("SELECT", "UPDATE", "DELETE")
    ]
    assert len(statements) > 15

    def explain(unit: Any) -> list[str]:
        run = unit._connection.exec_driver_sql
        return [row[3] for text, values in statements for row in run(f"EXPLAIN QUERY PLAN {text}", values)]

    plans = store.read(explain)
    store.close()
    return plans


def test_no_loop_reads_a_whole_table(tmp_path: Path) -> None:
    """Every statement of the loops goes by an index; partial indexes serve what has not ended."""
    plans = _plans(tmp_path, _loops, _watching)
    # Lists of JSON in a row that was found are read as virtual tables.
    scans = [step for step in plans if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]
    # Those found of a new silence are gone through for their events.
    assert [step for step in scans if "USING" not in step and step != "SCAN newest"] == []
    # Open alerts are walked for their rules and for a new silence, an index for the last match of each rule.
    [of_rules, of_matches, of_silence] = [step for step in scans if "alerts" in step]
    for walk in (of_rules, of_silence):
        assert walk in ("SCAN alerts USING INDEX alerts_slot", "SCAN alerts USING INDEX alerts_anchor")
    assert of_matches == "SCAN alerts USING COVERING INDEX alerts_rule"
    for index in (
        "deliveries_due",
        "deliveries_critical",
        "deliveries_unfinished",
        "deliveries_claimed",
        "undecodable_received",
        "events_matched",
        "events_failing",
        "events USING COVERING INDEX events_by_minute",
    ):
        assert any(index in step for step in plans), index
    # Events are counted in the order of their index.
    assert not [after for step, after in pairwise(plans) if "by_minute" in step and "GROUP BY" in after]
    # Whatever is open is never gone through to find a few of it.
    for found in ("alerts USING INDEX alerts_slot (slot=?)", "alerts USING INDEX alerts_anchor (anchor=?)"):
        assert f"SEARCH {found}" in plans
    assert "SEARCH groups USING INDEX groups_slot (slot=?)" in plans


def test_no_page_reads_or_sorts_a_whole_table(tmp_path: Path) -> None:
    """Each page walks an index from where it begins; only records of one moment are sorted by their ids."""
    plans = _plans(tmp_path, lambda unit: None, _pages)
    scans = [step for step in plans if step.startswith("SCAN") and "VIRTUAL TABLE" not in step]
    assert [step for step in scans if "USING" not in step] == []
    sorts = {step for step in plans if "B-TREE" in step}
    assert sorts <= {
        "USE TEMP B-TREE FOR LAST TERM OF ORDER BY",
        "USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY",
        "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY",
    }
    assert any("deliveries_undelivered" in step for step in plans)
    assert any("groups_open" in step for step in plans)

"""``deliveries``: what a person does to some of them, however many."""

from pathlib import Path

from router.cli.output import when
from router.core.delivery import SECOND, State
from router.storage import open_store
from tests.cli.running import run, write_router
from tests.storage.making import START, delivery


def test_many_are_dropped_and_only_what_is_unknown_is_said_to_be(tmp_path: Path) -> None:
    """More than a page of them; the second time each is named with its state, and the status is 0."""
    file = write_router(tmp_path, [{"name": "a", "when": "always", "to": ["oncall"]}], "oncall")
    ids = [f"d-{number:03}" for number in range(150)]
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    store.write(lambda unit: unit.add_deliveries([delivery(one, state=State.DEAD) for one in ids]))
    store.close()
    done = run("deliveries", "drop", *ids, "d-none", "-c", file)
    assert (done.status, done.out) == (1, "150 dropped.\n")
    assert done.error == "Unknown: d-none. `deliveries list` shows ids.\n"
    again = run("deliveries", "drop", *ids, "-c", file)
    assert (again.status, again.error) == (0, "")
    assert again.out.startswith("0 dropped. Not in a state for it: ")
    assert again.out.count("(dropped)") == len(ids)


def test_what_waits_by_itself_says_when_it_is_tried(tmp_path: Path) -> None:
    """In the list, and where somebody wants to retry it; a channel that is gone keeps its dead letters."""
    file = write_router(tmp_path, [{"name": "a", "when": "always", "to": ["oncall"]}], "oncall")
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    due = START + 90 * SECOND
    waiting = delivery("d-1", state=State.WAITING, due_at=due, reason="unreachable: nobody listens")
    gone = delivery("d-2", target="gone/1", state=State.DEAD, ended_at=1)
    store.write(lambda unit: unit.add_deliveries([waiting, gone]))
    store.close()
    head, *rows = run("deliveries", "list", "-c", file).out.splitlines()
    at = head.index("NEXT ATTEMPT")
    assert {row.split()[0]: row[at : at + 19].strip() for row in rows} == {"d-1": when(due), "d-2": ""}
    done = run("deliveries", "retry", "--channel", "oncall", "-c", file)
    assert done.out == f"0 due again. 1 waits already, next attempt at {when(due)} UTC.\n"
    assert run("deliveries", "retry", "--channel", "gone", "-c", file).out == "1 due again.\n"
    assert run("deliveries", "retry", "--channel", "gone", "-c", file).status == 2

"""``deliveries``: what a person does to some of them, however many."""

from pathlib import Path

from router.core.delivery import State
from router.storage import open_store
from tests.cli.running import run, write_router
from tests.storage.making import delivery


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

"""Ids by their first characters: people read them from a screen, and type them at night."""

from pathlib import Path
from typing import Any

import pytest

from router.core.delivery import State
from router.core.message import Message
from router.errors import RouterError
from router.storage import open_store
from tests.acceptance.harness import sample
from tests.cli.running import run, run_json, write_router
from tests.cli.test_alerts import take
from tests.storage.making import START, delivery

RULE: dict[str, Any] = {"name": "failed", "when": "Event == 'OnJobFailed'", "to": ["oncall"]}
LETTER = "d-6b0dee000000000000000000"


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Two alerts of one moment, and a letter that nobody took."""
    path = write_router(tmp_path, [RULE], "oncall")
    take(path, sample("OnJobFailed", JobId="job-1"), sample("OnJobFailed", JobId="job-2"))
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    text = Message("Failed", "again").to_json()
    dead = delivery(LETTER, state=State.DEAD, ended_at=START, content=text)
    store.write(lambda unit: unit.add_deliveries([dead]))
    store.close()
    return path


def alerts(config: str) -> list[dict[str, Any]]:
    """All that there are."""
    return run_json("alerts", "list", "-c", config)["alerts"]


def test_the_first_characters_of_an_id_are_enough(config: str) -> None:
    """With its letter or without, wherever a command takes an id."""
    first, second = alerts(config)
    begin = first["id"][:20]
    assert (
        run_json("alerts", "show", begin.removeprefix("a-"), "-c", config)["alerts"][0]["id"] == first["id"]
    )
    taken = run_json("alerts", "ack", begin, second["id"][2:22], "-c", config)["alerts"]
    assert {one["id"] for one in taken} == {first["id"], second["id"]}
    assert run_json("alerts", "resolve", begin, "-c", config)["alerts"] == [{"id": first["id"]}]
    assert run_json("deliveries", "show", "d-6b0d", "-c", config)["deliveries"][0]["id"] == LETTER
    assert run_json("deliveries", "retry", "6b0d", "-c", config)["deliveries"] == [{"id": LETTER}]
    assert run_json("deliveries", "drop", "d-6b0d", "-c", config)["deliveries"] == [{"id": LETTER}]
    words = ("silences", "add", "rule", "--for", "1h", "--comment", "c")
    made = run_json(*words, "-c", config)["silences"][0]["id"]
    assert run_json("silences", "expire", made[:12], "-c", config)["silences"][0]["id"] == made
    event = first["event"]
    assert run("explain", "--id", event[:20], "-c", config).status == 0
    assert run_json("why-not", "--id", event[2:20], "-c", config)["event"]["id"] == event


def test_what_several_ids_begin_with_names_none(config: str) -> None:
    """They are shown, and nothing is changed."""
    first, second = (one["id"] for one in alerts(config))
    done = run("alerts", "ack", first[:8], "-c", config)
    assert (done.status, first in done.error, second in done.error) == (2, True, True)
    assert "Write more of it" in done.error
    assert {one["state"] for one in alerts(config)} == {"firing"}


@pytest.mark.parametrize("typed", ["a-0", "a-0000", "a-%", "nope", "", "a-____", "A-0000"])
def test_what_no_id_begins_with_is_unknown(config: str, typed: str) -> None:
    """Less than four characters are no id, and signs that mean something to a database are signs."""
    assert run("alerts", "show", typed, "-c", config).status == 2
    assert run("alerts", "ack", typed, "-c", config).status in (1, 2)


def test_a_router_that_knows_no_beginnings_is_asked_for_the_id(
    config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older one has no such address: whole ids go on to work, and others are unknown to it."""

    def older(*_: Any, **__: Any) -> Any:
        raise RouterError("not-found", "there is nothing at this address")

    monkeypatch.setattr("router.cli.api.Api.get", older)
    done = run("alerts", "ack", "6b0d", "-c", config)
    assert (done.status, "Unknown: 6b0d" in done.error) == (1, True)

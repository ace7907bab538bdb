"""A ping goes out while all is well, and only then."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.config.settings import Settings
from router.ping import ping_while_well, send_ping
from tests.acceptance.harness import Process, Sink, write_config
from tests.logs import logged

RULE = {"name": "r", "when": "Event == 'x'", "to": ["oncall"]}


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """Who is pinged, in another process."""
    one = Sink(tmp_path)
    yield one
    one.close()


class EnoughError(Exception):
    """The test has seen enough."""


class Well:
    """A process that is well or not, look by look."""

    def __init__(self, *problems: str, drill: str = "") -> None:
        self._problems = list(problems)
        self.drill = drill

    def problems(self) -> list[str]:
        return [said for said in [self._problems.pop(0)] if said.startswith("problem")]

    def hung(self) -> list[str]:
        return []

    def failed_drill(self) -> str:
        return self.drill


def settings(**ping: str) -> Settings:
    """With a ping, or without."""
    return Settings.model_validate({"rules": ["r.yaml"]} | ({"ping": ping} if ping else {}))


def pinged(well: Well, looks: int, answers: list[str], given: Settings) -> list[float]:
    """Pings of so many looks; returns the pauses between them."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == looks:
            raise EnoughError

    with pytest.raises(EnoughError):
        asyncio.run(ping_while_well(well, lambda: given, lambda _: answers.pop(0), pause))
    return pauses


def test_a_ping_goes_out_only_while_all_is_well() -> None:
    """Nothing while there is a problem; at the interval again after it."""
    answers = [""] * 3
    pauses = pinged(
        Well("", "problem", "problem", "", ""), 5, answers, settings(url="http://a/", every="90s")
    )
    assert (answers, pauses) == ([], [90.0] * 5)


def test_a_drill_that_failed_withholds_it() -> None:
    """Whoever keeps the address hears of a way that is cut somewhere."""
    answers = ["never asked"]
    pinged(Well("", "", drill="it was not accepted"), 2, answers, settings(url="http://a/"))
    assert answers == ["never asked"]


def test_nothing_is_sent_where_nothing_is_configured() -> None:
    """A reload that brings a ping is seen within ten seconds."""
    answers = ["never asked"]
    assert pinged(Well(), 2, answers, settings()) == [10.0, 10.0]
    assert answers == ["never asked"]


def test_a_failure_and_its_end_are_said_once_each() -> None:
    """However many fail in a row."""
    with logged() as names:
        pinged(Well(*[""] * 5), 5, ["", "down", "down", "", ""], settings(url="http://a/"))
    assert names == ["ping.failed", "ping.recovered"]


def test_what_is_wrong_is_said_without_the_address(sink: Sink) -> None:
    """A refusal, a redirect, nobody there, no address at all: the address may be a secret."""
    assert send_ping(settings(url=f"{sink.origin}/secret-1")) == ""
    for url in (f"{sink.origin}/secret-2/status=500", f"{sink.origin}/secret-3/status=302"):
        assert send_ping(settings(url=url)).startswith("it is answered with ")
    problem = send_ping(settings(url="http://127.0.0.1:1/secret-4"))
    assert problem == "ConnectionError: it cannot be sent"


def test_the_process_pings(tmp_path: Path, sink: Sink) -> None:
    """`run` with a ping of each second is heard, and its log does not have the address."""
    secret = f"{sink.origin}/c0ffee"
    config = write_config(
        tmp_path, {"oncall": {"url": sink.url("o")}}, [RULE], ping={"url": secret, "every": "1s"}
    )
    process = Process(config)
    try:
        assert [one["path"] for one in sink.wait_for(2, 20)][:2] == ["/c0ffee", "/c0ffee"]
        assert "c0ffee" not in process.log
    finally:
        process.terminate()

"""Log lines: for programs and for people, and none where standard error takes none."""

import json
from collections.abc import Iterator

import pytest

from router import telemetry


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    telemetry.set_up_logs()


def test_a_line_for_programs_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    """When, how bad, what, and its fields; ASCII alone, long values cut."""
    telemetry.set_up_logs(terminal=False)
    telemetry.log("router.ready", address="http://[::1]:80", odd="é\x1b[31m\n", long="x" * 2000, n=3)
    line = capsys.readouterr().err
    told = json.loads(line)
    assert line.isascii()
    assert line.count("\n") == 1
    assert list(told) == ["timestamp", "level", "event", "address", "odd", "long", "n"]
    assert (told["level"], told["event"], told["n"]) == ("info", "router.ready", 3)
    assert told["odd"] == "é\\u001b[31m\n"
    assert told["long"] == "x" * 1000 + "…"


def test_a_line_for_people_says_where_a_value_ends(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In quotes where it has spaces, lines or signs of equality; without colours under NO_COLOR."""
    telemetry.set_up_logs(terminal=True)
    telemetry.log("source.problem", "warning", source="mns", said="a b\nc=d", none=None)
    assert "\x1b[33mwarning\x1b[0m" in capsys.readouterr().err
    monkeypatch.setenv("NO_COLOR", "1")
    telemetry.log("source.problem", "warning", source="mns", said="a b\nc=d", none=None)
    line = capsys.readouterr().err
    assert line.endswith(' warning source.problem source=mns said="a b\\nc=d" none=null\n')


def test_what_is_not_bad_enough_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that people wait for says faults alone."""
    telemetry.set_up_logs(terminal=False, level="error")
    telemetry.log("source.problem", "warning")
    telemetry.log("router.hung", "error")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["router.hung"]


def test_a_standard_error_that_is_full_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is paged does not depend on whether it could be logged."""
    telemetry.set_up_logs(terminal=False)
    full = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115  it cannot be closed without a fault
    monkeypatch.setattr("sys.stderr", full)
    telemetry.log("delivery.sent", channel="oncall")
    monkeypatch.undo()
    with pytest.raises(OSError, match="No space left"):
        full.close()


def test_an_event_that_is_not_declared_is_a_fault_of_ours() -> None:
    """Each name stands in the documentation."""
    with pytest.raises(KeyError, match="not declared"):
        telemetry.log("nobody.knows")

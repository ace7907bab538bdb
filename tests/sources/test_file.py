"""The file source: JSON lines to the end, each batch committed before the next is read."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from router.core.event import MAX_BODY, Event, Undecodable
from router.decoders import decode
from router.sources.file import FileSource
from router.telemetry import Metrics
from tests.sources.doors import NOW, FixedClock, KeepingIntake


def never(_seconds: float) -> bool:
    return False


def stop_after(calls: int) -> Callable[[float], bool]:
    """A ``stopping`` that waits for nothing and is true from some call on."""
    left = iter([False] * calls)
    return lambda _seconds: next(left, True)


def source(path: Path | str) -> FileSource:
    return FileSource("lines", str(path), FixedClock(), Metrics())


def test_each_line_is_an_event(tmp_path: Path) -> None:
    """Lines in order, with their place; empty lines and line ends of any kind do not count."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"a": 1}\r\n\n  \n{"a": 2}\n{"a": 3}')
    intake = KeepingIntake()
    source(path).run(intake, never)
    events = [event for event in map(decode, intake.envelopes) if isinstance(event, Event)]
    assert [event.data for event in events] == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert [envelope.position for envelope in intake.envelopes] == [f"{path}:{n}" for n in (1, 4, 5)]
    assert {(envelope.source, envelope.received_at) for envelope in intake.envelopes} == {("lines", NOW)}


@given(
    st.lists(st.binary(max_size=2000).filter(lambda line: b"\n" not in line and line.strip()), max_size=400)
)
def test_lines_are_the_same_however_they_are_read(lines: list[bytes]) -> None:
    """Whatever the lines hold, each arrives once, whole and in order, at most 100 a commit."""
    reader, writer = os.pipe()
    path = Path(f"/dev/fd/{reader}")
    intake = KeepingIntake()
    with os.fdopen(reader, "rb"):
        os.set_blocking(writer, False)
        text = b"\n".join(lines)[:60_000]
        os.write(writer, text)
        os.close(writer)
        source(path).run(intake, never)
    assert [envelope.body for envelope in intake.envelopes] == [
        line for line in text.split(b"\n") if line.strip()
    ]
    assert all(len(batch) <= 100 for batch in intake.batches)


def test_a_bad_line_spoils_no_other(tmp_path: Path) -> None:
    """What is no event, or too long, is set aside; of a line without end only the beginning is kept."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"hello\n" + b"x" * (5 * MAX_BODY) + b'\n{"a": 1}\n')
    intake = KeepingIntake()
    source(path).run(intake, never)
    kinds = [type(decode(envelope)) for envelope in intake.envelopes]
    assert kinds == [Undecodable, Undecodable, Event]
    assert all(len(envelope.body) <= 2 * MAX_BODY for envelope in intake.envelopes)


def test_a_line_stays_until_it_is_committed(tmp_path: Path) -> None:
    """While the store is unavailable the same lines are submitted again, and the source says so."""
    path = tmp_path / "events.jsonl"
    path.write_text('{"a": 1}\n')
    waits: list[float] = []
    problems: list[str] = []

    def stopping(seconds: float) -> bool:
        if seconds:
            waits.append(seconds)
            problems.append(reading.problem())
        return False

    reading, intake = source(path), KeepingIntake(fails=3)
    reading.run(intake, stopping)
    assert [envelope.body for envelope in intake.envelopes] == [b'{"a": 1}']
    assert waits == [0.5, 1.0, 2.0]
    assert problems == ["the disk is full"] * 3
    assert reading.problem() == ""


def test_it_stops_when_told(tmp_path: Path) -> None:
    """Told to stop while the store is unavailable, or between chunks, it leaves what is not committed."""
    path = tmp_path / "events.jsonl"
    path.write_text('{"a": 1}\n' * 20_000)
    intake = KeepingIntake(fails=1000)
    source(path).run(intake, stop_after(5))
    assert intake.batches == []
    intake = KeepingIntake()
    source(path).run(intake, stop_after(3))
    assert 0 < len(intake.envelopes) < 20_000


def test_a_file_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    """The problem names the file and what to do, and ends when the file appears, be it empty."""
    path = tmp_path / "late.jsonl"
    problems: list[str] = []

    def stopping(seconds: float) -> bool:
        if seconds:
            problems.append(reading.problem())
            path.touch()
        return False

    reading, intake = source(path), KeepingIntake()
    reading.run(intake, stopping)
    assert problems == [f"cannot read {path}: No such file or directory. Check the source's path"]
    assert (intake.batches, reading.problem()) == ([], "")


PROGRAM = """
from router.sources.file import FileSource
from router.telemetry import Metrics
from tests.sources.doors import FixedClock, KeepingIntake

class Printing(KeepingIntake):
    def submit(self, envelopes):
        print(len(envelopes), envelopes[0].position, flush=True)
        return super().submit(envelopes)

FileSource("lines", "-", FixedClock(), Metrics()).run(Printing(), lambda seconds: False)
"""


def test_standard_input_is_read_as_it_comes() -> None:
    """A line is submitted when it is written, long before the input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for number in (1, 2):
            program.stdin.write("{}\n")
            program.stdin.flush()
            assert program.stdout.readline() == f"1 -:{number}\n"
        program.stdin.close()
        assert program.wait(60) == 0


def test_a_file_that_is_read_again_holds_the_same_messages(tmp_path: Path) -> None:
    """After a restart the lines of before are known; a line that is new, or has changed, is not."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2}\n')
    first, second = KeepingIntake(), KeepingIntake()
    source(path).run(first, never)
    path.write_bytes(b'{"a": 1}\n{"a": 3}\n{"a": 2}\n')
    source(path).run(second, never)
    before = {envelope.identity for envelope in first.envelopes}
    assert [envelope.identity in before for envelope in second.envelopes] == [True, False, False]

"""The source ``file``: JSON lines from a file or the standard input, one event a line, to its end."""

import os
import select
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager

from router.core.event import MAX_BODY, Envelope, digest_id
from router.errors import RouterError
from router.ports import Clock, Intake
from router.telemetry import Metrics, log

_CHUNK = 64 * 1024
#: Lines that are committed together.
_BATCH = 100
#: Seconds between looks at a standard input that is silent, and at a file that is not there.
_LOOK, _LOOK_FOR_FILE = 0.5, 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


class FileSource:
    """A ``PullSource``: see router/ports/sources.py.

    Reads from the start at each start of the router; a line that was taken before, at the same place in
    the file, is the same message. The next lines are read when those before are committed. Empty lines
    are left out.

    Args:
        name: as configured.
        path: a file, or ``-`` for the standard input.
    """

    #: A look at whether to stop, and a commit.
    ends_within = 6.0

    def __init__(self, name: str, path: str, clock: Clock, metrics: Metrics) -> None:
        self.name = name
        self._path = path
        self._clock = clock
        self._gauge = metrics.source_problem.labels(name)
        self._problem = ""
        self._caught_up = False

    def run(self, intake: Intake, stopping: Callable[[float], bool]) -> None:
        """Submits every line; returns at the end of the file, or when told to stop."""
        self._gauge.set(0)
        while not stopping(0):
            try:
                with _opened(self._path) as descriptor:
                    self._note("")
                    self._read(descriptor, intake, stopping)
                return
            except OSError as error:
                self._note(f"cannot read {self._path}: {error.strerror}. Check the source's path")
                stopping(_LOOK_FOR_FILE)

    def problem(self) -> str:
        """What keeps it from reading and what to do, in words; empty when all is well."""
        return self._problem

    def caught_up(self) -> bool:
        """Whether it has reached the end of the file once, or a pause of the standard input."""
        return self._caught_up

    def _read(self, descriptor: int, intake: Intake, stopping: Callable[[float], bool]) -> None:
        lines = _Lines()
        for chunk in _chunks(descriptor, stopping):
            if chunk is None:
                self._caught_up = True
                continue
            found = lines.feed(chunk) if chunk else lines.last()
            for at in range(0, len(found), _BATCH):
                if not self._submit(found[at : at + _BATCH], intake, stopping):
                    return
            self._caught_up = self._caught_up or not chunk

    def _submit(
        self, lines: Sequence[tuple[int, bytes]], intake: Intake, stopping: Callable[[float], bool]
    ) -> bool:
        """Whether the lines are committed; false when it is time to stop."""
        now = self._clock.now()
        envelopes = [self._envelope(number, line, now) for number, line in lines]
        pause = _FIRST_PAUSE
        while True:
            try:
                intake.submit(envelopes).result()
            except RouterError as error:
                self._note(str(error))
            else:
                self._note("")
                return True
            if stopping(pause):
                return False
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _envelope(self, number: int, line: bytes, now: int) -> Envelope:
        place = f"{self._path}:{number}"
        # A file is read again at each start: the same line at the same place is the same message.
        told = None if self._path == "-" else digest_id("file", place.encode() + b"\n" + line)
        return Envelope(self.name, line, now, position=place, identity=told)

    def _note(self, problem: str) -> None:
        if problem == self._problem:
            return
        self._problem = problem
        self._gauge.set(bool(problem))
        if problem:
            log("source.problem", "error", source=self.name, problem=problem)
        else:
            log("source.recovered", source=self.name)


@contextmanager
def _opened(path: str) -> Generator[int]:
    """A descriptor to read from; the standard input stays open."""
    if path == "-":
        yield 0
        return
    with open(path, "rb", buffering=0) as stream:
        yield stream.fileno()


def _chunks(descriptor: int, stopping: Callable[[float], bool]) -> Iterator[bytes | None]:
    """What can be read, as it comes; None in a pause, an empty chunk at the end, nothing after a stop."""
    while not stopping(0):
        if not select.select([descriptor], [], [], _LOOK)[0]:
            yield None
            continue
        yield (chunk := os.read(descriptor, _CHUNK))
        if not chunk:
            return


class _Lines:
    """Cuts chunks into numbered lines. Of a line that is too long only the beginning is kept."""

    def __init__(self) -> None:
        self._number = 0
        self._rest = b""

    def feed(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """The lines that end in the chunk."""
        *whole, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[: MAX_BODY + 1]
        numbered = list(enumerate(whole, self._number + 1))
        self._number += len(whole)
        return [(number, line) for number, line in numbered if line.strip()]

    def last(self) -> list[tuple[int, bytes]]:
        """The line that no line end follows, if there is one."""
        return [(self._number + 1, self._rest)] if self._rest.strip() else []

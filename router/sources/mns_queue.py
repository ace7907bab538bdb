"""The source ``mns-queue``: takes messages from an MNS queue, some consumers at once."""

import threading
from collections.abc import Callable

from router.mns_sdk import Trouble
from router.ports import Clock, Intake
from router.sources.mns_consumer import Consumer, QueueSettings
from router.telemetry import Metrics, log

#: Seconds that the store takes at most, and the deletion after it.
_COMMIT_WITHIN = 6.0


class MnsQueueSource:
    """A ``PullSource``: see router/ports/sources.py.

    Args:
        name: as configured.
    """

    def __init__(self, name: str, settings: QueueSettings, clock: Clock, metrics: Metrics) -> None:
        self.name = name
        self.ends_within = settings.wait + _COMMIT_WITHIN
        self._settings = settings
        self._clock = clock
        self._problems: dict[int, Trouble] = {}
        self._behind = set(range(settings.consumers))
        self._lock = threading.Lock()
        self._gauge = metrics.source_problem.labels(name)

    def run(self, intake: Intake, stopping: Callable[[float], bool]) -> None:
        """Consumes until ``stopping``, then waits for its consumers: ``wait`` at most, and a commit."""
        self._gauge.set(0)
        threads = [
            threading.Thread(
                target=self._consumer(number, intake, stopping).run, name=f"{self.name}-{number}"
            )
            for number in range(self._settings.consumers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def problem(self) -> str:
        """What keeps it from receiving and what to do, in words; empty when all is well."""
        with self._lock:
            trouble = next(iter(self._problems.values()), None)
        if trouble is None:
            return ""
        where = f"queue {self._settings.queue} at {self._settings.access.endpoint}"
        said = f"{where}: {trouble.code}: {trouble.words}"
        return f"{said}. {trouble.remedy}" if trouble.remedy else said

    def caught_up(self) -> bool:
        """Whether each consumer has found the queue empty since the start, and since its last trouble."""
        return not self._behind

    def _consumer(self, number: int, intake: Intake, stopping: Callable[[float], bool]) -> Consumer:
        def report(trouble: Trouble | None) -> None:
            self._note(number, trouble)

        def caught_up() -> None:
            self._behind.discard(number)

        return Consumer(self.name, self._settings, self._clock, intake, stopping, report, caught_up)

    def _note(self, number: int, trouble: Trouble | None) -> None:
        with self._lock:
            before = bool(self._problems)
            if trouble is None:
                self._problems.pop(number, None)
            else:
                self._problems[number] = trouble
                self._behind.add(number)
            after = bool(self._problems)
        if before == after:
            return
        self._gauge.set(int(after))
        if after:
            log("source.problem", "error", source=self.name, problem=self.problem())
        else:
            log("source.recovered", source=self.name)

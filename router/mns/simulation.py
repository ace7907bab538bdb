"""A believable stream of Batch Compute events: for trying rules, and for tests at any size.

Pure: the same seed gives the same stream. States come in their order; instances fail and are
tried again; failed jobs are sometimes started again; some messages come late, and some twice.
"""

import heapq
import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_LATE, _DOUBLED = 0.02, 0.01
_LATEST = 25
_RESTARTED = 0.3
_FLAKY = 0.03
_MOST_RETRIES = 2
_JOBS_AT_ONCE = 8
_NAMES = ("train-resnet", "align-genome", "render-scene", "etl-orders", "fold-protein", "score-ads")
_TASKS = ("Prepare", "Compute", "Merge")
_FAULTS = (
    ("137", "OutOfMemory", "Killed: the instance used more memory than it has"),
    ("1", "ProgramError", "ValueError: shapes (3,4) and (5,) are not aligned"),
    ("139", "ProgramError", "Segmentation fault (core dumped)"),
    ("255", "ResourceError", "The virtual machine was released"),
)


@dataclass(frozen=True, slots=True)
class Simulation:
    """What to simulate.

    Args:
        instances: of each of a job's tasks.
        failure_rate: of instances that fail for good, 0 to 1.
        start: when the first job was created.
    """

    jobs: int
    instances: int
    failure_rate: float
    seed: int = 0
    start: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def messages(self) -> Iterator[str]:
        """The messages in the order of their publication, JSON text as Batch Compute sends it."""
        chance = random.Random(self.seed)
        waiting: list[tuple[int, int, str]] = []
        count = itertools.count()
        for position, event in enumerate(self._interleaved(chance)):
            text = json.dumps(event)
            for _ in range(2 if chance.random() < _DOUBLED else 1):
                late = chance.randrange(1, _LATEST) if chance.random() < _LATE else 0
                heapq.heappush(waiting, (position + late, next(count), text))
            while waiting and waiting[0][0] <= position:
                yield heapq.heappop(waiting)[2]
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _interleaved(self, chance: random.Random) -> Iterator[dict[str, str]]:
        """Events of several jobs at once, each job's own in their order."""
        to_start = iter(range(self.jobs))
        running = [self._job(number, chance) for number in itertools.islice(to_start, _JOBS_AT_ONCE)]
        while running:
            job = chance.choice(running)
            event = next(job, None)
            if event is not None:
                yield event
                continue
            running.remove(job)
            running.extend(self._job(number, chance) for number in itertools.islice(to_start, 1))

    def _job(self, number: int, chance: random.Random) -> Iterator[dict[str, str]]:
        job = _Job(f"job-{chance.getrandbits(128):032X}", f"{chance.choice(_NAMES)}-{number:04}", self.start)
        job.pass_time(number * 60)
        tasks = _TASKS[: chance.randint(1, len(_TASKS))]
        yield job.event("Waiting")
        while True:
            yield job.event("Running")
            failed = False
            for task in tasks:
                attempt = _Task(job, task, self.instances, self.failure_rate, chance)
                yield from attempt.events()
                failed = failed or attempt.failed
                if failed:
                    break
            yield job.event("Failed" if failed else "Finished", "1 task has failed" if failed else "")
            if not failed or chance.random() >= _RESTARTED:
                return
            yield job.event("Waiting")


@dataclass
class _Job:
    """A job and its clock."""

    id: str
    name: str
    created: datetime
    passed: int = 0

    def pass_time(self, seconds: int) -> None:
        self.passed += seconds

    def now(self) -> str:
        return (self.created + timedelta(seconds=self.passed)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def event(self, state: str, message: str = "") -> dict[str, str]:
        self.pass_time(1)
        return {
            "Category": "Job",
            "JobId": self.id,
            "JobName": self.name,
            "Event": f"OnJob{state}",
            "State": state,
            "CreationTime": self.created.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "StartTime": "" if state == "Waiting" else self.now(),
            "EndTime": self.now() if state in ("Finished", "Failed") else "",
            "Message": message,
        }


@dataclass
class _Task:
    """One run of a task: its instances, side by side."""

    job: _Job
    name: str
    instances: int
    failure_rate: float
    chance: random.Random
    failed: bool = False

    def events(self) -> Iterator[dict[str, str]]:
        """The task's own events around those of its instances."""
        yield self._event("Waiting")
        yield self._event("Running")
        yield from self._all_instances()
        yield self._event("Failed" if self.failed else "Finished")

    def _all_instances(self) -> Iterator[dict[str, str]]:
        running = [self._instance(number) for number in range(self.instances)]
        while running:
            instance = self.chance.choice(running[:50])
            event = next(instance, None)
            if event is None:
                running.remove(instance)
            else:
                yield event

    def _instance(self, number: int) -> Iterator[dict[str, str]]:
        fails = self.chance.random() < self.failure_rate
        retries = self.chance.randint(1, _MOST_RETRIES) if fails or self.chance.random() < _FLAKY else 0
        yield self._instance_event(number, "Waiting", 0)
        for attempt in range(retries + 1):
            yield self._instance_event(number, "Running", attempt)
        self.failed = self.failed or fails
        if fails:
            yield self._instance_event(number, "Failed", retries, self.chance.choice(_FAULTS))
        else:
            yield self._instance_event(number, "Finished", retries, ("0", "", ""))

    def _event(self, state: str) -> dict[str, str]:
        self.job.pass_time(1)
        return {
            "Category": "Job",
            "JobId": self.job.id,
            "Task": self.name,
            "Event": f"OnTask{state}",
            "State": state,
            "StartTime": "" if state == "Waiting" else self.job.now(),
            "EndTime": self.job.now() if state in ("Finished", "Failed") else "",
        }

    def _instance_event(
        self, number: int, state: str, retries: int, end: tuple[str, str, str] = ("", "", "")
    ) -> dict[str, str]:
        logs = f"oss://bucket/logs/{self.job.id}/{self.name}.{number}"
        return self._event(state) | {
            "InstanceId": str(number),
            "Event": f"OnInstance{state}",
            "RetryCount": str(retries),
            "Progress": "100" if state == "Finished" else "0",
            "StdoutRedirectPath": f"{logs}.stdout",
            "StderrRedirectPath": f"{logs}.stderr",
            "ExitCode": end[0],
            "ErrorCode": end[1],
            "ErrorMessage": end[2],
            "Detail": "",
        }

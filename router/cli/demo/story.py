"""The demo's story, told with the documented events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.core.catalogue import EVENTS

NIGHTLY = {"JobId": "job-0000000058524720000077E900007257", "JobName": "nightly-render"}
REPORT = {"JobId": "job-00000000585247200000A1B200009001", "JobName": "weekly-report"}
BY_DAY = "2026-11-22T"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A piece of the story: what happens, the events that come, who is to be told.

    Args:
        told: how many messages each channel's targets are to get, by channel.
    """

    heading: str
    events: tuple[Mapping[str, Any], ...]
    told: Mapping[str, int] = field(default_factory=dict[str, int])
    moral: str = ""


def _event(name: str, **fields: Any) -> Mapping[str, Any]:
    sample = EVENTS[name].sample()
    return sample | {key: value for key, value in fields.items() if key in sample}


def _failed(instance: int) -> Mapping[str, Any]:
    return _event(
        "OnInstanceFailed",
        **NIGHTLY,
        Task="render",
        InstanceId=str(instance),
        StartTime=f"{BY_DAY}23:02:11.000000Z",
        EndTime=f"{BY_DAY}23:4{instance}:40.000000Z",
        RetryCount="1",
        Progress="62",
        ExitCode="137",
        ErrorCode="InstanceOutOfMemory",
        ErrorMessage="The instance was killed: memory limit of 16384 MB exceeded",
        StdoutRedirectPath=f"oss://render-logs/nightly/stdout.render.{instance}",
        StderrRedirectPath=f"oss://render-logs/nightly/stderr.render.{instance}",
    )


STORY = (
    Chapter(
        "A job runs and succeeds",
        (
            _event("OnJobRunning", **REPORT),
            _event("OnTaskFinished", **REPORT, Task="collect"),
            _event("OnJobFinished", **REPORT),
        ),
        moral="Nobody is told: nothing is wrong.",
    ),
    Chapter(
        "An instance is reported as failed, with exit code 0",
        (_event("OnInstanceFailed", **REPORT, Task="collect", ExitCode="0"),),
        moral="Nobody is told: the program ended well (ExitCode != `0` does not hold).",
    ),
    Chapter(
        "Three instances are killed (exit code 137), their task fails, the job fails",
        (
            _failed(0),
            _failed(1),
            _failed(2),
            _event("OnTaskFailed", **NIGHTLY, Task="render"),
            _event(
                "OnJobFailed",
                **NIGHTLY,
                CreationTime=f"{BY_DAY}22:59:58.000000Z",
                StartTime=f"{BY_DAY}23:02:10.000000Z",
                EndTime=f"{BY_DAY}23:44:02.000000Z",
                Message="Task render failed: 3 of 40 instances failed",
            ),
        ),
        told={"oncall": 1},
        moral="Five events, one page: the job's failure tells, the rest is on record.",
    ),
    Chapter(
        "The job's priority is changed",
        (_event("OnPriorityChange", **NIGHTLY, From="10", To="20"),),
        told={"team": 1},
        moral="Nobody is woken for this: the team reads it in the morning.",
    ),
    Chapter(
        "The cluster is deleted",
        (_event("OnClusterDeleted", ClusterName="render-farm"),),
        told={"team": 1},
    ),
)

"""What a person finds who is woken: failures of several jobs, a dead letter, a silence."""

import json
import time
from collections.abc import Mapping
from typing import Any

from tests.web.house import House, instance_failed, job_failed

MEMORY = "java.lang.OutOfMemoryError: Java heap space"
DISK = "No space left on device: /mnt/scratch"


def set_the_scene(served: House) -> None:
    """Sends the events of the scene, and waits for what becomes of them."""
    for job, name in (("job-0000000058C3A1B2", "nightly-report"), ("job-0000000058C3A1B9", "渲染-电影")):
        served.tell(earlier(46, {"Event": "OnJobWaiting", "JobId": job, "JobName": name, "State": "Waiting"}))
        served.tell(earlier(41, {"Event": "OnJobRunning", "JobId": job, "JobName": name, "State": "Running"}))
        for number in range(4):
            said = {"ErrorMessage": MEMORY if number else DISK, "ExitCode": 137, "State": "Failed"}
            served.tell(earlier(24 - 5 * number, instance_failed(job, number, JobName=name, **said)))
        served.tell(earlier(7, job_failed(job, JobName=name, State="Failed")))
    served.ask(
        "POST",
        "/v1/silences",
        {"matcher": "JobName == 'canary'", "lasts": "2h", "comment": "is being moved", "by": "li"},
    )
    served.tell(job_failed("job-canary", JobName="canary"))
    served.until(lambda: dead_letters(served) and open_groups(served) > 3)


def earlier(minutes: int, event: Mapping[str, Any]) -> dict[str, Any]:
    """An event that MNS had before it was received: its envelope says since when."""
    published = str(int((time.time() - 60 * minutes) * 1000))
    return {"TopicName": "batch", "Message": json.dumps(event), "PublishTime": published}


def dead_letters(served: House) -> int:
    """How many messages the broken channel has refused."""
    return len(served.ask("GET", "/v1/deliveries?state=dead").json()["deliveries"])


def open_groups(served: House) -> int:
    """How many groups stand."""
    return int(served.ask("GET", "/v1/groups").json()["number"])

"""What a person finds who is woken: failures of several jobs, a dead letter, a silence."""

from tests.web.house import House, instance_failed, job_failed

MEMORY = "java.lang.OutOfMemoryError: Java heap space"
DISK = "No space left on device: /mnt/scratch"


def set_the_scene(served: House) -> None:
    """Sends the events of the scene, and waits for what becomes of them."""
    for job, name in (("job-0000000058C3A1B2", "nightly-report"), ("job-0000000058C3A1B9", "渲染-电影")):
        for number in range(4):
            said = MEMORY if number else DISK
            served.tell(instance_failed(job, number, JobName=name, ErrorMessage=said, ExitCode=137))
        served.tell(job_failed(job, JobName=name))
    served.ask(
        "POST",
        "/v1/silences",
        {"matcher": "JobName == 'canary'", "lasts": "2h", "comment": "is being moved", "by": "li"},
    )
    served.tell(job_failed("job-canary", JobName="canary"))
    served.until(lambda: dead_letters(served) and open_groups(served) > 3)


def dead_letters(served: House) -> int:
    """How many messages the broken channel has refused."""
    return len(served.ask("GET", "/v1/deliveries?state=dead").json()["deliveries"])


def open_groups(served: House) -> int:
    """How many groups stand."""
    return int(served.ask("GET", "/v1/groups").json()["number"])

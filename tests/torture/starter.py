"""Starts routers from a process that has imported everything: a start costs a fork.

Run as ``python -m tests.torture.starter``. Each line of its input asks: ``{"start": CONFIG, "log": FILE,
"failpoints": …, "lease": SECONDS}`` is answered with the pid of ``alert-router run``, ``{"end": PID}``
with its exit status, once it has one, or null after ``within`` seconds.
"""

import json
import os
import sys
import time
from typing import Any, Never

from router import failpoints, sidecar, telemetry
from router.channels import make_channel, providers
from router.core.delivery import SECOND
from router.pipeline import deliver
from router.storage import open_store, opening
from router.web import protocol, server, site

#: Imported here, so that no child has to.
READY = (make_channel, providers, open_store, opening, protocol, server, site)


def start(asked: dict[str, Any]) -> int:
    """The pid of a router of its own."""
    pid = os.fork()
    if pid == 0:
        become(asked)
    return pid


def become(asked: dict[str, Any]) -> Never:
    """Is that router from now on."""
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, log, log)):
        os.dup2(file, number)
    failpoints.arm(asked["failpoints"])
    deliver.LEASE, deliver.AFTER_TIMEOUT = int(asked["lease"] * SECOND), SECOND
    run(asked["start"])


def run(config: str) -> Never:
    """What ``alert-router run`` does."""
    try:
        telemetry.set_up_logs()
        status = sidecar.serve(
            config, ready=lambda address: telemetry.log("router.ready", address=address, pid=os.getpid())
        )
    except BaseException as error:  # noqa: BLE001  no child goes on with its parent's loop
        print(f"ended with {error!r}", file=sys.stderr, flush=True)
        status = 1
    sys.stderr.flush()
    os._exit(status)


def end(pid: int, within: float) -> int | None:
    """How a child ended; minus the signal's number where one ended it."""
    ends = time.monotonic() + within
    while True:
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > ends:
            return None
        time.sleep(0.002)


if __name__ == "__main__":
    for line in sys.stdin:
        asked = json.loads(line)
        answer = start(asked) if "start" in asked else end(asked["end"], asked["within"])
        print(json.dumps(answer), flush=True)

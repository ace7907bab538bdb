"""``alert-router mns …``: a stand-in for MNS, and what makes the real one ready."""

import contextlib
import os
from collections.abc import Generator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.output import CONFIG, FORM, Form, harmless, print_json, say, warn
from router.errors import RouterError

if TYPE_CHECKING:
    from mns.account import Account

    from router.config import Config
    from router.mns.setup import Step
    from router.mns.wanted import Wanted
    from router.mns_sdk import Access

app = typer.Typer(no_args_is_help=True)

_SDK_TIMEOUT = 30.0


class ContentFormat(StrEnum):
    """What ``--format`` may say."""

    SIMPLIFIED = "SIMPLIFIED"
    JSON = "JSON"
    XML = "XML"


SOURCE = typer.Option("", help="Whose endpoint and keys to use: an mns-queue source of router.yaml.")
TOPIC = typer.Option(help="The topic that Batch Compute publishes to.")


@app.callback()
def mns() -> None:
    """MNS: a local stand-in, set-up, and what to ask Batch Compute for."""


@app.command()
def serve(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen.")] = "127.0.0.1:9324",
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep everything in this file; else in memory.")
    ] = None,
) -> None:
    """Run a local stand-in for MNS: queues, topics, subscriptions, pushes, and faults on demand."""
    from router.mns.server import serve as run

    run(_host_and_port(listen), data, _say_ready)


@app.command()
def setup(
    topic: str = TOPIC,
    queue: str = typer.Option("", help="The queue to deliver to; else the source's own."),
    url: str = typer.Option("", help="Push to this address of the router instead of a queue."),
    content_format: ContentFormat = typer.Option(
        ContentFormat.SIMPLIFIED, "--format", help="What the messages look like."
    ),
    source: str = SOURCE,
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would be made."),
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Make topic, queue and subscription ready, and prove the way with a test event.

    What is there already is left as it is; what differs from what the router
    needs is said. The test event is called AlertRouterTest: only a rule for
    every event matches it. Exit status 1 when something differs or the event
    did not come through.
    """
    from router.app import load_config
    from router.cli.mns_proof import proved
    from router.mns.setup import Way, set_up

    loaded = load_config(config)
    access, own_queue = _access(loaded, source)
    way = Way(topic, "" if url else queue or own_queue, url, content_format.value)
    if not way.queue and not way.url:
        raise RouterError("usage", "no queue is named", "Give --queue or --url")
    tell = say if output is Form.TEXT else warn
    steps: list[Step] = []
    with _opened(access) as account:
        for step in set_up(account, access.endpoint, way, dry_run=dry_run):
            steps.append(step)
            tell(str(step))
        came = None if dry_run else proved(loaded, account, way, config, tell)
    if output is Form.JSON:
        shown = [{"what": step.what, "done": step.done, "differs": step.differs} for step in steps]
        print_json({"steps": shown, "proved": came})
    if came is False or any(step.differs for step in steps):
        raise typer.Exit(1)


@app.command()
def notification(
    cluster: bool = typer.Option(False, "--cluster", help="For a cluster."),
    job: bool = typer.Option(False, "--job", help="For a job (without either, too)."),
    topic: str = typer.Option("TOPIC", help="The topic that Batch Compute publishes to."),
    check: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Compare a job's or cluster's JSON with the rules.")
    ] = None,
    source: str = SOURCE,
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Print the Notification block with exactly those events that the rules can use.

    With --check: say which events a job's JSON asks for and no rule uses, and
    which a rule uses and the job does not ask for. Exit status 1 when there is
    such an event.
    """
    from router.app import load_config
    from router.mns.block import block, compare, intranet, read_events
    from router.mns.wanted import wanted

    if cluster and job:
        raise RouterError("usage", "--cluster and --job exclude one another")
    loaded = load_config(config)
    found = wanted(loaded.policy.rules, "Cluster" if cluster else "Job")
    if check is None:
        _say_left_out(found)
        print_json(block(found, topic, intranet(_access(loaded, source)[0].endpoint)))
        return
    findings = compare(check, read_events(check), found)
    if output is Form.JSON:
        print_json(
            {
                "findings": [
                    {"code": one.code, "level": one.level, "message": one.message, "fix": one.fix}
                    for one in findings
                ]
            }
        )
    else:
        for finding in findings:
            say(str(finding))
        if not findings:
            say(f"{check} asks for exactly those events that the rules can use.")
    if findings:
        raise typer.Exit(1)


@app.command()
def simulate(
    topic: str = TOPIC,
    jobs: int = typer.Option(10, min=1, help="How many jobs."),
    instances: int = typer.Option(20, min=1, help="Instances of each of a job's tasks."),
    failure_rate: float = typer.Option(0.02, min=0, max=1, help="Of the instances."),
    rate: float = typer.Option(0, min=0, help="Events in a second; 0 is as fast as it goes."),
    seed: int = typer.Option(0, help="The same seed is the same stream."),
    source: str = SOURCE,
    config: str = CONFIG,
) -> None:
    """Publish a believable stream of events: retries, restarts, late and doubled messages."""
    import time

    from router.app import load_config
    from router.mns.proof import publish
    from router.mns.setup import failure
    from router.mns.simulation import Simulation

    access, _ = _access(load_config(config), source)
    started, count = time.monotonic(), 0
    with _opened(access) as account:
        for text in Simulation(jobs, instances, failure_rate, seed).messages():
            if rate:
                time.sleep(max(0.0, started + count / rate - time.monotonic()))
            try:
                publish(account, topic, text)
            except Exception as error:
                raise failure(error) from error
            count += 1
    say(f"{count} events of {jobs} jobs published to {topic}, seed {seed}.")


# inside


def _say_ready(url: str) -> None:
    from router.mns.application import KEYS

    ((key_id, secret),) = KEYS.items()
    say(f"MNS stand-in at {url}; access key id {key_id}, secret {secret}")
    warn(f"what it holds, and its fault switches: {url}/admin")
    warn(f"the certificate of its pushes: {url}/certificate.pem")


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise RouterError("usage", f"--listen {text!r} is not HOST:PORT", "Write 127.0.0.1:9324")
    return host.strip("[]"), int(port)


def _access(config: "Config", source: str) -> "tuple[Access, str]":
    """The access and the queue of the named, or the only, mns-queue source; else the environment's."""
    from router.app import access_of
    from router.config.settings import MnsQueue
    from router.mns_sdk import Access

    queues = {
        name: keys
        for name, keys in config.settings.sources.items()
        if isinstance(keys, MnsQueue) and source in ("", name)
    }
    if len(queues) == 1:
        (keys,) = queues.values()
        return access_of(keys), keys.queue
    if queues or source:
        raise RouterError(
            "usage",
            "which mns-queue source is not clear",
            f"Give --source: {', '.join(queues) or 'none is there'}",
        )
    names = ("MNS_ENDPOINT", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    endpoint, key_id, secret = (os.environ.get(name, "") for name in names)
    if not (endpoint and key_id and secret):
        raise RouterError(
            "usage",
            "router.yaml has no mns-queue source to take endpoint and keys from",
            f"Set {', '.join(names)}",
        )
    return Access(endpoint, key_id, secret, os.environ.get("ALIBABA_CLOUD_SECURITY_TOKEN", "")), ""


@contextlib.contextmanager
def _opened(access: "Access") -> "Generator[Account]":
    from router.mns_sdk import open_account

    account = open_account(access, _SDK_TIMEOUT)
    try:
        yield account
    finally:
        account.get_client().close_connection()


def _say_left_out(found: "Wanted") -> None:
    if found.left_out:
        warn(f"left out, because no rule can match them: {harmless(', '.join(found.left_out))}")
    for name, rules in found.rules.items():
        if rules:
            warn(f"{name}: {harmless(', '.join(rules))}")

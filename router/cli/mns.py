"""``alert-router mns …``: a stand-in for MNS, and what makes the real one ready."""

from pathlib import Path
from typing import Annotated

import typer

from router.errors import RouterError

app = typer.Typer(no_args_is_help=True)


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
    """Runs a local stand-in for MNS: queues, topics, subscriptions, pushes, and faults on demand."""
    from router.mns.server import serve as run

    run(_host_and_port(listen), data, _say_ready)


def _say_ready(url: str) -> None:
    from router.mns.application import KEYS

    ((key_id, secret),) = KEYS.items()
    typer.echo(f"MNS stand-in at {url}; access key id {key_id}, secret {secret}")
    typer.echo(f"what it holds, and its fault switches: {url}/admin", err=True)
    typer.echo(f"the certificate of its pushes: {url}/certificate.pem", err=True)


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise RouterError("usage", f"--listen {text!r} is not HOST:PORT", "Write 127.0.0.1:9324")
    return host.strip("[]"), int(port)

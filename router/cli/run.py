"""``run``: the sidecar."""

import sys

import typer

from router.cli.output import CONFIG


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(run)


def run(config: str = CONFIG) -> None:
    """Run the sidecar: take events, tell who must hear of them.

    One line says when it is ready. SIGHUP reads the configuration again
    (checked first, then swapped in), SIGTERM ends it within 20 seconds.
    """
    from router import telemetry
    from router.sidecar import serve

    telemetry.set_up_logs()
    sys.exit(serve(config, ready=lambda address: telemetry.log("router.ready", address=address)))

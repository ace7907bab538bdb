"""The commands. Each imports what it needs when it runs, so that none pays for another."""

import sys

import typer

from router.cli import (
    alerts,
    check,
    deliveries,
    drill,
    events,
    explain,
    importing,
    init,
    mns,
    plan,
    replay,
    rotate_keys,
    run,
    schema,
    send,
    silences,
    store,
    tail,
    top,
    verify,
    why_not,
)
from router.cli.coverage import command as coverage
from router.cli.demo import command as demo
from router.cli.doctor import command as doctor
from router.cli.output import harmless
from router.cli.testing import command as testing
from router.errors import RouterError

app = typer.Typer(
    name="alert-router",
    help="Routes Batch Compute events to the people who must hear of them.",
    epilog="Start with: alert-router demo. Then: init, check router.yaml, run -c router.yaml.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _module in (
    run,
    demo,
    init,
    check,
    testing,
    explain,
    why_not,
    coverage,
    events,
    send,
    drill,
    doctor,
    alerts,
    silences,
    deliveries,
    tail,
    top,
    plan,
    replay,
    schema,
    verify,
    rotate_keys,
):
    _module.register(app)
app.add_typer(store.app, name="store")
app.add_typer(mns.app, name="mns")
app.add_typer(importing.app, name="import")


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version and end."),
) -> None:
    if version:
        from router import __version__

        sys.stdout.write(f"alert-router {__version__}\n")
        raise typer.Exit


def main() -> None:
    """Runs the command line. Exit status: 0 fine, 1 findings, 2 wrong usage or an unreadable file."""
    try:
        app()
    except RouterError as error:
        sys.stderr.write(f"alert-router: {harmless(str(error))}\n")
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)

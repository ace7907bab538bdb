"""``store``: the database."""

import typer

from router.cli.output import CONFIG, say

app = typer.Typer(help="The store: make it, or bring it up to date.", no_args_is_help=True)


@app.callback()
def _root() -> None:
    """Without it, typer would make the only command the whole of `store`."""


@app.command()
def migrate(config: str = CONFIG) -> None:
    """Make the store's tables, or bring them up to date; `run` does it by itself at the start."""
    from router.app import load_config
    from router.storage import migrate as migrate_store

    url = load_config(config).settings.store
    say(f"The store is at revision {migrate_store(url)}.")

"""``store``: the database."""

from datetime import UTC, datetime
from pathlib import Path

import typer

from router.cli.output import CONFIG, harmless, progress, say

app = typer.Typer(
    help="The store: make it, bring it up to date, back it up, compact it, set it aside, copy it.",
    no_args_is_help=True,
)


@app.command()
def migrate(config: str = CONFIG) -> None:
    """Make the store's tables, or bring them up to date; `run` does it by itself at the start."""
    from router.app import load_config
    from router.storage import migrate as migrate_store

    url = load_config(config, to_look=True).settings.store
    say(f"The store is at revision {migrate_store(url)}.")


@app.command()
def backup(
    file: Path = typer.Argument(..., metavar="FILE", help="Where; it must not be there."),
    config: str = CONFIG,
) -> None:
    """Write the store into one file, as it stands at one moment; the router may run meanwhile.

    The file is checked before it gets its name, and only you may read it. To
    restore it, stop the router and put it in the place of the store's file
    (and take away the -wal and -shm that stand beside that). A PostgreSQL is
    backed up with pg_dump.
    """
    from router.app import load_config
    from router.storage import moving

    size = moving.backup(load_config(config, to_look=True).settings.store, file)
    say(f"{harmless(str(file))}: {size:,} bytes, checked.")


@app.command()
def compact(config: str = CONFIG) -> None:
    """Give the disk back what deleted records have left in the store's file; stop the router first.

    Free pages are used again by themselves: this is for a file that has grown
    once, in a storm, and will not grow so again.
    """
    from router.app import load_config
    from router.storage import moving

    before, after = moving.compact(load_config(config, to_look=True).settings.store)
    say(f"{before:,} bytes before, {after:,} after.")


@app.command()
def set_aside(
    config: str = CONFIG,
    force: bool = typer.Option(False, "--force", help="Also a store in which no damage is found."),
) -> None:
    """Move a damaged store's files out of the way, so that the router can start; stop it first.

    They stay beside the store under a name with the time, as they are. What
    was acknowledged and not told yet is in them, and will not be told; so are
    silences, acknowledgements and what was told before.
    """
    from router.app import load_config
    from router.storage import moving

    url = load_config(config, to_look=True).settings.store
    for path in moving.set_aside(url, f"{datetime.now(UTC):aside-%Y%m%dT%H%M%SZ}", anyway=force):
        say(f"Set aside: {harmless(str(path))}")
    say("What was acknowledged and not told yet is in there, and will not be told.")
    say("Restore a backup in the store's place, if there is one, and start the router:")
    say("without one it begins with an empty store, tells anew what comes in, and knows no silences.")


@app.command()
def copy(
    source: str = typer.Option(..., "--from", metavar="URL", help="sqlite:///… or postgresql://…"),
    target: str = typer.Option(..., "--to", metavar="URL", help="The same; it must be empty."),
) -> None:
    """Copy everything into another store that is empty: from SQLite to PostgreSQL, or back.

    Stop the router first: what it took in meanwhile would be missing. All is
    copied or nothing. Then name the new store in router.yaml, and start the
    router: it goes on where it stood. A password in a URL is seen by whoever
    lists processes: PGPASSWORD or ~/.pgpass keep it.
    """
    from router.storage import moving

    copied = moving.copy(source, target, lambda table, rows: progress(f"{table}: {rows:,} rows"))
    progress("")
    for table, rows in copied.items():
        if rows:
            say(f"{rows:>12,}  {table}")
    say(f"{sum(copied.values()):,} rows copied, and counted in the new store.")

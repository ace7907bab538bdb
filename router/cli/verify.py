"""``verify``: the books."""

import typer

from router.cli.api import SERVER, TOKEN, api_of
from router.cli.output import CONFIG, FORM, Form, print_json, say, table


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(verify)


def verify(config: str = CONFIG, server: str = SERVER, token: str = TOKEN, output: Form = FORM) -> None:
    """The books: every accepted event and delivery with its end, every open one with its state.

    Exit status 1 when they do not balance.
    """
    with api_of(config, server, token, to_look=True) as api:
        found = api.get("/v1/books")
    books = {one["name"]: one["count"] for one in found["books"]}
    wrong = {name: count for name, count in books.items() if name.startswith("unbalanced.") and count}
    if output is Form.JSON:
        print_json(found)
    else:
        rows = [(n.replace(".", " "), str(c)) for n, c in books.items() if not n.startswith("unbalanced.")]
        table(("WHAT", "COUNT"), rows, "The books are empty.")
        say("\nThe books balance: nothing ended silently." if not wrong else "\nThe books do not balance:")
        for name, count in wrong.items():
            say(f"  {name.removeprefix('unbalanced.').replace('_', ' ')}: {count}")
    if wrong:
        raise typer.Exit(1)

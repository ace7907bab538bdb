"""``schema``: JSON Schemas for editors."""

from pathlib import Path

import typer

from router.cli.output import print_json, say


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(schema)


def schema(
    name: str = typer.Argument("", help="router or rules; without it both, by name."),
    to: Path | None = typer.Option(
        None, help="A folder: writes router.schema.json and rules.schema.json there."
    ),
) -> None:
    """JSON Schemas for router.yaml and rule files, so that your editor completes them.

    In a file's first line: # yaml-language-server: $schema=rules.schema.json
    """
    import json

    from router.config import schemas
    from router.errors import RouterError

    known = schemas()
    if name and name not in known:
        raise RouterError("usage", f"no schema is named {name}", f"There are {', '.join(known)}")
    if to is None:
        print_json(known[name] if name else known)
        return
    for kind in [name] if name else known:
        path = to / f"{kind}.schema.json"
        path.write_text(json.dumps(known[kind], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        say(f"wrote {path}")

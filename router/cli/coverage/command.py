"""``coverage``: which events reach which rules and channels, as a table, as JSON, as a picture."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from router.cli.output import as_json, say
from router.errors import ConfigError, Finding, RouterError

if TYPE_CHECKING:
    from router.core.coverage import Coverage, Row


class Look(StrEnum):
    """What ``-o`` may say here."""

    TEXT = "text"
    JSON = "json"
    SVG = "svg"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(coverage)


def coverage(
    paths: list[Path] = typer.Argument(help="router.yaml, rule files, or folders of rule files."),
    look: Look | None = typer.Option(
        None, "-o", "--format", help="text for people, json for programs, svg for a picture."
    ),
    output: Path | None = typer.Option(
        None, "--output", metavar="FILE", help="Write it there; FILE.svg and FILE.json say what it is."
    ),
) -> None:
    """Show which of Batch Compute's events reach which rules and channels, and what reaches nobody.

    Rules are judged against the documented events, before any of them comes: a
    rule matches one always, sometimes (it depends on the event's other fields)
    or never. `from`, `stop`, `catch_all` and `mode` count. A source's `schema`
    adds its fields, or a row of its own.
    """
    from router.cli.coverage.picture import picture
    from router.cli.coverage.table import table

    found = coverage_of(paths)
    chosen = look or _by_name(output)
    if chosen is Look.JSON:
        text = as_json({"coverage": [_row_json(row) for row in found.rows]})
    elif chosen is Look.SVG:
        text = picture(found)
    else:
        text = table(found, plain=output is not None)
    _write(text, output)


def coverage_of(paths: list[Path]) -> "Coverage":
    """The coverage of all rules that these paths name.

    Raises:
        ConfigError: with every fault of the files.
    """
    from router.app import load_config
    from router.config import load_rules, named
    from router.core.coverage import coverage as covered

    files = [named(path) for path in paths]
    configs = [load_config(file) for file in dict.fromkeys(file for one in files for file in one.settings)]
    # A rule file beside the settings that name it is judged once.
    taken = {file.resolve() for config in configs for file in config.files}
    alone = {file.resolve(): file for one in files for file in one.rules}
    others, findings = load_rules(file for whole, file in alone.items() if whole not in taken)
    _refuse(findings)
    return covered(
        [*(rule for config in configs for rule in config.policy.rules), *others],
        [name for config in configs for name in config.policy.channels],
        [name for config in configs for name in config.settings.sources] if configs else None,
        {name: kind for config in configs for name, kind in config.events.schemas.items()},
        {name for config in configs for name in config.events.batch},
    )


def _refuse(findings: list[Finding]) -> None:
    if any(finding.level == "error" for finding in findings):
        raise ConfigError(findings)


def _by_name(output: Path | None) -> Look:
    """What a file's name asks for."""
    if output is None:
        return Look.TEXT
    looks = {look.value: look for look in Look}
    if output.name in looks:
        raise RouterError("usage", f"--output names a file; -o {output.name} prints {output.name}")
    ending = output.suffix.removeprefix(".").lower()
    return looks.get(ending, Look.TEXT)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        say(text.removesuffix("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RouterError("unwritable", f"cannot write {output}: {error.strerror}") from error


def _row_json(row: "Row") -> dict[str, Any]:
    return {
        "event": row.kind.name,
        "told": row.told,
        "channels": [
            {"channel": name, "reach": reach, "rules": [cell.rule.name for cell in row.telling(name)]}
            for name, reach in row.channels.items()
        ],
        "rules": [
            {
                "rule": cell.rule.name,
                "reach": cell.reach,
                "mode": cell.rule.mode,
                "ends": cell.ends,
                "channels": [{"channel": name, "reach": reach} for name, reach in cell.channels.items()],
                "note": cell.note,
            }
            for cell in row.cells
        ],
    }

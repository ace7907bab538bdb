"""``import``: configurations of other programs, in our words."""

from pathlib import Path

import typer

from router.cli.output import Form, harmless, print_json, say
from router.errors import Finding, RouterError

app = typer.Typer(help="Configurations of other programs, in our words.", no_args_is_help=True)


@app.command()
def alertmanager(
    file: Path = typer.Argument(help="An alertmanager.yml."),
    to: Path = typer.Option(Path(), "--output", help="The folder to write into.", metavar="DIR"),
    output: Form = typer.Option(Form.TEXT, "-o", help="text for people, json for programs."),
) -> None:
    """Make router.yaml and rules/alertmanager.yaml of an alertmanager.yml.

    Lists everything that could not be carried over, and the variables to set.
    Writes over no file.
    """
    from router.config.alertmanager import import_file
    from router.config.alertmanager.imported import RULES

    imported = import_file(file)
    written = {to / "router.yaml": imported.settings, to / RULES: imported.rules}
    _write(written)
    if output is Form.JSON:
        print_json(
            {
                "findings": [_json(one) for one in imported.findings],
                "variables": [{"name": name, "form": form} for name, form in imported.variables.items()],
                "files": [str(path) for path in written],
            }
        )
        return
    for one in imported.findings:
        say(harmless(str(one)))
    many = len(imported.findings)
    what = (
        "1 thing was not carried over as it stands"
        if many == 1
        else f"{many} things were not carried over as they stand"
    )
    say(f"\n{what}.")
    for path in written:
        say(f"wrote {harmless(str(path))}")
    if imported.variables:
        say(f"\nSet these, then run alert-router check {harmless(str(to / 'router.yaml'))}:")
    for name, form in imported.variables.items():
        say(f"  {name}={harmless(form)}")


def _write(files: dict[Path, str]) -> None:
    for path in files:
        if path.exists():
            raise RouterError("exists", f"{path} stands already", "Name another folder with --output")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RouterError("unwritable", f"cannot write into the folder: {error.strerror}") from error


def _json(finding: Finding) -> dict[str, object]:
    place = finding.place
    return {
        "code": finding.code,
        "level": finding.level,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "message": finding.message,
        "fix": finding.fix,
    }

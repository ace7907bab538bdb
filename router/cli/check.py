"""``check``: every fault of the files, each with its place and what to write instead."""

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from router.cli.output import colour, harmless, print_json, say, warn
from router.cli.quoting import LineOf, lines_of_files, quoted
from router.errors import ConfigError, Finding

#: Exit status for a file that cannot be read; one with faults is 1.
UNREADABLE = 2
_COLOURS = {"error": "red", "warning": "yellow", "info": "dim"}


class CheckForm(StrEnum):
    """What ``-o`` may say here."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(check)


def check(
    paths: list[Path] = typer.Argument(help="router.yaml, rule files, or folders of rule files."),
    output: CheckForm = typer.Option(
        CheckForm.TEXT,
        "-o",
        "--output",
        help="text for people, json for programs, github for its annotations.",
    ),
    fix: bool = typer.Option(False, "--fix", help="Write what may safely be written, then check again."),
) -> None:
    """Check settings and rules: every fault at once, with file, line and column.

    A router.yaml is checked with the rule files that it names; rule files alone
    are checked without knowing the channels. Filters are judged against the
    events that can come: one that can never hold, or always does, is found
    before the night it was needed. docs/rules.md explains every code.

    Exit status 1 when there is an error, 2 when a file cannot be read.
    """
    if fix:
        _fix(paths)
    findings = findings_of(paths)
    if output is CheckForm.JSON:
        print_json({"findings": [_json(finding) for finding in findings]})
    elif output is CheckForm.GITHUB:
        _print_github(findings)
    else:
        _print(findings, len(paths))
    _exit(findings)


def _fix(paths: list[Path]) -> None:
    from router.cli.fixing import fix_files

    for line in fix_files(lambda: findings_of(paths)):
        warn(line)


def _exit(findings: Iterable[Finding]) -> None:
    errors = [finding for finding in findings if finding.level == "error"]
    if errors:
        raise typer.Exit(UNREADABLE if any(finding.code == "Y000" for finding in errors) else 1)


def findings_of(paths: Iterable[Path]) -> list[Finding]:
    """Every finding about these paths, file by file."""
    found = (finding for path in paths for finding in _findings(path))
    return list(dict.fromkeys(found))


def _findings(path: Path) -> Iterator[Finding]:
    from router.config import load_rules, named

    try:
        files = named(path)
    except ConfigError as error:
        yield from error.findings
        return
    for file in files.settings:
        yield from _of_settings(file)
    if files.rules:
        yield from load_rules(files.rules)[1]


def _of_settings(path: Path) -> list[Finding]:
    from router.app import load_config

    try:
        config = load_config(path)
    except ConfigError as error:
        return list(error.findings)
    return [*config.findings, *config.unheard()]


# text


def _print(findings: list[Finding], places: int) -> None:
    line_of = lines_of_files()
    for finding in findings:
        _print_one(finding, line_of)
    if findings:
        counts = [(level, sum(one.level == level for one in findings)) for level in _COLOURS]
        say(", ".join(_counted(count, level) for level, count in counts if count) + ".")
        fixable = sum(finding.instead is not None for finding in findings)
        if fixable:
            say(f"{_counted(fixable, 'finding')} can be mended by check --fix.")
    else:
        say("No fault found." if places == 1 else f"No fault found in {places} places.")


def _counted(count: int, noun: str) -> str:
    word = "remark" if noun == "info" else noun
    return f"{count} {word}{'s' if count != 1 else ''}"


def _print_one(finding: Finding, line_of: LineOf) -> None:
    place, level = _flat(str(finding.place)), colour(finding.level, _COLOURS[finding.level])
    say(f"{colour(place, 'bold')}: {level}: {_flat(finding.message)} [{finding.code}]")
    if shown := quoted(finding, line_of, _COLOURS[finding.level]):
        say(shown)
    if finding.fix:
        say(f"    {_flat(finding.fix)}")
    say()


def _flat(text: str) -> str:
    return harmless(text).replace("\n", " ")


# programs


def _json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "level": finding.level,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "message": finding.message,
        "fix": finding.instead if finding.instead is not None else finding.fix,
    }


def _print_github(findings: list[Finding]) -> None:
    """Workflow commands; what a file holds cannot begin one of its own.

    Source: GitHub's documentation, workflow commands for Actions.
    """
    names = {"error": "error", "warning": "warning", "info": "notice"}
    for finding in findings:
        end = finding.end if finding.end and finding.end.line == finding.place.line else None
        keys = {"file": finding.place.file, "line": finding.place.line, "col": finding.place.column}
        keys |= {"endColumn": end.column - 1} if end else {}
        written = ",".join(f"{key}={_property(str(value))}" for key, value in keys.items())
        said = "; ".join(filter(None, (finding.message, finding.fix)))
        sys.stdout.write(f"::{names[finding.level]} {written},title={finding.code}::{_data(said)}\n")


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return harmless(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

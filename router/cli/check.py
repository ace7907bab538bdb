"""``check``: every fault of the files, each with its place."""

from pathlib import Path
from typing import Any

import typer

from router.cli.output import FORM, Form, print_json, say
from router.errors import ConfigError, Finding


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(check)


def check(
    paths: list[Path] = typer.Argument(help="router.yaml, rule files, or folders of rule files."),
    output: Form = FORM,
) -> None:
    """Check settings and rules: every fault at once, with file, line and column.

    A router.yaml is checked with the rule files that it names; rule files alone are checked without
    knowing the channels. Exit status 1 when there is an error.
    """
    findings = [finding for path in paths for finding in _findings(path)]
    if output is Form.JSON:
        print_json({"findings": [_json(finding) for finding in findings]})
    else:
        _print(findings, len(paths))
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


def _findings(path: Path) -> list[Finding]:
    from router.app import load_config
    from router.config import load_rules
    from router.config.load import is_settings, rule_files

    try:
        if path.is_file() and is_settings(path):
            return list(load_config(path).findings)
        return list(load_rules(rule_files(path))[1])
    except ConfigError as error:
        return list(error.findings)


def _print(findings: list[Finding], files: int) -> None:
    for finding in findings:
        say(str(finding))
    errors = sum(finding.level == "error" for finding in findings)
    if findings:
        say(f"\n{errors} errors, {len(findings) - errors} remarks.")
    else:
        say("No fault found." if files == 1 else f"No fault found in {files} places.")


def _json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "level": finding.level,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "message": finding.message,
        "fix": finding.fix,
    }

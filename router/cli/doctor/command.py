"""``doctor``: the command."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from router.cli.doctor.check import Check, State
from router.cli.output import CONFIG, FORM, Form, colour, harmless, print_json, progress, say
from router.errors import ConfigError

_COLOURS: dict[State, str] = {"ok": "green", "info": "dim", "warning": "yellow", "error": "red"}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(doctor)


def doctor(config: str = CONFIG, output: Form = FORM) -> None:
    """Say what is wrong and what to do: configuration, process, store, disk, clocks, sources, channels.

    It changes nothing and sends nothing: queues are asked for their settings,
    providers are connected to (a mail server is logged in to), and that is all.
    Run it where the router runs, as the same user.

    Of a configuration with faults the process, the store and the disk are
    looked at, if it says where they are.

    Exit status 1 when something keeps people from being told, 2 when a file
    of the configuration cannot be read.
    """
    found: list[Check] = []
    for check in _checks(config):
        found.append(check)
        if output is Form.TEXT:
            progress("")
            _show(check)
            progress("looking …")
    progress("")
    if output is Form.JSON:
        print_json({"checks": [_json(check) for check in found]})
    else:
        _sum_up(found)
    if any(check.state == "error" for check in found):
        raise typer.Exit(1)


def _checks(path: str) -> Iterator[Check]:
    from router.app import load_config
    from router.cli.doctor import channels, machine, sources, store
    from router.config import load_to_ask

    try:
        config = load_config(path)
    except ConfigError as error:
        if any(finding.code == "Y000" for finding in error.findings):
            raise
        said = f"{_number(len(error.findings), 'fault')}; the first: {error.findings[0].message}"
        yield Check("configuration", "error", said, f"alert-router check {path} shows all")
        left = load_to_ask(Path(path))
        if left is not None:
            yield from machine.running(left)
            yield from store.look(left)
        return
    rules = len(config.policy.rules)
    counted = {"rule": rules, "channel": len(config.policy.channels), "source": len(config.settings.sources)}
    said = ", ".join(_number(count, noun) for noun, count in counted.items())
    yield Check(
        "configuration",
        "ok" if rules else "warning",
        said,
        "" if rules else "Write a rule, or nobody is told; alert-router init shows one",
    )
    warnings = sum(1 for finding in config.findings if finding.level == "warning")
    if warnings:
        yield Check(
            "configuration", "warning", _number(warnings, "warning"), f"alert-router check {path} shows them"
        )
    yield from machine.look(config)
    troubled: set[str] = set()
    for check in store.look(config):
        troubled |= {check.name.removeprefix("target ")} if check.name.startswith("target ") else set()
        yield check
    yield from sources.look(config)
    yield from channels.look(config, troubled)


def _show(check: Check) -> None:
    say(f"{colour(f'{check.state:<8}', _COLOURS[check.state])} {harmless(f'{check.name}: {check.message}')}")
    if check.remedy:
        say(f"         → {harmless(check.remedy)}")


def _sum_up(found: list[Check]) -> None:
    count = {state: sum(1 for check in found if check.state == state) for state in _COLOURS}
    if not count["error"] and not count["warning"]:
        say("\nNothing is wrong.")
        return
    say(f"\n{_number(count['error'], 'error')}, {_number(count['warning'], 'warning')}.")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _json(check: Check) -> dict[str, Any]:
    return {"name": check.name, "state": check.state, "message": check.message, "remedy": check.remedy}

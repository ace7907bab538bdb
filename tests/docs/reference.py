"""Makes docs/commands.md and docs/metrics.md from the code: ``make docs``."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import Metric
from typer.main import get_command

from router.cli import app
from router.telemetry import LOG_EVENTS, Metrics

DOCS = Path(__file__).parents[2] / "docs"

_COMMANDS = """# Commands

`alert-router`, or `python -m router`. This page says what `--help` says of each. Exit status: 0 fine,
1 findings or a failed test, 2 wrong usage or an unreadable file. `-o json` prints one object for programs;
its names are stable.

"""

_METRICS = """# Metrics and logs

What `GET /metrics` says, and every line that the router logs. Labels hold names from your configuration,
never what an event contains. [Alert rules and a dashboard](operations.md#watching-the-router-itself) are
shipped.

## Metrics

| metric | kind | labels | says |
|---|---|---|---|
"""

_LOGS = """
## Log events

JSON lines on standard error (on a terminal: coloured text), each with `event`, `level` and `timestamp`.

| event | says |
|---|---|
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its words, as the help lists them."""
    yield from _below("alert-router", get_command(app))


def _below(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner: dict[str, Any] | None = getattr(command, "commands", None)
    if inner is None:
        yield words, command
    for name, one in (inner or {}).items():
        yield from _below(f"{words} {name}", one)


def commands_page() -> str:
    """docs/commands.md."""
    return _COMMANDS + "\n".join(_command(words, command) for words, command in commands())


def _command(words: str, command: Any) -> str:
    context = command.context_class(command, info_name=words)
    usage = " ".join([words, *command.collect_usage_pieces(context)])
    first, *others = inspect.cleandoc(command.help or "").split("\n\n")
    more = "".join(f"\n~~~text\n{part}\n~~~\n" for part in ["\n\n".join(others)] if part)
    records = [record for one in command.params if (record := one.get_help_record(context))]
    rows = "".join(f"| `{name}` | {_cell(says)} |\n" for name, says in records)
    table = f"\n| | |\n|---|---|\n{rows}" if rows else ""
    return f"## {words.removeprefix('alert-router ')}\n\n`{usage}`\n\n{_cell(first)}\n{more}{table}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def metrics_page() -> str:
    """docs/metrics.md."""
    metrics = "".join(_metric(one) for one in Metrics().registry.collect())
    logs = "".join(f"| `{name}` | {_cell(says)} |\n" for name, says in sorted(LOG_EVENTS.items()))
    return _METRICS + metrics + _LOGS + logs


def _metric(metric: Metric) -> str:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    labels = ", ".join(f"`{label}`" for label in _labels()[metric.name])
    return f"| `{name}` | {metric.type} | {labels} | {_cell(metric.documentation)} |\n"


def _labels() -> dict[str, tuple[str, ...]]:
    """Of each metric, by its name: a metric that was never counted has no samples that would say."""
    found: dict[str, tuple[str, ...]] = {}
    for one in vars(Metrics()).values():
        if hasattr(one, "describe"):
            [described] = one.describe()
            found[described.name] = getattr(one, "_labelnames", ())
    return found


def main() -> None:
    """Writes them."""
    (DOCS / "commands.md").write_text(commands_page(), encoding="utf-8")
    (DOCS / "metrics.md").write_text(metrics_page(), encoding="utf-8")


if __name__ == "__main__":
    main()

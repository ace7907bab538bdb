"""``top``: what is noisy and what is dead."""

import shutil
import sys
from typing import TYPE_CHECKING, Any

import typer

from router.cli.output import CONFIG, FORM, Form, on_one_line, print_json, say, table, when
from router.errors import RouterError
from router.pipeline.top import COLUMNS, By, Row
from router.pipeline.top import top as counted
from router.web.shapes import iso

if TYPE_CHECKING:
    from router.config import Config
    from router.ports import Clock, Store

#: Seconds between two tables of ``--watch``.
PAUSE = 2.0
#: Rows that are shown where nothing is said.
ROWS = 20
_MINUTE = 60 * 1_000_000


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(top)


def top(
    by: By = typer.Option(By.RULE, help="What is counted."),
    since: str = typer.Option("1h", help="Of the last 90s, 15m, 2h, 1d …"),
    rows: int | None = typer.Option(
        None,
        "-n",
        "--rows",
        min=1,
        help="How many rows, and how many of what did not come; 20, or all as JSON.",
    ),
    watch: bool = typer.Option(False, "--watch", help="Again every 2 seconds, on a terminal."),
    config: str = CONFIG,
    output: Form = FORM,
) -> None:
    """Rules by rate: what is noisy, and what never matched. Times are UTC."""
    from router.app import SystemClock
    from router.cli.files import store_of
    from router.config import duration

    period, clock = duration(since), SystemClock()
    if period == 0:
        raise RouterError("usage", "--since 0s is no time; say how long, such as 15m")
    if watch and (output is Form.JSON or not sys.stdout.isatty()):
        raise RouterError("usage", "--watch needs a terminal", "Without it the table is printed once")
    with store_of(config) as (settings, store):
        if watch:
            _watch(store, settings, by, period, clock, rows or ROWS)
            return
        now = clock.now()
        found = counted(store, settings.policy, by, now - period, now)
    if output is Form.JSON:
        print_json({"since": iso(now - period), f"{by}s": [_json(row, by, period) for row in found[:rows]]})
    else:
        show(found, by, period, rows or ROWS)


def show(found: list[Row], by: By, period: int, most: int) -> None:
    """The table: what came, then what did not."""
    first = COLUMNS[by][0]
    came = [row for row in found if any(row.counts.values())]
    silent = [row for row in found if not any(row.counts.values())]
    columns = (by, *COLUMNS[by], "per min", "last")
    shown = came[:most] + silent[:most]
    table([name.upper() for name in columns], [_cells(row, by, period) for row in shown], f"No {first} came.")
    left = (("that came", len(came) - most), ("that did not", len(silent) - most))
    more = ", ".join(f"{number} more {what}" for what, number in left if number > 0)
    if more:
        say(f"\n{more}: -n {max(len(came), len(silent))}")


def _cells(row: Row, by: By, period: int) -> list[str]:
    counts = [str(row.counts.get(column, 0) or "-") for column in COLUMNS[by]]
    last = " ".join(filter(None, (when(row.last) or "never", row.note and f"({row.note})")))
    return [on_one_line(row.name) or "(none)", *counts, _rate(row, by, period), last]


def _per_minute(row: Row, by: By, period: int) -> float:
    return row.counts.get(COLUMNS[by][0], 0) * _MINUTE / period


def _rate(row: Row, by: By, period: int) -> str:
    rate = _per_minute(row, by, period)
    return "-" if rate == 0 else f"{rate:.1f}" if rate >= 0.1 else "<0.1"


def _json(row: Row, by: By, period: int) -> dict[str, Any]:
    counts = {column: row.counts.get(column, 0) for column in COLUMNS[by]}
    rate = round(_per_minute(row, by, period), 3)
    return {"name": row.name, **counts, "per_minute": rate, "last": iso(row.last), "note": row.note}


def _watch(store: "Store", settings: "Config", by: By, period: int, clock: "Clock", most: int) -> None:
    from router.cli import live

    with live.until_told():
        while True:
            now = clock.now()
            found = counted(store, settings.policy, by, now - period, now)
            lines = shutil.get_terminal_size().lines
            # From the top left corner, without what stood there.
            sys.stdout.write(f"\x1b[H\x1b[J{when(now)} UTC\n\n")
            show(found, by, period, min(most, max((lines - 6) // 2, 1)))
            sys.stdout.flush()
            if live.wait(PAUSE):
                return

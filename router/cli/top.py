"""``top``: what is noisy and what is dead."""

import shutil
import sys
from typing import Any

import typer

from router.cli.api import SERVER, TOKEN, Api, api_of
from router.cli.output import CONFIG, FORM, Form, moment, on_one_line, print_json, say, table, when
from router.errors import RouterError
from router.pipeline.top import COLUMNS, By
from router.web.shapes import TopJson

#: Seconds between two tables of ``--watch``.
PAUSE = 2.0
#: Rows that are shown where nothing is said.
ROWS = 20
#: Columns that people read another word for: written is not yet sent.
_HEADINGS = {"told": "written", "open": "waiting", "failures": "filter failures"}


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
    server: str = SERVER,
    token: str = TOKEN,
    output: Form = FORM,
) -> None:
    """Rules by rate: what is noisy, and what never matched. Times are UTC.

    WRITTEN counts notifications, whether a provider has accepted them or not;
    of a channel SENT, WAITING, DEAD, DROPPED and REPLACED say how its
    deliveries stand. FILTER FAILURES are events on which the rule's filter
    failed.
    """
    if watch and (output is Form.JSON or not sys.stdout.isatty()):
        raise RouterError("usage", "--watch needs a terminal", "Without it the table is printed once")
    with api_of(config, server, token, to_look=True) as api:
        if watch:
            _watch(api, by, since, rows or ROWS)
            return
        found = _counted(api, by, since)
    if output is Form.JSON:
        shown = [_json(row) for row in found["rows"][:rows]]
        print_json({"since": found["since"], f"{by}s": shown})
    else:
        show(found["rows"], by, rows or ROWS)


def _counted(api: Api, by: By, since: str) -> Any:
    return api.get("/v1/top", by=by, since=since)


def show(found: list[TopJson], by: By, most: int) -> None:
    """The table: what came, then what did not."""
    first = COLUMNS[by][0]
    came = [row for row in found if any(row["counts"].values())]
    silent = [row for row in found if not any(row["counts"].values())]
    columns = (by, *COLUMNS[by], "per min", "last")
    shown = came[:most] + silent[:most]
    table(
        [_HEADINGS.get(name, name).upper() for name in columns],
        [_cells(row, by) for row in shown],
        f"No {first} came.",
    )
    left = (("that came", len(came) - most), ("that did not", len(silent) - most))
    more = ", ".join(f"{number} more {what}" for what, number in left if number > 0)
    if more:
        say(f"\n{more}: -n {max(len(came), len(silent))}")


def _cells(row: TopJson, by: By) -> list[str]:
    counts = [str(row["counts"][column] or "-") for column in COLUMNS[by]]
    last = " ".join(filter(None, (moment(row["last"]) or "never", row["note"] and f"({row['note']})")))
    return [on_one_line(row["name"]) or "(none)", *counts, _rate(row["per_minute"]), last]


def _rate(rate: float) -> str:
    return "-" if rate == 0 else f"{rate:.1f}" if rate >= 0.1 else "<0.1"


def _json(row: TopJson) -> dict[str, Any]:
    rate = round(row["per_minute"], 3)
    return {
        "name": row["name"],
        **row["counts"],
        "per_minute": rate,
        "last": row["last"],
        "note": row["note"],
    }


def _watch(api: Api, by: By, since: str, most: int) -> None:
    from router.app import SystemClock
    from router.cli import live

    with live.until_told():
        while True:
            found = _counted(api, by, since)
            lines = shutil.get_terminal_size().lines
            # From the top left corner, without what stood there.
            sys.stdout.write(f"\x1b[H\x1b[J{when(SystemClock().now())} UTC\n\n")
            show(found["rows"], by, min(most, max((lines - 6) // 2, 1)))
            sys.stdout.flush()
            if live.wait(PAUSE):
                return

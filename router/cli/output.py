"""How commands speak: tables and colours on a terminal, plain text in a pipe, one object as JSON."""

import getpass
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import typer

from router.core.times import brief


class Form(StrEnum):
    """What ``-o`` may say."""

    TEXT = "text"
    JSON = "json"


#: Seconds between two looks of long work.
_EVERY = 0.5
_NOT_PLAIN = re.compile(r"[^\n -~]")
_STYLES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33}

FORM = typer.Option(Form.TEXT, "-o", "--output", help="text for people, json for programs.")
SOURCE = typer.Option(
    "", metavar="NAME", help="The source it comes from, for rules with `from`; the only one if there is one."
)
CONFIG = typer.Option("router.yaml", "-c", "--config", help="The settings file.", metavar="FILE")


def user() -> str:
    """Who runs the command, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have a number only
        return f"user {os.getuid()}"


def as_json(value: Any, indent: int | None = 2) -> str:
    """One object, readable, or without an indent on one line; what a terminal would act on is escaped."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    return _NOT_PLAIN.sub(lambda found: _escaped(found[0]), text) + "\n"


def print_json(value: Any) -> None:
    """One object on standard output."""
    sys.stdout.write(as_json(value))


def _escaped(letter: str) -> str:
    return letter if letter.isprintable() else json.dumps(letter)[1:-1]


def say(text: str = "") -> None:
    """A line on standard output."""
    sys.stdout.write(text + "\n")


def warn(text: str) -> None:
    """A line on standard error."""
    sys.stderr.write(text + "\n")


def harmless(text: str) -> str:
    """Without anything that a terminal would act on; line ends stay."""
    plain = text.replace("\t", "\\t")
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in plain)


def on_one_line(text: str) -> str:
    """The same without line ends: what comes from an event cannot look like a line of ours."""
    return harmless(text).replace("\n", "\\u000a")


def message_text(title: str, body: str) -> str:
    """What a message says, set in: its lines may be an event's, and none of them looks like one of ours."""
    lines = harmless(f"{title}\n{body}".strip()).split("\n")
    return "\n".join(f"  {line}".rstrip() for line in lines)


def width(text: str) -> int:
    """Columns that a terminal takes for it: two for Chinese, Japanese and Korean letters and for emoji."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def colour(text: str, style: str) -> str:
    """In a colour (``red``, ``green``, ``yellow``, ``bold``, ``dim``) on a terminal, plain in a pipe."""
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


def when(micros: int | None) -> str:
    """A time as people read it, in UTC; nothing for none."""
    if micros is None:
        return ""
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def moment(iso: str | None) -> str:
    """The same of a time as the API has it."""
    return iso[:19].replace("T", " ") if iso else ""


def progress(text: str) -> None:
    """How far long work is, on one line of a terminal; nothing in a pipe. An empty text takes it away."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{harmless(text)}")
        sys.stderr.flush()


def counting(what: str, total: int, monotonic: Callable[[], float] = time.monotonic) -> Callable[[int], None]:
    """Says how far long work is and how long the rest takes, when it is called with what is done.

    Args:
        what: of what there are ``total``, in words.
        monotonic: seconds that only grow.
    """
    began = last = monotonic()

    def show(done: int) -> None:
        nonlocal last
        now = monotonic()
        if now - last < _EVERY:
            return
        last = now
        left = round((total - done) * (now - began) / max(done, 1))
        progress(f"{done:,} of {total:,} {what}, {brief(left * 1_000_000)} left")

    return show


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> None:
    """A table: fitted on a terminal, aligned columns in a pipe, a sentence when there is nothing."""
    lines = [[harmless(cell) for cell in row] for row in rows]
    if not lines:
        say(empty)
    elif sys.stdout.isatty():
        _ruled(columns, lines)
    else:
        _aligned(columns, lines)


def _ruled(columns: Sequence[str], lines: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    ruled = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        ruled.add_column(column, overflow="fold")
    for line in lines:
        ruled.add_row(*(Text(cell) for cell in line))
    Console().print(ruled)


def _aligned(columns: Sequence[str], lines: list[list[str]]) -> None:
    flat = [[cell.replace("\n", " ") for cell in line] for line in [list(columns), *lines]]
    widths = [max(width(line[i]) for line in flat) for i in range(len(columns))]
    for line in flat:
        say("  ".join(_padded(cell, wide) for cell, wide in zip(line, widths, strict=True)).rstrip())


def _padded(cell: str, wide: int) -> str:
    return cell + " " * (wide - width(cell))

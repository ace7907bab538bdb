"""The coverage for a terminal: a line for each event and channel that hears of it, with the rules."""

import shutil
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from router.cli.output import colour, on_one_line

if TYPE_CHECKING:
    from router.core.coverage import Cell, Coverage, Reach, Row

Paint = Callable[[str, str], str]

MARKS: "dict[Reach, str]" = {"always": "●", "sometimes": "◐", "never": "✗"}
_COLOURS: "dict[Reach, str]" = {"always": "green", "sometimes": "yellow", "never": "red"}
#: Characters of the longest channel's name that is shown.
_LONGEST = 16
#: The same of an event's; a source's own events bear its name.
_LONGEST_EVENT = 24
_LEGEND = "● always, ◐ sometimes: it depends on what else the event holds, its source, or an earlier rule."


def table(found: "Coverage", *, plain: bool = False) -> str:
    """The whole text, as wide as the terminal, 80 columns in a pipe.

    Args:
        plain: without colours, also on a terminal.
    """
    width = max(shutil.get_terminal_size((80, 24)).columns, 50)
    paint: Paint = (lambda text, style: text) if plain else colour
    lines = [
        *_events(found, width, paint),
        "",
        *textwrap.wrap(_LEGEND, width),
        *_summary(found, width, paint),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _events(found: "Coverage", width: int, paint: Paint) -> Iterator[str]:
    names = max(len("EVENT"), *(min(len(row.kind.name), _LONGEST_EVENT) for row in found.rows))
    whos = max(len("CHANNEL"), *(min(len(name), _LONGEST) for name in found.channels), 0)
    yield paint(f"{'EVENT':{names}}    {'CHANNEL':{whos}}  RULES", "bold")
    for row in found.rows:
        first = _short(row.kind.name, _LONGEST_EVENT)
        for mark, style, who, rules in _block(row):
            room = width - names - whos - 6
            for said in textwrap.wrap(rules, room, break_on_hyphens=False) or [""]:
                yield f"{first:{names}}  {paint(mark, style)} {paint(f'{who:{whos}}', style)}  {said}"
                first, mark, who = "", " ", ""


def _block(row: "Row") -> Iterator[tuple[str, str, str, str]]:
    """An event's lines: mark, colour, who, and by which rules."""
    if not row.channels:
        yield MARKS["never"], _COLOURS["never"], "nobody", ""
    for name, reach in row.channels.items():
        yield MARKS[reach], _COLOURS[reach], _short(name), _listed(row.telling(name), name)
    for who, cells in _silent(row).items():
        if cells:
            yield " ", "dim", who, _listed(cells)


def _silent(row: "Row") -> "dict[str, list[Cell]]":
    """Rules that tell nobody of it, by what they do instead."""
    ending = [cell for cell in row.cells if cell.ends and not cell.channels]
    hidden = [cell for cell in row.cells if cell.reach == "never"]
    shadow = [cell for cell in row.cells if cell.rule.mode == "shadow" and cell not in (*ending, *hidden)]
    return {"shadow": shadow, "hidden": hidden, "ends": ending}


def _listed(cells: "Iterable[Cell]", channel: str = "") -> str:
    """The rules' names, a mark where they tell sometimes, and why."""
    return ", ".join(
        cell.rule.name
        + (f" {MARKS['sometimes']}" if cell.channels.get(channel, cell.reach) == "sometimes" else "")
        + (f" ({cell.note})" if cell.note else "")
        for cell in cells
    )


def _short(name: str, longest: int = _LONGEST) -> str:
    plain = on_one_line(name)
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _summary(found: "Coverage", width: int, paint: Paint) -> Iterator[str]:
    """What somebody should hear of."""
    everything = len(found.rows)
    nobody, sometimes = found.reaching("never"), found.reaching("sometimes")
    said = [
        ("red", f"{len(nobody)} of {everything} events reach nobody", nobody),
        ("yellow", f"{len(sometimes)} of {everything} events reach somebody only sometimes", sometimes),
        ("yellow", "Rules that match none of these events", found.idle_rules),
        ("yellow", "Channels that hear of none of them", found.silent_channels),
    ]
    for style, what, names in said:
        if names:
            yield ""
            first, *rest = textwrap.wrap(
                on_one_line(f"{what}: {', '.join(names)}"),
                width,
                subsequent_indent="  ",
                break_on_hyphens=False,
            )
            yield first.replace(what, paint(what, style), 1)
            yield from rest
    if not nobody:
        yield ""
        yield paint(
            f"Somebody hears of each of the {everything} events"
            + (", of some only sometimes." if sometimes else "."),
            "green",
        )

"""Rows of figures, and how they are printed."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure.

    Args:
        name: what was measured.
        value: with its unit.
        goal: what it is to be, or nothing.
        met: whether it is; None where there is no goal.
    """

    name: str
    value: str
    goal: str = ""
    met: bool | None = None


def show(title: str, rows: Sequence[Row]) -> None:
    """Prints a table."""
    print(f"\n{title}\n{'-' * len(title)}")
    cells = [
        (row.name, row.value, row.goal, {None: "", True: "ok", False: "MISSED"}[row.met]) for row in rows
    ]
    widths = [max(len(cell[i]) for cell in cells) for i in range(4)]
    for cell in cells:
        print("  ".join(text.ljust(width) for text, width in zip(cell, widths, strict=True)).rstrip())

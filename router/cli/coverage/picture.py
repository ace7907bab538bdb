"""The coverage as a picture: a row for each event, a column for each channel and each rule.

The same coverage gives the same text. The picture has a ground of its own, light or dark as its
reader prefers, so that it reads wherever it is put.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from router.core.catalogue import EVENTS

if TYPE_CHECKING:
    from router.core.coverage import Cell, Coverage, Reach, Row
    from router.core.rule import Rule

#: Pixels: a cell's side, a letter's width, the margin, the gap between families of rows or columns.
_CELL, _LETTER, _MARGIN, _GAP = 22, 6.7, 18, 12
#: How far a column's slanted name goes up and to the right, for a pixel of its length: 60 degrees.
_UP, _RIGHT = 0.866, 0.5
#: Letters of the longest name that is written; its tooltip has the whole.
_LONGEST = 40
_TITLE = 34

_STYLE = """\
text { font: 11px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328 }
.title { font-size: 14px; font-weight: bold }
.pale { fill: #59636e } .alarm { fill: #cf222e; font-weight: bold }
.ground { fill: #ffffff } .band { fill: #f6f8fa } .grid { stroke: #d8dee4 }
.always { fill: #1a7f37; stroke: #1a7f37 } .sometimes { fill: #bf8700; stroke: #bf8700 }
.never { stroke: #cf222e } .shadow { fill: #8c959f; stroke: #8c959f }
.open { fill: none } .never, .always, .sometimes, .shadow { stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .pale { fill: #9198a1 } .alarm { fill: #ff7b72 }
.ground { fill: #0d1117 } .band { fill: #161b22 } .grid { stroke: #30363d }
.always { fill: #3fb950; stroke: #3fb950 } .sometimes { fill: #d29922; stroke: #d29922 }
.never { stroke: #ff7b72 } .shadow { fill: #6e7681; stroke: #6e7681 } .open { fill: none }
}
"""


class _Column(NamedTuple):
    """One column: where its middle is, and what stands above it."""

    x: float
    name: str
    more: str = ""

    @property
    def length(self) -> float:
        """Of what is written, in pixels."""
        return _LETTER * min(len(self.whole), _LONGEST + 1)

    @property
    def whole(self) -> str:
        """All that could be written."""
        return f"{self.name} {self.more}".strip()


class _Plan(NamedTuple):
    """Where everything stands."""

    somebody: _Column
    channels: tuple[_Column, ...]
    rules: tuple[_Column, ...]
    rows: tuple[float, ...]
    top: float

    @property
    def columns(self) -> tuple[_Column, ...]:
        return (self.somebody, *self.channels, *self.rules)

    @property
    def bottom(self) -> float:
        """Below the last row."""
        return (self.rows[-1] if self.rows else self.top) + _CELL / 2

    @property
    def right(self) -> float:
        """Right of the last column."""
        return self.columns[-1].x + _CELL / 2

    @property
    def width(self) -> float:
        names = max(column.x + column.length * _RIGHT for column in self.columns)
        return (
            max(names + _LETTER, self.right, _MARGIN + sum(_legend_width(said) for said, _ in _LEGEND))
            + _MARGIN
        )


def picture(found: "Coverage") -> str:
    """An SVG document."""
    plan = _plan(found)
    height = plan.bottom + 2 * _CELL + _MARGIN
    said = f"{_many(found.rules, 'rule')} and {_many(found.channels, 'channel')}"
    body = [
        _rect(0, 0, plan.width, height, "ground", 8),
        _text(_MARGIN, _MARGIN + 12, f"Which events reach whom: {said}", "title"),
        *_grid(plan),
        *(one for column in plan.columns for one in _heading(column, plan.top)),
        *(one for row, y in zip(found.rows, plan.rows, strict=True) for one in _row(row, y, found, plan)),
        *_legend(plan.bottom + _CELL),
    ]
    size = f'width="{plan.width:.0f}" height="{height:.0f}" viewBox="0 0 {plan.width:.0f} {height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{_plain(said)}">'
    return "\n".join([head, f"<style>\n{_STYLE}</style>", *body, "</svg>", ""])


def _plan(found: "Coverage") -> _Plan:
    names = max((min(len(row.kind.name), _LONGEST) for row in found.rows), default=0)
    x = _MARGIN + names * _LETTER + _CELL
    somebody = _Column(x, "somebody")
    x += _CELL + _GAP
    channels = tuple(_Column(x + n * _CELL, name) for n, name in enumerate(found.channels))
    x += len(channels) * _CELL + _GAP
    rules = tuple(_Column(x + n * _CELL, rule.name, _told(rule)) for n, rule in enumerate(found.rules))
    highest = max(column.length for column in (somebody, *channels, *rules))
    top = _MARGIN + _TITLE + highest * _UP
    return _Plan(somebody, channels, rules, tuple(_rows(found.rows, top + _GAP)), top)


def _told(rule: "Rule") -> str:
    return f"→ {', '.join(rule.to)}" if rule.mode == "on" else "(shadow)"


def _rows(rows: "Sequence[Row]", y: float) -> Iterator[float]:
    """The middle of each row, with a gap between families of events."""
    family = _family(rows[0]) if rows else None
    y += _CELL / 2
    for row in rows:
        y += _GAP if _family(row) != family else 0
        family = _family(row)
        yield y
        y += _CELL


def _family(row: "Row") -> object:
    event = EVENTS.get(row.kind.name)
    return (event.category, event.key) if event else None


def _grid(plan: _Plan) -> Iterator[str]:
    for y in plan.rows[::2]:
        yield _rect(_MARGIN - 6, y - _CELL / 2, plan.right - _MARGIN + 6, _CELL, "band", 3)
    for column in plan.columns:
        yield f'<path class="grid" d="M{column.x:.1f} {plan.top:.1f}V{plan.bottom:.1f}"/>'


def _heading(column: _Column, y: float) -> Iterator[str]:
    name = column.name[:_LONGEST]
    more = column.whole[len(name) : _LONGEST].lstrip()
    cut = "…" if len(column.whole) > _LONGEST else ""
    turned = f'transform="translate({column.x + 3:.1f} {y - 4:.1f}) rotate(-60)"'
    told = f' <tspan class="pale">{_plain(more)}{cut}</tspan>' if more or cut else ""
    yield f"<text {turned}>{_plain(name)}{told}{_title(column.whole)}</text>"


def _row(row: "Row", y: float, found: "Coverage", plan: _Plan) -> Iterator[str]:
    name = row.kind.name
    shown = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    yield _text(_MARGIN, y + 4, shown, "alarm" if row.told == "never" else "")
    yield _square(plan.somebody.x, y, row.told, f"{name} reaches somebody: {row.told}")
    for column in plan.channels:
        if column.name in row.channels:
            reach = row.channels[column.name]
            yield _square(column.x, y, reach, f"{name} reaches {column.name}: {reach}")
    # A rule that an event may match and end stands in one place: its match comes first.
    cells = {cell.rule.name: cell for cell in reversed(row.cells)}
    for column in plan.rules:
        if column.name in cells:
            yield _circle(column.x, y, cells[column.name], name)


def _square(x: float, y: float, reach: "Reach", title: str) -> str:
    """Full, half full, or a cross."""
    left, top = x - 6.5, y - 6.5
    if reach == "never":
        return (
            f'<path class="never open" d="M{x - 5:.1f} {y - 5:.1f}l10 10m0 -10l-10 10">{_title(title)}</path>'
        )
    whole = f'<rect class="{reach}{"" if reach == "always" else " open"}" x="{left:.1f}" y="{top:.1f}" '
    whole += f'width="13" height="13" rx="2">{_title(title)}</rect>'
    half = f'<path class="sometimes" d="M{left:.1f} {top + 13:.1f}V{top:.1f}L{x + 6.5:.1f} {top + 13:.1f}z"/>'
    return whole if reach == "always" else whole + half


def _circle(x: float, y: float, cell: "Cell", event: str) -> str:
    """Full, or half full; grey in shadow; a ring that ends alerts; a dot where earlier rules take it all."""
    note = f" ({cell.note})" if cell.note else ""
    does = "ends" if cell.ends else "matches"
    title = _title(f"{event} {does} {cell.rule.name}: {cell.reach}{note}")
    if cell.ends:
        return _dot(x, y, "shadow open", 3.5, title)
    if cell.reach == "never":
        return _dot(x, y, "shadow", 1.5, title)
    style = cell.told if cell.rule.mode == "on" else "shadow"
    if cell.told == "always":
        return _dot(x, y, style, 5.5, title)
    half = f'<path class="{style}" d="M{x:.1f} {y - 5.5:.1f}a5.5 5.5 0 0 0 0 11z"/>'
    return _dot(x, y, f"{style} open", 5.5, title) + half


def _dot(x: float, y: float, style: str, radius: float, title: str = "") -> str:
    return f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}">{title}</circle>'


#: Name of a mark, and the mark at a place.
_LEGEND: tuple[tuple[str, Callable[[float, float], str]], ...] = (
    ("always", lambda x, y: _square(x, y, "always", "")),
    ("sometimes", lambda x, y: _square(x, y, "sometimes", "")),
    ("nobody", lambda x, y: _square(x, y, "never", "")),
    ("a rule", lambda x, y: _dot(x, y, "always", 5.5)),
    ("in shadow", lambda x, y: _dot(x, y, "shadow", 5.5)),
    ("ends its alerts", lambda x, y: _dot(x, y, "shadow open", 3.5)),
    ("an earlier rule takes it", lambda x, y: _dot(x, y, "shadow", 1.5)),
)


def _legend(y: float) -> Iterator[str]:
    x = float(_MARGIN)
    for said, mark in _LEGEND:
        yield mark(x + 7, y)
        yield _text(x + 20, y + 4, said, "pale")
        x += _legend_width(said)


def _legend_width(said: str) -> float:
    return 20 + _LETTER * (len(said) + 3)


def _rect(x: float, y: float, width: float, height: float, style: str, round_by: int) -> str:
    size = f'width="{width:.1f}" height="{height:.1f}" rx="{round_by}"'
    return f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" {size}/>'


def _text(x: float, y: float, text: str, style: str) -> str:
    styled = f' class="{style}"' if style else ""
    return f'<text{styled} x="{x:.1f}" y="{y:.1f}">{_plain(text)}</text>'


def _title(text: str) -> str:
    """What is shown when somebody points there."""
    return f"<title>{_plain(text)}</title>" if text else ""


def _plain(text: str) -> str:
    """Text that is never markup, without what XML cannot hold."""
    readable = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return escape(readable, {'"': "&quot;"})


def _many(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}" + ("" if len(things) == 1 else "s")

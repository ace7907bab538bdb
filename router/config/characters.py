"""Where each character of a scalar stands in its file.

A scalar's text is not what the file shows: quotes, escapes, indentation and folded lines lie between.
This goes the scanner's way again (libyaml's ``yaml_parser_scan_flow_scalar``, ``…_plain_scalar`` and
``…_block_scalar``), and keeps where it took each character from.
"""

import re
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from functools import lru_cache

#: What ends a line in YAML 1.1, which libyaml goes by.
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_BREAKS = "\n\r\x85\u2028\u2029"
_BLANKS = " \t"
_ESCAPES = dict(zip('0abt\tnvfre "/\\N_LP', '\0\a\b\t\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029', strict=True))
_HEX = {"x": 2, "u": 4, "U": 8}
_HEADER = re.compile("[|>][-+0-9]*[ \t]*(#[^\n\r\x85\u2028\u2029]*)?")
#: Columns that a block may be indented by before nobody looks any more.
_MOST_INDENT = 200

#: A character of a scalar, and where in the file's text it begins and ends.
Spot = tuple[str, int, int]


@lru_cache(maxsize=2)
def line_starts(text: str) -> tuple[int, ...]:
    """Where each line of a file begins; kept, as every finding of a file asks."""
    return (0, *(found.end() for found in _BREAK.finditer(text)))


def first_line(text: str) -> str:
    """Up to the first break."""
    return _BREAK.split(text, 1)[0]


def line_and_column(starts: Sequence[int], at: int) -> tuple[int, int]:
    """Counted from 1."""
    line = bisect_right(starts, at)
    return line, at - starts[line - 1] + 1


def position(text: str, start: int, style: str, value: str, offset: int) -> int:
    """Where in a file's text a character of a scalar stands; behind the last one for its end.

    Args:
        text: the file's.
        start: where the scalar begins: its first letter, its quote, ``|`` or ``>``.
        style: ``'``, ``"``, ``|``, ``>``, or empty for a plain one.
        value: the scalar's text.
        offset: in the value.
    """
    spots = _spots(text, start, style, value)
    if not spots:
        return start + len(style)
    if offset < len(spots):
        return spots[offset][1]
    letter, begins, ends = spots[-1]
    return begins if letter in _BREAKS else ends


def _spots(text: str, start: int, style: str, value: str) -> list[Spot]:
    if style in ("|", ">"):
        return _block(text, start, style, value)
    scan = _flow(text, start + len(style), style)
    return [spot for _, spot in zip(value, scan, strict=False)]


def _break(text: str, at: int) -> Spot | None:
    found = _BREAK.match(text, at)
    if found is None:
        return None
    return (found[0] if found[0] in "\u2028\u2029" else "\n", at, found.end())


def _folded(breaks: Sequence[Spot]) -> Iterator[Spot]:
    """Breaks between two words: a single one becomes a space, of several the first goes."""
    first, *others = breaks
    if first[0] != "\n":
        yield first
    elif not others:
        yield (" ", first[1], first[2])
    yield from others


# Plain and quoted


def _flow(text: str, at: int, style: str) -> Iterator[Spot]:
    """To the end of the file: the caller knows how many characters the scalar has."""
    while at < len(text):
        at, continued = yield from _word(text, at, style)
        at = yield from _between(text, at, continued)


def _word(text: str, at: int, style: str) -> Generator[Spot, None, tuple[int, bool]]:
    """Up to the next blank or break; returns where that is, and whether an escaped break stood there."""
    while at < len(text) and text[at] not in _BLANKS + _BREAKS:
        if style == '"' and text[at] == "\\":
            if line_end := _break(text, at + 1):
                return line_end[2], True
            spot = _escaped(text, at)
        else:
            doubled = style == "'" and text.startswith("''", at)
            spot = (text[at], at, at + 2 if doubled else at + 1)
        yield spot
        at = spot[2]
    return at, False


def _escaped(text: str, at: int) -> Spot:
    kind = text[at + 1]
    if kind not in _HEX:
        return _ESCAPES[kind], at, at + 2
    end = at + 2 + _HEX[kind]
    return chr(int(text[at + 2 : end], 16)), at, end


def _between(text: str, at: int, continued: bool) -> Generator[Spot, None, int]:
    blanks: list[Spot] = []
    breaks: list[Spot] = []
    while at < len(text) and text[at] in _BLANKS + _BREAKS:
        spot = _break(text, at) or (text[at], at, at + 1)
        (breaks if spot[0] in _BREAKS else blanks).append(spot)
        at = spot[2]
    if continued:
        yield from breaks
    elif breaks:
        yield from _folded(breaks)
    else:
        yield from blanks
    return at


# Literal and folded blocks


def _block(text: str, start: int, style: str, value: str) -> list[Spot]:
    header = _HEADER.match(text, start)
    first_break = _break(text, header.end()) if header else None
    if first_break is None:
        return []
    # The indentation depends on what is around the block: take the one from which this text comes.
    for indent in range(1, _MOST_INDENT):
        scan = _lines(text, first_break[2], style, indent)
        spots = [spot for letter, spot in zip(value, scan, strict=False) if letter == spot[0]]
        if len(spots) == len(value):
            return spots
    return []


def _lines(text: str, at: int, style: str, indent: int) -> Iterator[Spot]:
    """What a block of this indentation holds, with all breaks of its end."""
    leading: list[Spot] = []
    was_blank = False
    at, begins, breaks = _indentation(text, at, indent)
    while begins and at < len(text):
        is_blank = text[at] in _BLANKS
        joined = style == ">" and bool(leading) and not was_blank and not is_blank
        yield from _folded([*leading, *breaks]) if joined else [*leading, *breaks]
        while at < len(text) and text[at] not in _BREAKS:
            yield text[at], at, at + 1
            at += 1
        was_blank = is_blank
        line_end = _break(text, at)
        leading = [line_end] if line_end else []
        at, begins, breaks = _indentation(text, line_end[2] if line_end else at, indent)
    yield from leading
    yield from breaks


def _indentation(text: str, at: int, indent: int) -> tuple[int, bool, list[Spot]]:
    """Over empty lines to the next line of the block: where it begins, whether it does, and the breaks."""
    breaks: list[Spot] = []
    while True:
        line = at
        while at < line + indent and text.startswith(" ", at):
            at += 1
        found = _break(text, at)
        if found is None:
            return at, at == line + indent, breaks
        breaks.append(found)
        at = found[2]

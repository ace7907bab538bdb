"""The line of a file that a finding is about, with carets under the exact part."""

from collections.abc import Callable
from pathlib import Path

from router.cli.output import colour, harmless, width
from router.errors import Finding

#: Letters of a line that are shown; of a longer one those around the part.
_LONGEST = 160
#: Letters before the part that are shown of a longer line.
_BEFORE = 60
_CUT = "…"

#: A file's line, counted from 1, without its end; empty where there is none.
LineOf = Callable[[str, int], str]


def lines_of_files() -> LineOf:
    """Reads each file once, and counts lines as YAML does."""
    from router.config.yaml import Document, read_text

    read: dict[str, Document] = {}

    def line(file: str, number: int) -> str:
        if file not in read:
            read[file] = Document(file, read_text(Path(file)))
        return read[file].line(number)

    return line


def quoted(finding: Finding, line_of: LineOf, style: str) -> str:
    """Two lines: what the file holds there, and what of it is meant; nothing for an empty line."""
    line = line_of(finding.place.file, finding.place.line)
    if not line.strip():
        return ""
    start = min(finding.place.column - 1, len(line))
    before, part, behind = _cut(line[:start], *_part(line, start, finding))
    gutter = f"{finding.place.line:>5} | "
    under = " " * width(before) + colour("^" * max(1, width(part)), style)
    margin = " " * (len(gutter) - 2) + "| "
    return f"{colour(gutter, 'dim')}{before}{part}{behind}\n{colour(margin, 'dim')}{under}"


def _part(line: str, start: int, finding: Finding) -> tuple[str, str]:
    """What is meant, to the end of the line at most, and what follows it."""
    if finding.end is None:
        return line[start : start + 1], line[start + 1 :]
    end = finding.end.column - 1 if finding.end.line == finding.place.line else len(line)
    return line[start:end], line[max(start, end) :]


def _cut(before: str, part: str, behind: str) -> tuple[str, str, str]:
    """As much of a long line as fits, each piece as it is shown."""
    if len(before) + len(part) + len(behind) > _LONGEST:
        if len(before) > _BEFORE:
            before = _CUT + before[-_BEFORE:]
        part = _shortened(part, _LONGEST - len(before))
        behind = _shortened(behind, max(0, _LONGEST - len(before) - len(part)))
    return harmless(before), harmless(part), harmless(behind)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + _CUT

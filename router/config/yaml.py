"""YAML 1.2 with places: libyaml's events, built into values by the core schema.

Refused, with their place: aliases and anchors, tags, merge keys, keys that stand twice, files over 8 MiB,
nesting over 32, and more than one document. Built from events, never from ``compose``: that one follows
nesting with the C stack, and 200,000 brackets end the process.
"""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml
from yaml.reader import ReaderError

from router.config import accidents, syntax
from router.config.characters import first_line, line_and_column, line_starts, position
from router.config.files import read_small
from router.config.scalars import value_of
from router.errors import Finding, Place, RouterError

MOST_BYTES = 8 << 20
MOST_DEPTH = 32
#: Faults of form after which a file is read no further.
MOST_FAULTS = 100

#: A value's way from the top: keys and list positions.
Way = tuple[str | int, ...]


@dataclass(repr=False)
class Document:
    """What a file holds.

    Args:
        value: dicts, lists and scalars.
        events: the event with which each value begins, by its way.
        keys: the event of each key, by the way of its value.
        broken: ways of values that have a finding already; they stand as None in ``value``.
        lacking: ways of secrets that are not there, and that nobody needs now.
        findings: faults of form.
    """

    file: str
    text: str = ""
    value: Any = None
    events: dict[Way, Any] = field(default_factory=dict[Way, Any])
    keys: dict[Way, Any] = field(default_factory=dict[Way, Any])
    broken: set[Way] = field(default_factory=set[Way])
    lacking: set[Way] = field(default_factory=set[Way])
    findings: list[Finding] = field(default_factory=list[Finding])

    def place(self, way: Way) -> Place:
        """Where a value stands, or the nearest thing around it."""
        while way and way not in self.events:
            way = way[:-1]
        return _place(self.file, self.events.get(way))

    def key_place(self, way: Way) -> Place:
        """Where a value's key stands."""
        return _place(self.file, self.keys[way]) if way in self.keys else self.place(way)

    def place_in(self, way: Way, offset: int) -> Place:
        """Where a character of a text stands; offset counts from 0 in the text, its length is its end."""
        event = self.events.get(way)
        if not isinstance(event, yaml.ScalarEvent):
            return self.place(way)
        scalar = cast("Any", event)
        at = position(self.text, scalar.start_mark.index, scalar.style or "", scalar.value, offset)
        return Place(self.file, *line_and_column(line_starts(self.text), at))

    def as_written(self, way: Way, offset: int, text: str | None) -> str | None:
        """How a part of a text is written where that text stands: within its quotes; None where it cannot be.

        Args:
            way: of the whole text.
            offset: where in it the part begins, from 0.
            text: the part.
        """
        event = self.events.get(way)
        style = cast("Any", event).style if isinstance(event, yaml.ScalarEvent) else ""
        if text is None or style not in ("'", '"'):
            is_cut = not style and offset == 0 and accidents.is_taken(text or "")
            return None if is_cut else text
        return text.replace("'", "''") if style == "'" else text.replace("\\", "\\\\").replace('"', '\\"')

    def behind(self, way: Way) -> str:
        """The rest of the line behind a plain scalar; nothing for other values."""
        event = self.events.get(way)
        if not isinstance(event, yaml.ScalarEvent) or cast("Any", event).style:
            return ""
        at = cast("Any", event).end_mark.index
        return first_line(self.text[at : at + 200])

    def line(self, number: int) -> str:
        """A line of the file, counted from 1, without its end."""
        starts = (*line_starts(self.text), len(self.text))
        return self.text[starts[number - 1] : starts[number]].rstrip() if number < len(starts) else ""


def mapping(value: Any) -> dict[str, Any]:
    """The value if it has keys, else nothing."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The value if it is a list, else nothing."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def read(path: Path) -> Document:
    """Reads a file; faults are findings of the document."""
    document = Document(str(path))
    try:
        document.text = _text(path)
    except RouterError as error:
        return _faulty(document, f"cannot be read: {error.message}", error.remedy)
    except UnicodeDecodeError as error:
        return _no_utf8(document, error)
    return parse(document)


def read_text(path: Path) -> str:
    """What :func:`read` counts lines and columns in; empty where the file cannot be read."""
    try:
        return _text(path)
    except (RouterError, UnicodeDecodeError):
        return ""


def _text(path: Path) -> str:
    # A byte order mark is no part of the first line.
    return read_small(path, MOST_BYTES).decode("utf-8-sig")


def parse(document: Document) -> Document:
    """Fills a document from its text."""
    # PyYAML has no hints of its own that say anything.
    events: Iterator[Any] = cast("Any", yaml).parse(document.text, Loader=yaml.CSafeLoader)
    try:
        document.value = _Builder(document, events).build()
    except yaml.MarkedYAMLError as error:
        document.findings.append(_syntax(document, error))
    except ReaderError as error:
        before = document.text.encode()[: error.position].decode("utf-8", "ignore")
        place = Place(document.file, *line_and_column(line_starts(document.text), len(before)))
        said = f"not YAML: the character U+{cast('int', error.character):04X} cannot stand in a file"
        document.findings.append(Finding("Y001", "error", place, said))
    except _HopelessError:
        pass
    return document


class _HopelessError(Exception):
    """No use in reading on: what follows is built on what was refused."""


class _Builder:
    """Events to values, with the place of each."""

    def __init__(self, document: Document, events: Iterator[Any]) -> None:
        self._document = document
        self._events = events

    def build(self) -> Any:
        """The value of the first document; a second one is a finding."""
        value = None
        documents = 0
        for event in self._events:
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            documents += 1
            if documents > 1:
                self._fault(event, "Y002", "a second document in one file")
                break
            value = self._value(next(self._events), ())
        return value

    def _value(self, event: Any, way: Way) -> Any:
        self._document.events[way] = event
        if event.anchor is not None:
            return self._refused(event, way, "Y003", _ALIASES, "write it out")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, way)
        if event.tag is not None:
            return self._refused(event, way, "Y005", _TAGS, "put the text in quotes")
        self._check_depth(event, len(way))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(way)
        return self._mapping(way)

    def _scalar(self, event: Any, way: Way) -> Any:
        if event.tag is not None:
            return self._refused(event, way, "Y005", _TAGS, "put the text in quotes")
        return value_of(event.value) if event.implicit[0] else event.value

    def _list(self, way: Way) -> list[Any]:
        built: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            built.append(self._value(event, (*way, len(built))))
        return built

    def _mapping(self, way: Way) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, way, built)
            if key is None:
                self._skip(next(self._events))
                continue
            self._document.keys[(*way, key)] = event
            built[key] = self._value(next(self._events), (*way, key))
        return built

    def _key(self, event: Any, way: Way, built: dict[str, Any]) -> str | None:
        """The key, or None for one that is refused."""
        if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None:
            code, said = ("Y006", "a key is a text") if event.anchor is None else ("Y003", _ALIASES)
            self._fault(event, code, said)
            self._skip(event)
            return None
        scalar: Any = event
        key = str(scalar.value)
        if scalar.tag is not None:
            self._fault(event, "Y005", _TAGS)
        elif key == "<<" and scalar.implicit[0]:
            self._fault(event, "Y003", "merge keys (<<) are not used here", "write it out")
        elif key in built:
            first = _place(self._document.file, self._document.keys[(*way, key)]).line
            self._fault(event, "Y007", f"the key {key} stands twice, first in line {first}")
        else:
            return key
        return None

    def _skip(self, event: Any) -> None:
        """Passes over a value."""
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth == 0:
                return
            self._check_depth(event, depth)
            event = next(self._events)

    def _check_depth(self, event: Any, depth: int) -> None:
        if depth >= MOST_DEPTH:
            self._fault(event, "Y004", f"nested deeper than {MOST_DEPTH}")
            raise _HopelessError

    def _refused(self, event: Any, way: Way, code: str, message: str, fix: str) -> None:
        if way and way[-1] in accidents.FILTER_KEYS:
            first = self._document.text[event.start_mark.index]
            said = f"{way[-1]}: YAML takes the {first} at the beginning for itself"
            self._fault(event, "F109", said, accidents.BLOCK)
        else:
            self._fault(event, code, message, fix)
        self._document.broken.add(way)
        self._skip(event)

    def _fault(self, event: Any, code: str, message: str, fix: str = "") -> None:
        self._document.findings.append(
            Finding(code, "error", _place(self._document.file, event), message, fix)
        )
        if len(self._document.findings) >= MOST_FAULTS:
            raise _HopelessError


_ALIASES = "anchors and aliases (&name, *name) are not used here"
_TAGS = "tags (!name) are not used here"


def _place(file: str, event: Any) -> Place:
    if event is None:
        return Place(file)
    return Place(file, event.start_mark.line + 1, event.start_mark.column + 1)


def _faulty(document: Document, message: str, fix: str = "") -> Document:
    document.findings.append(Finding("Y000", "error", Place(document.file), message, fix))
    return document


def _no_utf8(document: Document, error: UnicodeDecodeError) -> Document:
    held = error.object
    is_utf16 = held[:2] in (BOM_UTF16_LE, BOM_UTF16_BE)
    said = "it is UTF-16" if is_utf16 else f"the byte 0x{held[error.start]:02X} stands here"
    before = held[: error.start].decode()
    place = Place(document.file, *line_and_column(line_starts(before), len(before)))
    document.findings.append(Finding("Y000", "error", place, f"not UTF-8: {said}", "save it as UTF-8"))
    return document


def _syntax(document: Document, error: yaml.MarkedYAMLError) -> Finding:
    at, said, fix = syntax.stumbled(document.text, error)
    mark: Any = error.problem_mark
    line, column = (mark.line + 1, mark.column) if mark else (1, 0)
    known = accidents.in_line(document.line(line), column, error.problem or "")
    if known is not None:
        return Finding("F109", "error", Place(document.file, line, column + 1), *known)
    place = Place(document.file, *line_and_column(line_starts(document.text), at))
    return Finding("Y001", "error", place, f"not YAML: {said}", fix)

"""YAML 1.2 with places: PyYAML's C parser for the nodes, our own core-schema resolver on top.

Refused, with their place: aliases, tags, merge keys, keys that stand twice, files over 8 MiB,
nesting over 32, and more than one document.
"""

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from router.errors import Finding, Place

MOST_BYTES = 8 << 20
MOST_DEPTH = 32

#: A value's way from the top: keys and list positions.
Way = tuple[str | int, ...]

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NULL = ("", "~", "null", "Null", "NULL")
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_WORDS: dict[str, bool | None] = {word: word in _TRUE for word in (*_TRUE, *_FALSE)} | dict.fromkeys(_NULL)


@dataclass
class Document:
    """What a file holds.

    Args:
        value: dicts, lists and scalars.
        nodes: the node of each value, by its way.
        keys: the node of each key, by the way of its value.
        findings: faults of form.
    """

    file: str
    text: str = ""
    value: Any = None
    nodes: dict[Way, Any] = field(default_factory=dict[Way, Any])
    keys: dict[Way, Any] = field(default_factory=dict[Way, Any])
    findings: list[Finding] = field(default_factory=list[Finding])

    def place(self, way: Way) -> Place:
        """Where a value stands, or the nearest thing around it."""
        while way and way not in self.nodes:
            way = way[:-1]
        return _place(self.file, self.nodes.get(way))

    def key_place(self, way: Way) -> Place:
        """Where a value's key stands."""
        return _place(self.file, self.keys[way]) if way in self.keys else self.place(way)

    def place_in(self, way: Way, offset: int) -> Place:
        """Where a character of a text value stands; offset counts from 0 in the value."""
        node = self.nodes.get(way)
        if node is None or not isinstance(node.value, str):
            return self.place(way)
        return _place_in(self, node, offset)


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
        if not stat.S_ISREG(path.stat().st_mode):
            return _faulty(document, "not a regular file")
        raw = path.read_bytes()
        if len(raw) > MOST_BYTES:
            return _faulty(document, f"larger than {MOST_BYTES >> 20} MiB", fix="split it")
        document.text = raw.decode("utf-8-sig")
    except OSError as error:
        return _faulty(document, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        return _faulty(document, f"not UTF-8 (byte {error.start})", fix="save it as UTF-8")
    return parse(document)


def parse(document: Document) -> Document:
    """Fills a document from its text."""
    try:
        # PyYAML has hints of its own that say nothing.
        nodes: list[Any] = list(cast("Any", yaml).compose_all(document.text, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(document.file, mark.line + 1, mark.column + 1) if mark else Place(document.file)
        document.findings.append(Finding("Y001", "error", place, _said(error), _hint(document, place)))
        return document
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return _faulty(document, f"not YAML: {type(error).__name__}")
    if len(nodes) > 1:
        document.findings.append(
            Finding("Y002", "error", _place(document.file, nodes[1]), "a second document in one file")
        )
    document.value = _Builder(document).build(nodes[0], ()) if nodes and nodes[0] is not None else None
    return document


class _Builder:
    """Nodes to values, with the place of each."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._seen: set[int] = set()

    def build(self, node: Any, way: Way) -> Any:
        if id(node) in self._seen:
            return self._fault(node, "Y003", "aliases (*name) are not used here", "write it out")
        self._seen.add(id(node))
        self._document.nodes[way] = node
        if len(way) > MOST_DEPTH:
            return self._fault(node, "Y004", f"nested deeper than {MOST_DEPTH}")
        if node.tag.startswith("!") or "python/" in node.tag:
            return self._fault(node, "Y005", "tags (!name) are not used here", _TAG_HINT)
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*way, number)) for number, child in enumerate(node.value)]
        return self._mapping(node, way)

    def _mapping(self, node: Any, way: Way) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(key_node, "Y006", "a key is a text")
                continue
            key = str(key_node.value)
            if key == "<<" and not key_node.style:
                self._fault(key_node, "Y003", "merge keys (<<) are not used here", "write it out")
                continue
            if key in built:
                first = _place(self._document.file, self._document.keys[(*way, key)]).line
                self._fault(key_node, "Y007", f"the key {key} stands twice, first in line {first}")
                continue
            self._document.keys[(*way, key)] = key_node
            built[key] = self.build(value_node, (*way, key))
        return built

    def _fault(self, node: Any, code: str, message: str, fix: str = "") -> None:
        place = _place(self._document.file, node)
        self._document.findings.append(Finding(code, "error", place, message, fix))


_TAG_HINT = "a filter that begins with ! goes into a block (>-) or quotes"


def _scalar(node: Any) -> Any:
    text = str(node.value)
    if node.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text) if len(text) < 20 else text
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _place(file: str, node: Any) -> Place:
    if node is None:
        return Place(file)
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _faulty(document: Document, message: str, fix: str = "") -> Document:
    document.findings.append(Finding("Y000", "error", Place(document.file), message, fix))
    return document


def _said(error: yaml.MarkedYAMLError) -> str:
    return "not YAML: " + " ".join(part for part in (error.context, error.problem) if part)


def _hint(document: Document, place: Place) -> str:
    lines = document.text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "when:" in line or "`" in line:
        return "write the filter as a block: when: >-, and the filter on the next line"
    return ""


def _place_in(document: Document, node: Any, offset: int) -> Place:
    """Walks the source beside the value: both advance where they agree."""
    for number, (line, column) in enumerate(_sources(document.text, node)):
        if number == offset:
            return Place(document.file, line + 1, column + 1)
    return Place(document.file, node.end_mark.line + 1, max(node.end_mark.column, 1))


def _sources(text: str, node: Any) -> Iterator[tuple[int, int]]:
    """Line and column of each character of a scalar's value, as far as the source shows them."""
    lines = text.split("\n")
    line, column = node.start_mark.line, node.start_mark.column
    if node.style in ("|", ">"):
        line, column = line + 1, 0
    elif node.style in ("'", '"'):
        column += 1
    for character in node.value:
        line, column = _next(lines, line, column, character, node.style)
        yield line, column
        column += 2 if node.style == "'" and character == "'" else 1


def _next(lines: list[str], line: int, column: int, character: str, style: Any) -> tuple[int, int]:
    """The nearest place from here on at which the source shows the character."""
    if character in " \n":
        if line < len(lines) and column < len(lines[line]) and lines[line][column] == " ":
            return line, column
        if character == " " and style != "|" and line + 1 < len(lines):
            following = lines[line + 1]
            return line + 1, len(following) - len(following.lstrip(" ")) - 1
        return line + 1, -1
    while line < len(lines):
        found = lines[line].find(character, max(column, 0))
        if found >= 0:
            return line, found
        line, column = line + 1, 0
    return len(lines) - 1, 0

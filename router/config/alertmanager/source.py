"""alertmanager.yml as it is read: what was taken from it, and so what was not."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from router.config.units import spoken
from router.config.yaml import Document, Way, listed, mapping, read
from router.core.delivery import SECOND
from router.errors import ConfigError, Finding

_UNITS = {"y": 31536000, "w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_YES, _NO = ("true", "yes", "on", "y"), ("false", "no", "off", "n")
_FLAGS = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
_DURATION = re.compile("".join(f"(?:([0-9]{{1,6}}){unit})?" for unit in _UNITS) + "(?:([0-9]{1,9})ms)?")


class Source:
    """A file, the ways that were taken, and findings about what was not."""

    def __init__(self, path: Path) -> None:
        """Reads it. Raises: ConfigError: it is not YAML as this project reads it."""
        self.document: Document = read(path)
        self.name = path.name
        self.findings: list[Finding] = []
        self._taken: set[Way] = set()
        if self.document.findings:
            raise ConfigError(self.document.findings)
        if not mapping(self.document.value).get("route"):
            place = self.document.place(())
            raise ConfigError([Finding("Y010", "error", place, "route is missing: no alertmanager.yml")])

    def at(self, *way: str | int) -> Any:
        """A value, or None."""
        value = self.document.value
        for step in way:
            inside = isinstance(step, int) and isinstance(value, list) and step < len(listed(value))
            value = listed(value)[step] if inside and isinstance(step, int) else mapping(value).get(str(step))
        return value

    def take(self, *way: str | int) -> Any:
        """A value, with all in it, that is carried over."""
        self._taken.add(way)
        return self.at(*way)

    def text(self, *way: str | int) -> str:
        """A scalar that is carried over, as written: ``5`` is a text for Alertmanager."""
        self._taken.add(way)
        if isinstance(self.at(*way), dict | list):
            self.lose(way, "is no text")
        return str(getattr(self.document.events.get(way), "value", "") or "")

    def flag(self, *way: str | int) -> bool | None:
        """A flag that is carried over, in the words of YAML 1.1 too; None where there is none."""
        return _FLAGS.get(self.text(*way).lower())

    def texts(self, *way: str | int) -> list[str]:
        """The scalars of a list."""
        return [self.text(*way, number) for number in range(len(listed(self.at(*way))))]

    def duration(self, *way: str | int) -> str:
        """A duration in our words; empty where there is none."""
        written = self.text(*way)
        found = _DURATION.fullmatch(written)
        if not written or found is None or not any(found.groups()):
            if written:
                self.lose(way, "is no duration")
            return ""
        *parts, milliseconds = [int(part or 0) for part in found.groups()]
        seconds = sum(size * part for size, part in zip(_UNITS.values(), parts, strict=True))
        if milliseconds % 1000:
            self.lose(way, "is rounded up to whole seconds")
        return spoken((seconds - (-milliseconds // 1000)) * SECOND)

    def lose(self, way: Way, why: str, fix: str = "") -> None:
        """Says that something is not carried over. ``why`` must hold no value of the file."""
        self._taken.add(way)
        dotted = ".".join(str(step) for step in way)
        place = self.document.key_place(way)
        self.findings.append(Finding("A001", "warning", place, f"{dotted}: {why}", fix))

    def line(self, *way: str | int) -> str:
        """Where something came from, for a comment."""
        return f"{self.name}:{self.document.place(way).line}"

    def lose_the_rest(self) -> None:
        """A finding for everything that nobody took."""
        for way in list(self._left(())):
            self.lose(way, "is not carried over")

    def _left(self, way: Way) -> Iterator[Way]:
        if way in self._taken:
            return
        value = self.at(*way)
        inner: list[str | int] = (
            list(mapping(value)) if isinstance(value, dict) else list(range(len(listed(value))))
        )
        touched = any(taken[: len(way)] == way for taken in self._taken)
        if way and not touched and (inner or not isinstance(value, dict | list)):
            yield way
        elif touched:
            for step in inner:
                yield from self._left((*way, step))

"""One error type with a code, and the findings that a check of files collects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "info"]


class RouterError(Exception):
    """Something that a person or a calling program must hear of.

    Args:
        code: a short stable word, ``kebab-case``; the web layer translates it to a status once.
        message: what is wrong, and where. Never holds a secret's value.
        remedy: what to do about it, or nothing.
    """

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}" if self.remedy else self.message


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or remark about a file.

    Args:
        code: ``F101`` … as in docs/rules.md, or ``Y…`` for the form of a file.
        message: what is wrong, in a sentence.
        fix: what to do, in words, or nothing.
        end: just behind what it is about, on the same line or a later one; None where nobody said.
        instead: what may safely stand there instead; ``check --fix`` writes it.
    """

    code: str
    level: Level
    place: Place
    message: str
    fix: str = ""
    end: Place | None = None
    instead: str | None = None

    def __str__(self) -> str:
        said = f"{self.place}: {self.level}: {self.message} [{self.code}]"
        return f"{said}; {self.fix}" if self.fix else said


class ConfigError(RouterError):
    """A configuration that cannot be used; ``findings`` has every fault with its place."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [finding for finding in findings if finding.level == "error"]
        super().__init__("config", "\n".join(str(finding) for finding in errors))
        self.findings = tuple(findings)

"""``check --fix``: exact replacements in files; comments and layout stay."""

import os
import tempfile
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from router.cli.output import harmless
from router.config.characters import line_starts
from router.config.load import form_faults
from router.config.yaml import read_text
from router.errors import Finding, RouterError

#: A filter may have another fault behind the one that was mended.
ROUNDS = 5


def fix_files(check: Callable[[], list[Finding]]) -> list[str]:
    """Writes what findings say may stand there instead; returns a line for each change.

    A file that cannot be read as well as before is left as it was.

    Args:
        check: every finding about the files as they are.
    """
    said: list[str] = []
    for _ in range(ROUNDS):
        findings = check()
        files = dict.fromkeys(one.place.file for one in findings if one.instead is not None)
        changed = [line for file in files for line in _fix(file, findings)]
        if not changed:
            break
        said += changed
    return said


def _fix(file: str, findings: Sequence[Finding]) -> list[str]:
    text = read_text(Path(file))
    changes = list(_changes(text, [one for one in findings if one.place.file == file]))
    changed = _changed(text, changes)
    # Judged before it is written: whoever stops us leaves the old file or a sound one.
    if not changes or _unreadable(file, changed) > _unreadable(file, text):
        return []
    _write(file, changed)
    return [_said(one, text[start:end]) for start, end, one in changes]


def _said(finding: Finding, old: str) -> str:
    return f"{_shown(str(finding.place))}: {_shown(old)} → {_shown(finding.instead or '')}"


def _unreadable(file: str, text: str) -> int:
    """Faults of YAML, of form, of JMESPath."""
    return sum(one.code.startswith(("Y", "F109")) for one in form_faults(file, text))


Change = tuple[int, int, Finding]


def _changes(text: str, findings: Iterable[Finding]) -> Iterable[Change]:
    """Where which text goes, the first first; of two that meet, the first is written."""
    starts = line_starts(text)
    last = -1
    placed = [
        (
            _offset(starts, one.place.line, one.place.column),
            _offset(starts, one.end.line, one.end.column),
            one,
        )
        for one in findings
        if one.instead is not None and one.end is not None
    ]
    for start, end, one in sorted(placed, key=lambda change: change[:2]):
        if start >= last and one.end is not None and one.end.line == one.place.line:
            yield start, end, one
            last = end


def _changed(text: str, changes: Sequence[Change]) -> str:
    for start, end, one in reversed(changes):
        text = text[:start] + (one.instead or "") + text[end:]
    return text


def _offset(starts: Sequence[int], line: int, column: int) -> int:
    return starts[line - 1] + column - 1


def _shown(text: str) -> str:
    return harmless(text).replace("\n", " ")


def _write(file: str, text: str) -> None:
    """All or nothing, with the mode and the byte order mark that the file had; a link stays a link."""
    path = Path(file).resolve()
    try:
        held = path.stat()
        mark = BOM_UTF8 if path.read_bytes().startswith(BOM_UTF8) else b""
        _put(path, mark + text.encode(), held.st_mode & 0o7777)
    except OSError as error:
        raise RouterError("unwritable", f"cannot write {file}: {error.strerror}") from error


def _put(path: Path, content: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".alert-router-fix.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise

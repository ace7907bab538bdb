"""Snapshots: texts as they once were, in files beside the rules."""

import difflib
from pathlib import Path

from router.errors import RouterError

#: Lines of a difference that are shown.
MOST = 20


class Snapshots:
    """Those of the tests in one rule file: ``snapshots/RULE-FILE/NAME.txt`` beside it.

    Args:
        update: write what differs, or is not there.
    """

    def __init__(self, rules: Path, *, update: bool) -> None:
        self._folder = rules.parent / "snapshots" / rules.stem
        self._update = update

    def compare(self, name: str, text: str) -> str:
        """What is wrong with a text, in words; nothing when it is as it was."""
        file = self._folder / f"{name}.txt"
        try:
            old = file.read_text(encoding="utf-8") if file.exists() else None
            if old == text:
                return ""
            if self._update:
                self._folder.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
                return ""
        except (OSError, UnicodeDecodeError) as error:
            raise RouterError("unreadable", f"{file}: {error}") from error
        if old is None:
            return f"there is no snapshot {file} yet; --update writes it"
        lines = difflib.unified_diff(
            old.splitlines(), text.splitlines(), "snapshot", "text", lineterm="", n=1
        )
        shown = list(lines)[2:]
        more = ["…"] if len(shown) > MOST else []
        return "\n".join([f"the text is not that of {file} (--update writes it):", *shown[:MOST], *more])
